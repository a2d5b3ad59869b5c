"""The image, built and started. Some minutes and gigabytes, so only where it is asked for:

    DATELINE_TEST_CONTAINER=1 python -m pytest tests/ui/api/test_container.py

It needs root, and buildah and debootstrap from Debian's packages. No image is fetched: the base is
made of Debian's packages. pip's settings, and what llama-cpp-python was built to, are those of this
machine. The container runs in a chroot: its files and its user are its own, its network is not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.models import files as models

ROOT = Path(__file__).resolve().parents[3]
BASE, IMAGE = "localhost/dateline-base", "localhost/dateline-test"
TOKEN = "a-token-that-is-long-enough"
WHEELS = Path("~/.cache/dateline/wheels").expanduser()

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not os.environ.get("DATELINE_TEST_CONTAINER")
        or not all(map(shutil.which, ("buildah", "debootstrap"))),
        reason="takes minutes: set DATELINE_TEST_CONTAINER, with buildah and debootstrap here",
    ),
]


def buildah(*arguments: object) -> str:
    done = subprocess.run(
        ["buildah", *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def pip_settings(folder: Path) -> list[str]:
    """This machine's settings of pip, and the places on it that they name, for a build."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = {
        line.partition("=")[0].rpartition(".")[2]: line.partition("=")[2].strip("'")
        for line in listed.splitlines()
    }
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))
    named = {Path(p) for p in re.findall(r"(?<![\w/])/[\w./-]+", "\n".join(settings.values()))}
    mounts = [f"{p}:{p}:ro" for p in sorted(named) if p.is_dir()]
    mounts += [f"{p.parent}:{p.parent}:ro" for p in sorted(named) if p.is_file()]
    mounts += [f"{file}:/etc/pip.conf:ro"]
    if WHEELS.is_dir():
        mounts.append(f"{WHEELS}:/root/.cache/dateline/wheels:ro")
    return [part for mount in dict.fromkeys(mounts) for part in ("--volume", mount)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("container")
    if BASE not in buildah("images", "--format", "{{.Name}}").splitlines():
        packages = "--include=ca-certificates,python3,python3-venv"
        subprocess.run(
            ["debootstrap", "--variant=minbase", packages, "bookworm", place / "root"], check=True
        )
        empty = buildah("from", "scratch")
        buildah("add", "-q", empty, place / "root", "/")
        buildah("commit", "-q", empty, BASE)
        buildah("rm", empty)
    files = ROOT / "ui" / "api" / "deploy" / "Containerfile"
    buildah(
        "bud", "--layers", "--format", "docker", "--isolation", "chroot",
        "--build-arg", f"BASE={BASE}", "--build-arg", "CMAKE=",
        *pip_settings(place), "-t", IMAGE, "-f", files, ROOT,
    )  # fmt: skip
    return IMAGE


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[str]:
    made = buildah("from", image)
    yield made
    buildah("rm", made)


def test_it_is_configured_as_it_says(image: str) -> None:
    config = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    assert config["Healthcheck"]["Test"] == ["CMD", "healthy"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["start"]
    assert config["Cmd"] == ["serve", "--host", "0.0.0.0"]
    assert list(config["Volumes"]) == ["/data"]
    assert not [one for one in config["Env"] if "TOKEN" in one]


def test_it_serves_those_who_have_the_token(container: str, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    process = subprocess.Popen(
        ["buildah", "run", "--isolation", "chroot", "--user", "10001:10001",
         "--env", f"DATELINE_API_TOKEN={TOKEN}", "--env", "DATELINE_MODELS=/models",
         "--volume", f"{data}:/data", "--volume", f"{models.folder()}:/models:ro", container,
         "--", "start", "serve", "--host", "127.0.0.1", "--require-token", "--port", str(port)],
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None
            try:
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            except httpx.TransportError:
                threading.Event().wait(1)
        assert httpx.get(f"{url}/v1/models").status_code == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(f"{url}/v1/models", headers=known).json()["data"]
        check = ["--env", f"DATELINE_PORT={port}", container, "--", "healthy"]
        buildah("run", "--isolation", "chroot", "--user", "10001:10001", *check)
        assert {path.stat().st_uid for path in data.rglob("*")} == {10001}
    finally:
        process.terminate()
        process.wait(60)
