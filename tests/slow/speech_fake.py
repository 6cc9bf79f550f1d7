"""A process for the tests of the pool: the real worker loop, and an engine that does what the sound orders."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.speech.worker import Listener, serve


class Obedient:
    """The sound is an order: ``say TEXT``, ``wait SECONDS``, ``die``, ``fail``, ``print``, ``pid``, ``close``."""

    def hear(self, pcm: bytes, language: str, phrases: Sequence[str]) -> Heard:
        """Obey."""
        order, _, rest = pcm.decode().partition(" ")
        if order == "die":
            os._exit(7)
        if order == "fail":
            raise ZeroDivisionError(rest)
        if order == "print":
            print("a library talks", flush=True)
        if order == "close":
            os.close(0)
            time.sleep(60)
        if order == "wait":
            time.sleep(float(rest))
        text = {"pid": str(os.getpid()), "say": rest, "env": str(sorted(os.environ))}.get(
            order, f"{language} {phrases}"
        )
        return Heard(text, 0.5)


def load() -> Listener:
    """As the second argument says."""
    if sys.argv[2:] == ["refuse"]:
        raise ConfigError("there is no model")
    if sys.argv[2:] == ["crash"]:
        sys.exit("the loader fell over")
    return Obedient().hear


if __name__ == "__main__":
    serve(load, int(sys.argv[1]))
