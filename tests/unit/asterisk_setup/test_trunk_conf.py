"""A carrier's trunk is written as Asterisk must read it, into our file alone, and leaves what others have."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.asterisk_setup.conf_files import read_conf
from agi_app.asterisk_setup.plan import NO_TRUNK
from agi_app.asterisk_setup.trunk_conf import (
    CarrierTrunk,
    block_of,
    blocks,
    checked,
    host_and_port,
    with_block,
    without_block,
)
from agi_app.asterisk_setup.trunk_plan import FILE, TrunkFiles, TrunkPlan, plan_add, plan_remove
from agi_app.errors import AuthorError, InputError, NotThere
from tests.unit.asterisk_setup.asterisk_files import Texts

PLAIN = CarrierTrunk("carrier-a", "sip.carrier.example")
PJSIP = '[house]\ntype=transport\nprotocol=udp\nbind=0.0.0.0:5060\n#tryinclude "agi-app/pjsip.conf"\n'
READY = {"pjsip.conf": PJSIP, "agi-app/pjsip.conf": f'#tryinclude "{FILE}"\n', FILE: NO_TRUNK}
TOML = "# mine\n[trunks.old]\nendpoint = 'PJSIP/{number}@old'  # stays\n\n# of another thing\n[agi]\nport = 1\n"
SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def files(
    texts: dict[str, str] | None = None, toml: str = TOML, resolved: tuple[str, ...] = ("192.0.2.7",)
) -> TrunkFiles:
    source = Texts(READY | (texts or {}))
    binds = {"udp": "0.0.0.0:5060", "tcp": "0.0.0.0:5060", "tls": "0.0.0.0:5061"}
    return TrunkFiles(
        Path("/etc/asterisk"), Path("/srv/mine"), source, toml, frozenset({"res_srtp.so"}), resolved, "/ca", binds
    )


def written(plan: TrunkPlan) -> tuple[str, str]:
    """Our file of trunks and agi-app.toml, as the plan writes them."""
    texts = {change.file.name: change.after for change in plan.changes}
    return texts.get("pjsip_trunks.conf", ""), texts.get("agi-app.toml", "")


def options(text: str, kind: str, name: str = "carrier-a") -> dict[str, str]:
    conf = read_conf(Texts({"x.conf": text}), "x.conf")
    assert not conf.problems
    (found,) = [one for one in conf.of_type(kind) if one.name == name]
    return {option.name: option.value for option in found.options}


def test_a_carrier_that_knows_our_address() -> None:
    text, toml = written(plan_add(PLAIN, {"calls_per_second": 1.0, "concurrent": 5}, files()))
    endpoint = options(text, "endpoint")
    assert endpoint["transport"] == "house", "that of others is used"
    assert (endpoint["identify_by"], endpoint["allow_transfer"], endpoint["dtmf_mode"]) == ("ip", "no", "auto")
    assert endpoint["context"] == "agi-app-from-trunk"
    assert not {"outbound_auth", "from_user", "media_encryption", "redirect_method"} & set(endpoint)
    assert options(text, "aor") == {"type": "aor", "contact": "sip:sip.carrier.example", "qualify_frequency": "30"}
    assert options(text, "identify")["match"] == "sip.carrier.example"
    assert "type = auth" not in text
    assert "type = registration" not in text
    assert toml.startswith(TOML)
    assert tomllib.loads(toml)["trunks"]["carrier-a"] == {
        "endpoint": "PJSIP/{number}@carrier-a", "calls_per_second": 1.0, "concurrent": 5
    }  # fmt: skip


def test_a_carrier_with_password_registration_tls_and_srtp() -> None:
    trunk = replace(
        PLAIN, protocol="tls", srtp=True, user="me;x", password="p;w", register=True, number="+861000", port=5071
    )
    plan = plan_add(trunk, {}, files())
    text, _ = written(plan)
    assert options(text, "transport", "agi-app-tls")["verify_server"] == "yes"
    assert options(text, "transport", "agi-app-tls")["bind"] == "0.0.0.0:5061"
    assert options(text, "endpoint")["media_encryption"] == "sdes"
    assert options(text, "aor")["contact"] == "sip:sip.carrier.example:5071;transport=tls"
    assert options(text, "auth")["password"] == "p;w"
    registration = options(text, "registration")
    assert registration["client_uri"] == "sip:me%3Bx@sip.carrier.example:5071;transport=tls"
    assert registration["contact_user"] == "+861000"
    assert "line" not in registration, "agi-app refuses a trunk that is known by a token"
    assert plan.secrets == ("p;w",)


@given(SECRET, SECRET)
def test_any_password_reaches_asterisk_as_it_is(user: str, password: str) -> None:
    trunk = checked(replace(PLAIN, user=user, password=password))
    auth = options(block_of(trunk, "x", []), "auth")
    assert (auth["username"], auth["password"]) == (user, password)


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8), st.sampled_from(["a", "b", "c", "d"]))
def test_trunks_come_and_go_and_leave_each_other(names: list[str], gone: str) -> None:
    text = NO_TRUNK
    for name in names:
        text = with_block(text, name, f"[{name}]\n")
    assert list(blocks(text)) == list(dict.fromkeys(names))
    assert with_block(text, gone, f"[{gone}]\n").count(f"[{gone}]") == 1
    assert list(blocks(without_block(text, gone))) == [name for name in dict.fromkeys(names) if name != gone]
    for name in names:
        text = without_block(text, name)
    assert text == NO_TRUNK


def test_again_changes_nothing_and_other_words_change_one_trunk() -> None:
    first = plan_add(PLAIN, {"concurrent": 5}, files())
    text, toml = written(first)
    again = files({FILE: text}, toml)
    assert plan_add(PLAIN, {"concurrent": 5}, again).changes == ()
    other, settings = written(plan_add(replace(PLAIN, codecs=("g722",)), {"concurrent": 6}, again))
    assert options(other, "endpoint")["allow"] == "g722"
    assert tomllib.loads(settings)["trunks"]["carrier-a"]["concurrent"] == 6


def test_a_trunk_that_is_removed_leaves_the_file_as_it_was() -> None:
    text, toml = written(plan_add(PLAIN, {"concurrent": 5}, files()))
    text, toml = written(plan_remove("carrier-a", files({FILE: text}, toml)))
    assert (text, toml) == (NO_TRUNK, TOML)
    with pytest.raises(NotThere, match="has no trunk carrier-a"):
        plan_remove("carrier-a", files())


def test_what_others_have_is_never_taken() -> None:
    """A section of the same name is refused; calls from an address that is another's go on to that one."""
    with pytest.raises(AuthorError, match=r"pjsip.conf:1:1: asterisk your own file has a section \[carrier-a\]"):
        plan_add(PLAIN, {}, files({"pjsip.conf": f"[carrier-a]\ntype=endpoint\n{PJSIP}"}))
    for match in ("192.0.2.0/24", "10.0.0.1, 192.0.2.7", "sip.carrier.example"):
        theirs = f"{PJSIP}[pbx]\ntype=identify\nendpoint=pbx-trunk\nmatch={match}\n"
        plan = plan_add(PLAIN, {}, files({"pjsip.conf": theirs}))
        assert "type = identify" not in written(plan)[0]
        assert plan.notes[0].startswith("pjsip.conf:9: calls from")
        assert "pbx-trunk" in plan.notes[0]
    other = f"{PJSIP}[pbx]\ntype=identify\nendpoint=x\nmatch=198.51.100.1\n"
    assert "type = identify" in written(plan_add(PLAIN, {}, files({"pjsip.conf": other})))[0]
    with pytest.raises(InputError, match=r"\[trunks.old\] dials PJSIP/{number}@other"):
        plan_add(replace(PLAIN, name="old"), {}, files(toml="[trunks.old]\nendpoint = 'PJSIP/{number}@other'\n"))


