"""Which ARI requests may travel over the event socket.

Asterisk runs the requests of one socket strictly one after another, and some of them wait
until the prompt on their channel has ended: a ``POST variable`` sent while a 15 s prompt
plays holds up the ping, the originate and the hang-up of every other call for 15 s. So only
verbs that were measured not to wait are listed here; ``tests/asterisk/test_pbx_verbs.py``
measures each of them again. Everything else goes over the HTTP pool (``pbx/ari/http.py``).
"""

from __future__ import annotations

from agi_app.pbx.ari.object_names import DIAL_BRIDGE

NON_BLOCKING: frozenset[str] = frozenset(
    {
        "GET asterisk/ping",
        "GET asterisk/variable",
        "POST asterisk/variable",
        "PUT applications/*/eventFilter",
        "GET applications/*",
        "POST applications/*/subscription",
        "GET channels",
        "POST channels/*",
        "POST channels/*/dial",
        "GET channels/*",
        "DELETE channels/*",
        "GET channels/*/rtp_statistics",
        "GET channels/*/variable",
        "POST channels/*/continue",
        "POST channels/*/dtmf",
        "POST channels/*/hold",
        "DELETE channels/*/hold",
        "POST channels/*/moh",
        "DELETE channels/*/moh",
        "POST channels/*/mute",
        "DELETE channels/*/mute",
        "POST channels/*/play",
        "POST channels/*/play/*",
        "POST channels/*/record",
        "POST channels/*/ring",
        "DELETE channels/*/ring",
        "POST channels/*/snoop",
        "POST channels/*/snoop/*",
        "GET playbacks/*",
        "DELETE playbacks/*",
        "POST recordings/live/*/stop",
        "DELETE recordings/live/*",
        "POST bridges/dial",
        "POST bridges/dial/addChannel",
        "POST bridges/dial/removeChannel",
        "DELETE bridges/dial",
    }
)


def shape(method: str, uri: str) -> str:
    """The verb of a request with every identifier replaced: ``POST channels/*/play``.

    A bridge in which a call waits for its answer is ``dial``: nothing plays on its channel, so nothing waits for it.
    """
    parts = uri.split("/")
    # ARI alternates collection and identifier; `asterisk/…` has no identifiers in what we use, and a recording is
    # `live` or `stored` first.
    if parts[0] != "asterisk":
        first = 2 if parts[0] == "recordings" else 1
        parts[first::2] = ["dial" if uri.startswith(f"bridges/{DIAL_BRIDGE}") else "*"] * len(parts[first::2])
    return f"{method} {'/'.join(parts)}"


def is_non_blocking(method: str, uri: str) -> bool:
    """Whether the request may use the socket without holding up other calls."""
    return shape(method, uri) in NON_BLOCKING
