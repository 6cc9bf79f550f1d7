"""Builds the images, and checks them as an admin would run them: ``containers/compose up -d``, and a campaign."""

from __future__ import annotations

import csv
import json
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from release import deb, roots
from release.compose_run import CALLER_ID, CAMPAIGN, IMAGES, Stack, environment_of
from release.engine import BASES, Engine, ensure_programs
from release.errors import PackageError
from sandbox.capture import Capture
from sandbox.sip import CarrierCall
from sandbox.witness import Verdict, judge

BUILT = {
    "AGI_IMAGE": ("containers/Containerfile", "agi-app"),
    "AGI_ASTERISK_IMAGE": ("asterisk-docker/Dockerfile", ""),
    "AGI_SANDBOX_IMAGE": ("containers/Containerfile", "sandbox"),
}
SHIPPED = ("AGI_IMAGE", "AGI_ASTERISK_IMAGE")
# Files that a working folder may hold and an image must not.
PLANTED = ("containers/secrets/database-password", "containers/.env", ".env", "examples/clinic/var/suppression.key")
_SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY\b|DATABASE_URL")
_SLOWLY = 2.0  # calls a second, where something is to happen meanwhile
KILLED_AT, DOWN_AT, DATABASE_KILLED_AT = 8, 20, 12  # contacts done

PARTS = ("image", "compose_campaign", "two_nodes")
Figures = dict[str, Any]


def check_images(found: Parts, *, run: bool) -> None:
    """Build the images, and ``run`` them, in a mount namespace of our own. Fills in the figures of PARTS."""
    ensure_programs()
    with tempfile.TemporaryDirectory(prefix="agi-app-image-") as name:
        folder = Path(name)
        engine = Engine(folder)
        engine.clear()
        works = (build_images, campaign, two_nodes)
        for part, work in zip(PARTS, works[: 3 if run else 1], strict=False):
            with found.part(part):
                began = time.monotonic()
                found.figures[f"{part}_figures"] = work(engine, folder)
                found.figures[f"{part}_s"] = round(time.monotonic() - began)
                found.figures[part] = "ok"


