"""Greedy writing after many tails at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from eval.fitting.adapter.net.layout import Block, Layout, Tokens
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model, State


@torch.no_grad()
def write(
    model: Model,
    head: Tokens,
    blocks: Sequence[Block],
    most: int,
    ends: Collection[int],
    adapter: LowRank | None,
) -> list[list[int]]:
    """What the model writes after each tail, in the order of blocks and their tails: at most
    `most` tokens, up to and with one of `ends`. Memory: a row's whole state."""
    layout = Layout.of(head, blocks, model.device)
    states: list[State] = []
    hidden = model.hidden(layout, adapter, states)
    last = torch.tensor(layout.ends, device=model.device)
    chosen = model.logits(hidden.index_select(0, last)).argmax(-1)
    position = layout.final.index_select(0, last) + 1
    index, mask = _rows(layout, blocks, model.device)
    keys, values = [], []
    for at in range(len(states)):
        moved, value = states[at]
        keys.append(_room(moved, index, most))
        values.append(_room(value, index, most))
        states[at] = (moved[:0], value[:0])  # (frees the flat ones as it goes)
    mask = F.pad(mask, (0, most))
    width = index.shape[1]
    low = adapter.low(model.dtype) if adapter else {}
    stop = torch.tensor(sorted(ends), device=model.device)
    done = torch.zeros(len(chosen), dtype=torch.bool, device=model.device)
    written = []
    for step in range(most):
        written.append(torch.where(done, -1, chosen))
        done = done | torch.isin(chosen, stop)
        if step + 1 == most or (step % 4 == 3 and bool(done.all())):
            break
        mask[:, width + step] = True
        turn = model.turn(position + step)
        x = model.embed(chosen)
        for n in range(model.shape.layers):
            q, k, v = model.heads(n, x, low)
            keys[n][:, :, width + step] = model.rotate(k, turn)
            values[n][:, :, width + step] = v
            here = slice(0, width + step + 1)
            seen = _attend(model.rotate(q, turn), keys[n][:, :, here], values[n][:, :, here], mask)
            x = model.rest_of_layer(n, x, seen, low)
        chosen = model.logits(model.last_norm(x)).argmax(-1)
    tokens = torch.stack(written, 1).tolist()
    return [[token for token in row if token >= 0] for row in tokens]


def _rows(layout: Layout, blocks: Sequence[Block], device: torch.device) -> tuple[Tensor, Tensor]:
    """For each tail, the flat places of all that it sees (0 where a row is shorter), and a mask."""
    rows: list[np.ndarray] = []
    first = layout.head
    tail = 0
    for block in blocks:
        size = sum(map(len, block.passages))
        prefix = [np.arange(layout.head), np.arange(first, first + size)]
        first += size
        for _ in block.tails:
            own = np.arange(layout.starts[tail], layout.ends[tail] + 1)
            rows.append(np.concatenate([*prefix, own]))
            tail += 1
    width = max(map(len, rows))
    index = np.zeros((len(rows), width), np.int64)
    mask = np.zeros((len(rows), width), bool)
    for row, places in enumerate(rows):
        index[row, : len(places)] = places
        mask[row, : len(places)] = True
    return torch.as_tensor(index).to(device), torch.as_tensor(mask).to(device)


def _room(flat: Tensor, index: Tensor, most: int) -> Tensor:
    """(tokens, kv heads, d) → (rows, kv heads, width + most, d), the last of them still empty."""
    rows, width = index.shape
    picked = flat.index_select(0, index.flatten()).view(rows, width, *flat.shape[1:])
    return F.pad(picked.transpose(1, 2), (0, 0, 0, most))


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """One token a row: q (rows, heads, d), k and v (rows, kv heads, n, d) → (rows, heads, d).

    The query heads that share keys are taken for a row's several queries: nothing is copied.
    """
    rows, heads, width = q.shape
    grouped = q.view(rows, k.shape[1], heads // k.shape[1], width)
    allowed = mask[:, None, None, : k.shape[2]]
    seen = F.scaled_dot_product_attention(grouped, k, v, attn_mask=allowed)
    return seen.reshape(rows, heads, width)