def test_a_transport_on_loopback_is_for_loopback() -> None:
    inside = {"pjsip.conf": PJSIP.replace("0.0.0.0", "127.0.0.1")}
    plan = plan_add(PLAIN, {}, files(inside))
    assert options(written(plan)[0], "endpoint")["transport"] == "agi-app-udp"
    assert "pjsip.conf:4: this transport listens on 127.0.0.1:5060 alone" in plan.notes[0]
    plan = plan_add(replace(PLAIN, host="127.0.0.1"), {}, files(inside, resolved=("127.0.0.1",)))
    assert options(written(plan)[0], "endpoint")["transport"] == "house"


def test_an_asterisk_that_is_not_prepared_is_told() -> None:
    with pytest.raises(InputError, match="agi-app asterisk setup"):
        plan_add(PLAIN, {}, files({"pjsip.conf": "[house]\ntype=transport\n"}))
    with pytest.raises(InputError, match=r"SRTP needs res_srtp.so"):
        plan_add(replace(PLAIN, srtp=True), {}, replace(files(), running=frozenset()))


@pytest.mark.parametrize(
    "trunk",
    [
        replace(PLAIN, name="a b"),
        replace(PLAIN, name="a]\n[b"),
        replace(PLAIN, name="anonymous"),  # Asterisk would take every stranger's call for the carrier's
        replace(PLAIN, name="Global"),
        replace(PLAIN, name="agi-app-udp"),
        replace(PLAIN, host="0.0.0.0"),
        replace(PLAIN, host="ff02::1"),
        replace(PLAIN, matches=("0.0.0.0/0",)),
        replace(PLAIN, matches=("::/0",)),
        replace(PLAIN, matches=("0.0.0.0",)),
        replace(PLAIN, host="sip.example;x"),
        replace(PLAIN, host="-x"),
        replace(PLAIN, matches=("192.0.2.0/99",)),
        replace(PLAIN, matches=("192.0.2.1\nmatch=0.0.0.0/0",)),
        replace(PLAIN, codecs=("alaw\n[x]",)),
        replace(PLAIN, user="me", password=""),
        replace(PLAIN, user="me", password="a\nb"),
        replace(PLAIN, register=True),
        replace(PLAIN, from_domain="a b"),
    ],
)
def test_what_would_be_read_otherwise_is_refused(trunk: CarrierTrunk) -> None:
    with pytest.raises(InputError):
        checked(trunk)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("a.example", "a.example", 0),
        ("a:5070", "a", 5070),
        ("[2001:db8::1]:5061", "2001:db8::1", 5061),
        ("2001:db8::1", "2001:db8::1", 0),
    ],
)
def test_host_and_port_are_told_apart(text: str, host: str, port: int) -> None:
    assert host_and_port(text) == (host, port)


