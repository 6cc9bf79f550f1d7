"""What Asterisk's console says of a trunk is understood, and faults of a new one are told before it is written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agi_app.asterisk_setup.look import SetupChoices
from agi_app.asterisk_setup.trunk_conf import CarrierTrunk, block_of, with_block
from agi_app.asterisk_setup.trunk_plan import FILE
from agi_app.asterisk_setup.trunks import prepare_add, prepare_remove, probe, states, write_trunk
from agi_app.asterisk_setup.write import ConfigWriter
from agi_app.cli.service import trunk as trunk_command
from agi_app.errors import AsteriskError, ConfigError, InputError, NotThere

CARRIER = CarrierTrunk("carrier-a", "127.0.0.1", 5070, user="me", password="x", register=True)
SCRIPT = """\
#!/bin/sh
case "$*" in
  *"core show settings"*) cat <<'T'
  Version:                     22.10.1
  Entity ID:                   02:00:00:00:00:01
  Configuration directory:     {folder}/etc
  Module directory:            {folder}
  Spool directory:             {folder}
  PID file:                    {folder}/pid
T
  ;;
  *"show aor"*) cat <<'T'
      Aor:  <Aor..............................................>  <MaxContact>
    Contact:  <Aor/ContactUri............................> <Hash....> <Status> <RTT(ms)..>
==========================================================================================

      Aor:  carrier-a                                            0
    Contact:  carrier-a/sip:127.0.0.1:5070           8ecb5c7d1a {answer}
T
  ;;
  *"show registration"*) cat <<'T'
 <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
==========================================================================================

 carrier-a/sip:127.0.0.1:5070                            carrier-a                  {registration}
T
  ;;
  *"show contacts"*) echo "  Contact:  6001/sip:6001@127.0.0.1:5092;x=1   8ecb5c7d1a NonQual  nan" ;;
  *"show codecs"*) cat <<'T'
      ID TYPE  NAME         FORMAT           DESCRIPTION
      28 audio g722         g722             G722
       7 audio alaw         alaw             G.711 a-law
       5 audio ulaw         ulaw             G.711 u-law
T
  ;;
  *"module show"*) echo "res_pjsip.so                   Basic SIP resource                       5          Running" ;;
  *"module reload"*) echo "$*" >>{folder}/commands; echo "reloaded" ;;
esac
"""


class Host:
    """A folder with an ``asterisk`` that says what it is told to say."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.project = folder, folder / "mine"
        (folder / "etc" / "agi-app").mkdir(parents=True)
        self.project.mkdir()
        (self.project / "agi-app.toml").write_text("# mine\n")
        (folder / "pid").write_text(str(os.getpid()))
        (folder / "etc" / "pjsip.conf").write_text('[u]\ntype=transport\n#tryinclude "agi-app/pjsip.conf"\n')
        (folder / "etc" / "agi-app" / "pjsip.conf").write_text("")
        self.trunks = folder / "etc" / FILE
        self.trunks.write_text(with_block("", "carrier-a", block_of(CARRIER, "u", ["127.0.0.1"])))
        self.says("Avail        12.345", "Registered        (exp. 58s)")

    def says(self, answer: str, registration: str) -> None:
        text = SCRIPT.replace("{folder}", str(self.folder)).replace("{answer}", answer)
        program = self.folder / "asterisk"
        program.write_text(text.replace("{registration}", registration))
        program.chmod(0o755)

    @property
    def choices(self) -> SetupChoices:
        return SetupChoices(self.folder / "asterisk")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_state_of_a_trunk_is_read(host: Host) -> None:
    (state,) = states(host.project, host.choices)
    assert (state.name, state.contact, state.user, state.srtp) == ("carrier-a", "sip:127.0.0.1:5070", "me", False)
    assert (state.answer, state.registration, state.milliseconds, state.well) == ("Avail", "Registered", 12.345, True)
    host.says("Unavail        nan", "Rejected")
    (state,) = states(host.project, host.choices)
    assert (state.answer, state.registration, state.well) == ("Unavail", "Rejected", False)


def test_a_registration_that_is_refused_is_told_apart_from_silence(host: Host) -> None:
    host.says("Avail        1.0", "Rejected")
    with pytest.raises(AsteriskError, match="answers OPTIONS, and the registration is Rejected"):
        probe(host.project, host.choices, "carrier-a", 0.1)
    host.says("Created        nan", "Unregistered")
    with pytest.raises(AsteriskError, match=r"does not answer OPTIONS \(Created\)"):
        probe(host.project, host.choices, "carrier-a", 0.1)
    with pytest.raises(InputError, match="has no trunk other"):
        probe(host.project, host.choices, "other", 0.1)


