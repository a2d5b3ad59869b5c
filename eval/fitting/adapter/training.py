"""The stage `train`: one pass over RUN/examples.jsonl.gz, resumable, into RUN/weights.pt.

Everything that is drawn is drawn before or from the seed and the place in the data, and the rate
depends on that place alone; so a training that was killed ends where it would have ended (on a GPU
but for the order in which sums are taken).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from eval.fitting.adapter import runs
from eval.fitting.adapter.examples.tails import Example
from eval.fitting.adapter.net.layout import Block, Layout
from eval.fitting.adapter.net.low_rank import LowRank
from eval.fitting.adapter.net.model import Model
from eval.fitting.adapter.runs import Run
from eval.fitting.adapter.words import NONE, Lesson, Words

WEIGHTS, LOG = "weights.pt", "log.jsonl"
_CHUNK = 256  # examples that are put into tokens, and into batches, together
_PADDING = 3  # how many times its tokens a batch's rectangle of tails may hold


@dataclass(frozen=True, slots=True)
class Settings:
    """`tokens` of a batch; `batches` a step; `warmup` in steps; a checkpoint every `save` steps."""

    rank: int = 16
    alpha: float = 32.0
    first_layer: int = 0
    rate: float = 3e-4
    tokens: int = 10_000
    batches: int = 1
    epochs: int = 1
    warmup: int = 15
    save: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """The next batch: of which epoch and chunk, and how many of that chunk come before it."""

    epoch: int = 0
    chunk: int = 0
    batch: int = 0


@dataclass(slots=True)
class Tally:
    """What happened since the last report, by kind of tail."""

    loss: list[float] = field(default_factory=list)
    right: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    skipped: int = 0

    def row(self) -> dict[str, Any]:
        def mean(values: Sequence[float]) -> float:
            return round(sum(values) / max(1, len(values)), 4)

        verdicts = {kind: mean(values) for kind, values in sorted(self.right.items())}
        return {"loss": mean(self.loss), "verdicts": verdicts, "skipped": self.skipped}


def batches(lessons: Sequence[Lesson], tokens: int) -> list[list[Lesson]]:
    """Consecutive lessons together, as many as fit; one that doesn't fit is a batch of its own."""
    found: list[list[Lesson]] = []
    size = widest = 0
    for lesson in lessons:
        own = sum(len(tail.tokens) for tail in lesson.tails)
        count = len(found[-1]) + 1 if found else 1
        wide = max(widest, own) * count > _PADDING * tokens
        if not found or size + lesson.tokens > tokens or wide:
            found.append([])
            size = widest = 0
        found[-1].append(lesson)
        size += lesson.tokens
        widest = max(widest, own)
    return found


