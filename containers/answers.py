"""Waits until the project's database answers. Exit status 0: it does, 1: its address is wrong, 2: it does not answer.

A refused password or an unknown database is told at once: waiting mends neither.
"""

import os
import sys
import time
from pathlib import Path

import psycopg

from agi_app.config.settings import load_settings
from agi_app.errors import ConfigError
from agi_app.messages import choose, speak, t

LIMIT_S, PAUSE_S, CONNECT_S = 90.0, 1.0, 5
HINT = "The secret database-url is not what the database was made with: docs/how-to/run-in-containers.md, Secrets.\n"
NO_USE = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


def main() -> int:
    """Ask again and again for a minute and a half."""
    speak(choose(None, os.environ))
    try:
        url = load_settings(Path(os.environ["AGI_APP_PROJECT"])).database_url
    except ConfigError as error:
        sys.stderr.write(t("error: {error}", error=error) + "\n")
        return 1
    end = time.monotonic() + LIMIT_S
    while url:
        try:
            psycopg.connect(url, connect_timeout=CONNECT_S).close()
            return 0
        except psycopg.OperationalError as error:
            if (useless := any(words in str(error) for words in NO_USE)) or time.monotonic() > end:
                sys.stderr.write(t("error: {error}", error=error) + "\n")
                sys.stderr.write(HINT if useless else "")
                return 2
        time.sleep(PAUSE_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
