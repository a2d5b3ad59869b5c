"""The wheel: what `pipx install dateline` gets. Built and installed here.

In an environment of its own, but what Dateline needs is read from the tests' environment, so that
nothing is fetched or compiled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from index.article import Article
from index.library import Library
from tests.fakes import FakeEncoder

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "models.txt", "index", "rag", "ui", "eval")
PACKAGES = SOURCES[4:]
# For whoever reads the sources; no program opens them.
READ = ("README.md", "DECISIONS.md", "screenshots/")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: what an earlier build left beside the sources would be in it too."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "-w", out, copy], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [made] = out.glob("dateline-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment with the wheel in it."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", programs / "python"]
    subprocess.run(
        [*pip, "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index", wheel],
        check=True,
    )
    own = subprocess.run(
        [programs / "python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    # Only a path, after the environment's own: an editable Dateline in there isn't found by it.
    Path(own, "tests-environment.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return programs


@pytest.fixture
def run(installed: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs one of its programs, in a folder from which no sources are found."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATELINE_", "PYTHON"))}
    own = {f"DATELINE_{name.upper()}": str(tmp_path / name) for name in ("models", "cache")}

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / command[0], *command[1:]],
            cwd=tmp_path, env=kept | own, input="", capture_output=True, text=True,
        )  # fmt: skip

    return call


def test_every_package_and_every_file_that_is_opened_is_in_it(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__"} & set(path.parts)
    }
    missing = {name for name in wanted - held if not any(read in name for read in READ)}
    assert missing == set()
    assert not [name for name in held if name.startswith(("tests/", "seeds/", ".ci/"))]


def test_it_says_what_it_can_do_and_which_it_is(run) -> None:  # type: ignore[no-untyped-def]
    helped = run("dateline", "--help")
    assert helped.returncode == 0, helped.stderr
    assert {"ask", "chat", "mcp", "serve"} <= set(helped.stdout.split())
    assert run("dateline", "--version").stdout.startswith("dateline 0.")


def test_its_models_are_listed_and_missing_ones_said(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "library"
    with Library.open(place, FakeEncoder(), create=True) as library:
        library.put(Article("one", "The bridge", "The bridge was opened on Saturday."))
    status = run("dateline", "status", "--library", str(place))
    assert status.returncode == 4, status.stderr  # the library is whole; the models aren't here
    assert "drawn by chance, read as they were written" in status.stdout
    assert "all-MiniLM-L6-v2" in status.stdout
    assert "dateline models pull" in status.stderr


PROBE = """
import json, index, rag, ui, eval
from importlib.resources import files
from rag.checking import verdict
from rag.models import files as models
from rag.models.manifest import find
found = models.adapter(models.default("generator"))
print(json.dumps({
    "packages": [each.__file__ for each in (index, rag, ui, eval)],
    "models.txt": str(find()),
    "adapter": str(found[0]),
    "judge": bool(verdict.shipped()["judge"]),
    "style": bool(files("ui.page").joinpath("static", "page.css").read_text()),
    "reader": bool(files("ui.api").joinpath("static", "article.js").read_text()),
}))
"""


def test_what_is_opened_is_its_own(run, installed: Path) -> None:  # type: ignore[no-untyped-def]
    done = run("python", "-c", PROBE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    places = [*found.pop("packages"), found.pop("models.txt"), found.pop("adapter")]
    assert all(Path(place).is_relative_to(installed.parent) for place in places), places
    assert all(found.values()), found


def test_it_serves_mcp(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "library"
    Library.open(place, FakeEncoder(), create=True).close()
    ended = run("dateline", "mcp", "--library", str(place))
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
