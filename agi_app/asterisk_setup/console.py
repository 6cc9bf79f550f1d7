"""An Asterisk of this host, asked and commanded by its own console program. Blocks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from agi_app.asterisk_setup.facts import AsteriskHost, host_of, running_modules, transports_of_others
from agi_app.errors import AsteriskError
from agi_app.messages import t

PLACES = ("/usr/sbin/asterisk", "/usr/local/sbin/asterisk", "/opt/asterisk/sbin/asterisk")
PATIENCE_S = 20.0


class AsteriskConsole:
    """``asterisk -rx`` of one Asterisk."""

    def __init__(self, program: Path | None = None, config: Path | None = None) -> None:
        """``config``: the folder of its asterisk.conf, when it is not the one that it was built for.

        Raises AsteriskError when there is no program.
        """
        self._argv = [str(program or _found())]
        if config is not None:
            self._argv += ["-C", str(config / "asterisk.conf")]
            if not (config / "asterisk.conf").is_file():
                raise AsteriskError(t("{config}: there is no asterisk.conf in this folder", config=config))

    def ask(self, command: str) -> str:
        """What the console answers. Raises AsteriskError when Asterisk does not."""
        try:
            done = subprocess.run(
                [*self._argv, "-rx", command], capture_output=True, text=True, errors="replace",
                timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            told = (
                "Asterisk did not answer {command!r} within {seconds:.0f} s: see its log; if it hangs, restart it, "
                "which ends its calls (`systemctl restart asterisk`), and run this again"
            )
            raise AsteriskError(t(told, command=command, seconds=PATIENCE_S)) from error
        except OSError as error:
            raise AsteriskError(t("{program}: cannot be run: {error}", program=self._argv[0], error=error)) from error
        if done.returncode != 0 or "Unable to connect to remote asterisk" in done.stdout + done.stderr:
            said = (done.stderr.strip() or done.stdout.strip() or str(done.returncode)).splitlines()[0]
            told = (
                "{program}: Asterisk does not answer ({said}): start it, run this as root or as its user, or name its "
                "folder by --config-dir, if it was started with -C"
            )
            raise AsteriskError(t(told, program=self._argv[0], said=said))
        return done.stdout

    def host(self) -> AsteriskHost:
        """What it says of itself. Raises AsteriskError."""
        self.ask("core waitfullybooted")
        return host_of(self.ask("core show settings"))

    def transports(self) -> frozenset[str]:
        """The SIP transports that it has, without ours. Raises AsteriskError."""
        return transports_of_others(self.ask("pjsip show transports"))

    def modules(self) -> frozenset[str]:
        """Those that run. Raises AsteriskError."""
        return running_modules(self.ask("module show"))


def _found() -> Path:
    """The program of this host: by PATH, at the usual places, or of a process that runs."""
    if (named := shutil.which("asterisk")) is not None:
        return Path(named)
    for place in PLACES:
        if os.access(place, os.X_OK):
            return Path(place)
    for process in Path("/proc").glob("[0-9]*/exe"):
        try:
            program = process.readlink()
        except OSError:
            continue
        if program.name == "asterisk":
            return program
    raise AsteriskError(
        t("there is no program asterisk on this host: install Asterisk, or name it by --asterisk PROGRAM")
    )
