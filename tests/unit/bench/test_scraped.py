"""What the bench of being watched makes of its trials."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.long import scraped


def trial(rate: float, success: float = 1.0, failed: int = 0) -> dict[str, Any]:
    return {"rate": rate, "success": success, "double_dials": 0, "scrape_ms": [4.0, 9.0], "scrapes_failed": failed}


def test_the_ratio_is_that_of_pairs() -> None:
    watched, alone = [trial(59.0), trial(30.0), trial(58.0)], [trial(60.0), trial(30.0), trial(59.0)]
    assert scraped.ratio(watched, alone) == round(59 / 60, 4)
    assert scraped.scrapes(watched) == {"median": 6.5, "longest": 9.0}
    assert scraped.scrapes([]) == {}


def test_what_was_not_reached_is_said() -> None:
    good = {"ratio": 0.99, "tries": {scraped.WATCHED: [trial(60)], scraped.ALONE: [trial(60)]}}
    assert scraped.faults(good) == []
    bad = {"ratio": 0.97, "tries": {scraped.WATCHED: [trial(60, 0.9, 2)], scraped.ALONE: [trial(60)]}}
    assert scraped.faults(bad) == [
        "watched it has 0.97 of the rate, less than 0.98",
        "watched: success 90.00%",
        "2 scrapes failed",
    ]


@contextmanager
def page(port: int) -> Iterator[int]:
    """A worker's page of figures on that port, as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"agi_app_dialling 1\n")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def test_a_scrape_has_failed_if_the_worker_answered_before_and_after_it() -> None:
    """Before its begin and after its end nobody answers, and that is no fault of its page."""
    asked = scraped.Asked()
    with page(0) as port:
        pass
    asked.scrape(port)
    for _ in range(2):
        with page(port):
            asked.scrape(port)
        asked.scrape(port)
    assert (len(asked.took_ms), asked.size, asked.failed) == (2, len("agi_app_dialling 1\n"), 1)
