"""One process that has the command line imported, and forks for each command: a command then costs no second of
imports."""

from __future__ import annotations

import json
import os
import pkgutil
import sys
import tempfile
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any


def _import_all() -> None:
    import agi_app

    warnings.simplefilter("ignore")
    for module in pkgutil.walk_packages(agi_app.__path__, "agi_app."):
        if not module.name.endswith("__main__"):
            try:
                import_module(module.name)
            except ImportError:
                continue  # an extra that is not installed


def _child(order: dict[str, Any], out: str, err: str) -> None:
    for number, name in ((1, out), (2, err)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["agi-app", *order["argv"]]
    sys.stdin, sys.stdout, sys.stderr = (open(n, mode, encoding="utf-8", closefd=False) for n, mode in enumerate("rww"))  # noqa: SIM115
    code: Any = 1
    try:
        from agi_app.cli.main import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def main() -> None:
    """Answer orders, one a line, until there are none."""
    _import_all()
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            out, err = f"{folder}/out", f"{folder}/err"
            child = os.fork()
            if child == 0:
                _child(order, out, err)
            code = _wait(child, order["seconds"])
            said = {"code": code}
            for name, file in (("out", out), ("err", err)):
                said[name] = Path(file).read_bytes().decode(errors="surrogateescape") if Path(file).exists() else ""  # type: ignore[assignment]
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
