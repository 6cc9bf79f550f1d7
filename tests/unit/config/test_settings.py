"""The settings: read once, checked whole, and a mistake is named with its file and field."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from agi_app.authoring.renames import OldName
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.errors import ConfigError
from agi_app.messages import VARIABLE

TRUNK = '[trunks.{name}]\nendpoint = "PJSIP/{{number}}@{name}"\n'
SANDBOX = TRUNK.format(name="test") + "sandbox = true\n"


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("AGI_APP_") or n == "DATABASE_URL"]:
        monkeypatch.delenv(name)


AT_2 = "agi-app.toml:2:1: trunks.a.endpoint: "


def project(folder: Path, text: str = "") -> Path:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(project(folder, text))
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_empty_file_is_a_loopback_installation_with_an_embedded_database(tmp_path: Path) -> None:
    found = load_settings(project(tmp_path))
    assert found.asterisk.url == "http://127.0.0.1:8088/ari"
    assert found.database_url == ""
    assert found.data == tmp_path / "var"
    assert not found.trunks


def test_without_a_settings_file_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="agi-app init DIR"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[asterisk]\npasword = 'x'", "agi-app.toml:2:1: asterisk.pasword: there is no such setting"),
        ("databse_url = 'x'", "agi-app.toml:1:1: databse_url: there is no such setting"),
        ("project = '/elsewhere'", "agi-app.toml:1:1: project: this name is not a setting"),
        ("[trunks.a]\nconcurrent = 3", "agi-app.toml:1:2: trunks.a.endpoint: is required"),
        ("[trunks.'a b']\nendpoint = 'PJSIP/{number}@a'", "trunks.a b"),
        ("[trunks.a]\nendpoint = 'PJSIP/12345@a'", AT_2 + "must be PJSIP/"),
        ("[trunks.a]\nendpoint = '{number}'", AT_2 + "must be PJSIP/"),
        (
            "[trunks.a]\nendpoint = 'PJSIP/{number}{number}@a'",
            AT_2 + "must be PJSIP/",
        ),
        ("[trunks.a]\nendpoint = 'PJSIP/{number}@a'\ncalls_per_second = 0", "trunks.a.calls_per_second"),
        ("[trunks.a]\nendpoint = 'PJSIP/{number}@a'\ncalls_per_second = nan", "trunks.a.calls_per_second"),
        ("[trunks.a]\nendpoint = 'PJSIP/{number}@a'\ncalls_per_second = inf", "trunks.a.calls_per_second"),
        ("[trunks.a]\nendpoint = 'PJSIP/{number}@a'\nconcurrent = 0", "trunks.a.concurrent"),
        ("[asterisk]\nurl = 'ftp://x'", "asterisk.url: must look like"),
        ("[asterisk]\nurl = 'http://'", "asterisk.url: must look like"),
        ("[asterisk]\nrequest_timeout = 0", "asterisk.request_timeout"),
        (
            "[console]\ntrusted_proxies = ['10.0.0.0/24', '10.0.0.5/8']",
            'agi-app.toml:2:1: console.trusted_proxies: "10.0.0.5/8"',
        ),
        ("[console]\ntrusted_proxies = ['proxy']", '"proxy" is no network'),
        ("[console]\ntrusted_proxies = ['0.0.0.0/0']", "anybody could say where they come from"),
        ("[asterisk", "is not valid TOML"),
        ("[sandbox]\nclock = 2026-03-04T10:00:00\n" + SANDBOX, "sandbox.clock: must have timezone"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults(tmp_path, text)


def test_a_mistake_is_named_with_its_line_and_column(tmp_path: Path) -> None:
    """In tables, sub-tables, dotted keys and inline tables; after text over several lines that looks like settings."""
    text = (
        'data_folder = """\n[trunks.no]\nconcurrent = 9\n"""\r\n'
        "[asterisk]   # ours\n  calls_per_second = 0\n"
        "[trunks.'gsm']\nendpoint = 'PJSIP/{number}@gsm-{port}'\nports.p1.number = '0'\n"
        "[trunks.b]\nendpoint = 'PJSIP/{number}@b'\n"
        "  [trunks.b.ports]\n  p2 = {number = '+99861550001', spacing = -1}\n"
        "[ami]\nport = 0\n"
    )
    lines = faults(tmp_path, text).splitlines()
    assert [line.partition("agi-app.toml:")[2].partition(": must")[0].partition(': "')[0] for line in lines] == [
        "6:3: asterisk.calls_per_second",
        "9:1: trunks.gsm.ports.p1.number",
        "13:3: trunks.b.ports.p2.spacing",
        "15:1: ami.port",
    ]


def test_a_mistake_in_the_environment_is_not_looked_for_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGI_APP_ASTERISK__REQUEST_TIMEOUT", "0")
    said = faults(tmp_path, "[asterisk]\nrequest_timeout = 1\n")
    assert said.startswith("the environment variable AGI_APP_ASTERISK__REQUEST_TIMEOUT: asterisk.request_timeout: ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert faults(tmp_path, "a = 1\nb = 2").count("there is no such setting") == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_an_unreadable_file_is_a_plain_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / SETTINGS_FILE
    file.write_bytes(content) if content else file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path)


def test_a_password_never_shows_in_a_message_or_a_repr(tmp_path: Path) -> None:
    assert "geheim" not in faults(tmp_path, "[asterisk]\nurl = 'http://u:geheim@127.0.0.1/ari'")
    found = load_settings(
        project(tmp_path, "database_url = 'postgresql://u:geheim@x'\n[asterisk]\npassword = 'geheim'")
    )
    assert "geheim" not in repr(found)


SECRET = ("geheim", "wort")  # both parts of a password that is split at a sign
RESERVED = "write @ as %40, / as %2F"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://me:geheim@wort@db/shop", RESERVED),
        ("postgresql://me:geheim/wort@db/shop", RESERVED),
        ("postgresql://me:geheim/@wort@db/shop", RESERVED),
        ("postgresql://me:geheim%wort@db/shop", "% as %25"),
        ("postgresql://me:geheim@wort", None),  # wort is the host
        ("postgresql://me:geheimwort/db", "the port is not a number"),
        ("postgresql://me：geheim＠wort＠db/shop", "type : / and @ with an English keyboard"),
        ("postgresql://me:geheim＠wort/shop", "type : / and @ with an English keyboard"),
        ("postgres//me:geheimwort@db", "must be written postgresql://USER:PASSWORD@HOST"),
        ("mysql://me:geheimwort@db", "must be written postgresql://USER:PASSWORD@HOST"),
        ("me:geheimwort@db", "must be written postgresql://USER:PASSWORD@HOST"),
        ("postgresql://me:geheim@wort db/shop", "the host name is not valid"),
        ("postgresql://db/shop?user=me&password=geheim@wort", RESERVED),
    ],
)
@pytest.mark.parametrize("variable", ["", "DATABASE_URL", "AGI_APP_DATABASE_URL"])
def test_a_database_address_names_its_source_and_no_part_of_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, said: str | None, variable: str
) -> None:
    """An unescaped sign would make the rest of the password the name of the host, which is told."""
    text = "" if variable else f"# ours\ndatabase_url = '{address}'\n"
    if variable:
        monkeypatch.setenv(variable, address)
    if said is None:
        load_settings(project(tmp_path, text))
        return
    told = faults(tmp_path, text)
    assert said in told
    assert not any(part in told for part in SECRET), told
    assert told.startswith(f"the environment variable {variable}: " if variable else f"{tmp_path}/agi-app.toml:2:1: ")
    assert variable or "DATABASE_URL" not in told


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:ge%40heim%2F@db:5433/shop?sslmode=require",
        "postgres://me@[::1]:5432/shop",
        "postgresql://a:1,b:2/shop",
        "postgresql:///shop?host=/run/postgresql",
        "host=/run/postgresql dbname=shop password='ge@heim'",
    ],
)
def test_a_well_written_database_address_is_taken(tmp_path: Path, address: str) -> None:
    assert load_settings(project(tmp_path, f'database_url = "{address}"')).database_url == address


@pytest.mark.parametrize(
    "url",
    ["http://u:geheim@wort@127.0.0.1/ari", "http://u:geheim/wort@127.0.0.1/ari", "http://u:geheim＠wort/ari",
     "http://u:geheimwort/ari"],
)  # fmt: skip
def test_the_address_of_asterisk_shows_no_password(tmp_path: Path, url: str) -> None:
    told = faults(tmp_path, f"[asterisk]\nurl = '{url}'")
    assert "agi-app.toml:2:1: asterisk.url: " in told
    assert not any(part in told for part in SECRET), told


def test_settings_do_not_change_while_we_run(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        load_settings(project(tmp_path)).asterisk.url = "x"  # type: ignore[misc]


# ---- environment


def test_the_environment_overrules_the_file_field_by_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_ASTERISK__PASSWORD", "from-env")
    found = load_settings(project(tmp_path, "[asterisk]\npassword = 'from-file'\nusername = 'me'"))
    assert (found.asterisk.password, found.asterisk.username) == ("from-env", "me")


def test_the_database_url_of_the_environment_overrules_the_file_and_ours_overrules_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path, "database_url = 'postgresql://file'")
    assert load_settings(folder).database_url == "postgresql://file"
    monkeypatch.setenv("DATABASE_URL", "postgresql://env")
    assert load_settings(folder).database_url == "postgresql://env"
    monkeypatch.setenv("AGI_APP_DATABASE_URL", "postgresql://ours")
    assert load_settings(folder).database_url == "postgresql://ours"


def test_the_project_that_was_named_is_used_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGI_APP_PROJECT", str(tmp_path / "elsewhere"))
    assert load_settings(project(tmp_path)).project == tmp_path


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AGI_APP_ASTERISK__PASWORD", "x", "asterisk.pasword: there is no such setting"),
        ("AGI_APP_TRUNKS", "no json", "trunks"),
        ("AGI_APP_ASTERISK__REQUEST_TIMEOUT", "soon", "asterisk.request_timeout"),
        ("AGI_APP_GATE__CONSENT", "false", "AGI_APP_GATE__CONSENT: gate: there is no such setting"),
        ("AGI_APP_ASTERISC__URL", "x", 'asterisc: there is no such setting; did you mean "asterisk"?'),
        ("agi_app_datafolder", "x", 'datafolder: there is no such setting; did you mean "data_folder"?'),
    ],
)
def test_a_mistake_in_the_environment_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in faults(tmp_path, "")


def test_the_variable_of_the_language_is_no_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    assert load_settings(project(tmp_path)).project == tmp_path


@pytest.mark.parametrize("file", ["scripts/lib/common.sh", "sandbox/root.py", "containers/compose.yaml"])
def test_variables_of_scripts_and_of_the_image_are_no_wrong_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    found = set(re.findall(r"AGI_APP_[A-Z_]+", (Path(__file__).parents[3] / file).read_text()))
    names = {name for name in found if "__" not in name}  # those with two are settings
    assert names
    for name in names:
        monkeypatch.setenv(name, "1")
    load_settings(project(tmp_path))


# ---- password file, trunks, sandbox


def test_the_ari_password_comes_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    assert load_settings(project(tmp_path, "[asterisk]\npassword_file = 'secret'")).ari_password() == "s3cret"


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff", "cannot be read")])
def test_a_useless_password_file_is_an_error_not_an_empty_password(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    found = load_settings(project(tmp_path, "[asterisk]\npassword_file = 'secret'"))
    with pytest.raises(ConfigError, match=said):
        found.ari_password()


def test_a_missing_password_says_where_to_put_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password_file"):
        load_settings(project(tmp_path)).ari_password()
    with pytest.raises(ConfigError, match="secret cannot be read"):
        load_settings(project(tmp_path, "[asterisk]\npassword_file = 'secret'")).ari_password()


@pytest.mark.parametrize(("plus", "dialled"), [("true", "PJSIP/+4477@a"), ("false", "PJSIP/4477@a")])
def test_a_trunk_dials_with_or_without_the_plus_sign(tmp_path: Path, plus: str, dialled: str) -> None:
    found = load_settings(project(tmp_path, f"[trunks.a]\nendpoint = 'PJSIP/{{number}}@a'\nplus = {plus}"))
    assert found.trunks["a"].dial_string("+4477", "+441") == dialled


@pytest.mark.attack("row 10: another number in a trunk's endpoint string")
@pytest.mark.parametrize(
    "endpoint",
    [
        "PJSIP/+999861380000001;x={number}@a",
        "PJSIP/+999861380000001@a;x={number}",
        "PJSIP/9{number}@a",
        "PJSIP/{number}9@a",
        "PJSIP/+{number}@a",
        "PJSIP/{number};user=phone@a",
        "PJSIP/{number}%40b@a",
        "PJSIP/{number}@a/sip:+999861380000001@127.0.0.1",
        "PJSIP/{number}@a&PJSIP/+999861380000001@a",
        "PJSIP/{number}@a?X-Header=1",
        "PJSIP/a/sip:{number}@127.0.0.1",
        "PJSIP/{port}{number}@a",
        "PJSIP/{number}@",
        "PJSIP/{number}@a\\n",
        "PJSIP/{number}@a b",
        "PJSIP/carrier/{number}",
        "pjsip/{number}@a",
        "SIP/{number}@a",
        "DAHDI/g1/{number}",
        "Local/{number}@from-internal",
        "PJSIP/{number}@{number}",
    ],
)
def test_a_trunk_dials_the_number_that_was_decided_on_and_no_other(tmp_path: Path, endpoint: str) -> None:
    """Nothing but {number} before the @, and the plain name of an endpoint behind it."""
    said = faults(tmp_path, f'# trunks\n[trunks.a]\nendpoint = "{endpoint}"')
    assert "agi-app.toml:3:1: trunks.a.endpoint: must be PJSIP/{number}@ENDPOINT" in said


def test_a_carriers_access_prefix_is_a_setting_of_its_own(tmp_path: Path) -> None:
    """So that it can be told apart from the number; the message about digits before {number} names it."""
    found = load_settings(project(tmp_path, "[trunks.a]\nendpoint = 'PJSIP/{number}@a'\nprefix = '00'"))
    assert found.trunks["a"].dial_string("+4477", "+441") == "PJSIP/004477@a"
    assert "setting prefix" in faults(tmp_path, "[trunks.a]\nendpoint = 'PJSIP/00{number}@a'")


@pytest.mark.attack("row 10: another number in a trunk's prefix")
@pytest.mark.parametrize("prefix", ["123456", "+86", "9;", "9@b", "a", "٣", "9 ", "{port}"])
def test_a_prefix_has_five_digits_at_most(tmp_path: Path, prefix: str) -> None:
    said = faults(tmp_path, f"[trunks.a]\nendpoint = 'PJSIP/{{number}}@a'\nprefix = '{prefix}'")
    assert "agi-app.toml:3:1: trunks.a.prefix: " in said


def test_a_prefix_and_a_plus_sign_exclude_each_other(tmp_path: Path) -> None:
    said = faults(tmp_path, "[trunks.a]\nendpoint = 'PJSIP/{number}@a'\nprefix = '00'\nplus = true")
    assert "agi-app.toml:1:2: trunks.a: prefix goes before a number without its plus sign" in said


DESK = TRUNK.format(name="a") + "[destinations.desk]\n"


@pytest.mark.attack("row 4: a destination that leaves by a trunk, or another technology")
@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("Local/999861380000001@from-internal/n", "only the dialplan knows where Local/ leads"),
        ("Local/desk@agi-app-queue/n", "only the dialplan knows where Local/ leads"),
        ("DAHDI/g1/999861380000001", "the technology 'DAHDI' is not supported"),
        ("SIP/999861380000001@a", "the technology 'SIP' is not supported"),
        ("PJSIP/999861380000001@a", "one number with + and country code"),
        ("PJSIP/0138000@a", "one number with + and country code"),
        ("PJSIP/desk@a", "one number with + and country code"),
        ("PJSIP/+999861380000001;x=1@a", "one number with + and country code"),
        ("PJSIP/+999861380000001@a/sip:+999861380000002@127.0.0.1", "one number with + and country code"),
        ("PJSIP/+999861380000001@a&PJSIP/desk", "one number with + and country code"),
        ("PJSIP/desk&PJSIP/+999861380000001@a", "one number with + and country code"),
        ("PJSIP/a/sip:999861380000001", "one endpoint of pjsip.conf"),
        ("PJSIP/desk;x", "one endpoint of pjsip.conf"),
        ("PJSIP/{number}@a", "one number with + and country code"),
        ("PJSIP/+999861380000001@b", "no trunk of the settings has the endpoint b; there are: a"),
        ("PJSIP/a", "PJSIP/a is the trunk a, not your own phone"),
    ],
)
def test_a_destination_is_somebody_of_ours(tmp_path: Path, endpoint: str, said: str) -> None:
    """A phone of our own, or a number by a trunk that can be decided on; nothing else, wherever it stands."""
    for setting in (f"endpoint = '{endpoint}'", f"agents = ['{endpoint}']"):
        told = faults(tmp_path, DESK + setting)
        assert told.startswith(f"{tmp_path / SETTINGS_FILE}:4:1: destinations.desk."), told
        assert said in told or "its own destination" in told


def test_a_phone_and_a_number_by_a_trunk_are_told_apart(tmp_path: Path) -> None:
    text = DESK + "endpoint = 'PJSIP/desk'\n[destinations.mobile]\nendpoint = 'PJSIP/+999861380000001@a'\n"
    found = load_settings(project(tmp_path, text)).destinations
    assert (found["desk"].phones, found["desk"].by_trunk) == (("desk",), None)
    assert (found["mobile"].phones, found["mobile"].by_trunk) == ((), ("+999861380000001", "a"))


@pytest.mark.attack("row 4: an agent of a list behind a trunk")
def test_an_agent_of_a_list_has_a_phone_of_our_own(tmp_path: Path) -> None:
    said = faults(tmp_path, DESK + "agents = ['PJSIP/+999861380000001@a']")
    assert "agi-app cannot know whether a telephone behind a trunk is free" in said


def test_a_gateways_ports_carry_no_transfer(tmp_path: Path) -> None:
    text = GSM + SIM % ("p1", "+99861550001") + "[destinations.desk]\nendpoint = 'PJSIP/+999861380000001@gsm-p1'"
    assert "destinations.desk.endpoint: the ports of trunk gsm carry calls of campaigns only" in faults(tmp_path, text)


GSM = "[trunks.gsm]\nendpoint = 'PJSIP/{number}@gsm-{port}'\n"
SIM = "[trunks.gsm.ports.%s]\nnumber = '%s'\n"


def test_a_port_dials_through_its_own_endpoint_and_shows_its_own_number(tmp_path: Path) -> None:
    text = GSM + SIM % ("p1", "+99861550001") + SIM % ("p2", "+99861550002")
    trunk = load_settings(project(tmp_path, text)).trunks["gsm"]
    assert trunk.dial_string("+99861", "+99861550002") == "PJSIP/99861@gsm-p2"
    assert trunk.dial_string("+99861", "+99861550003") is None
    assert [*trunk.endpoints()] == ["PJSIP/{number}@gsm-p1", "PJSIP/{number}@gsm-p2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GSM, "trunks.gsm: the endpoint has {port}, and there are no ports"),
        (TRUNK.format(name="gsm") + SIM % ("p1", "+99861550001"), "trunks.gsm: a trunk with ports has one {port}"),
        (
            GSM + SIM % ("p1", "+99861550001") + SIM % ("p2", "+99861550001"),
            "ports p1 and p2 have one number; write in p2 that of its own SIM card",
        ),
        (GSM + SIM % ("p1", "99861550001"), "trunks.gsm.ports.p1.number: "),
        (GSM + SIM % ("p1", "+99861550001") + "calls_per_day = 0", "trunks.gsm.ports.p1.calls_per_day: "),
        (GSM + SIM % ("p1", "+99861550001") + "spacing = -1", "trunks.gsm.ports.p1.spacing: "),
    ],
)
def test_a_mistake_about_ports_is_named(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults(tmp_path, text)


OLD = "[trunks.gsm]\nendpoint = 'PJSIP/{number}@gsm-{line}'\n[trunks.gsm.lines.p1]\nnumber = '%s'\n"


def test_settings_by_their_old_names_work_and_say_the_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_APP_SPEECH__TAPS", "3")
    text = OLD % "+99861550001" + "[speech]\nengine = 'scripted'\nmodel = 'm.txt'\n"
    with pytest.warns(OldName) as said:
        found = load_settings(project(tmp_path, text))
    assert found.speech.snoop_channels == 3
    assert [*found.trunks["gsm"].endpoints()] == ["PJSIP/{number}@gsm-p1"]
    assert "lines in [trunks.gsm] is called ports now" in " ".join(str(one.message) for one in said)


def test_a_mistake_in_an_old_table_is_told_where_it_stands(tmp_path: Path) -> None:
    with pytest.warns(OldName):
        assert f"{SETTINGS_FILE}:4:1: trunks.gsm.ports.p1.number: " in faults(tmp_path, OLD % "1")


CLOCK = "[sandbox]\nclock = 2026-03-04T10:00:00+08:00\n"


def test_a_moved_clock_is_accepted_with_sandbox_trunks_only(tmp_path: Path) -> None:
    found: Settings = load_settings(project(tmp_path, CLOCK + SANDBOX))
    assert found.sandbox.clock == dt.datetime(2026, 3, 4, 2, 0, tzinfo=dt.UTC)
    said = faults(tmp_path, CLOCK + SANDBOX + TRUNK.format(name="carrier-a"))
    assert "these are not: carrier-a" in said
    assert "no trunk at all" in faults(tmp_path, CLOCK)


def test_a_moved_clock_in_the_environment_is_held_to_the_same_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGI_APP_SANDBOX__CLOCK", "2026-03-04T10:00:00+08:00")
    assert "carrier-a" in faults(tmp_path, TRUNK.format(name="carrier-a"))
