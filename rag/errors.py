"""What can go wrong with a model.

DatelineError (index.errors)
└── ModelError            exit 4
    ├── ModelUnknown      models.txt names no such model
    ├── ModelMissing      named, but not on this machine
    ├── ModelMismatch     on this machine, but its bytes aren't what models.txt says
    ├── ModelUnreachable  no source could be read (network, disk space, a broken file)
    └── ModelClosed       it was closed, or opened by another process
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
