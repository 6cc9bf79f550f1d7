"""Staff with the command line and the settings: destinations, trunks, proofs, clocks, the environment, keys and
links."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.strangers.shop import ANN, BEN, LI, OURS, WANG, Shop

pytestmark = pytest.mark.postgres


def _refused(shop: Shop, tables: list[str], env: dict[str, str] | None = None) -> list[str]:
    """Of these settings the ones that commands take without a word."""
    taken = []
    for table in tables:
        shop.settings(table)
        done = shop.cli("check", env=env)
        if done.code == 0:
            done = shop.cli("campaign", "preview", "reminder", env=env)
        if done.code == 0:
            taken.append(table)
    return taken


@pytest.mark.attack("a destination that is somebody outside in disguise")
def test_destinations(shop: Shop) -> None:
    """docs/decisions/0058-legs-by-a-trunk.md: "A destination is a phone of our own (`PJSIP/NAME`), a queue, or one
    E.164 number by a trunk of the settings. Nothing else"."""
    endpoints = [
        "PJSIP/sandbox-carrier/sip:+999861380001101@127.0.0.1",
        "PJSIP/front-desk/sip:+999861380001101@carrier.example",
        "PJSIP/front-desk&PJSIP/+999861380001101@sandbox-carrier",
        "PJSIP/front-desk,30,tT",
        "PJSIP/front%2Ddesk",
        "PJSIP/front-desk\n",
        "pjsip/front-desk",
        "Local/+999861380001101@sandbox-carrier",
        "SIP/front-desk",
        "PJSIP/",
        "PJSIP/${EXTEN}",
        "PJSIP/+999861380001101@nowhere",
        "PJSIP/+999861380001101,+999861380001202@sandbox-carrier",
        "PJSIP/+999861380001101;x=1@sandbox-carrier",
        "PJSIP/+999861380001101@sandbox-carrier@sandbox-carrier",
        "PJSIP/{number}@sandbox-carrier",
        "PJSIP/00999861380001101@sandbox-carrier",
        "PJSIP/＋999861380001101@sandbox-carrier",
        "PJSIP/frönt",
        "DAHDI/1",
    ]
    tables = [f"[destinations.x]\nendpoint = {_toml(endpoint)}" for endpoint in endpoints]
    tables += [f"[destinations.x]\nagents = [{_toml(endpoint)}]" for endpoint in endpoints]
    tables.append('[destinations.x]\nagents = ["PJSIP/+999861380001101@sandbox-carrier"]')
    assert _refused(shop, tables) == []


def _toml(text: str) -> str:
    return '"' + text.replace("\n", "\\n") + '"'


@pytest.mark.attack("a queue whose name is more than a name")
def test_queues(shop: Shop) -> None:
    """docs/decisions/0058-legs-by-a-trunk.md: "A destination is a phone of our own (`PJSIP/NAME`), a queue, or one
    E.164 number by a trunk of the settings. Nothing else"."""
    names = ["a,n", "a&b", "a@agi-app-inbound/n", "../a", "a/b", "${X}", "a b", "", "+999861380001101", "a\\n"]
    assert _refused(shop, [f'[destinations.x]\nqueue = "{name}"' for name in names]) == []


@pytest.mark.attack("a trunk's dial string that holds a number or an option of its own")
def test_trunk_endpoints(shop: Shop) -> None:
    """docs/how-to/install-on-asterisk.md: "`endpoint` is `PJSIP/{number}@` and the name of the endpoint in
    `pjsip.conf`, and nothing else"; safety.md: "A trunk dials `{number}` and its own `prefix`, and nothing that
    stands beside them"."""
    endpoints = [
        "PJSIP/{number}@a&PJSIP/+999861380001101@a",
        "PJSIP/{number}@a,30,G(x)",
        "PJSIP/{number}@a/sip:x@y",
        "PJSIP/a/sip:{number}@carrier.example",
        "PJSIP/{number}@{number}",
        "PJSIP/{number}{number}@a",
        "PJSIP/+{number}@a",
        "PJSIP/0{number}@a",
        "PJSIP/{number};user=phone@a",
        "PJSIP/{number}@a\\n",
        "PJSIP/{number!r}@a",
        "PJSIP/{number:>20}@a",
        "PJSIP/{{number}}@a",
        "PJSIP/{line}@a",
        "PJSIP/@a",
        "Local/{number}@a",
        "PJSIP/{number}@${A}",
        "PJSIP/{number}@",
        "PJSIP/{number}@a@b",
        "PJSIP/{number}@a\\u200b",
    ]
    tables = [f'[trunks.x]\nendpoint = "{endpoint}"\nsandbox = true' for endpoint in endpoints]
    for prefix in ("123456", "+86", "0 0", "٠٠", "００", "0a", "9,", "-1", "9w", "*", "#"):
        tables.append(f'[trunks.x]\nendpoint = "PJSIP/{{number}}@a"\nsandbox = true\nprefix = "{prefix}"')
    for port in ("a/b", "a&b", "a,b", "${A}", "a b", "a@b"):
        tables.append(
            f'[trunks.x]\nendpoint = "PJSIP/{{number}}@g-{{port}}"\nsandbox = true\n'
            f'[trunks.x.ports."{port}"]\nnumber = "{OURS}"'
        )
    assert _refused(shop, tables) == []


