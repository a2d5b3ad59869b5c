"""What the peer's environment is made of; nothing is installed here."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from eval.peers.environment import PINNED, cached_wheel, key, requirements

FOUND = {"torch": "2.13.0+cpu", "sentence-transformers": "6.2.0", "llama-cpp-python": "0.3.36"}
TAG = sys.implementation.cache_tag


def wheel(folder: Path, version: str, tag: str, processor: str, age: int) -> Path:
    path = folder / f"{version}-{tag}-x86_64-{processor}"
    path.mkdir(parents=True)
    path /= f"llama_cpp_python-{version}-py3-none-linux_x86_64.whl"
    path.write_bytes(processor.encode())
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_the_latest_wheel_of_the_version_and_python(tmp_path: Path) -> None:
    wheel(tmp_path, "0.3.36", TAG, "11", age=50)
    latest = wheel(tmp_path, "0.3.36", TAG, "22", age=10)
    wheel(tmp_path, "0.3.37", TAG, "33", age=0)
    wheel(tmp_path, "0.3.36", "cpython-309", "44", age=0)
    assert cached_wheel(tmp_path, "0.3.36") == latest
    assert cached_wheel(tmp_path, "0.3.35") is None
    assert cached_wheel(tmp_path / "none", "0.3.36") is None


def test_a_wheel_built_anew_gets_an_environment_of_its_own(tmp_path: Path) -> None:
    one, two = (wheel(tmp_path, "0.3.36", TAG, p, 0) for p in ("11", "22"))
    assert key(FOUND, one) == key(dict(FOUND), one)
    assert len({key(FOUND, one), key(FOUND, two), key(FOUND, None)}) == 3
    assert key({**FOUND, "torch": "2.14.0"}, one) != key(FOUND, one)


def test_requirements_take_the_wheel_or_else_build(tmp_path: Path) -> None:
    path = wheel(tmp_path, "0.3.36", TAG, "11", 0)
    assert requirements(FOUND, path) == [str(path), "sentence-transformers==6.2.0", *PINNED]
    assert requirements(FOUND, None)[0] == "llama-cpp-python==0.3.36"


def test_everything_is_pinned_and_nothing_is_a_dependency() -> None:
    assert all("==" in name for name in PINNED)
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    named = [*project["project"]["dependencies"], *(n for extra in extras for n in extra)]
    assert not [name for name in named if "llama-index" in name]
