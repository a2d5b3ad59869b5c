"""A library as one file: whole, while it is in use, and nothing half-there after a fault."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import DatelineError, LibraryDamaged, LibraryVersion, UsageError
from index.library import Library
from index.storing import archive
from tests.fakes import FakeEncoder
from tests.index.samples import article


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library.open(tmp_path / "library", FakeEncoder(), create=True)
    for n in range(5):
        made.put(article(n))
    return made


def test_what_is_imported_is_what_was_exported(library: Library, tmp_path: Path) -> None:
    made = library.export(tmp_path / "all.dateline")
    assert (made.articles, made.passages) == (5, library.status().passages)
    assert archive.unpack(tmp_path / "all.dateline", tmp_path / "other") == made
    other = Library.open(tmp_path / "other", FakeEncoder())
    assert other.articles() == library.articles()
    assert not other.check().problems
    query = "copper on the exchange"
    assert [h.passage for h in other.search(query)] == [h.passage for h in library.search(query)]


def test_a_library_is_exported_while_it_is_written(library: Library, tmp_path: Path) -> None:
    with library.writing():
        library.put(article(5))
        made = library.export(tmp_path / "all.dateline")
        library.put(article(6))
    assert made.articles == 6
    archive.unpack(tmp_path / "all.dateline", tmp_path / "other")
    assert len(Library.open(tmp_path / "other")) == 6


# Another process writes as fast as it can, and says what is stored.
WRITER = """
import itertools, os, sys
from index.library import Library
from tests.fakes import FakeEncoder
from tests.index.samples import article
with Library.open(sys.argv[1], FakeEncoder()) as library:
    for n in itertools.count(100):
        library.put(article(n, paragraphs=1 + n % 5))
        library.put(article(n, paragraphs=2 + n % 5))
        os.write(1, f"{n}\\n".encode())
"""


def test_a_library_is_exported_while_another_process_writes_to_it(
    library: Library, tmp_path: Path
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(library.path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    stored = {head.id for head in library.heads()}
    try:
        for turn in range(3):
            for _ in range(4):
                stored.add(f"id{int(writer.stdout.readline()):04d}")
            library.export(tmp_path / f"{turn}.dateline")
            archive.unpack(tmp_path / f"{turn}.dateline", tmp_path / str(turn))
            with Library.open(tmp_path / str(turn), FakeEncoder()) as other:
                assert other.check().problems == []
                assert stored <= {head.id for head in other.heads()}
    finally:
        writer.kill()
        writer.wait()
    with Library.open(library.path, FakeEncoder()) as again:
        assert again.check().problems == []


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_an_archive_that_is_cut_off_is_said_and_leaves_nothing(
    library: Library, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "all.dateline"
    library.export(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UsageError, match="not all of it"):
        archive.unpack(path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_nothing_is_left_beside_an_export(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "all.dateline")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.dateline", "library"]


def test_a_library_that_is_there_stays(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "all.dateline")
    with pytest.raises(UsageError, match="holds a library already"):
        archive.unpack(tmp_path / "all.dateline", tmp_path / "library")
    assert len(library) == 5


def rewritten(path: Path, change: Callable[[dict[str, object], bytes], bytes]) -> None:
    """The archive with another manifest or database, its own checksums right."""
    with zipfile.ZipFile(path) as old:
        manifest, data = json.loads(old.read("manifest.json")), old.read("library.sqlite")
    data = change(manifest, data)
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("manifest.json", json.dumps(manifest))
        new.writestr("library.sqlite", data)


def later(manifest: dict[str, object], data: bytes) -> bytes:
    manifest["format"] = archive.FORMAT + 1
    return data


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda _, data: data[:-1] + b"?", LibraryDamaged),
        (lambda _, data: data + b"?", LibraryDamaged),
        (lambda _, data: data[:-1], LibraryDamaged),
        (lambda manifest, data: manifest.update(bytes=1 << 40) or data, LibraryDamaged),
        (lambda manifest, data: manifest.pop("sha256") and data, UsageError),
        (later, LibraryVersion),
    ],
)
def test_an_archive_that_is_not_what_was_exported_leaves_nothing(
    library: Library,
    tmp_path: Path,
    change: Callable[[dict[str, object], bytes], bytes],
    error: type[DatelineError],
) -> None:
    path = tmp_path / "all.dateline"
    library.export(path)
    rewritten(path, change)
    with pytest.raises(error):
        archive.unpack(path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_found(library: Library, tmp_path: Path, at: float) -> None:
    path = tmp_path / "all.dateline"
    library.export(path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatelineError):
        archive.unpack(path, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_another_file_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match="no exported library"):
        archive.unpack(tmp_path / "x", tmp_path / "other")
    with pytest.raises(UsageError, match="can't be read"):
        archive.unpack(tmp_path / "none", tmp_path / "other")


def test_a_wrong_file_is_said_before_a_wrong_folder(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        archive.unpack(tmp_path / "none", tmp_path / "library")
    assert len(library) == 5
