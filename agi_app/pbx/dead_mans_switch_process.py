"""The process of ``dead_mans_switch``: hangs up the worker's channels when the worker dies. Standard library only.

Standard input: a line of JSON, then nothing while the worker lives; before its end ``ended`` (no call is left) or
``hang up`` (it gives up and says itself why). An end without a word is its death.
"""

import http.client
import json
import signal
import sys
import time
import urllib.parse

LOOKS_S = (0.0, 0.4)  # after the death; once more, for what the worker asked of Asterisk with its last breath


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a supervisor sends them to all that the worker left
        signal.signal(name, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline() or "null")
    told = sys.stdin.buffer.read()
    if order is None or told == b"ended":
        return
    died, count, why = time.monotonic(), 0, None
    try:
        for look_s in LOOKS_S:
            time.sleep(max(0.0, died + look_s - time.monotonic()))
            count += _hang_up(died, **order)
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = f"{type(error).__name__}: {error}"
    if count or (why and not told):  # a worker that can still speak says itself what Asterisk does not do
        line = {"part": "pbx.dead_mans_switch", "level": "warning", "count": count, "reason": why}
        sys.stderr.write(json.dumps({"event": "the worker died: its channels are hung up", **line}) + "\n")


def _hang_up(died: float, ari: str, headers: dict[str, str], prefix: str, late_s: float) -> int:
    """Hang up each channel whose id begins with ``prefix``; returns how many. An answer may take ``late_s`` seconds."""
    address = urllib.parse.urlsplit(ari.rstrip("/"))
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=late_s)
    connection.request("GET", f"{address.path}/channels", headers=headers)
    answer = connection.getresponse()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"Asterisk answers {answer.status} to the question for its channels")
    channels = json.loads(answer.read())
    if time.monotonic() - died > late_s:
        raise TimeoutError(f"Asterisk named its channels more than {late_s} s after the worker's death")
    ours = [channel["id"] for channel in channels if channel["id"].startswith(prefix)]
    for channel_id in ours:
        name = urllib.parse.quote(channel_id, safe="")
        connection.request("DELETE", f"{address.path}/channels/{name}", headers=headers)
        connection.getresponse().read()
    connection.close()
    return len(ours)


if __name__ == "__main__":
    main()
