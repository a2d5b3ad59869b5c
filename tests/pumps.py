"""Hostile texts made from the patterns themselves, and what a function makes of them.

A pump is what matches up to a repetition, and the repeated part: many times that, and something
that can't follow. Time is the thread's own, the least of three, at two sizes; a quadratic pattern
takes 64 times as long for the eightfold text, a linear one 8 times. `python -m tests.pumps` prints
the exponents, module by module.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import pkgutil
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from index.errors import DatelineError, Refused

try:  # the parser of patterns is public, its module's name isn't
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    pytest.skip("needs the parser of patterns", allow_module_level=True)

SMALL, LARGE = 2_000, 16_000
PUMPS = 80  # tried of each module
MOST = 8**1.6  # times longer for eight times the text
FREE = 0.1  # seconds that need no looking at
ANY = "aA1 -.,:<>\"'([*_!\n/#=\\“é|…"
OF_CATEGORY = {
    sre.CATEGORY_DIGIT: "7",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: "x",
    sre.CATEGORY_NOT_WORD: "-",
    sre.CATEGORY_NOT_SPACE: "a",
}
Pump = tuple[str, str]  # what leads up to a repetition, and what is repeated
Function = Callable[[str], object]


def modules_with_patterns(*packages: str) -> set[str]:
    """The names of all modules in these packages that use `re`."""
    found = set()
    for package in map(importlib.import_module, packages):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            spec = importlib.util.find_spec(info.name)
            source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
            if re.search(r"^\s*(import re$|from re import)", source, re.MULTILINE):
                found.add(info.name)
    return found


def patterns(module: ModuleType) -> Iterator[re.Pattern[str]]:
    """Those that a module keeps, and those that stand in its functions as one literal."""

    def found(value: object) -> Iterator[re.Pattern[str]]:
        if isinstance(value, re.Pattern):
            source = value.pattern
            text = source if isinstance(source, str) else source.decode("latin-1")
            yield re.compile(text, value.flags & ~re.UNICODE)
        elif isinstance(value, Mapping):
            yield from found(list(value.values()))
        elif isinstance(value, list | tuple):
            for item in value:
                yield from found(item)

    for value in vars(module).values():
        yield from found(value)
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield re.compile(node.args[0].value)


def pumps(tree: Any, chance: random.Random, prefix: str, into: list[Pump]) -> str:
    """A text that the pattern's part matches, more or less; its repetitions go `into`."""
    said = ""
    for kind, value in tree:
        before = prefix + said
        if kind == sre.LITERAL:
            said += chr(value)
        elif kind in (sre.ANY, sre.NOT_LITERAL):
            said += chance.choice(ANY)
        elif kind == sre.IN:
            said += one_of(value, chance)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, part = value
            unit = pumps(part, chance, before, into)
            if most > 1 and unit:
                into.append((before, unit))
            said += unit * (least if most > 1 else chance.randint(least, 1))
        elif kind == sre.SUBPATTERN:
            said += pumps(value[3], chance, before, into)
        elif kind == sre.ATOMIC_GROUP:
            said += pumps(value, chance, before, into)
        elif kind == sre.BRANCH:
            said += pumps(chance.choice(value[1]), chance, before, into)
    return said


def one_of(parts: Any, chance: random.Random) -> str:
    if parts[0][0] == sre.NEGATE:
        barred = {chr(value) for kind, value in parts if kind == sre.LITERAL}
        return chance.choice([c for c in ANY if c not in barred])
    kind, value = chance.choice(parts)
    if kind == sre.RANGE:
        return chr(value[0])
    return OF_CATEGORY.get(value, "a") if kind == sre.CATEGORY else chr(value)


def hostile(pattern: re.Pattern[str], chance: random.Random) -> list[Pump]:
    tree = parser.parse(pattern.pattern, pattern.flags)
    found: list[Pump] = []
    for _ in range(6):
        whole = pumps(tree, chance, "", found)
        found += [("", whole), ("", whole[: len(whole) // 2])]
    return sorted({pump for pump in found if pump[1]})


def chosen(module: ModuleType, count: int = PUMPS) -> list[Pump]:
    """Of all hostile texts for a module's patterns, so many: always the same."""
    chance = random.Random(20240517)
    every = [pump for pattern in patterns(module) for pump in hostile(pattern, chance)]
    return chance.sample(every, min(count, len(every)))


def text_of(pump: Pump, size: int) -> str:
    lead, unit = pump
    return (lead + unit * (size // len(unit) + 1))[:size] + "\x01\n\x01"


def cost(function: Function, text: str, free: float = FREE) -> float:
    """The thread's own seconds, the least of three."""
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        with suppress(Refused, DatelineError):
            function(text)
        least = min(least, time.thread_time() - began)
        if least < free:
            break
    return least


def slow(
    module: ModuleType, functions: Sequence[Function], count: int = PUMPS, large: int = LARGE
) -> list[tuple[int, float, Pump]]:
    """What takes much more than eight times as long for eight times the text: the function's
    number, the seconds, the pump."""
    found = []
    for pump in chosen(module, count):
        for number, function in enumerate(functions):
            took = cost(function, text_of(pump, large))
            if took > FREE and took > MOST * cost(function, text_of(pump, large // 8)):
                found.append((number, took, pump))
    return found


def exponent(module: ModuleType, functions: Sequence[Function]) -> tuple[int, float, float]:
    """How many hostile texts; the longest seconds that one took, and its growth exponent."""
    found, every = (0.0, 0.0), chosen(module)
    for pump in every:
        for function in functions:
            took = cost(function, text_of(pump, LARGE), free=0.005)
            if took > found[0]:
                least = max(cost(function, text_of(pump, SMALL), free=0.0), 1e-5)
                found = took, math.log(took / least) / math.log(LARGE / SMALL)
    return len(every), *found


def main() -> None:
    from tests.index import test_linear as of_index
    from tests.rag import test_linear as of_rag

    print(f"{'module':36} patterns texts  longest s  exponent (16,000 against 2,000 characters)")
    for listed in (of_index, of_rag):
        for module in listed.MODULES:
            texts, longest, growth = exponent(module, listed.FUNCTIONS)
            count = len(list(patterns(module)))
            print(
                f"{module.__name__:36} {count:8} {texts:5} {longest:10.3f} {growth:9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
