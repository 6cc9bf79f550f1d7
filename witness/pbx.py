"""A private Asterisk from the sandbox, with the witness's telephones and trunks in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.asterisk import Asterisk
from sandbox.ports import free_port

TRUNK_LINES = """
[{name}]
type = endpoint
transport = transport-udp
context = agi-app-from-trunk
disallow = all
allow = ulaw,alaw
aors = {name}
direct_media = no
dtmf_mode = auto
rtp_symmetric = yes
media_address = 127.0.0.1
bind_rtp_to_media_address = yes
send_pai = no
trust_id_inbound = no
identify_by = ip
{more}
[{name}]
type = aor
contact = {contact}
qualify_frequency = 0
"""


@dataclass(slots=True)
class Phones:
    """Staff telephones and trunks of the witness; has what the sandbox's Asterisk asks of its agents."""

    endpoints: dict[str, str] = field(default_factory=dict)  # name to contact URI
    trunks: dict[str, str] = field(default_factory=dict)  # name to contact URI
    more: dict[str, str] = field(default_factory=dict)  # further lines of an endpoint
    queues: dict[str, str] = field(default_factory=dict)  # name to its one member
    extra: str = ""

    def queues_conf(self) -> str:
        return "".join(
            f"[{name}]\nstrategy = rrmemory\nringinuse = yes\nretry = 1\nmember => PJSIP/{member}\n"
            for name, member in self.queues.items()
        )

    def pjsip_conf(self) -> str:
        parts = []
        for name, contact in {**self.endpoints, **self.trunks}.items():
            more = self.more.get(name, "")
            text = TRUNK_LINES.format(name=name, contact=contact, more=more)
            parts.append(text.replace("dtmf_mode = auto\n", "") if "dtmf_mode" in more else text)
        return "\n".join(parts) + self.extra


class WitnessAsterisk(Asterisk):
    """As the sandbox starts it, and with modules that a site may load besides (``modules``)."""

    modules: tuple[str, ...] = ()

    def _write_configuration(self) -> None:
        super()._write_configuration()
        phones = self.run_dir / "etc" / "pjsip_agents.conf"
        tls = str(self.run_dir / "tls") if self.is_local else "/run/agi-app/tls"
        phones.write_text(phones.read_text("utf-8").replace("@TLS@", tls), "utf-8")
        if self.modules:
            path = self.run_dir / "etc" / "modules.conf"
            path.write_text(path.read_text("utf-8") + "".join(f"load = {name}\n" for name in self.modules), "utf-8")


def settings(asterisk: Asterisk, trunks: dict[str, str], destinations: dict[str, str], clock: str) -> str:
    """agi-app.toml, by docs/reference/settings.md and docs/how-to/install-on-asterisk.md."""
    lines = [
        "[asterisk]",
        f'url = "{asterisk.ari_url}"',
        f'username = "{asterisk.ari_user}"',
        f'password = "{asterisk.ari_password}"',
        f'entityid = "{asterisk.entityid}"',
        f'prompts_path = "{asterisk.prompts_path}"',
        "[ami]",
        'host = "127.0.0.1"',
        f"port = {asterisk.ami_port}",
        'username = "agi-app-look"',
        f'password = "{asterisk.ami_password}"',
    ]
    for name, endpoint in trunks.items():
        rate = 200 if name == "probe" else 12  # the probe calls nobody: it only asks the gate, quickly
        lines += [
            f"[trunks.{name}]",
            f'endpoint = "PJSIP/{{number}}@{endpoint}"',
            f"calls_per_second = {rate}",
            f"concurrent = {7 * rate}",
        ]
        lines += ["plus = true", "sandbox = true"]
    for name, endpoint in destinations.items():
        kind = "endpoint" if "/" in endpoint else "queue"
        lines += [f"[destinations.{name}]", f'{kind} = "{endpoint}"']
    lines += ["[lines.main]", 'number = "+999862155500001"', 'flow = "who-called"', "concurrent = 60"]
    lines += ["[sandbox]", f'clock = "{clock}"']
    return "\n".join(lines) + "\n"


def over_ipv6(port: int) -> str:
    """A trunk from whose IPv6 address calls come in, as lines of pjsip.conf."""
    trunk = TRUNK_LINES.format(name="witness-v6", contact="sip:[::1]:9", more="rtp_ipv6 = yes")
    trunk = trunk.replace("transport-udp", "transport-udp6").replace("media_address = 127.0.0.1", "media_address = ::1")
    transport = f"\n[transport-udp6]\ntype = transport\nprotocol = udp\nbind = [::1]:{port}\n"
    return transport + trunk + "\n[witness-v6]\ntype = identify\nendpoint = witness-v6\nmatch = ::1\n"


def other_ways(tls_port: int, tcp_port: int) -> str:
    """Transports and trunks beside UDP, as lines of pjsip.conf. Names of files are those that Asterisk sees.

    Without ports Asterisk would take 5060 and 5061, which another Asterisk may have.
    """
    lines = ["", "[transport-tls]", "type = transport", "protocol = tls", f"bind = 127.0.0.1:{free_port()}"]
    lines += ["method = tlsv1_2", "cert_file = @TLS@/cert.pem", "priv_key_file = @TLS@/key.pem", "verify_server = no"]
    lines += ["[transport-tcp]", "type = transport", "protocol = tcp", f"bind = 127.0.0.1:{free_port()}", ""]
    text = "\n".join(lines)
    for name, kind, port, more in (
        ("witness-secure", "tls", tls_port, "media_encryption = sdes"),
        ("witness-tcp", "tcp", tcp_port, ""),
    ):
        trunk = TRUNK_LINES.format(name=name, contact=f"sip:127.0.0.1:{port}\\;transport={kind}", more=more)
        text += trunk.replace("transport-udp", f"transport-{kind}")
    return text
