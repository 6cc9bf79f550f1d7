"""An Asterisk whose trunks lead to softphones as people, where softphones log in as agents; and a project for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.agents import phone_conf
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.ports import free_port
from sandbox.world import World
from tests.softphones.baresip import Baresip
from tests.softphones.linphone import Linphone
from tests.softphones.softphone import HOST, Softphone
from tests.softphones.sound import write_tone
from tests.system.site import BULK, CALLER_ID, Site, until
from tests.system.watched import WATCHED

KINDS: dict[str, type[Softphone]] = {"baresip": Baresip, "linphone": Linphone}
PERSON_HZ, AGENT_HZ = 440, 1000  # what they say
PASSWORD = "of-a-test"
AFTERWARDS = "afterwards"
FLOW = """\
flow: asked
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: opted_out}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: key, keys: {"1": yes}, timeout: 20s, attempts: 1, save: answer}
      on: {yes: confirmed, no_input: unanswered}
  confirmed:
    - set: {disposition: confirmed}
    - play: goodbye
    - hangup
  unanswered:
    - set: {disposition: no_answer_given}
    - hangup
"""
AGENTS_FLOW = """\
flow: agents-of-{kind}
languages: [zh-CN, en]
identify: {{business: {{zh-CN: 阳光口腔, en: Sunshine Dental}}}}
opt_out: {{key: "9", confirm: opted_out}}
abandoned: greeting
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {{to: {kind}}}
      on: {{done: bye, failed: bye}}
  bye:
    - play: goodbye
    - hangup
