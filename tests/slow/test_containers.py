"""The files of the containers: what an engine would refuse or quietly do without; `scripts/package image` runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from agi_app.config.asterisk import AsteriskSettings
from agi_app.credentials import PREFIX, SECRETS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "containers"
SERVICES: dict[str, Any] = yaml.safe_load((HERE / "compose.yaml").read_text("utf-8"))["services"]
COMPOSED = sorted(HERE.glob("compose*.yaml"))
BUILT = [HERE / "Containerfile", ROOT / "asterisk-docker" / "Dockerfile", ROOT / "release/postgres/Containerfile"]
ENDS_WITH_CALLS = ("asterisk", "postgres", "worker")
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|DATABASE_URL|(?<!_PUBLIC)_KEY")
LONGEST_CALL_S = 600


def seconds(span: str) -> int:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", span)
    assert found, span
    return int(found[1] or 0) * 60 + int(found[2] or 0)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_write_into_its_volumes_only_and_is_no_root(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "/tmp" in service["tmpfs"]
    if name != "asterisk":  # whose image names it
        user, _, group = service["user"].partition(":")
        assert int(user) > 0 < int(group)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_the_environment_of_a_service(name: str) -> None:
    named = [key for key in SERVICES[name].get("environment", {}) if _SECRET.search(key)]
    assert [key for key in named if not key.endswith("_FILE")] == []


def test_each_secret_of_a_part_is_a_setting_and_only_the_worker_and_asterisk_know_how_to_call() -> None:
    sees = {
        name: {one if isinstance(one, str) else one["target"] for one in service.get("secrets", [])}
        for name, service in SERVICES.items()
    }
    known = {PREFIX + secret for secret in SECRETS}
    assert all(secret in known for name in ("worker", "prepare", "deliver", "jobs") for secret in sees[name])
    assert [name for name in sees if "agi-app.asterisk.password" in sees[name]] == ["worker"]
    assert sees["console"] == sees["exchange"] == set()


@pytest.mark.parametrize("name", ["asterisk", "postgres", "worker", "console"])
def test_what_serves_has_a_health_check_of_compose_since_images_in_oci_format_have_none(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert seconds(check["interval"]) > seconds(check["timeout"])


@pytest.mark.parametrize("name", ["worker", "console"])
def test_the_health_check_asks_the_port_that_the_settings_have(name: str) -> None:
    service = SERVICES[name]
    setting = "AGI_APP_MONITOR__PORT" if name == "worker" else "AGI_APP_CONSOLE__HEALTH_PORT"
    assert f":{service['environment'][setting]}/health/live" in service["healthcheck"]["test"][-1]


def test_the_image_of_asterisk_checks_itself_as_compose_does() -> None:
    told = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", BUILT[1].read_text("utf-8"), re.MULTILINE)
    assert told
    assert ["CMD", *json.loads(told[1])] == SERVICES["asterisk"]["healthcheck"]["test"]


def test_the_engine_waits_for_the_longest_call_that_a_worker_may_wait_for() -> None:
    longest = AsteriskSettings.model_json_schema()["properties"]["calls_end_within"]["maximum"]
    assert longest == LONGEST_CALL_S
    for name in ENDS_WITH_CALLS:
        assert seconds(SERVICES[name]["stop_grace_period"]) > longest
    ends = {name: seconds(SERVICES[name]["stop_grace_period"]) for name in ("worker", "postgres")}
    assert ends["postgres"] > ends["worker"]
    assert SERVICES["postgres"]["stop_signal"] == "SIGTERM"  # it waits for its clients; SIGINT does not


def test_postgres_lets_nobody_in_without_a_password() -> None:
    assert "--auth=scram-sha-256" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]
    assert any(word.endswith(":-127.0.0.1}") for word in SERVICES["postgres"]["command"] if "listen" in word)


@pytest.mark.parametrize("file", COMPOSED, ids=lambda file: file.name)
def test_a_compose_file_has_all_that_its_services_name(file: Path) -> None:
    whole = yaml.safe_load(file.read_text("utf-8"))
    for name, service in whole["services"].items():
        if "sandbox" in file.name:
            continue
        full = {**SERVICES[service.get("extends", {}).get("service", name)], **service}
        wanted = {one if isinstance(one, str) else one["source"] for one in full.get("secrets", [])}
        assert wanted <= set(whole["secrets"]), name
        mounted = {re.sub(r"\$\{\w+:-([\w-]+)\}", r"\1", volume).split(":")[0] for volume in full["volumes"]}
        assert mounted <= set(whole["volumes"]), name
        assert set(full.get("depends_on", {})) <= set(whole["services"]), name


@pytest.mark.parametrize("name", SERVICES)
def test_no_variable_of_a_container_is_set_by_one_of_its_own_name(name: str) -> None:
    # podman-compose would fill in the words ${NAME:-…} themselves.
    for key, value in SERVICES[name].get("environment", {}).items():
        assert key not in re.findall(r"\$\{(\w+)", str(value))


def test_in_the_sandbox_each_part_of_agi_app_has_the_same_clock() -> None:
    # One with another clock than the database's would refuse to work.
    for name, own in (("compose.sandbox.yaml", set(SERVICES)), ("compose.node.sandbox.yaml", {"prepare", "worker"})):
        told = yaml.safe_load((HERE / name).read_text("utf-8"))["services"]
        clocks = {part: told[part]["environment"]["AGI_APP_SANDBOX__CLOCK"] for part in own - {"asterisk", "postgres"}}
        assert set(clocks.values()) == {"2026-03-03T10:00:00+08:00"}


def test_each_variable_of_the_files_is_explained_in_the_example() -> None:
    used = {name for file in COMPOSED for name in re.findall(r"\$\{(\w+)", file.read_text("utf-8"))}
    explained = set(re.findall(r"^# (\w+)=", (HERE / "env.example").read_text("utf-8"), re.MULTILINE))
    assert used <= explained
    assert explained - used <= {"COMPOSE_FILE", "AGI_COMPOSE"}


@pytest.mark.parametrize("file", BUILT, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_image_is_built_from_a_pinned_base_by_a_numbered_user_without_a_secret(file: Path) -> None:
    text = file.read_text("utf-8")
    stages: set[str] = set()
    for base, stage in re.findall(r"^FROM (\S+)(?: AS (\S+))?$", text, re.MULTILINE):
        assert base in stages or re.fullmatch(r"debian:(trixie|sid)-slim", base), base
        stages.add(stage)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1])
    given = re.findall(r"^(?:ARG|ENV) (.*(?:\\\n.*)*)", text, re.MULTILINE)
    assert not [one for one in given if _SECRET.search(one)]
    assert not re.search(r"^(SHELL|ADD) ", text, re.MULTILINE)  # lost in OCI format; fetches from anywhere
    assert not re.search(r"pip install(?!.*(--require-hashes|--no-index))", text)


def test_no_secret_and_no_data_gets_into_what_an_image_is_built_from() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    assert {"**/secrets", "**/.env", "**/var"} <= set(lines)
    assert "!containers" not in lines
    assert [one for one in lines if one.startswith("!") and not (ROOT / one[1:]).exists()] == []


def test_all_that_the_wheel_is_made_of_gets_into_what_an_image_is_built_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = [*wheel["packages"], *wheel["force-include"], *wheel["shared-data"], *project["project"]["license-files"]]
    taken = [one[1:] for one in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if one.startswith("!")]
    assert [name for name in wanted if not any(f"{name}/".startswith(f"{one}/") for one in taken)] == []


# ---- containers/compose


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("compose", "env.example"):
        shutil.copy(HERE / name, tmp_path / name)
    return tmp_path


def compose(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "AGI_COMPOSE": "echo told", **more}
    command = [str(folder / "compose"), *words]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)


def test_the_first_up_writes_secrets_that_only_their_owner_gets_at_and_the_second_keeps_them(folder: Path) -> None:
    assert compose(folder, "up", "-d").stdout == "told up -d\n"
    written = {file.name: file.read_text() for file in (folder / "secrets").iterdir()}
    assert sorted(written) == ["agi-token", "ami-password", "ari-password", "database-password", "database-url"]
    assert len(set(written.values())) == 5
    assert min(len(text) for text in written.values()) > 40
    assert written["database-password"].strip() in written["database-url"]
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (folder / "secrets").iterdir()} == {0o444}
    again = compose(folder, "up", "-d")
    assert "new secret" not in again.stderr
    assert {file.name: file.read_text() for file in (folder / "secrets").iterdir()} == written


def test_other_words_write_no_secret(folder: Path) -> None:
    assert compose(folder, "ps").stdout == "told ps\n"
    assert not (folder / "secrets").exists()


def test_a_secret_of_the_admin_is_kept_and_the_port_of_the_database_is_that_of_the_settings(folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "secrets" / "ari-password").write_text("mine\n")
    (folder / ".env").write_text("AGI_POSTGRES_PORT=6543\n")
    compose(folder, "up")
    assert (folder / "secrets" / "ari-password").read_text() == "mine\n"
    assert "@127.0.0.1:6543/agi_app" in (folder / "secrets" / "database-url").read_text()


def test_one_more_node_is_not_started_without_the_address_of_the_first_ones_database(folder: Path) -> None:
    (folder / ".env").write_text("COMPOSE_FILE=compose.node.yaml\n")
    told = compose(folder, "up", "-d")
    assert told.returncode == 1
    assert "secrets/database-url is missing" in told.stderr
    assert not (folder / "secrets" / "database-password").exists()
    (folder / "secrets" / "database-url").write_text("postgresql://agi_app:x@192.0.2.10:5433/agi_app\n")
    assert compose(folder, "up", "-d").returncode == 0


# ---- the health check


@pytest.fixture
def served() -> Iterator[int]:
    class Lives(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health/live" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lives)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_the_health_check_tells_a_part_that_lives_from_one_that_does_not(served: int) -> None:
    def status(path: str, port: int) -> int:
        command = [sys.executable, str(HERE / "health.py"), f"http://127.0.0.1:{port}{path}"]
        environment = {"http_proxy": "http://127.0.0.1:9", "PATH": os.environ["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert status("/health/live", served) == 0
    assert status("/health/ready", served) == 1
    assert status("/health/live", 9) == 1
