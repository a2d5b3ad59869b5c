"""The stage `plan`: what a training would read and take. Opens no weights and no GPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eval.fitting.adapter.examples.tails import Example
from eval.fitting.adapter.training import Settings, batches
from eval.fitting.adapter.words import Words

LOAD_SECONDS = 40  # reading and dequantising the default generator, sixteen cores
_SAMPLE = 4000  # examples that are put into tokens to know the size of all


@dataclass(frozen=True, slots=True)
class Plan:
    """`tokens` of one pass and its `batches`, from a sample of the examples."""

    examples: int
    tails: int
    tokens: int
    batches: int
    by_origin: dict[str, int]

    def seconds(self, settings: Settings, speed: float) -> float:
        return LOAD_SECONDS + settings.epochs * self.tokens / speed


def plan(examples: Sequence[Example], words: Words, settings: Settings) -> Plan:
    step = max(1, len(examples) // _SAMPLE)
    sample = examples[::step]
    lessons = [words.lesson(example) for example in sample]
    times = len(examples) / max(1, len(sample))
    by_origin: Counter[str] = Counter()
    for example, lesson in zip(sample, lessons, strict=True):
        by_origin[example.origin] += round(lesson.tokens * times)
    return Plan(
        examples=len(examples),
        tails=sum(len(example.tails) for example in examples),
        tokens=round(sum(lesson.tokens for lesson in lessons) * times),
        batches=round(len(batches(lessons, settings.tokens)) * times),
        by_origin=dict(by_origin.most_common()),
    )


def memory(width: int, layers: int, weights: int, settings: Settings) -> float:
    """GB on a GPU: an estimate, not measured. Weights in bfloat16, and what a batch keeps for its
    way back: about 34 numbers of the model's width a token and layer, of two bytes."""
    return (2 * weights + 2 * 34 * settings.tokens * layers * width) / 1e9


def report(found: Plan, settings: Settings, speed: float, gigabytes: float) -> str:
    lines = [
        f"{found.examples:,} examples, {found.tails:,} tails, about {found.tokens:,} tokens a pass "
        f"in {found.batches:,} batches (passes: {settings.epochs}; batches a step: "
        f"{settings.batches})",
        f"at {speed:,.0f} tokens a second: {found.seconds(settings, speed):,.0f} s with loading; "
        f"about {gigabytes:.0f} GB of a GPU's memory (an estimate)",
        "",
        "| set | tokens | share |",
        "| --- | ---: | ---: |",
    ]
    large = {origin: n for origin, n in found.by_origin.items() if 100 * n >= found.tokens}
    rest = sum(found.by_origin.values()) - sum(large.values())
    for origin, n in {**large, "others": rest}.items():
        lines.append(f"| {origin} | {n:,} | {n / max(1, found.tokens):.1%} |")
    return "\n".join(lines)
