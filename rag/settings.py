"""What a person may set about how questions are answered, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace

from index.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """`passages` are put before the model at once; where they don't state the answer the next
    ones are read, until `budget` are. `considered` passages are looked through for articles that
    say otherwise. `show_withheld` shows sentences that were withheld struck out, instead of leaving
    them out.
    """

    passages: int = 5
    budget: int = 15
    considered: int = 30
    show_withheld: bool = False

    def __post_init__(self) -> None:
        for name, least in (("passages", 1), ("budget", 1), ("considered", 1)):
            if getattr(self, name) < least:
                raise UsageError(
                    f"The setting '{name}' is {getattr(self, name)} but must be at least {least}."
                )

    @property
    def hash(self) -> str:
        """Twelve hex digits that differ when any setting does."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def with_values(self, values: dict[str, str]) -> Settings:
        """A copy with settings given as text (`--set name=value`)."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changed: dict[str, int | bool] = {}
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
