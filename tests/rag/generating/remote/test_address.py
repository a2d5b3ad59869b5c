"""What an address is, which ones are this machine's, and what is forbidden."""

from __future__ import annotations

import pytest

from index.errors import UsageError
from rag.generating.remote.address import Address, allowed, leaves


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("http://localhost:8080/v1", "http://localhost:8080/v1", "localhost:8080"),
        ("http://localhost:11434", "http://localhost:11434/v1", "localhost:11434"),
        ("https://api.example.org/v1/", "https://api.example.org/v1", "api.example.org"),
        (" https://a.example/x/v1/chat/completions\n", "https://a.example/x/v1", "a.example"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1", "[::1]:80"),
    ],
)
def test_addresses(text: str, url: str, host: str) -> None:
    assert Address.of(text) == Address(url, host)


@pytest.mark.parametrize(
    "text", ["", "localhost:8080", "ftp://a.example", "http://", "http://a b/v1", "http://a:port"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="write it as http://localhost"):
        Address.of(text)


@pytest.mark.parametrize(
    "text", ["http://me:sk-secret@a.example/v1", "http://a.example/?key=sk-secret"]
)
def test_a_key_in_it_is_not_said(text: str) -> None:
    with pytest.raises(UsageError, match="DATELINE_WRITER_KEY") as raised:
        Address.of(text)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "host", ["localhost:80", "localhost", "127.0.0.1:1", "127.8.9.1", "[::1]:2", ""]
)
def test_this_machine(host: str) -> None:
    assert not leaves(host)


@pytest.mark.parametrize(
    "host",
    [
        "api.example.org",
        "192.168.0.2:80",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "0.0.0.0",
    ],
)
def test_another_machine(host: str) -> None:
    assert leaves(host)


def test_nothing_may_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Address.of("http://127.0.0.1:1"), Address.of("https://api.example.org")
    for value in ("", "0", "no"):
        monkeypatch.setenv("DATELINE_NO_REMOTE", value)
        assert allowed(there) is there
    monkeypatch.setenv("DATELINE_NO_REMOTE", "1")
    assert allowed(here) is here
    with pytest.raises(UsageError, match=r"api\.example\.org: unset it"):
        allowed(there)
