"""A models folder and a models.txt of a test's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.models import sources as model_sources
from tests.rag.hub_server import Hub


class Shelf:
    """Writes a models.txt and says where its models will lie."""

    def __init__(self, root: Path) -> None:
        self.list = root / "models.txt"
        self.folder = root / "models"
        self._text = ""

    def add(
        self, name: str, files: dict[str, bytes], *sources: str, role: str = "generator"
    ) -> None:
        lines = [f"name: {name}", f"role: {role}", "licence: Apache-2.0", "about: for a test"]
        for path, data in files.items():
            lines.append(f"file: {path} {len(data)} {hashlib.sha256(data).hexdigest()}")
        lines += [f"source: {source}" for source in sources]
        self._text += "\n".join(lines) + "\n\n"
        self.list.write_text(self._text, encoding="utf-8")

    def left_over(self) -> list[str]:
        """Files under the models folder that aren't locks or stamps."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix != ".lock" and path.name != ".verified.json"
        )


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(tmp_path)
    monkeypatch.setenv("DATELINE_MODELS_TXT", str(shelf.list))
    monkeypatch.setenv("DATELINE_MODELS", str(shelf.folder))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(model_sources, "RETRY_WAITS", (0.0, 0.0))
    return shelf


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
