"""What can go wrong with a library or an article.

DatelineError             exit 1   anything a user can cause; the message is one sentence
├── UsageError            exit 2   the call makes no sense (a bad date, a bad k)
├── LibraryMissing        exit 3   no library there
├── LibraryEmpty          exit 3   a library without articles
├── LibraryVersion        exit 1   a layout that this program doesn't read; nothing is wrong with it
├── LibraryDamaged        exit 5   files that don't hold what they should: nothing else is called so
├── LibraryBusy           exit 1   another process is writing
├── EncoderMismatch       exit 1   built with another encoder
└── Refused               exit 1   one item that can't become an article; never ends a run
"""

from __future__ import annotations


class DatelineError(Exception):
    """Base of every error that a user can cause; `str(error)` says what to do."""

    exit_code = 1


class UsageError(DatelineError):
    exit_code = 2


class LibraryMissing(DatelineError):
    exit_code = 3


class LibraryEmpty(DatelineError):
    exit_code = 3


class LibraryVersion(DatelineError):
    pass


class LibraryDamaged(DatelineError):
    exit_code = 5


class LibraryBusy(DatelineError):
    pass


class EncoderMismatch(DatelineError):
    pass


class Refused(DatelineError):
    """An item was refused; the message is the reason, without the item's name."""
