"""A hundred examples on the tiny model: the loss falls, and a killed training ends the same."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from eval.fitting.adapter import training
from eval.fitting.adapter.__main__ import main
from eval.fitting.adapter.examples.tails import Example, Sentence, Tail
from eval.fitting.adapter.net.gguf_file import read_adapter
from eval.fitting.adapter.runs import Run
from eval.fitting.adapter.training import Place, Settings, batches, course, rate
from eval.fitting.adapter.words import NONE, Words
from index.errors import UsageError
from rag.generating.form import TrainedForm
from rag.models.files import folder

pytestmark = pytest.mark.models

ROOT = Path(__file__).resolve().parents[4]
PLACES = [f"{first}{second}" for first in ("Bal", "Cor", "Dun", "Fen") for second in
          ("by", "ton", "mere", "wick", "ham")]  # fmt: skip


@pytest.fixture(scope="module")
def gguf(model_path: Callable[[str], Path]) -> Path:
    return model_path("smollm2-135m-instruct")


@pytest.fixture(scope="module")
def words(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Words:
    return Words(gguf, tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred contexts of a line each: thirty with a question that it answers and one that it
    doesn't, seventy with a claim that it bears out or doesn't."""
    path = tmp_path_factory.mktemp("data") / "contexts.jsonl.gz"
    with gzip.open(path, "wt") as file:
        for n in range(100):
            place, length = PLACES[n % len(PLACES)], 100 + 7 * n
            sentence = f"The bridge of {place} is {length} metres long."
            row: dict[str, object] = {"set": "made up", "p": [sentence]}
            if n < 30:
                row["items"] = [
                    {"q": f"How long is the bridge of {place}?", "a": [str(length)],
                     "un": False, "s": sentence},
                    {"q": f"Who built the bridge of {place}?", "a": [], "un": True, "s": None},
                ]  # fmt: skip
            else:
                claim = sentence if n % 2 else f"The market of {place} opens on Friday."
                row["claims"] = [{"c": claim, "y": bool(n % 2)}]
            file.write(json.dumps(row) + "\n")
    return path


