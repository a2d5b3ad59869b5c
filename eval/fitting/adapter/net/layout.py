"""Where each token of a batch stands and what it sees, as Dateline reads.

The head is read once. A passage is read right after the head, blind to all others, and then moved
to its place. A tail (question and reply) sees the head and every passage of its context, and
nothing of other tails. All tokens of a batch lie flat one after the other, head, passages, tails,
so that the large matrices see no padding; only attention works on rectangles cut from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import torch
from torch import Tensor

Tokens = Sequence[int]
_MULTIPLE = 8  # of a mask's width: what fast kernels want


@dataclass(frozen=True, slots=True)
class Block:
    """A context's passages and the tails that are asked about them, in tokens."""

    passages: Sequence[Tokens]
    tails: Sequence[Tokens]


@dataclass(frozen=True, slots=True)
class Rows:
    """Stretches of the flat tokens as a rectangle; where a row has none its places hold token 0,
    which masks hide. `index`: (rows × width,) into the flat tokens; `back`: where in that each of
    the stretches' tokens lies, in flat order."""

    count: int
    width: int
    index: Tensor
    back: Tensor

    def spread(self, flat: Tensor) -> Tensor:
        """(tokens, heads, d) → (rows, heads, width, d)"""
        picked = flat.index_select(0, self.index)
        return picked.view(self.count, self.width, *flat.shape[1:]).transpose(1, 2)

    def gather(self, rows: Tensor) -> Tensor:
        """(rows, heads, width, d) → (the stretches' tokens, heads, d)"""
        flat = rows.transpose(1, 2).reshape(self.count * self.width, rows.shape[1], rows.shape[3])
        return flat.index_select(0, self.back)


@dataclass(frozen=True, slots=True)
class Layout:
    """`read`: positions at which tokens are read; `final`: those after passages were moved.

    `prefix` rows are a context's head and passages. Masks are true where a token may look:
    `passage_mask` (1, 1, width, head + width), `tail_mask` (contexts, 1, width, prefix + width).
    `ends`: the flat place of each tail's last token, `starts` of its first.
    """

    tokens: Tensor
    head: int
    before_tails: int
    read: Tensor
    final: Tensor
    passages: Rows | None
    prefix: Rows
    tails: Rows
    passage_mask: Tensor
    tail_mask: Tensor
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, head: Tokens, blocks: Sequence[Block], device: torch.device) -> Layout:
        n = len(head)
        passages = [passage for block in blocks for passage in block.passages]
        tails = [tail for block in blocks for tail in block.tails]
        at = _starts(n, [len(passage) for passage in passages])
        before_tails = at[-1]
        tail_at = _starts(before_tails, [len(tail) for tail in tails])

        read, final = [np.arange(n)], [np.arange(n)]
        prefixes: list[list[int]] = []
        of_tails: list[list[int]] = []
        owners: list[list[int]] = []
        tail_positions = []
        p = t = 0
        for block in blocks:
            position, prefix = n, list(range(n))
            for passage in block.passages:
                read.append(np.arange(n, n + len(passage)))
                final.append(np.arange(position, position + len(passage)))
                prefix.extend(range(at[p], at[p + 1]))
                position += len(passage)
                p += 1
            prefixes.append(prefix)
            own: list[int] = []
            owner: list[int] = []
            for which, tail in enumerate(block.tails):
                tail_positions.append(np.arange(position, position + len(tail)))
                own.extend(range(tail_at[t], tail_at[t + 1]))
                owner.extend([which] * len(tail))
                t += 1
            of_tails.append(own)
            owners.append(owner)

        def tensor(values: object) -> Tensor:
            return torch.as_tensor(np.asarray(values)).to(device)

        own_passages = [list(range(a, b)) for a, b in pairwise(at)]
        rows = _rows(own_passages, tensor, extra=n) if passages else None
        prefix_rows, tail_rows = _rows(prefixes, tensor), _rows(of_tails, tensor)
        width = rows.width if rows else 0
        causal = np.tril(np.ones((width, width), bool))
        passage_mask = np.concatenate([np.ones((width, n), bool), causal], 1)
        seen = np.zeros((len(blocks), 1, tail_rows.width, prefix_rows.width), bool)
        for c, prefix in enumerate(prefixes):
            seen[c, :, :, : len(prefix)] = True
        owned = np.full((len(blocks), tail_rows.width), -1)
        for c, owner in enumerate(owners):
            owned[c, : len(owner)] = owner
        same = owned[:, None, :, None] == owned[:, None, None, :]
        same &= np.tril(np.ones((tail_rows.width, tail_rows.width), bool))
        everything = [head, *passages, *tails]
        return cls(
            tokens=tensor(np.concatenate([np.asarray(tokens, np.int64) for tokens in everything])),
            head=n,
            before_tails=before_tails,
            read=tensor(np.concatenate([*read, *tail_positions])),
            final=tensor(np.concatenate([*final, *tail_positions])),
            passages=rows,
            prefix=prefix_rows,
            tails=tail_rows,
            passage_mask=tensor(passage_mask[None, None]),
            tail_mask=tensor(np.concatenate([seen, same], 3)),
            starts=tail_at[:-1],
            ends=[end - 1 for end in tail_at[1:]],
        )


def _starts(first: int, lengths: Sequence[int]) -> list[int]:
    """Where each of some stretches begins, and where the last ends."""
    return list(accumulate(lengths, initial=first))


def _rows(stretches: Sequence[Sequence[int]], tensor: object, extra: int = 0) -> Rows:
    """`extra`: how many keys stand before a row's own, which its mask's width counts too."""
    assert callable(tensor)
    longest = max(1, *map(len, stretches)) if stretches else 1
    width = -(-(longest + extra) // _MULTIPLE) * _MULTIPLE - extra
    index = np.zeros((len(stretches), width), np.int64)
    back = []
    for row, stretch in enumerate(stretches):
        index[row, : len(stretch)] = stretch
        back.append(np.arange(row * width, row * width + len(stretch)))
    return Rows(len(stretches), width, tensor(index.ravel()), tensor(np.concatenate(back)))