def course(
    examples: Sequence[Example], words: Words, settings: Settings, start: Place
) -> Iterator[tuple[list[Lesson], Place, float]]:
    """Batches from a place on: each with the place after it and the share of the course done."""
    chunks = -(-len(examples) // _CHUNK)
    for epoch in range(start.epoch, settings.epochs):
        order = list(range(len(examples)))
        Random(f"{settings.seed}/{epoch}").shuffle(order)  # noqa: S311
        first = start.chunk if epoch == start.epoch else 0
        for chunk in range(first, chunks):
            some = order[chunk * _CHUNK : (chunk + 1) * _CHUNK]
            lessons = [words.lesson(examples[n]) for n in some]
            made = batches([lesson for lesson in lessons if lesson.tails], settings.tokens)
            here = (epoch, chunk) == (start.epoch, start.chunk)
            for n in range(start.batch if here else 0, len(made)):
                last = n + 1 == len(made)
                after = Place(epoch, chunk + 1, 0) if last else Place(epoch, chunk, n + 1)
                done = (epoch * chunks + chunk + (n + 1) / len(made)) / (settings.epochs * chunks)
                yield made[n], after, done


def loss_of(
    model: Model, adapter: LowRank, words: Words, lessons: Sequence[Lesson], tally: Tally | None
) -> tuple[Tensor, int]:
    """Weighted mean cross-entropy of what is learnt from a batch, and its tokens."""
    blocks = [Block(lesson.passages, [t.tokens for t in lesson.tails]) for lesson in lessons]
    layout = Layout.of(words.head, blocks, model.device)
    taught = [tail for lesson in lessons for tail in lesson.tails]
    places, labels, weights, kinds = [], [], [], []
    for tail, first in zip(taught, layout.starts, strict=True):
        verdicts = set(tail.verdicts)
        for n, label in enumerate(tail.labels):
            if label == NONE or not tail.weights[n]:
                continue
            places.append(first + n)
            labels.append(label)
            weights.append(tail.weights[n])
            kinds.append(tail.kind if n in verdicts else None)

    def tensor(values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=model.device)

    hidden = model.hidden(layout, adapter).index_select(0, tensor(places))
    logits, wanted, weight = model.logits(hidden), tensor(labels), tensor(weights)
    entropy = F.cross_entropy(logits, wanted, reduction="none")
    loss = (entropy * weight).sum() / weight.sum()
    if tally is not None:
        said_yes = logits[:, words.yes] > logits[:, words.no]
        right = (said_yes == (wanted == words.yes)).float().tolist()
        for kind, value in zip(kinds, right, strict=True):
            if kind is not None:
                tally.right[kind].append(value)
    return loss, len(layout.tokens)


def rate(settings: Settings, step: int, done: float) -> float:
    """Rises over the warm-up, then falls in a line to a thirtieth at the course's end."""
    return settings.rate * min(1.0, (step + 1) / settings.warmup) * max(1 / 30, 1 - done)


def train(
    run: Run,
    model: Model,
    adapter: LowRank,
    words: Words,
    examples: Sequence[Example],
    settings: Settings,
    *,
    seconds: float | None = None,
    say: Callable[[str], None] = print,
) -> bool:
    """Go on from RUN/weights.pt, else from the adapter as it is given. False: time was up first,
    and the same call goes on."""
    optimiser = torch.optim.AdamW(
        adapter.parameters(), lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.0
    )
    place, step, tokens, spent = Place(), 0, 0, 0.0
    kept = load(run)
    if kept is not None:
        adapter.load(kept["adapter"])
        optimiser.load_state_dict(kept["optimiser"])
        place, step, tokens, spent = (
            Place(*kept["place"]), kept["step"], kept["tokens"], kept["seconds"],
        )  # fmt: skip
        say(f"going on after step {step}")
    runs.kept_lines(run.file(LOG), lambda row: row["step"] <= step)
    begun, tally, waiting = time.monotonic(), Tally(), 0

    def save(after: Place, done: float) -> None:
        nonlocal tally
        elapsed = spent + time.monotonic() - begun
        row = {"step": step, "done": round(done, 4), "tokens": tokens, "seconds": round(elapsed, 1)}
        runs.append(run.file(LOG), row | tally.row())
        state = {
            "adapter": adapter.values(),
            "alpha": adapter.alpha,
            "optimiser": optimiser.state_dict(),
            "place": (after.epoch, after.chunk, after.batch),
            "step": step,
            "tokens": tokens,
            "seconds": elapsed,
            "done": done,
        }
        run.whole(WEIGHTS, lambda path: torch.save(state, path))
        say(f"step {step}, {done:.1%}, {tokens / max(elapsed, 1e-9):.0f} tokens/s, {tally.row()}")
        tally = Tally()

    after, done = place, 0.0 if kept is None else float(kept["done"])
    saved = step
    for lessons, after, done in course(examples, words, settings, place):
        loss, size = loss_of(model, adapter, words, lessons, tally)
        (loss / settings.batches).backward()  # type: ignore[no-untyped-call]
        tokens += size
        waiting += 1
        tally.loss.append(float(loss.detach()))
        if waiting < settings.batches:
            continue
        waiting = 0
        norm = torch.nn.utils.clip_grad_norm_(adapter.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate(settings, step, done)
        if bool(norm.isfinite()):
            optimiser.step()
        else:
            tally.skipped += 1
        optimiser.zero_grad()
        step += 1
        up = seconds is not None and time.monotonic() - begun > seconds
        if step - saved >= settings.save or up:
            save(after, done)
            saved = step
        if up and done < 1:
            return False
    if step > saved or kept is None:
        save(after, 1.0)
    return True


def load(run: Run) -> dict[str, Any] | None:
    """The last checkpoint."""
    path = run.file(WEIGHTS)
    if not path.exists():
        return None
    found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return found
