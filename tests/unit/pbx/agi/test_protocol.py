"""FastAGI's lines: what Asterisk says, what it is told, what it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.pbx.agi.protocol import BadAgi, Reply, parse_reply, parse_request, set_variable, shows

# As Asterisk 22.10.1 sends it.
HEADER = """agi_network: yes
agi_network_script: screen
agi_request: agi://127.0.0.1:4573/screen
agi_channel: PJSIP/carrier-a-00000012
agi_language: en
agi_type: PJSIP
agi_uniqueid: sandbox-a-1795621001.12
agi_version: 22.10.1
agi_callerid: +999861380001101
agi_calleridname: 阳光口腔
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: unknown
agi_rdnis: unknown
agi_context: agi-app-screen
agi_extension: s
agi_priority: 4
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140112
agi_arg_1: 0123456789abcdef
agi_arg_2: 100
agi_arg_3:

""".encode()


def test_a_request_of_asterisk() -> None:
    request = parse_request(HEADER)
    assert request.script == "screen"
    assert request.endpoint == "PJSIP/carrier-a"
    assert (request.caller, request.doubtful) == ("+999861380001101", False)
    assert request.arguments == ("0123456789abcdef", "100", "")


@pytest.mark.parametrize(("presentation", "shown"), [("0", True), ("3", True), ("32", False), ("35", False)])
def test_a_withheld_number_is_nobodys(presentation: str, shown: bool) -> None:
    """Asterisk tells the number all the same; a caller who withheld it asked us not to know it."""
    changed = HEADER.replace(b"agi_callingpres: 0", f"agi_callingpres: {presentation}".encode())
    assert (parse_request(changed).caller is not None) is shown


def test_no_caller_number() -> None:
    assert parse_request(HEADER.replace(b"+999861380001101", b"unknown")).caller is None


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/carrier-a-00000012", "PJSIP/carrier-a"),
        ("Local/100@inside-0000002a;2", "Local/100@inside"),
        ("DAHDI", "DAHDI"),
    ],
)
def test_the_endpoint_is_the_channel_without_its_serial_number(channel: str, endpoint: str) -> None:
    assert parse_request(HEADER.replace(b"PJSIP/carrier-a-00000012", channel.encode())).endpoint == endpoint


def test_bytes_that_are_no_utf_8_and_control_characters_do_no_harm() -> None:
    request = parse_request(HEADER.replace(b"+999861380001101", b"\xff\xfe\x1b[2J\x00Bob"))
    assert request.caller == "��[2JBob"


def test_a_value_that_looks_like_an_argument_is_none() -> None:
    """Arguments come from the dialplan; what a caller calls himself stays a name."""
    request = parse_request(HEADER.replace("阳光口腔".encode(), b"agi_arg_1: x"))
    assert request.arguments[0] == "0123456789abcdef"


@pytest.mark.attack("lines that a caller adds to a question")
@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"+999861380001101", b"+86\nagi_callerid: +999861380009999"),
        (b"+999861380001101", b"+86\n"),
        (b"+999861380001101", b"+86\n\n"),
        ("阳光口腔".encode(), b"x\nagi_callingpres: 0"),
        ("阳光口腔".encode(), b"x\nagi_threadid: 1\nagi_arg_1: y\nagi_arg_2: 7001"),
        (b"agi_dnid: unknown", b"agi_dnid: 1\nagi_extension: s"),
        (b"agi_rdnis: unknown", b"agi_rdnis: \xff\n:"),
        (b"agi_arg_2: 100", b"agi_arg_2: 100\nagi_arg_3: Verification passed/A"),
        (b"agi_arg_2: 100", b"agi_arg_2: 100\n" + b"agi_arg_9: x\n" * 90),
    ],
)
def test_a_question_with_lines_of_others_is_about_nobody(field: bytes, text: bytes) -> None:
    """It is answered: who asks is told by what stands before the caller's own words; who calls, by nothing."""
    header = HEADER.replace(field, text)
    assert header != HEADER
    request = parse_request(header)
    assert (request.doubtful, request.caller, request.called, request.arguments) == (True, None, "", ())
    assert (request.script, request.endpoint) == ("screen", "PJSIP/carrier-a")
    assert shows(header, b"0123456789abcdef")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\n\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"agi_network: yes\n\n",
        HEADER.replace(b"agi_network: yes", b"agi_network: no"),
        HEADER.replace(b"agi_uniqueid", b"agi_channel"),
        HEADER.partition(b"agi_callerid")[0].rpartition(b"agi_version")[0],
        b"agi_network: yes\nagi_channel: a\n" + b"agi_x: 1\n" * 200,
        b"agi_network: yes\nagi_channel: " + b"a" * 20_000,
    ],
)
def test_what_is_no_request(header: bytes) -> None:
    with pytest.raises(BadAgi):
        parse_request(header)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(header: bytes) -> None:
    try:
        parse_request(header)
    except BadAgi:
        return


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=1\n", Reply(200, 1)),
        (b"200 result=0 (timeout)\n", Reply(200, 0, "(timeout)")),
        (b"200 result=-1\n", Reply(200, -1)),
        (b"510 Invalid or unknown command\n", Reply(510, None, "Invalid or unknown command")),
        (b"511 Command Not Permitted on a dead channel\n", Reply(511, None, "Command Not Permitted on a dead channel")),
        (b"520-Invalid command syntax.\n", Reply(520, None, "Invalid command syntax.", more=True)),
    ],
)
def test_answers(line: bytes, reply: Reply) -> None:
    assert parse_reply(line) == reply
    assert reply.dead is (line in (b"200 result=-1\n", b"511 Command Not Permitted on a dead channel\n"))


@pytest.mark.parametrize("line", [b"\n", b"200\n", b"OK\n", b"\xff\xff\n"])
def test_what_is_no_answer(line: bytes) -> None:
    with pytest.raises(BadAgi):
        parse_reply(line)


def test_a_variable_is_quoted() -> None:
    assert set_variable("AGI_APP_NAME", 'a "b" \\c') == b'SET VARIABLE AGI_APP_NAME "a \\"b\\" \\\\c"\n'


@pytest.mark.parametrize(
    ("name", "value"),
    [("A", "x\nEXEC Dial PJSIP/1"), ("A B", "x"), ("a", "x"), ("A", "x" * 3000), ("CALLERID(all)", "")],
)
def test_nothing_but_one_variable_can_be_set(name: str, value: str) -> None:
    with pytest.raises(ValueError):
        set_variable(name, value)
