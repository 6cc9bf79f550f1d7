"""Checks the package as an admin would live with it; every figure is measured in this run, or null with its reason."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from release import beside, deb, image, roots
from release.booted import Booted
from release.errors import PackageError
from release.first_call import MOST_COMMANDS, MOST_MINUTES, differing, first_call
from release.house import second_root
from release.in_service import in_force, in_memory, takes_credentials
from release.recovery import recover
from release.stage import (
    ASTERISK,
    CALLER_ID,
    CAMPAIGN,
    CLINIC,
    PACKAGES,
    PROJECT,
    Admin,
    settle,
)
from release.upgrade import VERSIONS, upgrade
from sandbox.root import ensure_root
from sandbox.witness import judge

MOST_MB, MOST_EXPOSED = 60.0, 2.0
AT_ONCE = 2  # parts
OK = (
    "campaign_under_unit",
    "credentials",
    "killed",
    "recordings_in_memory",
    "second_root",
    "stop",
    "watchdog",
)
PLACES = (beside.CONFIG, "/etc/systemd/system", "/etc/fstab")  # where `asterisk setup` writes
_LISTED = ["find", "/", "-xdev", "-printf", "%y %m %u %g %p %l\n"]
# What apt, dpkg, systemd and the C library keep for themselves, whichever package comes or goes.
_OTHERS = re.compile(
    r" /(var/(lib/(dpkg|apt|systemd|asterisk)|cache/(apt|ldconfig|debconf|man|asterisk)|spool/asterisk"
    r"|log/(apt|asterisk|journal|dpkg\.log|alternatives\.log))|etc/(passwd|group|g?shadow)-|etc/\.pwd\.lock"
    r"|root/\.cache )"
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
            "undone": bool,
            "commands": lambda v: v <= MOST_COMMANDS,
            "minutes": lambda v: v <= MOST_MINUTES,
            "files_edited_by_hand": lambda v: v == 0,
            **dict.fromkeys((*OK, *image.PARTS, *VERSIONS), lambda v: v == "ok"),
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
        self.say(f"   {', '.join(names)}: {time.monotonic() - started:.0f} s")


def check(given: Path | None, *, quick: bool = False) -> Check:
    """Build the package twice, or take the file ``given``, and look at it; ``quick``: no second build, no campaign."""
    found = Check()
    with tempfile.TemporaryDirectory(prefix="agi-app-package-") as folder, found.part("deb_mb", "build_s"):
        started = time.monotonic()
        package = given or deb.build(Path(folder) / "one")
        found.figures["build_s"] = round(time.monotonic() - started) if given is None else None
        found.figures["deb_mb"] = round(package.stat().st_size / 1e6, 1)
        parts: tuple[Part, ...] = (_purge,) if quick else PARTS
        with ThreadPoolExecutor(AT_ONCE) as pool:  # each in a root of its own; most of their time is that of calls
            for done in [pool.submit(part, found, package) for part in parts]:
                done.result()
    return found


def _containers(found: Check, package: Path) -> None:
    """The images of this tree, and one campaign by compose.yaml."""
    del package  # they are built of the wheel
    with found.part(*image.PARTS):
        figures, reasons = image.in_a_process_of_its_own()
        found.figures.update(figures)
        found.reasons.update(reasons)


def _looked_at(found: Check, package: Path) -> None:
    """The package as a file: built once more, and read by lintian."""
    with found.part("reproducible"), tempfile.TemporaryDirectory(prefix="agi-app-package-") as folder:
        found.figures["reproducible"] = _sum_of(deb.build(Path(folder))) == _sum_of(package)
    with found.part("lintian_errors"):
        told = [line for line in deb.check_style(package).splitlines() if line.startswith("E:")]
        found.figures["lintian_errors"] = len(told)


def _second_root(found: Check, package: Path) -> None:
    with found.part("second_root"):
        found.figures["second_root_figures"] = second_root(package)
        found.figures["second_root"] = "ok"


def _faults(found: Check, package: Path) -> None:
    """What an admin hopes never to need."""
    with found.part("killed", "watchdog", "stop"):
        told = recover(package)
        found.figures["killed"] = "ok"
        found.figures["watchdog"] = "ok" if "stalled_s" in told else None
        if "stalled_s" not in told:
            found.reasons["watchdog"] = "the unit has no watchdog"
        found.figures["stop"] = "ok" if "stop" in told else None
        found.figures["recovery"] = told


def _upgrade(name: str, found: Check, package: Path) -> None:
    with found.part(name):
        found.figures[f"{name}_figures"] = upgrade(name, package, fail_first=name == "upgrade_n3")
        found.figures[name] = "ok"


def _sum_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _purge(found: Check, package: Path) -> None:
    """From installing to purging, in a clean root that systemd has booted; without a call."""
    with found.part("boot_s"), _booted(found, "base", {package.parent.resolve(): PACKAGES}) as host:
        before = traces(host)
        started = time.monotonic()
        host.run("apt-get", "install", "-y", f"{PACKAGES}/{package.name}")
        found.figures["install_s"] = round(time.monotonic() - started, 1)
        Admin(host).app("init", PROJECT)
        _units(found, host)
        _removed(found, host, before)


def _first_root(found: Check, package: Path) -> None:
    """The way to the first call as the guide tells it, a whole campaign, and back to a root without the package."""
    binds = {package.parent.resolve(): PACKAGES, ensure_root(found.say): ASTERISK}
    with found.part("boot_s"), _booted(found, "world", binds) as host:
        beside.install(host)
        before, files = traces(host), beside.files(host, *PLACES)
        with found.part("commands", "files_edited_by_hand", "minutes", "campaign_under_unit", "in_force"):
            _first_call(found, host, package)
        _units(found, host)
        host.run("systemctl", "disable", "--now", "agi-app")
        with found.part("undone"):
            host.run("agi-app", "asterisk", "setup", "--undo", "--yes", "--project", PROJECT)
            left = differing(files, beside.files(host, *PLACES))
            found.figures["undone"] = not left
            if left:
                found.reasons["undone"] = ", ".join(sorted(left))
        _removed(found, host, before)


@contextmanager
def _booted(found: Check, lower: str, binds: dict[Path, str]) -> Iterator[Booted]:
    started = time.monotonic()
    with Booted(roots.root(lower), binds) as host:
        found.figures["boot_s"] = round(time.monotonic() - started, 1)
        yield host


def _first_call(found: Check, host: Booted, package: Path) -> None:
    """And then the clinic's campaign by the same worker, whole; and what the kernel says of that worker."""
    admin = Admin(host)
    with first_call(host, package, found.figures) as carrier:
        found.figures["in_force"] = in_force(host, "agi-app")
        started = time.monotonic()
        admin.app("consent", "import", f"{CLINIC}/consent.csv")
        admin.app("contacts", "import", CAMPAIGN, f"{CLINIC}/contacts.csv")
        admin.app("campaign", "start", CAMPAIGN)
        status = settle(admin)
        found.figures["campaign_s"] = round(time.monotonic() - started)
        report = admin.ask("report", CAMPAIGN, "--format", "json")
        verdict = judge([carrier.calls()], _without_consent(), CALLER_ID, {})
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
        for name, look in (("recordings_in_memory", in_memory), ("credentials", takes_credentials)):
            with found.part(name):  # while the worker has its trunk
                found.figures[name] = look(host)


