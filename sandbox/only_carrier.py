"""``python -m sandbox.only_carrier --port N``: the carrier alone, for an Asterisk that something else has started."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from agi_app.messages import choose, speak, t
from sandbox.carrier import Carrier
from sandbox.errors import SandboxError

LOOKS_EVERY_S = 0.5


def main() -> int:
    """Until SIGINT or SIGTERM. Exit status: 0 it was told to end, 2 it could not begin, or SIPp has ended by itself."""
    speak(choose(None, os.environ))
    parser = argparse.ArgumentParser(prog="carrier")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    for sign in signal.SIGINT, signal.SIGTERM:
        signal.signal(sign, _told)
    with tempfile.TemporaryDirectory(prefix="agi-app-carrier-") as folder:
        carrier = Carrier(Path(folder), port=port)
        try:
            with carrier:
                print(t("the carrier answers at 127.0.0.1:{port}", port=port), flush=True)
                while carrier.running:
                    time.sleep(LOOKS_EVERY_S)
        except KeyboardInterrupt:
            return 0
        except SandboxError as error:
            print(t("error: {error}", error=error), file=sys.stderr)
    return 2


def _told(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
