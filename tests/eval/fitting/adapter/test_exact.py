"""Both architectures against llama.cpp on a made-up float32 model: logits to the third digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eval.fitting.adapter.net.gguf_file import shape, write_adapter
from eval.fitting.adapter.net.layout import Block, Layout
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from rag.generating.llama import Engine
from tests.eval.fitting.adapter.small_gguf import LAYERS, write_model

CPU = torch.device("cpu")
TOKENS = [int(n) for n in np.random.default_rng(5).integers(0, 120, 40)]
HEAD, ONE, TWO, TAIL = TOKENS[:6], TOKENS[6:20], TOKENS[20:33], TOKENS[33:]


@pytest.fixture(params=["llama", "qwen2"])
def gguf(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_model(tmp_path / "small.gguf", request.param)


@pytest.fixture
def model(gguf: Path) -> Model:
    return Model.open(gguf, CPU, torch.float32)


def with_adapter(model: Model, path: Path) -> LowRank:
    """One that changes the logits; what float16 leaves of it, so that both have the same."""
    found = LowRank(model.sizes(first_layer=1), rank=3, alpha=6.0, seed=1, device=CPU)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for a, b in found.matrices.values():
            a.copy_(a.half().float())
            b.copy_((torch.randn(b.shape, generator=draw) * 0.1).half().float())
    values = {name: (a.numpy(), b.numpy()) for name, (a, b) in found.values().items()}
    write_adapter(path, model.shape.architecture, values, 6.0, {})
    return found


def logits(model: Model, blocks: list[Block], adapter: LowRank | None) -> NDArray[np.float32]:
    """After every token of the last tail."""
    with torch.no_grad():
        layout = Layout.of(HEAD, blocks, CPU)
        found = model.logits(model.hidden(layout, adapter))[layout.starts[-1] :]
    return np.asarray(found)


def assert_same(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(ours, theirs, atol=0.01 * float(np.std(theirs)))


def test_the_shape_is_read_from_the_file(gguf: Path) -> None:
    found = shape(gguf)
    assert (found.layers, found.width, found.heads, found.kv_heads) == (LAYERS, 64, 4, 2)
    assert (found.head_width, found.rope_base) == (16, 1_000.0)
    assert found.epsilon == pytest.approx(1e-5)


def test_one_reading_gives_the_same_logits(gguf: Path, model: Model) -> None:
    engine = Engine(gguf, context=256, threads=1)
    engine.decode(TOKENS, 0, 0, logits=range(len(HEAD), len(TOKENS)))
    ours = logits(model, [Block([], [TOKENS[len(HEAD) :]])], None)
    assert_same(ours, engine.all_logits())
    engine.close()


def test_an_adapter_gives_the_same_logits(gguf: Path, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    adapter = with_adapter(model, path)
    engine = Engine(gguf, context=256, threads=1, adapter=path)
    blocks = [Block([], [TOKENS[len(HEAD) :]])]
    for on in (True, False):
        engine.clear()
        engine.adapt(on)
        engine.decode(TOKENS, 0, 0, logits=range(len(HEAD), len(TOKENS)))
        assert_same(logits(model, blocks, adapter if on else None), engine.all_logits())
    bare, adapted = logits(model, blocks, None), logits(model, blocks, adapter)
    assert np.abs(bare - adapted).mean() > 0.1 * float(np.std(bare))
    engine.close()


def test_passages_read_apart_and_moved_give_the_same_logits(
    gguf: Path, model: Model, tmp_path: Path
) -> None:
    """Head in sequence 0; each passage right after the head in sequence 1, then moved, joined."""
    path = tmp_path / "adapter.gguf"
    adapter = with_adapter(model, path)
    engine = Engine(gguf, context=256, threads=1, adapter=path)
    engine.adapt(True)
    engine.decode(HEAD, 0, 0)
    position = len(HEAD)
    for passage in (ONE, TWO):
        engine.share(0, 1, 0, len(HEAD))
        engine.decode(passage, len(HEAD), 1)
        engine.forget(1, 0, len(HEAD))
        engine.move(1, position - len(HEAD))
        engine.share(1, 0)
        engine.forget(1)
        position += len(passage)
    engine.decode(TAIL, position, 0, logits=range(len(TAIL)))
    assert_same(logits(model, [Block([ONE, TWO], [TAIL])], adapter), engine.all_logits())
    together = logits(model, [Block([[*ONE, *TWO]], [TAIL])], adapter)
    assert np.abs(together - engine.all_logits()).max() > 0.05 * float(np.std(together))
    engine.close()
