"""A second root whose Asterisk is the PBX of a house: extensions, two trunks, voicemail. Its calls go on as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from release import beside, roots
from release.booted import Booted
from release.errors import PackageError
from release.first_call import differing, first_call
from release.stage import ASTERISK, PACKAGES, PROJECT, USER
from sandbox.root import ensure_root

CONFIGURATION = Path(__file__).with_name("house_pbx")
MAILBOX = "/var/spool/asterisk/voicemail/default/101/INBOX"
PLACES = (beside.CONFIG, "/etc/systemd/system", "/etc/fstab")
_EXTENSIONS = {"100": "127.0.0.11", "101": "127.0.0.12"}
_TRUNKS = {"west": "127.0.0.21", "east": "127.0.0.22"}
# What the PBX is for: from where, which number, and where it is answered.
CALLS = {
    "extension 100 to 101": (_EXTENSIONS["100"], "101", _EXTENSIONS["101"]),
    "extension 101 to 100": (_EXTENSIONS["101"], "100", _EXTENSIONS["100"]),
    "in by west": (_TRUNKS["west"], "555111", _EXTENSIONS["100"]),
    "in by east": (_TRUNKS["east"], "555222", _EXTENSIONS["101"]),
    "out by west": (_EXTENSIONS["100"], "9861380000210", _TRUNKS["west"]),
    "out by east": (_EXTENSIONS["101"], "8861380000211", _TRUNKS["east"]),
}
_PORT = 5062  # of every telephone and carrier
# SIPp on both sides: each ends well only when its call was answered and hung up.
_CALL = """
cd /tmp
sipp -sf answer.xml -i "$3" -p "$PORT" -m 1 -timeout 15 -timeout_error -nostdin >answer.log 2>&1 &
answers=$!
sleep 0.3
sipp -sn uac -i "$1" -p "$PORT" -s "$2" -m 1 -d 300 -timeout 15 -timeout_error -nostdin 127.0.0.1:5060 >call.log 2>&1
called=$?
wait $answers && exit $called
"""
_LEAVE = """
cd /tmp
sipp -sn uac -i "$1" -p "$PORT" -s 199 -m 1 -d 3000 -timeout 15 -timeout_error -nostdin 127.0.0.1:5060 >call.log 2>&1
"""
ANSWER = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="answers">
  <recv request="INVITE" crlf="true"/>
  <send><![CDATA[
    SIP/2.0 180 Ringing
    [last_Via:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=- 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [media_ip]
    t=0 0
    m=audio [media_port] RTP/AVP 0
    a=rtpmap:0 PCMU/8000

  ]]></send>
  <recv request="ACK" crlf="true"/>
  <recv request="BYE"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
"""


def second_root(package: Path) -> dict[str, Any]:
    """The whole way to the first call beside a PBX of others, and back; what was found.

    Raises PackageError when a call of the PBX does not work, or a file is not as before.
    """
    figures: dict[str, Any] = {}
    binds = {package.parent.resolve(): PACKAGES, ensure_root(): ASTERISK}
    with Booted(roots.root("world"), binds) as host:
        beside.install(host, CONFIGURATION)
        host.file("/tmp/answer.xml").write_text(ANSWER, "utf-8")
        figures["calls_before"] = calls(host, "before")
        before = beside.files(host, *PLACES)
        with first_call(host, package, figures):
            figures["calls_beside_a_campaign"] = calls(host, "beside a campaign")
        host.run("systemctl", "restart", "asterisk")
        figures["calls_after_a_restart"] = calls(host, "after a restart of Asterisk")
        host.run("systemctl", "disable", "--now", "agi-app")
        said = host.run("agi-app", "asterisk", "setup", "--undo", "--yes", "--project", PROJECT)
        if "failed" in said:
            raise PackageError(f"--undo: {said}")
        figures["calls_after_undo"] = calls(host, "after --undo")
        if left := differing(before, beside.files(host, *PLACES)):
            raise PackageError(f"not as before after --undo: {', '.join(sorted(left))}")
        if "asterisk" in host.run("id", "-nG", USER).split():
            raise PackageError(f"after --undo {USER} is still in Asterisk's group")
        figures["files_as_before"] = len(before)
    return figures


def calls(host: Booted, when: str) -> int:
    """Make every call of the PBX; how many. Raises PackageError for one that does not work."""
    for what, (caller, number, answerer) in CALLS.items():
        status, _ = host.tried("env", f"PORT={_PORT}", "sh", "-c", _CALL, "sh", caller, number, answerer)
        if status:
            raise PackageError(f"{when}: {what}: status {status}\n{host.run('tail', '-n', '30', '/tmp/call.log')}")
    count = "ls -A $0 2>/dev/null | grep -c txt || true"
    messages = int(host.run("sh", "-c", count, MAILBOX))
    host.run("env", f"PORT={_PORT}", "sh", "-c", _LEAVE, "sh", _EXTENSIONS["100"])
    host.wait(f"{when}: voicemail", "sh", "-c", f'[ "$({count})" -gt {messages} ]', MAILBOX, limit_s=10)
    return len(CALLS) + 1
