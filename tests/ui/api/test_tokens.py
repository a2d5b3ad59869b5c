"""Tokens: made, kept as hashes, revoked at once; who has none, or a wrong one, stays outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from index.errors import DatelineError, UsageError
from tests.ui.api.conftest import Api
from ui.api.doors import doors_for
from ui.api.tokens import Tokens

LONG = "a-token-that-somebody-chose"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "config" / "tokens.json")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_kept_as_a_hash_for_its_owner_alone(tokens: Tokens) -> None:
    made = tokens.add("laptop")
    assert tokens.whose(made) == "laptop"
    assert tokens.whose(made + "x") is None
    assert tokens.whose("") is None
    kept = tokens.file.read_text()
    assert made not in kept
    assert made.removeprefix("dl-") not in kept
    if os.name == "posix":
        assert tokens.file.stat().st_mode & 0o077 == 0


def test_tokens_are_several_and_revocable(tokens: Tokens) -> None:
    one, other = tokens.add("one"), tokens.add("other")
    assert one != other
    elsewhere = Tokens(tokens.file)
    assert elsewhere.whose(one) == "one"
    tokens.remove("one")
    assert elsewhere.whose(one) is None  # though it had read the file before
    assert elsewhere.whose(other) == "other"
    tokens.file.unlink()
    assert elsewhere.whose(other) is None


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "x" * 65, "-x", "a\n"])
def test_a_name_that_is_none(tokens: Tokens, name: str) -> None:
    with pytest.raises(UsageError):
        tokens.add(name)
    assert len(tokens) == 0


def test_names_are_taken_once(tokens: Tokens) -> None:
    tokens.add("one")
    with pytest.raises(UsageError, match="a token 'one' already"):
        tokens.add("one")
    with pytest.raises(UsageError, match="no token 'two'; there is 'one'"):
        tokens.remove("two")


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "x"}]', "", "{}x"])
def test_a_damaged_file_lets_nobody_in(tokens: Tokens, text: str) -> None:
    made = tokens.add("one")
    tokens.file.write_text(text)
    with pytest.raises(DatelineError, match="can't be read"):
        tokens.whose(made)


def test_one_more_from_the_environment(tokens: Tokens) -> None:
    also = Tokens(tokens.file, also=LONG)
    assert len(also) == 1
    assert also.whose(LONG) == "environment"
    assert not tokens.file.exists()
    with pytest.raises(UsageError, match="at least 24"):
        Tokens(tokens.file, also="short")


def test_other_machines_need_a_token(tokens: Tokens) -> None:
    assert doors_for("127.0.0.1", tokens) is None
    with pytest.raises(UsageError, match="dateline tokens add"):
        doors_for("0.0.0.0", tokens)
    with pytest.raises(UsageError, match="dateline tokens add"):
        doors_for("localhost", tokens, require=True)
    tokens.add("one")
    assert doors_for("0.0.0.0", tokens) is tokens
    assert doors_for("127.0.0.1", tokens, require=True) is tokens


def test_only_with_a_token(serve: Callable[..., Api], tokens: Tokens) -> None:
    made = tokens.add("laptop")
    api = serve(tokens=tokens)
    url = api.v1 + "/models"
    assert httpx.get(url, headers=bearer(made)).status_code == 200
    assert httpx.get(url, headers={**bearer(made), "host": "news.example"}).status_code == 200
    none = httpx.get(url)
    assert none.status_code == 401
    assert none.headers["www-authenticate"].startswith("Bearer")
    assert none.json()["error"]["type"] == "authentication_error"
    wrong = httpx.get(url, headers=bearer("dl-wrong"))
    assert wrong.status_code == 401
    assert wrong.json()["error"]["code"] == "wrong_token"
    for path in ("metrics", "openapi.json", "articles/bridge", "v1/articles", "nothing"):
        assert httpx.get(api.url + path).status_code == 401, path
    assert httpx.get(api.url + "health").json() == {"status": "ok"}
    tokens.remove("laptop")
    assert httpx.get(url, headers=bearer(made)).status_code == 401


def test_writing_needs_one_too(serve: Callable[..., Api], tokens: Tokens) -> None:
    made = tokens.add("laptop")
    api = serve(tokens=tokens)
    url = api.v1 + "/articles"
    assert httpx.post(url, json={"text": "x"}).status_code == 401
    assert httpx.delete(url + "/ferry").status_code == 401
    assert httpx.patch(url + "/ferry", json={"title": "x"}).status_code == 401
    assert api.library.article("ferry") is not None
    assert httpx.delete(url + "/ferry", headers=bearer(made)).status_code == 200


def test_a_browser_may_look_with_the_token_as_its_password(
    serve: Callable[..., Api], tokens: Tokens
) -> None:
    """But sends passwords along with what another site makes it send."""
    made = tokens.add("laptop")
    api = serve(tokens=tokens)
    page = api.url + "articles/bridge"
    assert httpx.get(page).headers["www-authenticate"].startswith("Basic")
    assert httpx.get(page, auth=("me", made)).status_code == 200
    assert httpx.get(page, auth=("me", "wrong")).status_code == 401
    gone = httpx.delete(api.v1 + "/articles/bridge", auth=("me", made))
    assert gone.status_code == 401
    for wrong in ("Basic %%%", "Basic", "Bearer", "Basic bWU="):
        assert httpx.get(page, headers={"Authorization": wrong}).status_code == 401


def test_wrong_tokens_wait_and_right_ones_never_do(
    serve: Callable[..., Api], tokens: Tokens
) -> None:
    made = tokens.add("laptop")
    api = serve(tokens=tokens)
    url = api.v1 + "/models"
    tried = [httpx.get(url, headers=bearer(f"guess-{n}")) for n in range(8)]
    assert [each.status_code for each in tried[:5]] == [401] * 5
    later = [each for each in tried if each.status_code == 429]
    assert later
    assert int(later[0].headers["retry-after"]) >= 1
    assert httpx.get(url, headers=bearer(made)).status_code == 200
