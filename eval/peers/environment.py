"""The other program's own virtual environment, made once in the user's cache folder.

Nothing of it is a dependency of Dateline. What both stand on (PyTorch, sentence-transformers,
llama-cpp-python) has the version that Dateline itself runs on, and llama-cpp-python comes from
the wheel that was built for this processor (`.ci/setup` keeps it), so that the engines are the
same and nothing is built twice. pip decides where packages come from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from index.errors import DatelineError

PINNED = (
    "llama-index-core==0.14.25",
    "llama-index-llms-llama-cpp==0.7.0",
    "llama-index-embeddings-huggingface==0.8.0",
)
SHARED = ("torch", "sentence-transformers", "llama-cpp-python")  # at the versions found here

_STAMP = "complete"
Say = Callable[[str], None]


def interpreter(say: Say) -> Path:
    """The Python of the environment, which is made when it isn't there. Raises DatelineError."""
    found = {name: version(name) for name in SHARED}
    wheel = cached_wheel(wheel_folder(), found["llama-cpp-python"])
    folder = user_cache_path("dateline", appauthor=False) / "peers" / key(found, wheel)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / ".lock"):
        if not (folder / _STAMP).exists():
            say(f"Installing {PINNED[0]} in an environment of its own (once, about 1.6 GB)")
            _make(folder, python, found, wheel, say)
            (folder / _STAMP).touch()
    return python


def key(found: dict[str, str], wheel: Path | None) -> str:
    """A folder name that differs when what is installed does: also for a wheel built anew."""
    built = hashlib.sha256(wheel.read_bytes()).hexdigest() if wheel else ""
    parts = [*PINNED, *(f"{n}=={v}" for n, v in found.items()), sys.version, built]
    return "llamaindex-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def wheel_folder() -> Path:
    """Where `.ci/setup` keeps the wheels it has built."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "dateline" / "wheels"


def cached_wheel(folder: Path, wanted: str) -> Path | None:
    """The latest build of that version of llama-cpp-python for this Python; None: there's none."""
    tag = sys.implementation.cache_tag
    found = folder.glob(f"{wanted}-{tag}-*/llama_cpp_python-{wanted}-*.whl")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def requirements(found: dict[str, str], wheel: Path | None) -> list[str]:
    """What pip installs after PyTorch."""
    llama = str(wheel) if wheel else f"llama-cpp-python=={found['llama-cpp-python']}"
    return [llama, f"sentence-transformers=={found['sentence-transformers']}", *PINNED]


def _make(folder: Path, python: Path, found: dict[str, str], wheel: Path | None, say: Say) -> None:
    for old in folder.parent.glob("llamaindex-*"):  # of other versions, or begun and not finished
        shutil.rmtree(old, ignore_errors=True)
    venv.create(folder, with_pip=True)
    torch = found["torch"]
    # First and by its full version: a `+cpu` build brings no gigabytes for cards that aren't used.
    if not _pip(python, [f"torch=={torch}"], quiet=True) and "+" in torch:
        say(f"pip finds no torch {torch}, so the general build is taken, some gigabytes larger.")
        _install(python, [f"torch=={torch.partition('+')[0]}"])
    if wheel is None:
        say("No built llama-cpp-python is kept on this machine: building one, some minutes.")
    _install(python, requirements(found, wheel))


def _install(python: Path, packages: Sequence[str]) -> None:
    if not _pip(python, packages):
        raise DatelineError(
            f"pip couldn't install {' '.join(packages)!r} (its message is above): mend that and "
            "run the same command again."
        )


def _pip(python: Path, packages: Sequence[str], *, quiet: bool = False) -> bool:
    # SOURCE_DATE_EPOCH makes llama-cpp-python's build leave out AVX without a word.
    settings = {n: v for n, v in os.environ.items() if n != "SOURCE_DATE_EPOCH"}
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    done = subprocess.run(
        [*pip, *packages], env=settings, stderr=subprocess.DEVNULL if quiet else None
    )
    return done.returncode == 0
