"""Where a remote writer is, whether that is this machine, and the key that it asks for."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from index.errors import UsageError

KEY = "DATELINE_WRITER_KEY"
FORBIDDEN = "DATELINE_NO_REMOTE"
_KEYRING = "dateline"  # the service under which keyrings hold it; the user's name is the host


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is what routes are put after (`…/v1`), `host` what people are told: `name[:port]`."""

    url: str
    host: str

    @classmethod
    def of(cls, text: str) -> Address:
        """From what a person gives. Without a path it is the usual one, `/v1`. Raises UsageError,
        which never says what may be a key."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise UsageError("The writer's address can't be read; " + _WRITE_IT) from None
        if parts.username is not None or parts.password is not None or parts.query:
            raise UsageError(
                f"The writer's address holds more than an address; put the key into {KEY}, and "
                "give the address without it."
            )
        name = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:%-]+", name):
            raise UsageError(f"The writer's address '{text}' isn't one; " + _WRITE_IT)
        host = f"[{name}]" if ":" in name else name
        host += f":{port}" if port is not None else ""
        path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
        return cls(f"{parts.scheme}://{host}{path}", host)


_WRITE_IT = "write it as http://localhost:8080/v1."


def leaves(host: str) -> bool:
    """Whether what is sent to a host (`name[:port]`) leaves this machine. A name that isn't known
    to be this one's is taken to be another's."""
    if not host:
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name != "localhost" and not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return True


def forbidden() -> bool:
    """Whether DATELINE_NO_REMOTE is set."""
    return os.environ.get(FORBIDDEN, "").strip().lower() not in ("", "0", "no", "false", "off")


def allowed(address: Address) -> Address:
    """The address. Raises UsageError where nothing may leave this machine and it would."""
    if forbidden() and leaves(address.host):
        raise UsageError(
            f"{FORBIDDEN} is set, so nothing may be sent to the writer at {address.host}: unset "
            "it, or leave --writer-url away to let the local model write."
        )
    return address


def key_for(address: Address) -> str | None:
    """DATELINE_WRITER_KEY, else what the user's keyring holds for that host, else None.

    Raises UsageError where it can't be a key, without saying it.
    """
    key = os.environ.get(KEY) or _from_keyring(address.host)
    if not key or not key.strip():
        return None
    key = key.strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise UsageError(f"The key for {address.host} holds signs that no key has; set it anew.")
    return key


def _from_keyring(host: str) -> str | None:
    try:
        import keyring
    except ImportError:
        return None
    try:
        held: str | None = keyring.get_password(_KEYRING, host)
    except Exception:  # a keyring that is locked, or isn't there, holds no key
        return None
    return held
