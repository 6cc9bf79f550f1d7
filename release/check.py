"""Checks the package as an admin would live with it; every figure is measured in this run, or null with its reason."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from release import deb, image, roots
from release.booted import Booted
from release.errors import PackageError
from release.recovery import recover
from release.stage import (
    ASTERISK,
    CALLER_ID,
    CAMPAIGN,
    PACKAGES,
    PROJECT,
    Admin,
    Sandbox,
    begin,
    in_force,
    main_process,
    settle,
)
from release.upgrade import VERSIONS, upgrade
from sandbox.root import ensure_root
from sandbox.witness import judge

MOST_MB, MOST_EXPOSED = 60.0, 2.0
_LISTED = ["find", "/", "-xdev", "-printf", "%y %m %u %g %p %l\n"]
# What apt, dpkg, systemd and the C library keep for themselves, whichever package comes or goes.
_OTHERS = re.compile(
    r" /(var/(lib/(dpkg|apt|systemd)|cache/(apt|ldconfig|debconf|man)|log/(apt|journal|dpkg\.log|alternatives\.log))"
    r"|etc/(passwd|group|g?shadow)-|etc/\.pwd\.lock)\b"
)


class Check:
    """One run: the figures so far, and the reasons of those that could not be had."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}

    def faults(self) -> list[str]:
        """Which figures are not as they must be."""
        must: dict[str, Callable[[Any], bool]] = {
            "deb_mb": lambda v: v <= MOST_MB,
            "unit_score": lambda v: v <= MOST_EXPOSED,
            "reproducible": bool,
            "purged_clean": bool,
            **dict.fromkeys(
                ("campaign_under_unit", "killed", "watchdog", *image.PARTS, *VERSIONS), lambda v: v == "ok"
            ),
        }
        return [
            name
            for name, good in must.items()
            if name in self.figures and not (self.figures[name] is not None and good(self.figures[name]))
        ]

    def say(self, text: str) -> None:
        """A line for the person who waits."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def part(self, *names: str) -> Iterator[None]:
        """A fault in this part makes its figures null, and its reason is kept; other parts go on."""
        started = time.monotonic()
        self.say(f"== {', '.join(names)}")
        try:
            yield
        except PackageError as error:
            self.say(str(error))
            for name in names:
                self.figures[name] = None
                self.reasons[name] = str(error).strip().splitlines()[0]
        self.say(f"   {time.monotonic() - started:.0f} s")


def check(given: Path | None, *, quick: bool = False) -> Check:
    """Build the package twice, or take the file ``given``, and look at it; ``quick``: no second build, no campaign."""
    found = Check()
    with tempfile.TemporaryDirectory(prefix="agi-app-package-") as folder, found.part("deb_mb", "build_s"):
        started = time.monotonic()
        package = given or deb.build(Path(folder) / "one")
        found.figures["build_s"] = round(time.monotonic() - started) if given is None else None
        found.figures["deb_mb"] = round(package.stat().st_size / 1e6, 1)
        if not quick:
            with found.part("reproducible"):
                found.figures["reproducible"] = _sum_of(deb.build(Path(folder) / "two")) == _sum_of(package)
            with found.part("lintian_errors"):
                told = [line for line in deb.check_style(package).splitlines() if line.startswith("E:")]
                found.figures["lintian_errors"] = len(told)
        _in_a_root(found, package, campaign=not quick)
        if not quick:
            _faults(found, package)
    if not quick:
        with found.part(*image.PARTS):
            figures, reasons = image.in_a_process_of_its_own()
            found.figures.update(figures)
            found.reasons.update(reasons)
    return found


def _faults(found: Check, package: Path) -> None:
    """What an admin hopes never to need."""
    with found.part("killed", "watchdog"):
        told = recover(package)
        found.figures["killed"] = "ok"
        found.figures["watchdog"] = "ok" if "stalled_s" in told else None
        if "stalled_s" not in told:
            found.reasons["watchdog"] = "the unit has no watchdog"
        found.figures["recovery"] = told
    for name in VERSIONS:
        with found.part(name):
            found.figures[f"{name}_figures"] = upgrade(name, package, fail_first=name == "upgrade_n3")
            found.figures[name] = "ok"


def _sum_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _in_a_root(found: Check, package: Path, *, campaign: bool) -> None:
    """From installing to purging, in a clean root that systemd has booted."""
    binds = {package.parent.resolve(): PACKAGES}
    if campaign:
        binds[ensure_root(found.say)] = ASTERISK
    started = time.monotonic()
    with found.part("boot_s"), Booted(roots.root("world" if campaign else "base"), binds) as host:
        found.figures["boot_s"] = round(time.monotonic() - started, 1)
        files, people = _listed(host), _people(host)
        admin = Admin(host)
        _install(found, admin, package)
        if campaign:
            _campaign(found, admin)
        with found.part("purged_clean"):
            host.run("apt-get", "remove", "-y", "agi-app")
            host.run("test", "-f", f"{PROJECT}/agi-app.toml")  # what is the admin's stays
            host.run("apt-get", "purge", "-y", "agi-app")
            after = _listed(host)
            left = [*sorted(after - files), *(f"missing: {line}" for line in sorted(files - after))]
            left += sorted(_people(host) - people)
            found.figures["purged_clean"] = not left
            if left:
                found.reasons["purged_clean"] = "; ".join(left[:20])


def _install(found: Check, admin: Admin, package: Path) -> None:
    host = admin.host
    started = time.monotonic()
    admin.types("apt-get", "install", "-y", f"{PACKAGES}/{package.name}")
    found.figures["install_s"] = round(time.monotonic() - started, 1)
    admin.app("init", PROJECT)
    with found.part("unit_score"):
        found.figures["unit_scores"] = _scores(host)
        found.figures["unit_score"] = max(found.figures["unit_scores"].values())
        verify = (
            "for unit in /usr/lib/systemd/system/agi-app*; do systemd-analyze verify --man=no $unit || exit 1; done"
        )
        host.run("sh", "-c", verify)


def _campaign(found: Check, admin: Admin) -> None:
    """The clinic's campaign, dialled by the worker under its unit; and what the kernel says of that worker."""
    host = admin.host
    with found.part("campaign_under_unit", "in_force"), Sandbox(host) as sandbox:
        admin.typed.append(f"agi-app sandbox up --project {PROJECT}")
        begin(admin)
        started = time.monotonic()
        host.wait("the worker", "systemctl", "is-active", "agi-app")
        found.figures["in_force"] = in_force(host, "agi-app")
        status = settle(admin)
        found.figures["campaign_s"] = round(time.monotonic() - started)
        calls = sandbox.calls()
        report = admin.ask("report", CAMPAIGN, "--format", "json")
        verdict = judge([calls], _without_consent(), CALLER_ID, {})
        found.figures["calls"] = {
            "contacts": status["contacts"],
            "attempts": report["attempts"],
            "invites": verdict.invites,
            "to_forbidden": verdict.to_forbidden,
            "double_dials": verdict.double_dials,
            "answered": report["outcomes"].get("answered", 0),
        }
        good = verdict.invites == report["attempts"] > 0 and not (verdict.to_forbidden or verdict.double_dials)
        found.figures["campaign_under_unit"] = "ok" if good and report["outcomes"].get("answered") else "failed"
        answered = [call.answered_at for call in calls if call.answered_at is not None]
        found.figures["minutes"] = round((min(answered) - admin.began) / 60, 2) if answered else None
        found.figures["files_edited_by_hand"] = 0  # `agi-app sandbox up` has put its Asterisk and trunk there
        found.figures["commands"] = len(admin.typed)
        found.figures["commands_listed"] = list(admin.typed)
        admin.types("systemctl", "stop", "agi-app")
        if main_process(host, "agi-app"):
            raise PackageError("the worker did not end")


def _without_consent() -> set[str]:
    """Numbers of the clinic's contacts that no consent names."""
    clinic = deb.ROOT / "examples" / "clinic"

    def numbers(file: str) -> set[str]:
        with (clinic / file).open(encoding="utf-8-sig", newline="") as source:
            return {row["number"] for row in csv.DictReader(source)}

    return numbers("contacts.csv") - numbers("consent.csv")


def _listed(host: Booted) -> set[str]:
    """Every file of the root with its mode and owners, without what others keep."""
    return {line for line in host.run(*_LISTED).splitlines() if not _OTHERS.search(f"{line.rstrip()} ")}


def _people(host: Booted) -> set[str]:
    return {*host.run("getent", "passwd").splitlines(), *host.run("getent", "group").splitlines()}


def _scores(host: Booted) -> dict[str, float]:
    """How exposed systemd finds each unit, 0 to 10."""
    units = host.run("sh", "-c", "cd /usr/lib/systemd/system && ls -d agi-app*.service").split()
    told = {unit: host.run("systemd-analyze", "security", "--no-pager", unit) for unit in units}
    return {unit: float(re.findall(r"exposure level.*?: ([\d.]+)", text)[0]) for unit, text in told.items()}
