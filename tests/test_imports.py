"""Imports run one way, heavy libraries load in one place each, and nothing heavy loads at start."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["ui", "eval", "rag", "index"]
HEAVY = [
    "torch",
    "sentence_transformers",
    "tokenizers",
    "faiss",
    "llama_cpp",
    "tiktoken",
    "gradio",
    "trafilatura",
    "pymilvus",
    "ray",
    "tantivy",
]
SLOW = {"joblib", "torch", "tantivy", "sentence_transformers"}  # not for a small library's search


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"no modules in {package}"
    return found


def imported(path: Path) -> Iterator[str]:
    """Every module named in an import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def test_the_client_of_postgresql_is_imported_in_one_folder() -> None:
    found = {
        str(path.relative_to(ROOT).parent)
        for package in ORDER
        for path in modules(package)
        if "psycopg" in packages(path)
    }
    assert found == {"index/storing/postgres"}


@pytest.mark.parametrize("package", ORDER)
def test_imports_run_one_way(package: str) -> None:
    above = set(ORDER[: ORDER.index(package)])
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in modules(package)
        if (found := packages(path) & above)
    }
    assert wrong == {}


def test_only_the_command_line_imports_eval() -> None:
    found = [path.name for path in modules("ui") if "eval" in packages(path)]
    assert found == ["app.py"]
    tree = ast.parse((ROOT / "ui" / "cli" / "app.py").read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [node for node in top if isinstance(node, ast.ImportFrom) and node.module == "eval"]
    assert not [
        node for node in top if isinstance(node, ast.ImportFrom) and "eval." in (node.module or "")
    ]


def test_eval_is_never_imported_bare() -> None:
    """`import eval` and `import eval.x` would hide the builtin."""
    for package in ORDER:
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    bound = {a.asname or a.name.partition(".")[0] for a in node.names}
                    assert "eval" not in bound, path


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_has_one_importer(library: str) -> None:
    importers = [
        str(path.relative_to(ROOT))
        for package in ORDER
        for path in modules(package)
        if library in packages(path) and not (library == "torch" and WORKSHOP in path.parents)
    ]
    assert len(importers) == 1, importers


WORKSHOP = ROOT / "eval" / "fitting" / "adapter"  # trains the adapter, in plain torch
PROBE = """
import json, sys
{code}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
HELP = """
import contextlib, io
sys.argv = ["dateline", "--help"]
from ui.cli.app import main
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
    main()
assert "Commands:" in out.getvalue()
"""


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("package", ["index", "rag", "eval", "ui"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    assert not loaded_by(f"import {package}") & set(HEAVY)


def test_what_a_search_opens_loads_nothing_slow() -> None:
    code = "import rag.opening, index.library, index.encoding.light"
    assert not loaded_by(code) & SLOW


def test_nothing_that_ships_imports_the_workshop() -> None:
    found = [
        str(path.relative_to(ROOT))
        for package in ORDER
        for path in modules(package)
        if WORKSHOP not in path.parents
        and any(name.startswith("eval.fitting.adapter") for name in imported(path))
    ]
    assert found == []


def test_help_loads_nothing_heavy_and_nothing_slow() -> None:
    """The slow ones aren't heavy, but they are most of a quick start."""
    loaded = loaded_by(HELP)
    assert not loaded & {*HEAVY, "numpy", "rich", "httpx", "huggingface_hub", "rag", "eval"}
    assert "typer" in loaded
