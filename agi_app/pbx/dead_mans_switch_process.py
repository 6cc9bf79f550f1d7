"""The process of ``dead_mans_switch``: hangs up the worker's channels when the worker dies. Standard library only.

Standard input: a line of JSON, then lines ``?`` while the worker lives, each answered by a line ``!``, so that it knows
that this process is not stopped; before its end ``ended`` (no call is left) or ``hang up`` (it gives up and says itself
why). An end without a word is its death.

A channel that was made after the death is the next worker's. Asterisk's own clock says when a channel was made and
what the time is, so it does not matter how late it answers.
"""

import base64
import contextlib
import datetime as dt
import email.utils
import http.client
import json
import os
import signal
import sys
import time
import urllib.parse
from typing import Any

LOOKS_S = (0.0, 0.4)  # after the death; once more, for what the worker asked of Asterisk with its last breath
TIMEOUT_S, PAUSE_S = 1.0, 0.2  # of one question, and before it is asked again
DATE_S = 1.0  # an answer's date has whole seconds


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a supervisor sends them to all that the worker left
        signal.signal(name, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline() or "null")
    told = _last_word()
    if order is None or told == b"ended":
        return
    died, patience_s = time.monotonic(), order.pop("patience_s")
    until = died + (0.0 if told else patience_s)  # a worker that still lives does not wait long
    count, why = 0, None
    for look_s in LOOKS_S:
        time.sleep(max(0.0, died + look_s - time.monotonic()))
        found, why = _insist(died, until, **order)
        count += found
        if why:
            break
    if count or (why and not told):  # a worker that can still speak says itself what Asterisk does not do
        line = {"part": "pbx.dead_mans_switch", "level": "warning", "count": count, "reason": why}
        sys.stderr.write(json.dumps({"event": "the worker died: its channels are hung up", **line}) + "\n")


def _last_word() -> bytes:
    """What the worker says before its end; empty when it says nothing."""
    told = b""
    while line := sys.stdin.buffer.readline():
        if line == b"?\n":
            with contextlib.suppress(OSError):  # it has died since
                os.write(sys.stdout.fileno(), b"!\n")
        else:
            told = line
    return told


def _insist(died: float, until: float, **order: Any) -> tuple[int, str | None]:
    """Hang up, asking again until this time; returns how many channels and why it could not."""
    while True:
        try:
            return _hang_up(died, **order), None
        except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException) as error:
            if time.monotonic() + PAUSE_S > until:
                return 0, f"{type(error).__name__}: {error}"
            time.sleep(PAUSE_S)


def _hang_up(
    died: float, ari: str, headers: dict[str, str], prefix: str, username: str = "", password_file: str = ""
) -> int:
    """Hang up each channel made before the death whose id begins with ``prefix``; returns how many.

    With ``password_file`` the password is the one that is in it now.
    """
    if password_file:
        headers = _headers(username, password_file) or headers
    address = urllib.parse.urlsplit(ari.rstrip("/"))
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_S)
    dead_for = time.monotonic() - died
    connection.request("GET", f"{address.path}/channels", headers=headers)
    answer = connection.getresponse()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"Asterisk answers {answer.status} to the question for its channels")
    death = email.utils.parsedate_to_datetime(answer.headers["Date"]) + dt.timedelta(seconds=DATE_S - dead_for)
    ours = [
        channel["id"]
        for channel in json.loads(answer.read())
        if channel["id"].startswith(prefix) and _made(channel) <= death
    ]
    for channel_id in ours:
        name = urllib.parse.quote(channel_id, safe="")
        connection.request("DELETE", f"{address.path}/channels/{name}", headers=headers)
        connection.getresponse().read()
    connection.close()
    return len(ours)


def _headers(username: str, password_file: str) -> dict[str, str]:
    try:
        with open(password_file, encoding="utf-8") as file:
            password = file.read().strip()
    except OSError:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def _made(channel: dict[str, Any]) -> dt.datetime:
    return dt.datetime.strptime(channel["creationtime"], "%Y-%m-%dT%H:%M:%S.%f%z")


if __name__ == "__main__":
    main()
