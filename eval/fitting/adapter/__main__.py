"""`python -m eval.fitting.adapter draft|build|plan|train|export|measure …` (see README.md)."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from eval.command import run as ended
from eval.fitting.adapter import runs
from eval.fitting.adapter.building import build, examples
from eval.fitting.adapter.examples.contexts import PARTS, part_of, read_contexts, some_of
from eval.fitting.adapter.form import VERSION
from eval.fitting.adapter.runs import Run
from index.errors import UsageError

SPEED = 15_000  # tokens a second of training the default generator on an H100
SETS = ("xquad", "cnndm", "xsum")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m eval.fitting.adapter", description="Make the reader-and-judge adapter."
    )
    stages = made.add_subparsers(dest="stage", required=True, metavar="STAGE")

    def stage(name: str, about: str, *, model: bool = True) -> argparse.ArgumentParser:
        found = stages.add_parser(name, help=about, description=about)
        found.add_argument("run", type=Path, metavar="RUN", help="the training's folder")
        if model:
            found.add_argument("--model", help="a name of models.txt, or a GGUF file")
            found.add_argument("--threads", type=int, help="of the processor (default: all)")
            found.add_argument(
                "--bfloat16", action="store_true", help="on a processor that has it (a GPU always)"
            )
        return found

    one = stage("draft", "Have the base, or an adapter, answer the contexts' questions.")
    one.add_argument("--contexts", type=Path, required=True)
    one.add_argument("--adapter", type=Path, help="a GGUF adapter or an earlier RUN; else the base")
    one.add_argument("--part", choices=PARTS, default="all", help="own: what main leaves out")
    one.add_argument("--limit", type=int, help="contexts, drawn with the seed")
    one.add_argument("--seconds", type=float, help="stop after; the same command goes on")
    one.add_argument("--state-tokens", type=int, help="of all rows that are written together")
    one.add_argument("--seed", type=int, default=0)

    one = stage("build", "Make RUN/examples.jsonl.gz of contexts and drafts.", model=False)
    one.add_argument("--contexts", type=Path, required=True)
    one.add_argument("--drafts", type=Path, action="append", default=[])
    one.add_argument("--part", choices=PARTS, default="all", help="main: all but one in ten")
    one.add_argument("--limit", type=int, help="contexts, those with drafts first")
    one.add_argument("--seed", type=int, default=0)

    for name, about in (
        ("plan", "Count what a training would read, and the seconds it would take."),
        ("train", "Train on RUN/examples.jsonl.gz into RUN/weights.pt."),
    ):
        one = stage(name, about)
        _add_settings(one)
        if name == "plan":
            one.add_argument("--speed", type=float, default=SPEED, help="tokens a second")
        else:
            one.add_argument("--start", type=Path, help="a GGUF adapter or RUN to go on from")
            one.add_argument("--seconds", type=float, help="stop after; the same command goes on")

    one = stage("export", "Write RUN/weights.pt as a GGUF adapter.", model=False)
    one.add_argument("out", type=Path, metavar="OUT.gguf")

    one = stage("measure", "What an adapter does on held-out sets; into RUN/measures-….json.")
    one.add_argument("--data", type=Path, required=True, help="folder with xquad and qags")
    one.add_argument("--adapter", type=Path, help="a GGUF adapter (default: RUN's weights)")
    one.add_argument("--base", action="store_true", help="without any adapter, in the same form")
    one.add_argument("--llama", action="store_true", help="through llama.cpp, as it ships")
    one.add_argument("--sets", default=",".join(SETS), help=f"some of {', '.join(SETS)}")
    one.add_argument("--limit", type=int, help="contexts of each set, chosen with a seed")
    return made


def _add_settings(one: argparse.ArgumentParser) -> None:
    from eval.fitting.adapter.training import Settings

    for field in fields(Settings):
        kind = type(field.default)
        flag = f"--{field.name.replace('_', '-')}"
        one.add_argument(flag, type=kind, default=field.default, help=f"default: {field.default}")


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    run = Run(given.run)
    stage = {
        "draft": _draft,
        "build": _build,
        "plan": _plan,
        "train": _train,
        "export": _export,
        "measure": _measure,
    }[given.stage]
    stage(run, given)
    return 0


def _build(run: Run, given: argparse.Namespace) -> None:
    kinds = build(
        run,
        _there(given.contexts),
        [_there(path) for path in given.drafts],
        part=given.part,
        limit=given.limit,
        seed=given.seed,
    )
    for kind, count in kinds.most_common():
        print(f"{count:8,} {kind}")


def _draft(run: Run, given: argparse.Namespace) -> None:
    from eval.fitting.adapter.drafting import draft
    from eval.fitting.adapter.exporting import adapter_file

    path = _there(given.contexts)
    gguf = _model(given.model)
    named = adapter_file(given.adapter) if given.adapter else None
    by = runs.sha256(named) if named else None
    run.begin(
        "draft",
        {
            "contexts": runs.sha256(path),
            "base": runs.sha256(gguf),
            "adapter": by,
            "part": given.part,
            "limit": given.limit,
            "seed": given.seed,
            "form": VERSION,
        },
    )
    asked = [context for context in part_of(read_contexts(path), given.part) if context.asked]
    model, words, adapter = _opened(given, gguf, named)
    default = 600_000 if model.device.type == "cuda" else 20_000
    draft(
        run,
        model,
        adapter,
        words,
        some_of(asked, given.limit, given.seed),
        by=by,
        seed=given.seed,
        state_tokens=given.state_tokens or default,
        seconds=given.seconds,
        say=_say,
    )


def _plan(run: Run, given: argparse.Namespace) -> None:
    from eval.fitting.adapter.net.gguf_file import shape
    from eval.fitting.adapter.planning import memory, plan, report

    settings, gguf = _settings(given), _model(given.model)
    found = plan(examples(run), _words(gguf), settings)
    built = shape(gguf)
    # (a GGUF of four bits holds nearly two weights a byte)
    gigabytes = memory(built.width, built.layers, round(gguf.stat().st_size * 1.6), settings)
    print(report(found, settings, given.speed, gigabytes))


def _train(run: Run, given: argparse.Namespace) -> None:
    from eval.fitting.adapter.exporting import adapter_file
    from eval.fitting.adapter.net.gguf_file import shape
    from eval.fitting.adapter.net.low_rank import LowRank
    from eval.fitting.adapter.training import WEIGHTS, train

    settings, gguf = _settings(given), _model(given.model)
    learnt = examples(run)
    start = adapter_file(given.start) if given.start else None
    run.begin(
        "train",
        {
            "examples": runs.sha256(run.file("examples.jsonl.gz")),
            "base": runs.sha256(gguf),
            "architecture": shape(gguf).architecture,
            "start": runs.sha256(start) if start else None,
            "settings": asdict(settings),
            "bfloat16": given.bfloat16,
            "form": VERSION,
        },
    )
    model, words, before = _opened(given, gguf, start)
    adapter = LowRank(
        model.sizes(settings.first_layer),
        rank=settings.rank,
        alpha=settings.alpha,
        seed=settings.seed,
        device=model.device,
    )
    if before is not None:
        adapter.load(before.values())
    done = train(run, model, adapter, words, learnt, settings, seconds=given.seconds, say=_say)
    if done:
        run.note("train", weights=runs.sha256(run.file(WEIGHTS)), device=str(model.device))
    else:
        print("time is up; the same command goes on")


def _export(run: Run, given: argparse.Namespace) -> None:
    from eval.fitting.adapter.exporting import export

    print(export(run, given.out), given.out.stat().st_size, given.out)


def _measure(run: Run, given: argparse.Namespace) -> None:
    from eval.fitting.adapter.exporting import adapter_file
    from eval.fitting.adapter.measuring import Reader, as_json, measure, table
    from eval.fitting.adapter.readers import LlamaReader, TorchReader

    names = [name.strip() for name in given.sets.split(",")]
    if unknown := set(names) - set(SETS):
        raise UsageError(f"--sets names {sorted(unknown)}; there are {', '.join(SETS)}.")
    gguf = _model(given.model)
    named = None if given.base else adapter_file(given.adapter or given.run)
    if given.llama and named is not None and named.suffix != ".gguf":
        raise UsageError("llama.cpp reads GGUF adapters: export this run, and name it: --adapter.")
    reader: Reader
    if given.llama:
        reader = LlamaReader(gguf, named, given.threads or os.cpu_count() or 1)
    else:
        model, words, adapter = _opened(given, gguf, named)
        reader = TorchReader(model, adapter, words)
    found = measure(reader, given.data, given.limit, names)
    way = "llama" if given.llama else "torch"
    digest = runs.sha256(named) if named else None
    facts: dict[str, Any] = {"base": runs.sha256(gguf), "adapter": digest, "form": VERSION,
                             "way": way, "limit": given.limit}  # fmt: skip
    text = json.dumps(facts | {"figures": as_json(found)}, indent=1) + "\n"
    run.path.mkdir(parents=True, exist_ok=True)
    name = f"measures-{way}-{(digest or 'base')[:12]}.json"
    run.whole(name, lambda path: path.write_text(text, "utf-8"))
    print(table(found))


def _settings(given: argparse.Namespace) -> Any:
    from eval.fitting.adapter.training import Settings

    return Settings(**{field.name: getattr(given, field.name) for field in fields(Settings)})


def _model(named: str | None) -> Path:
    """A GGUF file, or that of a model of models.txt (the default generator where none is named)."""
    from rag.models import files

    if named and named.endswith(".gguf"):
        return _there(Path(named))
    return files.path(named or files.default("generator").name)


def _words(gguf: Path) -> Any:
    from eval.fitting.adapter.words import Words
    from rag.models import files

    return Words(gguf, files.folder() / ".tokens")  # (as the product keeps them)


def _opened(given: argparse.Namespace, gguf: Path, adapter: Path | None) -> Any:
    """(model, words, adapter or None), on a GPU where there is one."""
    import torch

    from eval.fitting.adapter.exporting import open_adapter
    from eval.fitting.adapter.net.model import Model, device_and_type

    if given.threads:
        torch.set_num_threads(given.threads)
    device, dtype = device_and_type()
    model = Model.open(gguf, device, torch.bfloat16 if given.bfloat16 else dtype)
    return model, _words(gguf), open_adapter(adapter, model) if adapter else None


def _there(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"there is no file '{path}'.")
    return path


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    ended(main)
