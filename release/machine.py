"""What this machine's own package settings say: where Debian and pip get things, through what, and whom TLS trusts.

Nothing of it is written into a package.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

SUITE = "trixie"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout")
_APT = r"Acquire::(?:https?::[\w:-]*Proxy|Check-Valid-Until|Check-Date|Retries)\b.*"


@cache
def sources() -> list[str]:
    """The lines of sources.list for Debian 13 that this machine's apt has; empty when it has none of them."""
    shown = _output(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"
    )
    fields = [line.split() for line in shown.splitlines()]
    ours = [f for f in fields if len(f) == 3 and f[0].startswith("http") and f[1].split("-")[0] == SUITE]
    return [f"deb {uri} {suite} {component}" for uri, suite, component in ours]


def mirror() -> str:
    """The mirror for debootstrap; empty: its own default. ``AGI_APP_DEBIAN_MIRROR`` names another."""
    main = [line.split()[1] for line in sources() if line.split()[2] == SUITE]
    return os.environ.get("AGI_APP_DEBIAN_MIRROR") or next(iter(main), "")


def apt_settings() -> str:
    """apt.conf for a root: the proxies of this machine, and whether old lists are taken."""
    return "".join(f"{line}\n" for line in re.findall(f"(?m)^{_APT}$", _output("apt-config", "dump")))


def network() -> dict[str, str]:
    """The environment of programs in a root that fetch something: proxies, and pip's index and certificates."""
    shown = _output(sys.executable, "-m", "pip", "config", "list")
    found = re.findall(r"(?m)^[\w:]+\.([\w-]+)=('.*')$", shown)
    pip = {f"PIP_{name.upper().replace('-', '_')}": str(ast.literal_eval(v)) for name, v in found if name in _PIP}
    trusted = {"PIP_CERT": CERTIFICATES, "SSL_CERT_FILE": CERTIFICATES} if certificates() else {}
    return {name: os.environ[name] for name in _PROXIES if name in os.environ} | pip | trusted


def certificates() -> Path | None:
    """The file of those whom this machine trusts, shown to a root while it fetches."""
    named = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or CERTIFICATES
    return Path(named) if Path(named).is_file() else None


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""
