"""An Asterisk 22 beside agi-app in the root, as an admin has it: an own build with its user, unit and configuration."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from release.booted import Booted
from release.stage import ASTERISK

CONFIG = "/etc/asterisk"
RECORDINGS = "/var/spool/asterisk/recording"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
_PROGRAM = f"""\
#!/bin/sh
exec {ASTERISK}/lib64/ld-linux-x86-64.so.2 --library-path {ASTERISK}/{LIBRARIES} {ASTERISK}/usr/sbin/asterisk "$@"
"""
_UNIT = """\
[Unit]
Description=Asterisk PBX (own build)
After=network-online.target

[Service]
User=asterisk
Group=asterisk
RuntimeDirectory=asterisk
ExecStart=/usr/sbin/asterisk -f
ExecStartPost=/bin/sh -c 'until /usr/sbin/asterisk -rx "core waitfullybooted"; do sleep 0.2; done'
LimitNOFILE=20000
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
# Debian's own samples are the configuration, unless another one is given.
_INSTALL = f"""
set -e
useradd --system --user-group --home-dir /var/lib/asterisk --shell /usr/sbin/nologin asterisk
mkdir -p /usr/share/asterisk/sounds
ln -s {ASTERISK}/{LIBRARIES}/asterisk /{LIBRARIES}/asterisk
for part in agi-bin documentation rest-api static-http; do
    ln -s {ASTERISK}/usr/share/asterisk/$part /usr/share/asterisk
done
ln -s {ASTERISK}/usr/share/asterisk/sounds/en_US_f_Allison /usr/share/asterisk/sounds/en
[ -d {CONFIG} ] || cp -a {ASTERISK}{CONFIG} {CONFIG}
mkdir -p /var/lib/asterisk /var/log/asterisk /var/cache/asterisk {RECORDINGS}
chown -R asterisk:asterisk {CONFIG} /var/*/asterisk
chmod 755 /usr/sbin/asterisk
systemctl daemon-reload
systemctl enable --now asterisk
"""


def install(host: Booted, configuration: Path | None = None) -> None:
    """Put it there and start it, with the files of ``configuration``. Raises PackageError when it does not start."""
    if configuration is not None:
        shutil.copytree(configuration, host.file(CONFIG))
    host.file("/usr/sbin/asterisk").write_text(_PROGRAM, "utf-8")
    host.file("/etc/systemd/system/asterisk.service").write_text(_UNIT, "utf-8")
    host.run("sh", "-c", _INSTALL)


def console(host: Booted, command: str) -> str:
    """What its console answers. Raises PackageError when it does not."""
    return host.run("asterisk", "-rx", command)


def files(host: Booted, *places: str) -> dict[str, str]:
    """Every file and folder below these places: a sum of its content, mode and owners."""
    found: dict[str, str] = {}
    for place in places:
        above = host.file(place)
        for path in [above, *sorted(above.rglob("*"))]:
            if path.exists() or path.is_symlink():
                found[f"{place}{str(path).removeprefix(str(above))}"] = _state(path)
    return found


def _state(path: Path) -> str:
    about = path.lstat()
    if path.is_symlink():
        content = os.fsencode(path.readlink())
    else:
        content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
    return f"{about.st_mode:o} {about.st_uid} {about.st_gid} {hashlib.sha256(content).hexdigest()}"