def _units(found: Check, host: Booted) -> None:
    with found.part("unit_score"):
        found.figures["unit_scores"] = _scores(host)
        found.figures["unit_score"] = max(found.figures["unit_scores"].values())
        verify = (
            "for unit in /usr/lib/systemd/system/agi-app*; do systemd-analyze verify --man=no $unit || exit 1; done"
        )
        host.run("sh", "-c", verify)


def _removed(found: Check, host: Booted, before: set[str]) -> None:
    with found.part("purged_clean"):
        host.run("apt-get", "remove", "-y", "agi-app")
        host.run("test", "-f", f"{PROJECT}/agi-app.toml")  # what is the admin's stays
        host.run("apt-get", "purge", "-y", "agi-app")
        after = traces(host)
        left = [*sorted(after - before), *(f"missing: {line}" for line in sorted(before - after))]
        found.figures["purged_clean"] = not left
        if left:
            found.reasons["purged_clean"] = "; ".join(left[:20])


def _without_consent() -> set[str]:
    """Numbers of the clinic's contacts that no consent names."""
    clinic = deb.ROOT / "examples" / "clinic"

    def numbers(file: str) -> set[str]:
        with (clinic / file).open(encoding="utf-8-sig", newline="") as source:
            return {row["number"] for row in csv.DictReader(source)}

    return numbers("contacts.csv") - numbers("consent.csv")


def traces(host: Booted) -> set[str]:
    """Every file of the root with its mode and owners, without what others keep; every user and every group."""
    files = {line for line in host.run(*_LISTED).splitlines() if not _OTHERS.search(f"{line.rstrip()} ")}
    return files | {*host.run("getent", "passwd").splitlines(), *host.run("getent", "group").splitlines()}


def _scores(host: Booted) -> dict[str, float]:
    """How exposed systemd finds each unit, 0 to 10."""
    units = host.run("sh", "-c", "cd /usr/lib/systemd/system && ls -d agi-app*.service").split()
    told = {unit: host.run("systemd-analyze", "security", "--no-pager", unit) for unit in units}
    return {unit: float(re.findall(r"exposure level.*?: ([\d.]+)", text)[0]) for unit, text in told.items()}


Part = Callable[[Check, Path], None]
# In the order in which they begin; each says its figures, and a fault of one keeps no other from going on.
PARTS: tuple[Part, ...] = (
    _first_root,
    _faults,
    _second_root,
    *(partial(_upgrade, name) for name in VERSIONS),
    _looked_at,
    _containers,
)
