"""A FastAGI request as Asterisk 22.10.1 writes it."""

from __future__ import annotations

_FIELDS = """\
agi_network: yes
agi_network_script: {script}
agi_request: agi://127.0.0.1:4573/{script}
agi_channel: {channel}
agi_language: en
agi_type: PJSIP
agi_uniqueid: sandbox-a-1795621001.12
agi_version: 22.10.1
agi_callerid: {caller}
agi_calleridname: {name}
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: unknown
agi_rdnis: unknown
agi_context: agi-app-ask
agi_extension: s
agi_priority: 4
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140112
"""


def agi_request(
    script: str, *arguments: str, channel: str = "PJSIP/a-00000001", caller: str = "unknown", name: str = "unknown"
) -> str:
    """All lines, with the arguments of the dialplan and the empty line."""
    given = "".join(f"agi_arg_{number}: {argument}\n" for number, argument in enumerate(arguments, 1))
    return _FIELDS.format(script=script, channel=channel, caller=caller, name=name) + given + "\n"