def arguments(run: Path) -> list[str]:
    """Of the last layers alone, so that a step takes a second or two; one thread, so that sums are
    taken in one order."""
    return [
        "train", str(run), "--model", "smollm2-135m-instruct", "--first-layer", "27",
        "--rank", "4", "--alpha", "8", "--rate", "2e-3", "--tokens", "900", "--warmup", "2",
        "--save", "3", "--threads", "1",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def trained(contexts: Path, gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = tmp_path_factory.mktemp("whole") / "run"
    assert main(["build", str(run), "--contexts", str(contexts)]) == 0
    assert main(arguments(run)) == 0
    return Run(run)


def losses(run: Run) -> list[float]:
    lines = run.file(training.LOG).read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def test_a_hundred_examples_lower_the_loss(trained: Run) -> None:
    found = losses(trained)
    assert len(found) >= 3
    assert found[-1] < 0.6 * found[0]
    facts = trained.facts()["train"]
    assert facts["weights"]
    assert facts["from"]["base"].startswith("b179c952")


def test_a_killed_training_goes_on_and_ends_with_the_same_weights(
    trained: Run, contexts: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    main(["build", str(run.path), "--contexts", str(contexts)])
    process = subprocess.Popen(
        [sys.executable, "-m", "eval.fitting.adapter", *arguments(run.path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:  # (it says so once a checkpoint is whole)
        if line.startswith("step 3,"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    before = training.load(run)
    assert before is not None
    assert before["done"] < 1
    assert main(arguments(run.path)) == 0
    ours, theirs = training.load(run), training.load(trained)
    assert ours is not None
    assert theirs is not None
    assert ours["step"] == theirs["step"]
    for name, (a, b) in theirs["adapter"].items():
        assert torch.equal(ours["adapter"][name][0], a)
        assert torch.equal(ours["adapter"][name][1], b)
    assert losses(run) == losses(trained)


def test_the_same_folder_with_another_rate_is_refused(trained: Run) -> None:
    with pytest.raises(UsageError, match="settings differs"):
        main([*arguments(trained.path), "--seed", "7"])


def test_an_export_holds_what_was_trained(trained: Run, tmp_path: Path) -> None:
    out = tmp_path / "adapter.gguf"
    main(["export", str(trained.path), str(out)])
    kept = training.load(trained)
    assert kept is not None
    found, alpha = read_adapter(out)
    assert alpha == 8.0
    assert {name.split(".")[1] for name in found} == {"27", "28", "29"}
    for name, (a, b) in found.items():
        assert torch.allclose(torch.tensor(a), kept["adapter"][name][0], atol=1e-3)
        assert torch.allclose(torch.tensor(b), kept["adapter"][name][1], atol=1e-3)


def test_drafts_go_on_where_they_stopped(
    contexts: Path, gguf: Path, tmp_path: Path, trained: Run
) -> None:
    """By the adapter itself, a few contexts; a torn line is written anew."""
    run = tmp_path / "drafts"
    command = [
        "draft", str(run), "--model", str(gguf), "--contexts", str(contexts), "--limit", "3",
        "--adapter", str(trained.path), "--threads", "1",
    ]  # fmt: skip
    main(command)
    path = run / "drafts.jsonl"
    whole = path.read_text()
    rows = [json.loads(line) for line in whole.splitlines()]
    assert len(rows) == 3
    assert all(len(row["items"]) == 2 and row["by"] for row in rows)
    path.write_text(whole[: whole.rstrip("\n").rfind("\n") + 30])
    main(command)
    assert sorted(path.read_text().splitlines()) == sorted(whole.splitlines())


def test_a_plan_counts_the_tokens_of_a_pass(
    trained: Run, words: Words, capsys: pytest.CaptureFixture[str]
) -> None:
    from eval.fitting.adapter.building import examples

    made = examples(trained)
    tokens = sum(words.lesson(example).tokens for example in made)
    command = ["plan", str(trained.path), "--model", "smollm2-135m-instruct", "--speed", "100"]
    main(command)
    said = capsys.readouterr().out
    assert f"about {tokens:,} tokens a pass" in said
    assert f"at 100 tokens a second: {40 + tokens / 100:,.0f} s" in said


# --- what is learnt where ---------------------------------------------------------------------


def test_each_token_is_taught_by_the_one_before_it(words: Words) -> None:
    tail = Tail(
        "answered in several", "How long?", stated=True, ends=True,
        sentences=(Sentence("It is long.", True, True), Sentence("It is wide.", True, True)),
    )  # fmt: skip
    found = words.taught(tail)
    opening = words.asked("Question: How long?")
    one, two = words.plain("It is long.\n"), words.plain("It is wide.\n")
    yes, line = words.yes, words.line
    assert found.tokens == [*opening, yes, line, *one, yes, line, *two, yes]
    learnt = [yes, line, *one, yes, line, *two, yes, words.end]
    assert found.labels == [NONE] * (len(opening) - 1) + learnt
    assert len(found.weights) == len(found.tokens)
    assert [found.labels[n] for n in found.verdicts] == [yes, yes, yes]
    assert all(found.weights[n] == 1.0 for n in found.verdicts)
    assert found.weights[-1] == 0.5
    of_words = found.weights[len(opening) + 1 : len(opening) + 1 + len(one)]
    assert sum(of_words) <= 1.0
    assert len(set(of_words)) == 1


@pytest.mark.parametrize("name", ["smollm2-135m-instruct", "qwen2.5-coder-1.5b-instruct"])
def test_what_is_learnt_is_spelt_as_the_product_spells_it(
    name: str, model_path: Callable[[str], Path]
) -> None:
    """Only vocabularies are read. The product spells a prompt's reply as one text."""
    words = Words(model_path(name), folder() / ".tokens")
    question, sentence = "How long?", "The bridge is 812 m long."
    prompt = TrainedForm().supported(sentence, (), question)
    spelt = [*words.plain(prompt.ask), *words.after, *words.plain(prompt.reply)]
    assert words.checking(question, sentence) == spelt
    right = Tail("answered", question, stated=True, sentences=(Sentence(sentence, True, True),))
    assert words.taught(right).tokens == spelt
    assert spelt[-1] in words.ends
    assert not words.ends & set(spelt[-6:-2])


def test_what_is_fed_and_wrong_teaches_its_verdicts_alone(words: Words) -> None:
    tail = Tail("made up", "Who?", stated=False, sentences=(Sentence("It was Ada.", False),))
    found = words.taught(tail)
    opening = words.asked("Question: Who?")
    fed = [words.yes, words.line, *words.plain("It was Ada.\n")]
    assert found.tokens == [*opening, *fed]
    learnt = [label for label in found.labels if label != NONE]
    assert learnt == [words.no, words.no]
    assert found.verdicts == [len(opening) - 1, len(found.tokens) - 1]


def test_a_statement_is_a_verdict_and_an_unknown_one_teaches_nothing(words: Words) -> None:
    found = words.taught(Tail("true claim", "Who?", "It was Ada.", True))
    assert found.tokens == words.asked("Question: Who?\nStatement: It was Ada.")
    assert found.labels[-1] == words.yes
    unknown = Tail("wrong draft", "Is it?", stated=None, sentences=(Sentence("Yes.", False),))
    assert [label for label in words.taught(unknown).labels if label != NONE] == [words.no]


def test_a_passage_is_cut_but_ends_as_every_passage_does(words: Words) -> None:
    from eval.fitting.adapter.words import PASSAGE_TOKENS

    found = words.passage("word " * 1000)
    assert len(found) == PASSAGE_TOKENS
    assert found[-len(words.plain("\n\n")) :] == words.plain("\n\n")


# --- batches and the course -------------------------------------------------------------------


def made(n: int) -> list[Example]:
    tail = (Tail("stated", "How long is it?", stated=True),)
    return [Example("x", (f"It is {k} metres long. " * (1 + k % 7),), tail) for k in range(n)]


def test_batches_hold_all_lessons_in_order_within_the_bound(words: Words) -> None:
    lessons = [words.lesson(example) for example in made(60)]
    found = batches(lessons, 300)
    assert [lesson for batch in found for lesson in batch] == lessons
    assert all(sum(x.tokens for x in batch) <= 300 or len(batch) == 1 for batch in found)
    assert [len(batch) for batch in batches(lessons, 1)] == [1] * 60


def test_a_course_from_any_place_is_the_rest_of_the_whole(words: Words) -> None:
    settings = Settings(tokens=2000, epochs=2)
    examples = made(600)
    whole = list(course(examples, words, settings, Place()))
    assert len({place for _, place, _ in whole}) == len(whole)
    shares = [done for _, _, done in whole]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    for cut in (1, len(whole) // 2, len(whole) - 1):
        rest = list(course(examples, words, settings, whole[cut - 1][1]))
        assert rest == whole[cut:]
    assert sum(len(batch) for batch, _, _ in whole) == 1200


def test_the_rate_rises_and_falls() -> None:
    settings = Settings(rate=1.0, warmup=4)
    assert [rate(settings, step, 0.0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rate(settings, 10, 0.5) == 0.5
    assert rate(settings, 10, 1.0) == pytest.approx(1 / 30)
