"""What Asterisk's console says of a trunk is understood, and faults of a new one are told before it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agi_app.asterisk_setup.look import SetupChoices
from agi_app.asterisk_setup.trunk_conf import CarrierTrunk, block_of, with_block
from agi_app.asterisk_setup.trunk_plan import FILE
from agi_app.asterisk_setup.trunks import prepare_add, prepare_remove, probe, states, write_trunk
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