@pytest.mark.parametrize("text", ["", ":5060", "a:0", "a:70000", "a:b"])
def test_a_host_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        host_and_port(text)


def test_each_file_of_certificates_has_a_transport_of_its_own() -> None:
    """Asterisk keeps those of a transport until it starts again; and what one carrier needs is not for another."""
    trunk = replace(PLAIN, protocol="tls")
    text, toml = written(plan_add(trunk, {}, files()))
    assert options(text, "endpoint")["transport"] == "agi-app-tls"
    again = replace(files({FILE: text}, toml), ca_file="/private.pem")
    text, _ = written(plan_add(trunk, {}, again))
    assert options(text, "endpoint")["transport"] == "agi-app-tls-2"
    assert options(text, "transport", "agi-app-tls-2")["ca_list_file"] == "/private.pem"
    assert options(text, "transport", "agi-app-tls")["ca_list_file"] == "/ca"
    back = files({FILE: text}, toml)
    text, _ = written(plan_add(trunk, {}, back))
    assert options(text, "endpoint")["transport"] == "agi-app-tls"


def test_a_host_of_ipv6_gets_a_transport_of_ipv6() -> None:
    trunk = replace(PLAIN, host="2001:db8::7")
    text, toml = written(plan_add(trunk, {}, files(resolved=("2001:db8::7",))))
    assert options(text, "endpoint")["transport"] == "agi-app-udp6"
    assert options(text, "transport", "agi-app-udp6")["bind"] == "[::]:0"
    assert plan_add(trunk, {}, files({FILE: text}, toml, ("2001:db8::7",))).changes == ()
    theirs = {"pjsip.conf": f"[six]\ntype=transport\nprotocol=udp\nbind=[::]:5060\n{PJSIP}"}
    text, _ = written(plan_add(trunk, {}, files(theirs, resolved=("2001:db8::7",))))
    assert options(text, "endpoint")["transport"] == "six"
    text, _ = written(plan_add(PLAIN, {}, files(theirs)))
    assert options(text, "endpoint")["transport"] == "house", "and one of IPv4 that of IPv4"


def test_a_user_with_odd_signs_registers_as_that_user() -> None:
    trunk = replace(PLAIN, user="张@office", password="x", register=True)
    registration = options(written(plan_add(trunk, {}, files()))[0], "registration")
    assert registration["contact_user"] == "%E5%BC%A0%40office"
    assert registration["client_uri"] == "sip:%E5%BC%A0%40office@sip.carrier.example"
    assert registration["auth_rejection_permanent"] == "no", "a carrier that is ill for an hour has us back"
    assert int(registration["max_retries"]) > 1_000_000
    assert options(written(plan_add(trunk, {}, files()))[0], "auth")["username"] == "张@office"


def test_a_telephone_at_the_carriers_address_is_told() -> None:
    near = replace(files(), phones=frozenset({("6001", "192.0.2.7"), ("6002", "192.0.2.8")}))
    assert plan_add(PLAIN, {}, near).notes == (
        "6001 is at 192.0.2.7, too: its calls may be taken for those of this trunk",
    )
    assert plan_add(PLAIN, {}, files()).notes == ()