def in_a_process_of_its_own() -> tuple[Figures, dict[str, str]]:
    """``scripts/package image --check --json`` beside this process: its figures, and the reasons of those it lacks."""
    words = [sys.executable, "-m", "release", "image", "--check", "--json"]
    done = subprocess.run(words, cwd=deb.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise PackageError("the images could not be checked (above)")
    figures: Figures = json.loads(done.stdout.decode().splitlines()[-1])
    figures.pop("faults")
    return figures, figures.pop("reasons")


class Parts(Protocol):
    """Where figures go: release.check.Check."""

    figures: Figures

    def part(self, *names: str) -> AbstractContextManager[None]: ...


def build_images(engine: Engine, folder: Path) -> Figures:
    """Build all images from a copy of the clone in which secrets lie, and look for those in every layer."""
    context = folder / "clone"
    planted = _copy_of_clone(context)
    found: Figures = {}
    for suite in BASES:
        engine.ensure_base(suite)
    for name, (file, target) in BUILT.items():
        began = time.monotonic()
        engine.build(context, file, IMAGES[name], target=target)
        found[f"{_short(name)}_build_s"] = round(time.monotonic() - began)
    engine.build(deb.ROOT / "release" / "postgres", "Containerfile", IMAGES["AGI_POSTGRES_IMAGE"])
    for name in SHIPPED:
        image = engine.inspect("image", IMAGES[name])
        found[f"{_short(name)}_mb"] = round(image["Size"] / 1e6)
        layers = _look_into(engine, IMAGES[name], planted, folder)
        found[f"{_short(name)}_layers"] = layers
        if (user := image["Config"].get("User", "")) in ("", "0", "root") or not re.fullmatch(r"\d+:\d+", user):
            raise PackageError(f"{IMAGES[name]} runs as {user or 'root'}: it needs a user by number")
        if named := [one for one in image["Config"]["Env"] if _SECRET_NAME.search(one.partition("=")[0])]:
            raise PackageError(f"{IMAGES[name]} has {', '.join(named)} in its environment")
    return {**found, "planted_secrets_found": 0}


def campaign(engine: Engine, folder: Path) -> Figures:
    """One command, one campaign; meanwhile the worker dies, all is taken down and brought up, and up again."""
    with Stack(engine, folder, "agi-app-one") as stack, _captured(folder / "one.pcap", stack) as capture:
        found: Figures = {"up_s": stack.up(), **_kept_in(stack)}
        stack.slow_down(_SLOWLY)
        stack.begin()
        began = time.monotonic()
        stack.until_done(KILLED_AT)
        found["worker_back_s"] = stack.kill("worker", "agi-app")
        stack.until_done(DOWN_AT)
        took = time.monotonic()
        stack.compose("down")
        found["down_s"] = round(time.monotonic() - took, 1)
        found["up_again_s"] = stack.up()
        stack.up()
        stack.settle()
        found["campaign_s"] = round(time.monotonic() - began)
        found["calls"] = _judged(stack, capture.calls())
        return found


def two_nodes(engine: Engine, folder: Path) -> Figures:
    """Two workers with an Asterisk each on one database, which is killed in the middle: nobody is called twice."""
    with Stack(engine, folder, "agi-app-first") as first, _captured(folder / "two.pcap", first) as capture:
        first.up()
        first.slow_down(_SLOWLY)
        with Stack(engine, folder, "agi-app-second", first=first) as second:
            _hand_over(first, second)
            found: Figures = {"second_up_s": second.up()}
            second.slow_down(_SLOWLY)
            first.begin()
            first.until_done(DATABASE_KILLED_AT)
            found["database_back_s"] = first.kill("postgres")
            first.settle()
            calls = capture.calls()
            by_port = Counter(call.from_port for call in calls)
            found["calls_by_node"] = [by_port[first.sip_port], by_port[second.sip_port]]
            found["calls"] = _judged(first, calls)
            if not all(found["calls_by_node"]):
                raise PackageError(f"one node made no call: {found['calls_by_node']}")
            return found


def _hand_over(first: Stack, second: Stack) -> None:
    """Copy the first node's project, as docs/how-to/run-in-containers.md says."""
    status, told, copied = first.engine.tried("exec", first.container("worker"), "agi-app-entry", "copy")
    if status:
        raise PackageError(f"the project cannot be copied: {told}")
    second.compose("run", "--rm", "-T", "prepare", "take-copy", given=copied)


def _judged(stack: Stack, calls: Iterable[CarrierCall]) -> Figures:
    """The campaign's figures, and the carrier's of the same; PackageError when they show what must not be."""
    status = stack.ask("campaign", "status", CAMPAIGN, "--json")
    report = stack.ask("report", CAMPAIGN, "--format", "json")
    verdict: Verdict = judge([calls], _without_consent(), CALLER_ID, {})
    found = {
        "contacts": status["contacts"],
        "attempts": report["attempts"],
        "answered": report["outcomes"].get("answered", 0),
        "interrupted": report["outcomes"].get("interrupted", 0),
        "invites": verdict.invites,
        "to_forbidden": verdict.to_forbidden,
        "double_dials": verdict.double_dials,
        "wrong_caller_id": verdict.wrong_caller_id,
    }
    if verdict.to_forbidden or verdict.double_dials or verdict.wrong_caller_id or not found["answered"]:
        raise PackageError(f"the carrier saw what it should not: {found}")
    if not 0 < verdict.invites <= report["attempts"]:
        raise PackageError(f"the carrier's calls are not those of the report: {found}")
    return found


def _kept_in(stack: Stack) -> Figures:
    """How little each part may do; PackageError for one that may do more."""
    users: dict[str, str] = {}
    known = [file.read_text().strip() for file in stack.secrets.iterdir()]
    parts = [part for part in stack.parts() if part != "carrier"]  # it is no part of what is deployed
    for part in parts:
        state = stack.state(part)
        users[part] = stack.engine.run("exec", stack.container(part), "id", "-u").strip()
        written = stack.engine.tried("exec", "--user=0", stack.container(part), "touch", "/usr/written")[1]
        if users[part] == "0" or not state["HostConfig"]["ReadonlyRootfs"] or "Read-only file system" not in written:
            raise PackageError(f"{part} runs as {users[part]} and can write into its image: {written}")
        if state["EffectiveCaps"]:
            raise PackageError(f"{part} has capabilities: {state['EffectiveCaps']}")
        shown = json.dumps(environment_of(state))
        if any(secret in shown for secret in known):
            raise PackageError(f"{part} has a secret in its environment")
    inside = stack.engine.tried("exec", stack.container("console"), "ls", "/project/var", "/run/secrets")
    if b"suppression" in inside[2] or b"agi-app." in inside[2]:
        raise PackageError(f"the console sees keys or secrets: {inside[2]!r}")
    health = {part: stack.health(part) for part in parts}
    return {"users": users, "health": health}


@contextmanager
def _captured(file: Path, stack: Stack) -> Iterator[Capture]:
    with Capture(file, stack.ports["CARRIER"]) as capture:
        yield capture


def _copy_of_clone(context: Path) -> list[bytes]:
    """A copy of what git knows of the clone, with secrets where people leave them; returns those."""
    listed = roots.output(["git", "-C", str(deb.ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listed.split("\0")):
        source = deb.ROOT / name
        if source.is_file():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, context / name)
    planted = []
    for name in PLANTED:
        planted.append(secrets.token_hex(24).encode())
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_bytes(planted[-1])
    return planted


def _look_into(engine: Engine, image: str, forbidden: list[bytes], folder: Path) -> int:
    """Read every file of every layer; how many layers. PackageError for one that holds what it must not."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        archive = Path(work) / "image.tar"
        engine.run("save", "--quiet", "--format=docker-archive", "--output", str(archive), image)
        with tarfile.open(archive) as whole:
            layers = [member for member in whole if member.isfile() and member.name.endswith(".tar")]
            for member in layers:
                content = whole.extractfile(member)
                if content is None:
                    continue
                with tarfile.open(fileobj=content) as layer:
                    _look_into_layer(image, layer, forbidden)
            for member in whole:
                if member.name.endswith(".json") and (text := whole.extractfile(member)):
                    _look_for(f"{image}: {member.name}", text.read(), forbidden)
    return len(layers)


def _look_into_layer(image: str, layer: tarfile.TarFile, forbidden: list[bytes]) -> None:
    for file in layer:
        if file.name.startswith(("run/secrets/", "project/var/")) and file.isfile():
            raise PackageError(f"{image} holds {file.name}")
        if file.isfile() and (content := layer.extractfile(file)):
            _look_for(f"{image}: {file.name}", content.read(), forbidden)


def _look_for(where: str, content: bytes, forbidden: list[bytes]) -> None:
    if any(secret in content for secret in forbidden):
        raise PackageError(f"{where} holds a secret of the folder that it was built from")


def _short(name: str) -> str:
    return {"AGI_IMAGE": "image", "AGI_ASTERISK_IMAGE": "asterisk_image"}.get(name, "sandbox_image")


def _without_consent() -> set[str]:
    """Numbers of the clinic's contacts that no consent names."""
    clinic = deb.ROOT / "examples" / "clinic"

    def numbers(file: str) -> set[str]:
        with (clinic / file).open(encoding="utf-8-sig", newline="") as source:
            return {row["number"] for row in csv.DictReader(source)}

    return numbers("contacts.csv") - numbers("consent.csv")
