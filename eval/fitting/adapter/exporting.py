"""The stage `export`: RUN/weights.pt as a GGUF adapter, and any adapter back into torch."""

from __future__ import annotations

from pathlib import Path

import torch

from eval.fitting.adapter import runs, training
from eval.fitting.adapter.form import VERSION
from eval.fitting.adapter.net.gguf_file import read_adapter, write_adapter
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.runs import Run
from index.errors import UsageError

NAME = "Dateline reader and judge"


def export(run: Run, out: Path) -> str:
    """Write the adapter and note it in run.json; returns its SHA-256."""
    kept = training.load(run)
    facts = run.facts().get("train")
    if kept is None or facts is None:
        raise UsageError(f"'{run.path}' holds no weights; train it first: train {run.path}")
    given = facts["from"]
    about = {
        "general.name": NAME,
        "dateline.form": VERSION,
        "dateline.base_sha256": given["base"],
    }
    matrices = {name: (a.numpy(), b.numpy()) for name, (a, b) in kept["adapter"].items()}
    part = out.with_name(f"{out.name}.part")
    write_adapter(part, given["architecture"], matrices, given["settings"]["alpha"], about)
    part.replace(out)
    found = runs.sha256(out)
    run.note("export", sha256=found, bytes=out.stat().st_size, done=round(kept["done"], 4))
    return found


def adapter_file(given: Path) -> Path:
    """The adapter named on the command line: a GGUF file, or the weights of a run's folder."""
    path = given / training.WEIGHTS if given.is_dir() else given
    if not path.exists():
        raise UsageError(f"there is no adapter at '{path}'.")
    return path


def open_adapter(path: Path, model: Model) -> LowRank:
    """From a GGUF file or a run's weights."""
    if path.suffix == ".gguf":
        matrices, alpha = read_adapter(path)
        values = {n: (torch.tensor(a), torch.tensor(b)) for n, (a, b) in matrices.items()}
    else:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        values, alpha = kept["adapter"], kept["alpha"]
    sizes = {name: (b.shape[0], a.shape[1]) for name, (a, b) in values.items()}
    rank = next(iter(values.values()))[0].shape[0]
    found = LowRank(sizes, rank=rank, alpha=alpha, seed=0, device=model.device)
    found.load(values)
    return found
