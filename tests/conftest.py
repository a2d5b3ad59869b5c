"""The real models, for tests marked `models`: opened once a session, skipped where absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rag.errors import ModelError
from rag.generating.local import LocalGenerator
from rag.generating.states import StateCache
from rag.models import files as models
from tests.postgres import Cluster, made

# No test has a deadline: a busy machine is no failure.
settings.register_profile("dateline", deadline=None)
settings.load_profile("dateline")

TINY = "smollm2-135m-instruct"
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def model_path() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        try:
            return models.path(name)
        except ModelError as error:
            pytest.skip(f"needs a model: {error}")

    return find


@pytest.fixture(scope="session")
def open_tiny(model_path: Callable[[str], Path]) -> Iterator[Callable[..., LocalGenerator]]:
    """Opens the tiny generator with the cache and options given; all are closed at the end."""
    opened: list[LocalGenerator] = []

    def make(cache: StateCache | None = None, **options: bool | int) -> LocalGenerator:
        generator = LocalGenerator.open(
            model_path(TINY),
            name=TINY,
            sha256="tiny",
            threads=2,
            context=int(options.pop("context", 1024)),
            cache=cache,
            **options,  # type: ignore[arg-type]
        )
        opened.append(generator)
        return generator

    yield make
    for generator in opened:
        generator.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The real server, for as long as the tests run."""
    cluster = made()
    yield cluster
    cluster.remove()


@pytest.fixture(params=["a folder", "a server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path | str:
    """Where a library can be made: in a folder, and in a database of its own."""
    if request.param == "a folder":
        return tmp_path / "library"
    monkeypatch.setenv("DATELINE_CACHE", str(tmp_path / "cache"))
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.database()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data for measuring, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, which isn't part of the project")
    return SHARED
