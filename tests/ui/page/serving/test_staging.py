"""Files that come in stay in one folder, whatever they are called and whatever a zip says."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import Refused
from ui.page.serving.staging import Limits, Staging, inside, safe_name


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    made = Staging(tmp_path / "uploads", Limits(file_bytes=1000, files=3, unpacked_bytes=1500))
    made.prepare()
    return made


def upload(staging: Staging, name: str, data: bytes = b"text") -> Path:
    folder = staging.incoming / "a1b2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def archive(staging: Staging, members: dict[str, bytes], name: str = "news.zip") -> Path:
    path = upload(staging, name)
    with zipfile.ZipFile(path, "w") as made:
        for member, data in members.items():
            made.writestr(member, data, zipfile.ZIP_DEFLATED)
    return path


def outside(staging: Staging) -> list[str]:
    """Everything beside the staging folder."""
    return sorted(p.name for p in staging.folder.parent.iterdir() if p != staging.folder)


def test_two_files_of_one_name_are_both_kept(staging: Staging) -> None:
    """The first was lost when the second came, and its article became the other's."""
    [first] = staging.take([upload(staging, "index.html", b"one")])
    [second] = staging.take([upload(staging, "index.html", b"two")])
    assert first.path is not None
    assert second.path is not None
    assert (first.path.read_bytes(), second.path.read_bytes()) == (b"one", b"two")
    assert first.path.name == second.path.name == first.name == "index.html"


def test_the_same_file_again_is_the_same_place(staging: Staging) -> None:
    [first] = staging.take([upload(staging, "report.txt", b"one")])
    [again] = staging.take([upload(staging, "report.txt", b"one")])
    assert first == again
    assert first.path is not None
    assert first.path.read_bytes() == b"one"


def test_two_members_of_one_name_are_both_kept(staging: Staging) -> None:
    path = archive(staging, {"a?.txt": b"A", "a*.txt": b"B"})  # both are safe as "a_.txt"
    staged = staging.take([path])
    assert [s.path and s.path.read_bytes() for s in staged] == [b"A", b"B"]


def test_uploads_that_were_broken_off_make_room_again(tmp_path: Path) -> None:
    """They lay there until the program ended, and every upload was refused."""
    staging = Staging(tmp_path / "uploads", Limits(waiting_bytes=1000))
    staging.prepare()
    for n in range(3):
        (staging.incoming / f"tmp{n}").write_bytes(b"0" * 400)
    waiting = upload(staging, "waiting.txt")
    assert not staging.has_room()
    for part in staging.incoming.glob("tmp*"):
        os.utime(part, (time.time() - 61,) * 2)
    os.utime(waiting, (time.time() - 61,) * 2)  # whole, and about to be added
    assert staging.has_room()
    assert [p.name for p in staging.incoming.rglob("*") if p.is_file()] == ["waiting.txt"]


def test_what_nobody_adds_makes_room_in_the_end(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "uploads", Limits(waiting_bytes=10))
    staging.prepare()
    forgotten = upload(staging, "forgotten.txt", b"0" * 20)
    assert not staging.has_room()
    os.utime(forgotten, (time.time() - 3601,) * 2)
    assert staging.has_room()
    assert not forgotten.parent.exists()


def test_a_folder_comes_as_a_zip_and_keeps_its_shape(staging: Staging) -> None:
    path = archive(staging, {"2024/a.txt": b"A", "2024/b.txt": b"B", "__MACOSX/2024/._a.txt": b"x"})
    staged = staging.take([path])
    places = [s.path.relative_to(staging.folder).parts[1:] for s in staged if s.path]
    assert ["/".join(parts) for parts in places] == [
        "news/2024/a.txt",
        "news/2024/b.txt",
    ]
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "a/../../evil.txt",
        "/etc/evil.txt",
        "..\\..\\evil.txt",
        "C:\\evil.txt",
        "C:evil.txt",
        "a/..",
        "//server/share/evil.txt",
    ],
)
def test_a_zip_member_that_leads_outside_is_refused(staging: Staging, name: str) -> None:
    staged = staging.take([archive(staging, {name: b"evil", "good.txt": b"good"})])
    assert [s.reason for s in staged] == ["its path leaves the archive", ""]
    assert outside(staging) == []


def test_a_link_in_a_zip_is_refused(staging: Staging) -> None:
    link = zipfile.ZipInfo("passwd.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = upload(staging, "links.zip")
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/passwd")
    [staged] = staging.take([path])
    assert staged.reason == "it is a link, not a file"


def test_a_folder_that_was_swapped_for_a_link_is_not_followed(
    staging: Staging, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (staging.folder / hashlib.sha256(b"A").hexdigest()[:16]).symlink_to(elsewhere)
    [staged] = staging.take([archive(staging, {"a.txt": b"A"})])
    assert staged.reason == "its path leaves the folder for uploads"
    assert list(elsewhere.iterdir()) == []


def test_what_a_zip_unpacks_to_is_bounded_whatever_it_says(staging: Staging) -> None:
    big = archive(staging, {"bomb.txt": b"0" * 90_000})
    [staged] = staging.take([big])
    assert "unpacks to more than" in staged.reason
    assert not list(staging.folder.rglob("bomb.txt"))


def test_all_of_a_zip_together_is_bounded(staging: Staging) -> None:
    staged = staging.take([archive(staging, {f"{i}.txt": b"0" * 900 for i in range(3)})])
    assert [bool(s.path) for s in staged] == [True, False, False]


def test_files_at_once_are_bounded_those_of_a_zip_too(staging: Staging) -> None:
    path = archive(staging, {f"{i}.txt": b"x" for i in range(9)})
    staged = staging.take([path, upload(staging, "late.txt")])
    assert sum(s.path is not None for s in staged) == 3
    assert "more than 3 files at once" in staged[-1].reason


def test_a_file_that_is_too_large_is_refused_and_gone(staging: Staging) -> None:
    path = upload(staging, "large.txt", b"0" * 1001)
    [staged] = staging.take([path])
    assert "larger than" in staged.reason
    assert not path.exists()


def test_only_what_came_in_is_taken(staging: Staging, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    link = staging.incoming / "link.txt"
    link.symlink_to(secret)
    reasons = [s.reason for s in staging.take([secret, link, staging.incoming / "none.txt"])]
    assert reasons == [
        "it didn’t come in through this page",
        "it didn’t come in through this page",
        "it is no longer there; drop it again",
    ]
    assert secret.read_text() == "mine"


def test_what_is_not_a_zip_is_refused(staging: Staging) -> None:
    [staged] = staging.take([upload(staging, "not.zip", b"PK\x03\x04 nonsense")])
    assert "can’t be unpacked" in staged.reason


@given(st.text(max_size=200))
def test_a_safe_name_is_one_visible_part_of_a_path(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set('/\\\0<>:"|?*\n\r')
    assert safe not in (".", "..")
    assert not safe.startswith(".")


@given(st.text(min_size=1, max_size=80))
def test_the_parts_of_any_member_stay_inside(name: str) -> None:
    try:
        info = zipfile.ZipInfo(name)
    except (ValueError, UnicodeError):
        return
    try:
        parts = inside(info)
    except Refused:
        return
    top = Path("/library/uploads/news")
    assert (top.joinpath(*parts)).resolve().is_relative_to(top)