def test_faults_are_told_before_anything_is_written(host: Host, tmp_path: Path) -> None:
    before = host.trunks.read_text()
    new = CarrierTrunk("b", "127.0.0.1", protocol="tls")
    with pytest.raises(InputError, match=r"ca.pem: has no certificates"):
        prepare_add(host.project, host.choices, new, {}, tmp_path / "ca.pem")
    with pytest.raises(InputError, match="neither a host name"):
        prepare_add(host.project, host.choices, CarrierTrunk("b", "a b"), {}, None)
    with pytest.raises(InputError, match=r"'nonsense': this Asterisk has no such codec; it has alaw g722 ulaw"):
        prepare_add(host.project, host.choices, replace(CARRIER, codecs=("nonsense",)), {}, None)
    with pytest.raises(InputError, match=r"junk.invalid: has no address"):
        prepare_add(host.project, host.choices, replace(CARRIER, matches=("junk.invalid",)), {}, None)
    with pytest.raises(ConfigError, match=r"agi-app.toml:\d+:1: trunks.carrier-a.prefix: .abc. does not fit"):
        prepare_add(host.project, host.choices, CARRIER, {"prefix": "abc"}, None)
    with pytest.raises(NotThere):
        prepare_remove(host.project, host.choices, "b")
    prepared = prepare_add(host.project, host.choices, CarrierTrunk("b", "127.0.0.1"), {"concurrent": 2}, None)
    assert host.trunks.read_text() == before
    (host.project / "agi-app.toml").write_text("# changed meanwhile\n")
    with pytest.raises(ConfigError, match="changed by somebody else"):
        write_trunk(prepared)
    assert host.trunks.read_text() == before, "all or none"
    assert not (host.folder / "commands").exists()


def test_a_trunk_is_written_and_asterisk_reads_it(host: Host) -> None:
    assert (
        write_trunk(prepare_add(host.project, host.choices, CarrierTrunk("b", "127.0.0.1"), {"concurrent": 2}, None))
        == []
    )
    assert host.trunks.read_text().count(";; begin ") == 2
    assert 'endpoint = "PJSIP/{number}@b"' in (host.project / "agi-app.toml").read_text()
    assert (host.folder / "commands").read_text() == "-rx module reload res_pjsip.so\n"


def test_a_trunk_that_asterisk_did_not_read_is_read_the_next_time(host: Host) -> None:
    """A run that was killed wrote it; the files need no change."""
    new = replace(CARRIER, name="b")
    prepared = prepare_add(host.project, host.choices, new, {}, None)
    assert not prepared.empty
    writer = ConfigWriter(prepared.folder, prepared.project, prepared.uid, prepared.gid)
    writer.write(prepared.plan.changes)
    again = prepare_add(host.project, host.choices, new, {}, None)
    assert (again.plan.changes, again.empty) == ((), False)
    write_trunk(again)
    assert (host.folder / "commands").read_text() == "-rx module reload res_pjsip.so\n"
    assert prepare_add(host.project, host.choices, new, {}, None).empty


def test_a_bom_of_the_settings_stays(host: Host) -> None:
    (host.project / "agi-app.toml").write_bytes(b"\xef\xbb\xbf# mine\n")
    write_trunk(prepare_add(host.project, host.choices, CARRIER, {"concurrent": 2}, None))
    assert (host.project / "agi-app.toml").read_bytes().startswith(b"\xef\xbb\xbf# mine\n\n[trunks.carrier-a]")
    write_trunk(prepare_remove(host.project, host.choices, "carrier-a"))
    assert (host.project / "agi-app.toml").read_bytes().startswith(b"\xef\xbb\xbf# mine\n")


def said(host: Host, *words: str) -> str:
    """What `agi-app trunk` says, or why it refuses."""
    argv = [*words, "--project", str(host.project), "--asterisk", str(host.folder / "asterisk"), "--yes"]
    done = CliRunner().invoke(trunk_command.app, argv)
    return done.output + str(done.exception or "")


def test_what_was_typed_by_mistake_is_told(host: Host) -> None:
    secret = host.folder / "secret"
    secret.write_text(" x \n")
    before = host.trunks.read_text()
    add = ("add", "b", "--host", "127.0.0.1", "--auth", "me", "--password-file", str(secret))
    assert "no blanks around them" in said(host, *add), "a blank may be part of a password, and is not taken away"
    assert "--ca-file is for --tls" in said(host, "add", "b", "--host", "127.0.0.1", "--ca-file", "/nope")
    assert "anonymous: means something else in pjsip.conf" in said(host, "add", "anonymous", "--host", "127.0.0.1")
    assert host.trunks.read_text() == before


def test_removing_a_trunk_names_the_campaigns_that_call_by_it(host: Host) -> None:
    write_trunk(prepare_add(host.project, host.choices, CARRIER, {}, None))
    shipped = Path("examples/clinic/campaigns/march-checkup.yaml").read_text("utf-8")
    (host.project / "campaigns").mkdir()
    (host.project / "campaigns" / "visit.yaml").write_text(
        shipped.replace("campaign: march-checkup", "campaign: visit").replace("trunk: sandbox", "trunk: carrier-a")
    )
    told = said(host, "remove", "carrier-a")
    assert "note: campaign visit calls by this trunk, and then calls nobody" in told
    assert "trunk carrier-a: is removed" in told
