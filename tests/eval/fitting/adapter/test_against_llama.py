"""The torch forward pass against llama.cpp on the tiny model: bare, with an adapter, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eval.fitting.adapter.form import SYSTEM, passage_part, question_tail
from eval.fitting.adapter.measuring import Job
from eval.fitting.adapter.net.gguf_file import write_adapter
from eval.fitting.adapter.net.layout import Block, Layout
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.readers import LlamaReader, TorchReader
from eval.fitting.adapter.words import Words
from rag.generating.generator import Prompt
from rag.generating.llama import Engine

pytestmark = pytest.mark.models

CPU = torch.device("cpu")
HARBOUR = "The Harbour (2024-03-31)\nThe harbour of Port Example handled 420 ships in March."
BRIDGE = "The Bridge (2024-05-04)\nThe new bridge in Sampleton opened on 3 May: 812 metres."
QUESTION = "How long is the bridge?"


@pytest.fixture(scope="module")
def gguf(model_path: Callable[[str], Path]) -> Path:
    return model_path("smollm2-135m-instruct")


@pytest.fixture(scope="module")
def words(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Words:
    return Words(gguf, tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def model(gguf: Path) -> Model:
    torch.set_num_threads(1)
    return Model.open(gguf, CPU, torch.float32)


@pytest.fixture
def engine(gguf: Path) -> Iterator[Engine]:
    opened = Engine(gguf, context=512, threads=1)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def adapter(model: Model) -> LowRank:
    """One that changes what is said: B isn't zero."""
    found = LowRank(model.sizes(), rank=4, alpha=8.0, seed=1, device=CPU)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for _, b in found.matrices.values():
            b.copy_(torch.randn(b.shape, generator=draw) * 0.05)
    return found


@pytest.fixture(scope="module")
def adapter_file(adapter: LowRank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapter") / "adapter.gguf"
    values = {name: (a.numpy(), b.numpy()) for name, (a, b) in adapter.values().items()}
    write_adapter(path, "llama", values, adapter.alpha, {"general.name": "a test's"})
    return path


def prompt(words: Words) -> list[int]:
    return [*words.head, *words.passage(BRIDGE), *words.asked(question_tail(QUESTION))]


def by_torch(model: Model, tokens: list[int], adapter: LowRank | None) -> NDArray[np.float64]:
    """Probabilities after every token of a sequence that is read in one go."""
    with torch.no_grad():
        layout = Layout.of(tokens[:1], [Block([], [tokens[1:]])], CPU)
        return model.logits(model.hidden(layout, adapter)).softmax(-1).double().numpy()


def by_llama(engine: Engine, tokens: list[int]) -> NDArray[np.float64]:
    engine.decode(tokens, 0, 0, logits=range(len(tokens)))
    rows = engine.all_logits().astype(np.float64)
    shares = np.exp(rows - rows.max(1, keepdims=True))
    found: NDArray[np.float64] = shares / shares.sum(1, keepdims=True)
    return found


def apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.abs(a - b).sum(1) / 2
    return found


def assert_alike(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> None:
    """Its arithmetic is of 8 bits and 16, ours of 32: half the summed difference of probabilities
    stays small, and the likeliest token is another only where two are about as likely."""
    assert apart(ours, theirs).mean() < 0.05
    assert apart(ours, theirs).max() < 0.15
    for a, b in zip(ours, theirs, strict=True):
        assert a[b.argmax()] > a.max() - 0.1


def test_tokens_are_those_of_llama_cpp(words: Words, engine: Engine) -> None:
    for text in (BRIDGE, "Ünïcode – “quotes” 1,234.5 <|im_end|>\n\n  two", "\t", ""):
        assert words.plain(text) == engine.tokenize(text)
    assert words.plain("<|im_end|>") != [words.end]
    assert words.text(words.plain(BRIDGE)) == BRIDGE


def test_the_next_token_is_as_likely_as_in_llama_cpp(
    model: Model, words: Words, engine: Engine
) -> None:
    tokens = prompt(words)
    assert_alike(by_torch(model, tokens, None), by_llama(engine, tokens))


def test_an_exported_adapter_does_the_same_in_llama_cpp(
    model: Model, words: Words, gguf: Path, adapter: LowRank, adapter_file: Path
) -> None:
    tokens = prompt(words)
    bare = by_torch(model, tokens, None)
    ours = by_torch(model, tokens, adapter)
    engine = Engine(gguf, context=512, threads=1, adapter=adapter_file)
    engine.adapt(True)
    theirs = by_llama(engine, tokens)
    engine.close()
    assert_alike(ours, theirs)
    assert apart(bare, theirs).mean() > 3 * apart(ours, theirs).mean()


def test_blocks_are_read_apart_and_moved_as_the_product_reads_them(
    model: Model, words: Words, gguf: Path, adapter: LowRank, adapter_file: Path
) -> None:
    """Through the product's own generator: head, passages, tail, P(Yes) of all its ways to say
    Yes and No. Of 4-bit weights: `test_exact.py` has the third digit."""
    reader = LlamaReader(gguf, adapter_file, threads=1, context=512)
    generator = reader.generator
    for passages in ((BRIDGE,), (HARBOUR, BRIDGE), (BRIDGE, HARBOUR)):
        ask = question_tail(QUESTION)
        parts = tuple(passage_part(text) for text in passages)
        theirs = generator.yes(Prompt(SYSTEM, parts, ask, adapted=True))
        block = Block([words.passage(text) for text in passages], [words.asked(ask)])
        with torch.no_grad():
            hidden = model.hidden(Layout.of(words.head, [block], CPU), adapter)
            row = model.logits(hidden[-1:])[0].double()
        yes, no = (row[ids].logsumexp(0) for ids in (generator._yes, generator._no))
        assert float(torch.sigmoid(yes - no)) == pytest.approx(theirs, abs=0.04)
    # ... and whole jobs, checks included
    job = Job((HARBOUR, BRIDGE), ((ask, None), (ask, "The bridge is 812 metres long")))
    ours = TorchReader(model, adapter, words).yes([job])
    assert np.shape(ours) == np.shape(reader.yes([job]))
    generator.close()
