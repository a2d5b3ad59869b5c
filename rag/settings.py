"""What a person may set about how questions are answered, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace

from index.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """`passages` are put before the model, out of `considered` that were found.

    `answer_above` is the least probability, 0..1, that the passages hold the answer and that the
    answer is right, with which it is shown; below it Dateline abstains. At .35, of 143 answers to
    hard questions, 10 of 60 that shouldn't have been shown were, and 10 of 83 that should have been
    weren't (eval/DECISIONS.md). `drop_unsupported` False shows sentences that failed their check
    struck out, instead of leaving them out.
    """

    passages: int = 2
    considered: int = 10
    max_tokens: int = 200
    answer_above: float = 0.35
    drop_unsupported: bool = True

    def __post_init__(self) -> None:
        for name, least in (("passages", 1), ("considered", 1), ("max_tokens", 8)):
            if getattr(self, name) < least:
                raise UsageError(
                    f"The setting '{name}' is {getattr(self, name)} but must be at least {least}."
                )
        if not 0 <= self.answer_above <= 1:
            raise UsageError(
                f"The setting 'answer_above' is {self.answer_above} but must lie in 0..1."
            )

    @property
    def hash(self) -> str:
        """Twelve hex digits that differ when any setting does."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def with_values(self, values: dict[str, str]) -> Settings:
        """A copy with settings given as text (`--set name=value`)."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changed: dict[str, int | float | bool] = {}
        for name, text in values.items():
            if name not in kinds:
                raise UsageError(f"There's no setting '{name}'; choose from {', '.join(kinds)}.")
            try:
                if kinds[name] is bool:
                    changed[name] = {"true": True, "false": False}[text.lower()]
                else:
                    changed[name] = kinds[name](text)
            except (ValueError, KeyError):
                raise UsageError(
                    f"The setting '{name}' can't be '{text}'; give it a value like "
                    f"{getattr(self, name)}."
                ) from None
        return replace(self, **changed)  # type: ignore[arg-type]
