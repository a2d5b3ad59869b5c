"""What can go wrong with a model.

DatelineError (index.errors)
└── ModelError            exit 4
    ├── ModelUnknown      models.txt names no such model
    ├── ModelMissing      named, but not on this machine
    ├── ModelMismatch     on this machine, but its bytes aren't what models.txt says
    ├── ModelUnreachable  no source could be read (network, disk space, a broken file)
    ├── ModelClosed       it was closed, or opened by another process
    └── WriterUnavailable a remote writer can't be reached, is too busy, or broke off
        ├── WriterRefused it wants another key
        └── WriterModelMissing  it has no model of that name
"""

from __future__ import annotations

from index.errors import DatelineError


class ModelError(DatelineError):
    exit_code = 4


class ModelUnknown(ModelError):
    pass


class ModelMissing(ModelError):
    pass


class ModelMismatch(ModelError):
    pass


class ModelUnreachable(ModelError):
    pass


class ModelClosed(ModelError):
    pass


class WriterUnavailable(ModelError):
    pass


class WriterRefused(WriterUnavailable):
    pass


class WriterModelMissing(WriterUnavailable):
    pass
