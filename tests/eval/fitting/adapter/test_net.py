"""Layouts, against a plain reading of the same rules; and writing, against reading.

On a made-up model of two layers, so that every value can be worked out another way.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from eval.fitting.adapter.net.gguf_file import Shape, read_adapter, write_adapter
from eval.fitting.adapter.net.layout import Block, Layout
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.net.writing import write
from index.errors import UsageError

CPU = torch.device("cpu")
HEAD = (1, 2, 3)
BLOCKS = [
    Block([[4, 5], [6, 7, 8]], [[9, 10], [11, 12, 13]]),
    Block([[14]], [[15, 16]]),
    Block([], [[17]]),
]


def made_up(architecture: str = "qwen2", seed: int = 0) -> Model:
    draw = torch.Generator().manual_seed(seed)
    shape = Shape(architecture, 2, 16, 4, 2, 4, 10_000.0, 1e-6)
    sizes = {"token_embd.weight": (20, 16), "output_norm.weight": (16,)}
    for n in range(2):
        block = f"blk.{n}."
        sizes |= {f"{block}{m}.weight": (16,) for m in ("attn_norm", "ffn_norm")}
        sizes |= {f"{block}attn_q.weight": (16, 16), f"{block}attn_output.weight": (16, 16)}
        sizes |= {f"{block}attn_{m}.weight": (8, 16) for m in "kv"}
        sizes |= {f"{block}ffn_gate.weight": (24, 16), f"{block}ffn_up.weight": (24, 16)}
        sizes |= {f"{block}ffn_down.weight": (16, 24), f"{block}attn_q.bias": (16,)}
    weights = [(name, torch.randn(size, generator=draw) * 0.4) for name, size in sizes.items()]
    return Model(shape, weights, CPU, torch.float32)


def moving(model: Model, seed: int = 1) -> LowRank:
    """An adapter that changes something."""
    found = LowRank(model.sizes(), rank=2, alpha=4.0, seed=seed, device=CPU)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, b in found.matrices.values():
            b.copy_(torch.randn(b.shape, generator=draw) * 0.3)
    return found


def plainly(model: Model, tokens: list[int], positions: list[int], seen: list[list[int]]) -> Tensor:
    """Every token by itself: the mean of what it sees, weighted, as the papers write it.

    `positions`: where a token is read; `seen`: for each token, (place, position then) of what it
    may look at.
    """
    x = model.embed(torch.tensor(tokens))
    for layer in range(model.shape.layers):
        q, k, v = model.heads(layer, x, {})
        out = []
        for t, places in enumerate(seen):
            query = model.rotate(q[t : t + 1], model.turn(torch.tensor([positions[t]])))[0]
            taken = []
            for head in range(4):
                pairs = []
                for place, position in places:
                    turned = model.rotate(
                        k[place : place + 1], model.turn(torch.tensor([position]))
                    )
                    pairs.append((query[head] @ turned[0, head // 2] / 2, v[place, head // 2]))
                share = torch.stack([s for s, _ in pairs]).softmax(0)
                taken.append(sum(a * value for a, (_, value) in zip(share, pairs, strict=True)))
            out.append(torch.stack(taken))
        x = model.rest_of_layer(layer, x, torch.stack(out), {})
    return model.last_norm(x)


@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_tokens_see_what_the_reading_says_and_no_more(architecture: str) -> None:
    model = made_up(architecture)
    # flat: head 0-2; passages 3-4, 5-7, 8; tails 9-10, 11-13, 14-15, 16
    head = [(n, n) for n in range(3)]
    first = [*head, (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)]  # (both passages, after the move)
    seen = [
        head[:1], head[:2], head[:3],
        [*head, (3, 3)], [*head, (3, 3), (4, 4)],
        [*head, (5, 3)], [*head, (5, 3), (6, 4)], [*head, (5, 3), (6, 4), (7, 5)],
        [*head, (8, 3)],
        [*first, (9, 8)], [*first, (9, 8), (10, 9)],
        [*first, (11, 8)], [*first, (11, 8), (12, 9)], [*first, (11, 8), (12, 9), (13, 10)],
        [*head, (8, 3), (14, 4)], [*head, (8, 3), (14, 4), (15, 5)],
        [*head, (16, 3)],
    ]  # fmt: skip
    positions = [0, 1, 2, 3, 4, 3, 4, 5, 3, 8, 9, 8, 9, 10, 4, 5, 3]
    layout = Layout.of(HEAD, BLOCKS, CPU)
    assert layout.tokens.tolist() == [*range(1, 9), 14, *range(9, 14), 15, 16, 17]
    assert layout.read.tolist() == positions
    assert layout.starts == [9, 11, 14, 16]
    assert layout.ends == [10, 13, 15, 16]
    found = model.hidden(layout, None)
    expected = plainly(model, layout.tokens.tolist(), positions, seen)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_context_is_read_the_same_whatever_else_is_in_the_batch() -> None:
    model = made_up()
    adapter = moving(model)
    together = model.odds(HEAD, BLOCKS, 5, 6, adapter)
    alone = [odds for block in BLOCKS for odds in model.odds(HEAD, [block], 5, 6, adapter)]
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_fresh_adapter_changes_nothing_and_another_does() -> None:
    model = made_up()
    fresh = LowRank(model.sizes(), rank=2, alpha=4.0, seed=0, device=CPU)
    base = model.odds(HEAD, BLOCKS, 5, 6, None)
    assert model.odds(HEAD, BLOCKS, 5, 6, fresh) == base
    assert model.odds(HEAD, BLOCKS, 5, 6, moving(model)) != pytest.approx(base, abs=1e-3)


def test_what_is_written_is_the_likeliest_token_of_a_reading_each_time() -> None:
    model = made_up(seed=3)
    adapter = moving(model)
    found = write(model, HEAD, BLOCKS, 5, {19}, adapter)
    expected = []
    for block in BLOCKS:
        for tail in block.tails:
            row: list[int] = []
            while len(row) < 5:
                layout = Layout.of(HEAD, [Block(block.passages, [[*tail, *row]])], CPU)
                chosen = int(model.logits(model.hidden(layout, adapter))[-1].argmax())
                row.append(chosen)
                if chosen == 19:
                    break
            expected.append(row)
    assert found == expected


def test_writing_stops_at_an_end() -> None:
    model = made_up(seed=3)
    first = write(model, HEAD, BLOCKS, 3, {}, None)
    stopped = write(model, HEAD, BLOCKS, 3, {first[0][1]}, None)
    assert stopped[0] == first[0][: first[0].index(first[0][1]) + 1]


def test_an_adapter_is_written_and_read_back(tmp_path: Path) -> None:
    model = made_up()
    values = {n: (a.numpy(), b.numpy()) for n, (a, b) in moving(model).values().items()}
    path = tmp_path / "a.gguf"
    write_adapter(path, "qwen2", values, 4.0, {"dateline.form": "1"})
    again = tmp_path / "b.gguf"
    write_adapter(again, "qwen2", values, 4.0, {"dateline.form": "1"})
    assert path.read_bytes() == again.read_bytes()
    found, alpha = read_adapter(path)
    assert alpha == 4.0
    assert set(found) == set(values)
    for name, (a, b) in found.items():
        np.testing.assert_allclose(a, values[name][0], atol=1e-3)
        np.testing.assert_allclose(b, values[name][1], atol=1e-3)


def test_an_adapter_of_another_rank_is_refused() -> None:
    model = made_up()
    other = LowRank(model.sizes(), rank=3, alpha=4.0, seed=0, device=CPU)
    with pytest.raises(UsageError, match="rank 2"):
        moving(model).load(other.values())


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF no more")
    with pytest.raises(UsageError, match="no GGUF"):
        read_adapter(path)
