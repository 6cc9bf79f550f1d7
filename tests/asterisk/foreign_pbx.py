"""An Asterisk that somebody else set up: a PBX with two extensions, two trunks and voicemail, outside any container.

It runs the sandbox's own program on this machine's file system, as an own build below another prefix would: so a
command on this machine finds its files where Asterisk says that they are.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.ports import free_port, free_range
from sandbox.supervise import Child

EXTENSION_HOST = "127.0.0.3"  # extension 100 calls from here
TRUNK_HOST = "127.0.0.4"  # what comes from here is a call of the trunk west
LIBRARIES = "usr/lib/x86_64-linux-gnu"
FILES = {
    "asterisk.conf": """\
[directories]
astetcdir => {folder}/etc
astmoddir => {modules}
astvarlibdir => {folder}/lib
astdatadir => {data}
astdbdir => {folder}/db
astkeydir => {folder}/keys
astcachedir => {folder}/cache
astspooldir => {spool}
astrundir => {folder}/run
astlogdir => {folder}/log

[options]
systemname = old-pbx
""",
    "modules.conf": """\
; the PBX of the house, since 2014
[modules]
autoload = no
load = res_sorcery_config.so
load = res_sorcery_memory.so
load = res_sorcery_astdb.so
load = res_pjproject.so
load = res_pjsip.so
load = res_pjsip_pubsub.so
load = res_pjsip_session.so
load = res_speech.so
load = res_agi.so
load = app_voicemail.so
load = app_dial.so
load = pbx_config.so
load = chan_pjsip.so
load = res_pjsip_endpoint_identifier_ip.so
load = res_pjsip_sdp_rtp.so
load = res_rtp_asterisk.so
load = res_sorcery_config.so
load = codec_ulaw.so
load = format_pcm.so
load = format_wav.so
load = bridge_simple.so
load = bridge_native_rtp.so
noload = chan_dahdi.so
""",
    "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
    "http.conf": "[general]\n;enabled=yes\n;bindaddr=127.0.0.1\nbindport={http_port}\n",
    "ari.conf": "[general]\nenabled = yes\n\n[monitoring]\ntype = user\nread_only = yes\npassword = not-ours\n",
    "manager.conf": """\
[general]
enabled = no        ; since the audit of 2019
port = {ami_port}
bindaddr = 0.0.0.0

[wallboard]
secret = board
read = call
""",
    "rtp.conf": "[general]\nrtpstart={rtp_low}\nrtpend={rtp_high}\n",
    "voicemail.conf": "[general]\nformat=wav\n\n[default]\n100 => 1111,Reception\n101 => 2222,Workshop\n",
    "pjsip.conf": """\
[house]
type=transport
protocol=udp
bind=127.0.0.1:{sip_port}

#include "trunks.conf"

[phone](!)
type=endpoint
context=from-inside
disallow=all
allow=ulaw
direct_media=no

[100](phone)
aors=100
callerid=Reception <100>
[100]
type=aor
contact=sip:100@127.0.0.3:5999
[100]
type=identify
endpoint=100
match=127.0.0.3

[101](phone)
aors=101
[101]
type=aor
contact=sip:9998610000110@{callee}""",  # the last line has no end
    "trunks.conf": """\
[west]
type=endpoint
context=from-west
disallow=all
allow=ulaw
identify_by=ip
aors=west
[west]
type=aor
contact=sip:{callee}
[west]
type=identify
endpoint=west
match=127.0.0.4

[east]
type=endpoint
context=from-east
disallow=all
allow=ulaw
aors=east
[east]
type=aor
contact=sip:{callee}
""",
    "extensions.conf": """\
; never touch this, says the boss \xe4
[globals]
OPERATOR=PJSIP/101

[from-inside]
exten => 101,1,Dial(PJSIP/101,20,i)
exten => 199,1,VoiceMail(101@default,u)
exten => _9X.,1,Dial(PJSIP/${{EXTEN:1}}@west,20,i)

[from-west]
exten => _X.,1,Dial(${{OPERATOR}},20,i)
""",
}


class ForeignPbx:
    """The PBX; ``callee`` is host:port of the SIPp who plays extension 101 and what is behind the trunks."""

    def __init__(self, root: Path, folder: Path, callee: str, spool: Path | None = None) -> None:
        """``spool``: where recordings lie; without one, in memory, as they should."""
        self._memory = None if spool else tempfile.TemporaryDirectory(dir="/dev/shm", prefix="pbx-")
        spool = spool or Path(self._memory.name if self._memory else "")
        self.folder, self.etc = folder, folder / "etc"
        self.sip_port, self.http_port, self.ami_port = free_port(), free_port(), free_port()
        self.program = folder / "sbin" / "asterisk"
        self._child: Child | None = None
        for name in ("etc", "lib", "db", "keys", "cache", "run", "log", "sbin"):
            (folder / name).mkdir(parents=True)
        (spool / "recording").mkdir(parents=True)
        low, high = free_range(200)
        local = root == Path("/")
        values = {
            "folder": folder, "spool": spool, "callee": callee, "sip_port": self.sip_port, "http_port": self.http_port,
            "ami_port": self.ami_port, "rtp_low": low, "rtp_high": high,
            "modules": root / LIBRARIES / "asterisk/modules", "data": root / "usr/share/asterisk",
        }  # fmt: skip
        for name, text in FILES.items():
            (self.etc / name).write_bytes(text.format(**values).encode("latin-1"))
        loader = "" if local else f"{root}/lib64/ld-linux-x86-64.so.2 --library-path {root}/{LIBRARIES} "
        own = root / "usr/sbin/asterisk"
        self.program.write_text(f'#!/bin/sh\nexec {loader}{own} -C {self.etc}/asterisk.conf "$@"\n')
        self.program.chmod(0o755)

    def files(self) -> dict[str, tuple[bytes, int, int, int]]:
        """Every file and folder of its configuration: content, mode and owner."""
        return {str(path.relative_to(self.etc)): _state(path) for path in sorted(self.etc.rglob("*"))}

    def cli(self, command: str) -> str:
        """What its console answers."""
        argv = [str(self.program), "-rx", command]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True).stdout

    def __enter__(self) -> Self:
        self._child = Child([str(self.program), "-f"], log=self.folder / "console.log")
        deadline = time.monotonic() + 30
        while not (self.folder / "run" / "asterisk.ctl").exists():
            assert time.monotonic() < deadline, (self.folder / "console.log").read_text()
            time.sleep(0.1)
        self.cli("core waitfullybooted")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if self._memory is not None:
            self._memory.cleanup()

    def _end(self) -> None:
        assert self._child is not None
        self._child.end(0.0)

    def restart(self) -> None:
        """Stop at once and start again with the files as they are now."""
        self._end()
        (self.folder / "run" / "asterisk.ctl").unlink(missing_ok=True)
        self.__enter__()


def _state(path: Path) -> tuple[bytes, int, int, int]:
    found = path.stat()
    content = path.read_bytes() if path.is_file() else os.fsencode("folder")
    return content, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
