"""Which Asterisk versions we support. Pure.

REST over the event socket came with 20.14, 21.9 and 22.4; the fixes we rely on with 20.16 and
22.6. Only long-term releases (even numbers) are supported: the others live for a year.
"""

from __future__ import annotations

import re

from agi_app.errors import AsteriskError

_FIRST_MINOR = {20: 16, 22: 6}
_NEWER_LTS = 24
_VERSION = re.compile(r"(?:certified[/-])?(\d+)\.(\d+)")


def check_version(version: str, url: str) -> None:
    """Raise AsteriskError, with the found version and the way out, unless it is supported."""
    match = _VERSION.match(version.strip())
    if match is not None and _is_supported(int(match[1]), int(match[2])):
        return
    raise AsteriskError(
        f"Asterisk {version or '(no version given)'} at {url} is not supported: agi-app needs 20.16 or newer, "
        "22.6 or newer, or a later LTS (24, 26, …). Distributions often ship older ones; "
        "asterisk-docker/install.sh installs a supported Asterisk, and asterisk-docker/ builds an image of it."
    )


def _is_supported(major: int, minor: int) -> bool:
    if major in _FIRST_MINOR:
        return minor >= _FIRST_MINOR[major]
    return major >= _NEWER_LTS and major % 2 == 0
