"""``python -m release deb|check|image|release|verify``: makes packages and images and checks them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from release import deb, publish, signed
from release.check import Check, check
from release.engine import in_own_mounts
from release.errors import PackageError
from release.image import check_images


def main() -> int:
    """Exit status: 0 done, 1 the check found a fault, 2 the environment is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/package", description="Make and check agi-app's Debian package and images."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("deb", help="build the package; prints its file")
    make.add_argument("--out", type=Path, default=Path("dist"), help="the folder that it goes to (default dist)")
    told = "build it twice; the first call, a campaign, faults, upgrades and purge, in clean roots with systemd"
    look = commands.add_parser("check", help=told)
    look.add_argument("--json", action="store_true", help="the last line is one JSON object; all else goes to stderr")
    look.add_argument("--deb", type=Path, metavar="FILE", help="look at this package instead of building one")
    look.add_argument("--quick", action="store_true", help="one build, no lintian and no campaign")
    boxes = commands.add_parser("image", help="build the images of worker and Asterisk by podman, without a registry")
    boxes.add_argument("--check", action="store_true", help="and run them: compose up, a campaign, two nodes")
    boxes.add_argument("--json", action="store_true", help="the last line is one JSON object; all else goes to stderr")
    _release_commands(commands)
    options = parser.parse_args()
    started = time.monotonic()
    try:
        if options.command == "deb":
            made = deb.build(options.out)
            size = made.stat().st_size / 1e6
            print(f"{made}: {size:.1f} MB, in {time.monotonic() - started:.0f} s")
            return 0
        if options.command == "image":
            in_own_mounts()
            found = Check()
            check_images(found, run=options.check)
            return _report(found, as_json=options.json)
        if options.command in ("release", "verify"):
            return _release(options)
        return _report(check(options.deb, quick=options.quick), as_json=options.json)
    except PackageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _release_commands(commands: Any) -> None:
    new = commands.add_parser("release", help="make the Debian package and the wheel of a tagged commit, and sign them")
    new.add_argument(
        "--key", type=Path, required=True, help="a maintainer's ssh key: secret, or public if an agent has it"
    )
    new.add_argument("--out", type=Path, default=Path("dist"), help="the folder that gets one of the version's name")
    old = commands.add_parser("verify", help="check a folder with files of a release")
    old.add_argument("folder", type=Path)
    old.add_argument("--signers", type=Path, default=signed.SIGNERS, help="who may sign (default: as this clone says)")


def _release(options: argparse.Namespace) -> int:
    """Make and sign a release, or check one. Raises PackageError."""
    if options.command == "release":
        folder = publish.release(options.key, options.out)
        print(f"{folder}: {len(signed.verify(folder))} files, signed. A user checks them there by:\n  {signed.VERIFY}")
        return 0
    for name in signed.verify(options.folder, options.signers):
        print(f"{name}: as it was signed")
    return 0


def _report(found: Check, *, as_json: bool) -> int:
    faults = found.faults()
    if as_json:
        print(json.dumps({**found.figures, "faults": faults, "reasons": found.reasons}))
    else:
        for name, value in found.figures.items():
            print(f"{name:22} {value}  {found.reasons.get(name, '')}".rstrip())
    for name in faults:
        print(f"not reached: {name} {found.reasons.get(name, '')}".rstrip(), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