@pytest.mark.attack("a trunk changed by the environment after the file was read by somebody")
def test_trunk_of_the_environment(shop: Shop) -> None:
    """docs/reference/settings.md: "Every setting can also come from the environment"; safety.md: "The sandbox clock is
    accepted only if every trunk is a sandbox trunk"."""
    for env in (
        {"AGI_APP_TRUNKS__SANDBOX__SANDBOX": "false"},
        {"AGI_APP_TRUNKS__REAL__ENDPOINT": "PJSIP/{number}@carrier-a"},
        {"AGI_APP_TRUNKS": '{"real": {"endpoint": "PJSIP/{number}@carrier-a"}}'},
        {"AGI_APP_TRUNKS__SANDBOX__ENDPOINT": "PJSIP/+999861380001101@carrier-a"},
        {"AGI_APP_TRUNKS__SANDBOX__PREFIX": "86138000011"},
    ):
        assert shop.cli("campaign", "preview", "reminder", env=env).code == 2, env


@pytest.mark.attack("a clock of the environment, or none, on a database of another clock")
def test_clock_of_the_environment(shop: Shop) -> None:
    """docs/explanation/proof.md: "run with another clock (`[sandbox] clock`), or a sandbox's database for real calls |
    refused at once: a database is bound to one clock"."""
    text = (shop.folder / "agi-app.toml").read_text()
    shop.write("agi-app.toml", text.replace("[sandbox]\nclock", "[sandbox]\n# clock"))
    for command in (
        ("campaign", "preview", "reminder"),
        ("consent", "show", ANN),
        ("contacts", "import", "reminder", "contacts.csv"),
    ):
        assert shop.cli(*command).code == 2, command
    shop.write("agi-app.toml", text)
    assert shop.cli("campaign", "preview", "reminder", env={"AGI_APP_SANDBOX__CLOCK": ""}).code != 0


@pytest.mark.attack("time zones of the environment: TZ, TZDIR, a false database of zones, a wrong locale")
def test_zones_of_the_environment(shop: Shop) -> None:
    """docs/explanation/safety.md: "Calls come at lawful times"; calling-rules.md: "Hours are in the callee's own
    time"."""
    shop.settings(clock="2026-03-03T02:30:00+08:00")
    false = shop.folder / "zones"
    (false / "Asia").mkdir(parents=True)
    utc = (
        next(p for p in ("/usr/share/zoneinfo/Pacific/Auckland", "/usr/share/zoneinfo/UTC") if os.path.exists(p))
        if os.path.exists("/usr/share/zoneinfo")
        else None
    )
    if utc:
        shutil.copy(utc, false / "Asia" / "Shanghai")
    for env in (
        {"TZ": "America/New_York"},
        {"TZ": f":{false}/Asia/Shanghai"},
        {"TZDIR": str(false), "PYTHONTZPATH": str(false)},
        {"PYTHONOPTIMIZE": "2"},
        {"LC_ALL": "ar_EG.UTF-8", "LANG": "ar_EG.UTF-8"},
        {"PGTZ": "America/New_York", "PGDATESTYLE": "SQL, DMY"},
    ):
        refusals = shop.refusals("reminder", env)
        assert all("window_jurisdiction" in refusals[name] for name in ("C1", "C2", "C3")), env


@pytest.mark.attack("settings of libpq in the environment that switch the database's triggers off")
def test_triggers_off_by_the_environment(shop: Shop) -> None:
    """docs/explanation/safety.md: "Triggers in the database make the list append-only"; proof.md: "Whoever changes,
    removes, inserts … would have to find another row"."""
    env = {"PGOPTIONS": "-c session_replication_role=replica"}
    shop.consent(LI)
    done = shop.cli("stop", ANN, env=env)
    shop.cli("consent", "import", "some-consent.csv", env=env)
    said = shop.verify()
    sealed = shop.sql("SELECT count(*) FROM audit_leaf WHERE kind = 'suppression'")[0][0]
    stops = shop.sql("SELECT count(*) FROM suppression")[0][0]
    assert done.code != 0 or sealed == stops or not said["ok"]


