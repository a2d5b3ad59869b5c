"""Models that are on this machine: finding, checking, the stamp, bringing them by hand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rag.errors import ModelMismatch, ModelMissing, ModelUnreachable
from rag.models import files as models
from rag.models import manifest as models_txt
from tests.rag.conftest import Shelf

DATA = b"weights" * 1000
FOLDER = {"config.json": b"{}", "sub/model.safetensors": DATA}


def put(shelf: Shelf, name: str, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        place = shelf.folder / name / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def test_the_path_is_the_file_of_one_and_the_folder_of_several(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    shelf.add("several", FOLDER, role="encoder")
    put(shelf, "one", {"weights.gguf": DATA})
    put(shelf, "several", FOLDER)
    assert models.path("one") == shelf.folder / "one" / "weights.gguf"
    assert models.path("several") == shelf.folder / "several"


def test_capitals_of_a_name_do_not_matter(shelf: Shelf) -> None:
    shelf.add("All-MiniLM", {"weights.gguf": DATA})
    put(shelf, "All-MiniLM", {"weights.gguf": DATA})
    assert models.path("all-minilm") == shelf.folder / "All-MiniLM" / "weights.gguf"


def test_a_missing_model_says_how_to_get_it(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    with pytest.raises(ModelMissing, match="`dateline models pull one`") as caught:
        models.path("one")
    assert caught.value.exit_code == 4


def test_a_damaged_file_is_found_by_its_size(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    put(shelf, "one", {"weights.gguf": DATA[:-1]})
    with pytest.raises(ModelMismatch, match=r"6999 bytes where models.txt says 7000"):
        models.path("one")


def test_a_file_damaged_after_its_check_is_found_again(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    put(shelf, "one", {"weights.gguf": DATA})
    place = models.path("one")
    place.write_bytes(b"x" + DATA[1:])
    os.utime(place, ns=(0, 1))  # surely another time than the stamp's
    with pytest.raises(ModelMismatch, match="SHA-256"):
        models.path("one")


def test_a_stamp_spares_the_reading_and_verify_reads_all_the_same(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    put(shelf, "one", {"weights.gguf": DATA})
    place = models.path("one")
    time = place.stat().st_mtime_ns
    place.write_bytes(b"x" + DATA[1:])
    os.utime(place, ns=(time, time))  # as a failing disk would: nothing to be seen from outside

    assert models.path("one") == place
    with pytest.raises(ModelMismatch):
        models.verify("one")
    with pytest.raises(ModelMismatch):  # and from then on the stamp is gone
        models.path("one")


def test_a_damaged_model_is_mended_by_a_pull(shelf: Shelf, tmp_path: Path) -> None:
    source = tmp_path / "good.gguf"
    source.write_bytes(DATA)
    shelf.add("one", {"weights.gguf": DATA}, f"path {source}")
    put(shelf, "one", {"weights.gguf": b"x" + DATA[1:]})
    assert models.pull("one").read_bytes() == DATA


def test_states_without_reading(shelf: Shelf) -> None:
    shelf.add("several", FOLDER)
    (model,) = models.catalogue()
    assert models.state(model) == "missing"
    put(shelf, "several", {"config.json": b"{}"})
    assert models.state(model) == "incomplete"
    put(shelf, "several", FOLDER)
    assert models.state(model) == "unchecked"
    models.path("several")
    assert models.state(model) == "ready"
    put(shelf, "several", {"config.json": b"{ }"})
    assert models.state(model) == "damaged"


def test_a_new_hash_in_the_list_makes_the_old_stamp_worthless(shelf: Shelf) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    put(shelf, "one", {"weights.gguf": DATA})
    models.path("one")
    old, new = hashlib.sha256(DATA).hexdigest(), hashlib.sha256(DATA[::-1]).hexdigest()
    shelf.list.write_text(shelf.list.read_text().replace(old, new))
    with pytest.raises(ModelMismatch):
        models.path("one")


def test_from_a_file_a_folder_and_a_folder_of_models(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    shelf.add("several", FOLDER)
    stick = tmp_path / "stick"
    for path, data in {"any-name.gguf": DATA, "several/config.json": b"{}"}.items():
        (stick / path).parent.mkdir(parents=True, exist_ok=True)
        (stick / path).write_bytes(data)
    (stick / "several" / "sub").mkdir()
    (stick / "several" / "sub" / "model.safetensors").write_bytes(DATA)

    assert models.pull("one", source=stick / "any-name.gguf").read_bytes() == DATA
    home = models.pull("several", source=stick)
    assert (home / "sub" / "model.safetensors").read_bytes() == DATA
    assert (stick / "any-name.gguf").exists()


def test_from_a_place_without_the_file(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    with pytest.raises(ModelUnreachable, match=r"there is no file .*nowhere"):
        models.pull("one", source=tmp_path / "nowhere")


def test_a_folder_that_is_a_file_is_said(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add("one", {"weights.gguf": DATA})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATELINE_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelUnreachable, match=r"can't be written .* set DATELINE_MODELS"):
        models.pull("one")


def test_without_a_setting_the_folder_is_the_cache_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATELINE_MODELS", raising=False)
    assert models.folder().parts[-2:] == ("dateline", "models")


def test_the_defaults_of_the_shipped_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATELINE_MODELS_TXT", raising=False)
    assert models.default("encoder").name == "all-MiniLM-L6-v2"
    assert models.default("generator").name == "qwen2.5-coder-1.5b-instruct"
    assert models_txt.find().name == "models.txt"