"""


def desk_conf(name: str) -> str:
    """An endpoint of pjsip.conf for a phone that logs in."""
    fixed = phone_conf(name, "").replace("identify_by = ip", f"identify_by = username\nauth = {name}")
    return (
        fixed.replace("contact = \n", "max_contacts = 1\nremove_existing = yes\n")
        + f"\n[{name}]\ntype = auth\nusername = {name}\npassword = {PASSWORD}\n"
    )


class Switchboard(World):
    """A world without simulated people: trunks ``baresip`` and ``linphone``, telephones ``desk-baresip`` and so on."""

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__(root, folder, prompts_dir=BULK / "prompts")
        self.person_ports = {kind: free_port() for kind in KINDS}
        self.agent_ports = {kind: free_port() for kind in KINDS}
        self.asterisks = [
            Asterisk(
                root,
                self.folder / "asterisk",
                carrier=self.carrier.address,
                prompts_dir=BULK / "prompts",
                extra_trunks={kind: (HOST, port) for kind, port in self.person_ports.items()},
                phones="\n".join(desk_conf(f"desk-{kind}") for kind in KINDS),
            )
        ]
        self.capture = Capture(self.folder / "sip.pcap", *self.person_ports.values(), *self.agent_ports.values())
        self.person_says = write_tone(self.folder / "person.wav", PERSON_HZ)
        self.agent_says = write_tone(self.folder / "agent.wav", AGENT_HZ)

    def let_phones_log_in(self) -> None:
        """The registrar is not among the modules of ours, and an address identifies a trunk before a name does."""
        asterisk = self.asterisk
        trunks = asterisk.run_dir / "etc" / "pjsip_trunks.conf"
        trunks.write_text(trunks.read_text().replace("match = 127.0.0.1", "match = 127.9.9.9"))
        asterisk.cli("module load res_pjsip_registrar.so")
        asterisk.cli("module reload res_pjsip.so")
        asterisk.cli("module reload res_pjsip_endpoint_identifier_ip.so")
        WATCHED.phone_ports |= {*self.agent_ports.values()}

    def person(self, kind: str, number: str, folder: Path, *, info: bool = False) -> Softphone:
        """The softphone of whoever has this number."""
        return KINDS[kind](folder / "person", self.person_ports[kind], number, self.person_says, info=info)

    @staticmethod
    def other(kind: str) -> str:
        """The other kind."""
        return next(one for one in KINDS if one != kind)

    @contextmanager
    def agent(self, kind: str, folder: Path, *, answers: bool = True) -> Iterator[Softphone]:
        """An agent's softphone, logged in; it ``answers`` by itself, as agents' phones are to."""
        desk = f"desk-{kind}"
        with KINDS[kind](folder / "agent", self.agent_ports[kind], desk, self.agent_says, answers=answers) as phone:
            self.log_in(phone)
            yield phone

    def log_in(self, phone: Softphone) -> None:
        """An agent begins work."""
        phone.register(self.asterisk.sip_port, PASSWORD)


class PhoneSite(Site):
    """A project with a campaign for each trunk, named as the kind, and one for agents: ``KIND-agents``.

    The agents of a kind are called ``KIND`` too; their people are at the other kind's trunk.
    """

    def settings(self, more: str = "") -> str:
        text = super().settings(more)
        for kind in KINDS:
            text += (
                f'\n[trunks.{kind}]\nendpoint = "PJSIP/{{number}}@{kind}"\nplus = true\nsandbox = true\n'
                f'\n[destinations.{kind}]\nagents = ["PJSIP/desk-{kind}"]\nwrap_up = 0\n'
                f'\n[destinations.desk-{kind}]\nendpoint = "PJSIP/desk-{kind}"\n'
            )
        return text

    def write_campaigns(self, numbers: Sequence[str]) -> None:
        """Those of all kinds, which start when the first one is in them; and one that never starts, with everybody."""
        self.consent(numbers)
        self.add(AFTERWARDS, numbers, start=False)
        self._started: set[str] = set()
        (self.project / "flows" / "asked.yaml").write_text(FLOW, "utf-8")
        for kind, other in zip(KINDS, reversed(KINDS), strict=True):
            (self.project / "flows" / f"agents-of-{kind}.yaml").write_text(AGENTS_FLOW.format(kind=kind), "utf-8")
            self._write(kind, "asked", kind)
            self._write(f"{kind}-agents", f"agents-of-{kind}", other, f"agents: {{to: {kind}}}\n")
            self._write(f"{kind}-first", "asked", other, "dialled_by: agents\n")

    def _write(self, name: str, flow: str, trunk: str, more: str = "") -> None:
        (self.project / "campaigns" / f"{name}.yaml").write_text(
            f"campaign: {name}\npurpose: transactional\njurisdictions: [CN]\nflow: {flow}\ntrunk: {trunk}\n"
            f'caller_id: "{CALLER_ID}"\npace: {{calls_per_second: 20, concurrent: 50}}\nmax_call: 60s\n{more}',
            "utf-8",
        )

    def call_up(self, name: str, number: str) -> None:
        """Somebody is in a campaign that runs."""
        self.app.ask("contacts", "import", name, self.write_contacts([number]))
        if name not in self._started:
            self.app.ask("campaign", "start", name)
            self._started.add(name)

    def result(self, number: str) -> tuple[str, str | None]:
        """Outcome and disposition of the one call, once it is over and stored."""
        query = (
            "SELECT a.outcome, a.disposition FROM attempt a JOIN contact USING (contact_id)"
            f" WHERE external_id = '{number[1:]}' AND a.state = 'ended'"
        )
        until("the call is stored", lambda: bool(self.sql(query)), 40)
        (found,) = self.sql(query)
        return found[0], found[1]

    def held_by(self, name: str) -> list[str]:
        """What holds a campaign back, by its short names."""
        return [hold["by"] for hold in self.status(name)["waiting_reasons"]]

    def may_be_called(self, number: str) -> bool:
        """By another campaign, if it ran."""
        return "suppressed" not in self.preview(AFTERWARDS)[number]

    def has_stopped(self, number: str) -> bool:
        """Whether a stop of this person is in the journal."""
        return (self.project / "var" / "refusals.jsonl").exists() and number in self.stops(number)
