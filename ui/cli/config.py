"""What a person has settled once for all: a few values in a TOML file of their own.

The command line goes before the environment, that before this file. Comments in it stay.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from index.errors import DatelineError, UsageError
from index.storing.places import named
from index.storing.postgres.address import Address

# name: (type of the value, what it is)
VALUES: dict[str, tuple[type, str]] = {
    "library": (str, "the library's folder, or its address on a server"),
    "model": (str, "a generator that models.txt names"),
    "passages": (int, "passages that are read at once"),
    "budget": (int, "passages that are read for a question at most"),
    "considered": (int, "passages that are looked through"),
    "show_withheld": (bool, "show sentences that were withheld, struck out"),
}
SETTINGS = ("passages", "budget", "considered", "show_withheld")  # as rag.settings has them


@dataclass(frozen=True, slots=True)
class Config:
    """`settings` are values of `rag.settings.Settings`, as text."""

    library: str | Path | None = None
    model: str | None = None
    settings: dict[str, str] = field(default_factory=dict)


def place() -> Path:
    """DATELINE_CONFIG, else config.toml in the user's configuration folder."""
    named = os.environ.get("DATELINE_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("dateline", appauthor=False) / "config.toml"


def values() -> dict[str, str | int | bool]:
    """As the file has them; nothing where there is none. Raises UsageError."""
    file = place()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The configuration '{file}' can't be read ({error}); mend it or move it away."
        ) from error
    for name, value in found.items():
        if name not in VALUES:
            raise UsageError(
                f"The configuration '{file}' has '{name}'; it may have {', '.join(VALUES)}."
            )
        wanted = VALUES[name][0]
        if type(value) is not wanted:
            raise UsageError(
                f"The configuration '{file}' has {value!r} for '{name}', which is {_kind(wanted)}."
            )
    return found


def read() -> Config:
    """Raises UsageError."""
    found = values()
    library, model = found.get("library"), found.get("model")
    return Config(
        named(str(library)) if library else None,
        str(model) if model else None,
        {name: str(found[name]) for name in SETTINGS if name in found},
    )


def change(name: str, text: str | None) -> None:
    """Sets a value, given as text; None takes it out. Raises UsageError, ModelError."""
    import tomlkit

    from index.files import write

    if name not in VALUES:
        raise UsageError(f"There's no value '{name}'; choose from {', '.join(VALUES)}.")
    values()  # a file that can't be read isn't written over
    file = place()
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    if text is None:
        document.pop(name, None)
    else:
        document[name] = _checked(name, text)
    try:
        write(file, tomlkit.dumps(document), private=True)
    except OSError as error:
        raise DatelineError(
            f"The configuration '{file}' can't be written ({error.strerror}); name another with "
            "DATELINE_CONFIG."
        ) from error


def _checked(name: str, text: str) -> str | int | bool:
    """The value that a text stands for, if it can be one."""
    if name in SETTINGS:
        from rag.settings import Settings

        value: str | int | bool = getattr(Settings().with_values({name: text}), name)
        return value
    if not text.strip() or any(ord(c) < 32 for c in text):
        raise UsageError(f"'{name}' can't be {text!r}; `dateline config unset {name}` clears it.")
    if name == "model":
        from rag.models import files as models

        return models.get(text).name
    place = named(text)
    if isinstance(place, Path):
        return str(place.absolute())
    if Address.of(place).secrets:
        raise UsageError(
            "a password doesn't belong into the configuration; put it into ~/.pgpass, and the "
            "address without it here"
        )
    return place


def _kind(wanted: type) -> str:
    return {str: "a text", int: "a whole number", bool: "true or false"}[wanted]
