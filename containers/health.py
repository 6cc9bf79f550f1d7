"""Whether the part of agi-app in this container lives: ``health.py [URL]``. Exit status 0 when it answers, else 1.

Without a URL: the worker's, the console's or the exchange's own, whichever answers first on this host's loopback.
"""

import sys
import urllib.error
import urllib.request

OWN = ("http://127.0.0.1:8712/health/live", "http://127.0.0.1:8711/health/live")
TIMEOUT_S = 3.0


def main() -> int:
    """Ask, past any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    why: object = None
    for url in sys.argv[1:] or OWN:
        try:
            with opener.open(url, timeout=TIMEOUT_S):
                return 0
        except (OSError, urllib.error.URLError) as error:
            why = f"{url}: {error}"
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
