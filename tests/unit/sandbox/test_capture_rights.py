"""Who may not record packets hears what to do, not what tcpdump says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("tcpdump"), reason="becomes another user")


def test_an_ordinary_user_is_told_to_be_root(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    os.chown(tmp_path, NOBODY, NOBODY)
    script = (
        "import os, sys; from pathlib import Path; from sandbox.capture import Capture\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        f"Capture(Path({str(tmp_path)!r}) / 'sip.pcap', 5060).start()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "run this as root" in done.stderr
    assert "SandboxError" in done.stderr