@pytest.mark.attack("numbers spread over people by prefixes that are no places")
def test_rotation_by_prefixes(shop: Shop) -> None:
    """docs/how-to/caller-id.md: "A local number begins with its own prefix, so numbers can be assigned to people by
    their city only"; "There is no rotation"."""
    for local in (
        '{"+999861380000": "+999862155500002"}',
        '{"+99986": "+999442079460001"}',
        '{"": "+999862155500002"}',
        '{"+": "+999862155500002"}',
        '{"999862155": "+999862155500002"}',
        '{"+9998621555*": "+999862155500002"}',
        '{"+999862155500002": "+9998621555000021"}',
        '{"＋99986": "+999862155500002"}',
    ):
        shop.campaign("spread", more=f"local_caller_ids: {local}\n")
        assert shop.cli("check").code == 1, local


@pytest.mark.attack("a campaign that shows no number, a withheld one, or somebody else's")
def test_hidden_caller_id(shop: Shop) -> None:
    """README.md: "It never hides its caller ID and never shows a number that is not yours. You cannot switch any of
    this off"."""
    shop.consent(LI)
    for place, shown in enumerate(
        ("", "anonymous", "withheld", "+999862155500099", LI, "+99999", "${X}", "+999862155500001,1")
    ):
        name = f"hidden{place}"
        assert shop.called(name, f"L,{LI}") == 0 if _campaign(shop, name, shown) else True


def _campaign(shop: Shop, name: str, shown: str) -> bool:
    shop.campaign(name, caller_id=shown)
    return shop.cli("check").code in (0, 1)


@pytest.mark.attack("a second number for somebody who has seen one, by another campaign or a new name")
def test_second_number(shop: Shop) -> None:
    """docs/explanation/safety.md: "a person never sees two"."""
    shop.write("letter.txt", "We confirm +999862155500077.")
    shop.ok("callerid", "prove", "+999862155500077", "--letter", "letter.txt")
    shop.sql("UPDATE person SET caller_id_seen = %s", OURS)
    shop.campaign("other", caller_id="+999862155500077")
    assert shop.called("other", f"A,{ANN}", f"B,{WANG}", f"C,{BEN}") == 0


@pytest.mark.attack("a real trunk for numbers of the test range, and a test trunk for real people")
def test_test_numbers(shop: Shop) -> None:
    """docs/explanation/safety.md: "A trunk marked `sandbox` dials test numbers only … Other trunks never dial a test
    number"."""
    real = "+8613800138000"
    shop.consent(real)
    assert shop.called("real", f"R,{real}") == 0
    assert "number_not_reserved" in shop.preview("real")["by_rule"]


@pytest.mark.attack("an unknown or misspelt setting that a safeguard is thought to hang on")
def test_unknown_settings(shop: Shop) -> None:
    """docs/reference/settings.md: "A setting that does not exist is an error"."""
    tables = [
        "[gate]\nconsent = false",
        "[rules]\nskip = true",
        '[trunks.sandbox2]\nendpoint = "PJSIP/{number}@a"\nsanbox = true',
        "[guard]\nenable = false",
        "[audit]\nverify = false",
        "[ami]\nrequired = false",
        '[identity2]\nproject = "x"',
    ]
    assert _refused(shop, tables) == []


@pytest.mark.attack("a purpose that is not one, so that no consent is asked for")
def test_purposes_of_campaigns(shop: Shop) -> None:
    """docs/explanation/safety.md: "The need for consent is in the code: no file, setting or flag switches it off"."""
    for purpose in (
        "rehearsal",
        "verification",
        "emergency",
        "none",
        "null",
        "''",
        "[transactional, marketing]",
        "~",
        "service",
        "TRANSACTIONAL",
        "transactional\u200b",
        "{}",
    ):
        shop.campaign("odd", purpose=purpose)
        assert shop.cli("check").code == 1, purpose
        assert shop.cli("contacts", "import", "odd", "contacts.csv").code != 0, purpose


@pytest.mark.attack("a setting of the environment that does not exist")
def test_unknown_setting_of_the_environment(shop: Shop) -> None:
    """docs/reference/settings.md: "Every setting can also come from the environment … A setting that does not exist is
    an error"."""
    assert shop.cli("check", env={"AGI_APP_GATE__CONSENT": "false"}).code == 2
