"""What each of Asterisk's files must have for agi-app, judged by what it has. Pure.

One function a file: it returns the text of our include file, or None when nothing is missing. Nothing that others set
is set again, unless it forbids agi-app altogether (``enabled = no``); then a note names the line.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from agi_app.asterisk_setup.conf_files import FOLDER, Conf, ConfOption, ConfSection, read_conf
from agi_app.asterisk_setup.facts import SetupFacts
from agi_app.errors import Problem
from agi_app.messages import t

RULE = "asterisk"
HEAD = (
    "; Written by `agi-app asterisk setup`; `agi-app asterisk setup --undo` takes it away. Changes here are lost.\n\n"
)
TRUNKS = "pjsip_trunks.conf"
DIALPLAN = {
    "extensions_agi_app.conf": "agi-app-inbound",
    "extensions_agi_app_screen.conf": "agi-app-screen",
}  # by a context
LOOPBACK = "127.0.0.1"
ANY = ("", "0.0.0.0", "::", "[::]")
SESSIONS = 2000  # each ARI request over HTTP holds one; Asterisk's 100 are soon used up
WRITE_TIMEOUT_MS = 5000  # Asterisk's 100 drop a reader that is slow for a moment, and all its calls
# What agi-app cannot do without, each behind what it needs: a running Asterisk loads nothing by itself.
MODULES = (
    "res_sorcery_config.so", "res_sorcery_memory.so", "res_sorcery_astdb.so", "res_timing_timerfd.so",
    "res_srtp.so", "res_rtp_asterisk.so", "codec_ulaw.so", "codec_alaw.so", "codec_resample.so", "format_pcm.so",
    "format_wav.so", "format_sln.so", "bridge_simple.so", "bridge_softmix.so", "bridge_holding.so",
    "chan_bridge_media.so", "res_pjproject.so", "res_pjsip.so", "res_pjsip_pubsub.so", "res_pjsip_session.so",
    "res_pjsip_sdp_rtp.so", "chan_pjsip.so",
    "res_pjsip_outbound_authenticator_digest.so",
    "res_pjsip_outbound_registration.so", "res_pjsip_endpoint_identifier_ip.so", "res_pjsip_caller_id.so",
    "res_pjsip_nat.so", "res_pjsip_dtmf_info.so", "res_pjsip_header_funcs.so", "res_pjsip_rfc3326.so",
    "res_http_websocket.so", "res_websocket_client.so", "res_stasis.so", "res_stasis_answer.so",
    "res_stasis_recording.so", "res_stasis_playback.so", "res_stasis_snoop.so", "res_stasis_device_state.so",
    "res_ari.so", "res_ari_model.so", "res_ari_applications.so", "res_ari_asterisk.so", "res_ari_bridges.so",
    "res_ari_channels.so", "res_ari_device_states.so", "res_ari_endpoints.so", "res_ari_events.so",
    "res_ari_playbacks.so", "res_ari_recordings.so", "res_ari_sounds.so", "pbx_config.so", "app_stasis.so",
    "app_amd.so", "app_playback.so", "app_read.so", "app_exec.so", "app_stack.so", "app_verbose.so",
    "app_waitforsilence.so", "res_speech.so", "res_agi.so", "func_callerid.so", "func_channel.so", "func_dialplan.so",
    "func_logic.so", "func_strings.so", "func_talkdetect.so", "func_timeout.so", "func_global.so",
    "res_rtp_multicast.so", "chan_rtp.so",
)  # fmt: skip
# Of an Asterisk that loads what it is told: without them it works, and less well.
GOOD_TO_HAVE = frozenset({
    "res_timing_timerfd.so", "res_sorcery_astdb.so", "res_pjsip_nat.so", "res_pjsip_dtmf_info.so", "res_ari_model.so",
    "res_websocket_client.so", "res_pjsip_rfc3326.so", "res_ari_device_states.so", "res_ari_sounds.so",
    "res_stasis_device_state.so", "res_pjsip_header_funcs.so", "res_srtp.so",
    "func_global.so", "res_rtp_multicast.so", "chan_rtp.so",
})  # fmt: skip


@dataclass(slots=True)
class WantedFiles:
    """What is to be in our include files, where agi-app then reaches Asterisk, and what an admin should know."""

    texts: dict[str, str] = field(default_factory=dict)  # our file -> its text
    http_host: str = LOOPBACK
    http_port: int = 8088
    http_prefix: str = ""
    ami_host: str = LOOPBACK
    ami_port: int = 5038
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)  # to load now

    @property
    def ari_url(self) -> str:
        """ARI's address, as `[asterisk] url` has it."""
        return f"http://{self.http_host}:{self.http_port}{self.http_prefix}/ari"


def want_http(conf: Conf, wanted: WantedFiles) -> None:
    """http.conf: on, on this host only."""
    said = {name: conf.option("general", name) for name in ("enabled", "bindaddr", "bindport", "prefix")}
    enabled, bound = said["enabled"], said["bindaddr"]
    wanted.http_port = _number(said["bindport"], 8088)
    wanted.http_prefix = _prefix(said["prefix"])
    lines = []
    if enabled is not None and enabled.true and bound is not None:
        wanted.http_host = _reached(bound, wanted, t("ARI's password is taken from this host alone"))
    else:
        lines += ["enabled = yes", *_on_loopback(bound)]
        _overruled(enabled, wanted)
        secure, address = conf.option("general", "tlsenable"), conf.option("general", "tlsbindaddr")
        if secure is not None and secure.true and address is None and bound is not None and lines[1:]:
            lines.append(f"tlsbindaddr = {bound.value}:8089")  # which followed bindaddr
    sessions = conf.option("general", "sessionlimit")
    if sessions is None:
        lines.append(f"sessionlimit = {SESSIONS}")
    else:
        _too_small(sessions, SESSIONS, wanted)
    _put(wanted, "http.conf", conf, lines)


def want_ari(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """ari.conf: on, with a user of our own who is let in from this host alone."""
    lines = []
    enabled = conf.option("general", "enabled")
    if enabled is not None and not enabled.true:
        lines.append("enabled = yes")
        _overruled(enabled, wanted)
    timeout = conf.option("general", "websocket_write_timeout")
    if timeout is None:
        lines.append(f"websocket_write_timeout = {WRITE_TIMEOUT_MS}")
    else:
        _too_small(timeout, WRITE_TIMEOUT_MS, wanted)
    user = [] if _has_user(conf, facts.ari_user, "password", facts.ari_password, wanted) else [
        f"[{facts.ari_user}]",
        "type = user",
        "read_only = no",
        "password_format = plain",
        f"password = {_escaped(facts.ari_password)}",
        *_permitted(wanted.http_host),
    ]  # fmt: skip
    _put(wanted, "ari.conf", conf, lines, user)


def want_manager(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """manager.conf: on, on this host only, with a user of our own who cannot originate."""
    said = {name: conf.option("general", name) for name in ("enabled", "bindaddr", "port")}
    enabled, bound = said["enabled"], said["bindaddr"]
    wanted.ami_port = _number(said["port"], 5038)
    lines = []
    if enabled is not None and enabled.true:
        told = t("the manager interface's user of agi-app is let in from this host alone")
        wanted.ami_host = _reached(bound or ConfOption(enabled.file, enabled.line, "bindaddr", ""), wanted, told)
    else:
        lines += ["enabled = yes", *_on_loopback(bound)]
        _overruled(enabled, wanted)
    user = [] if _has_user(conf, facts.ami_user, "secret", facts.ami_password, wanted) else [
        f"[{facts.ami_user}]",
        f"secret = {_escaped(facts.ami_password)}",
        *_permitted(wanted.ami_host),
        "read = dtmf,system,reporting",
        "write = system,reporting",
        "; Keys of the other side, when they go down: no stop is lost.",
        "eventfilter(name(DTMFBegin),header(Direction),method(exact)) = Received",
        "displayconnects = no",
        "writetimeout = 5000",
    ]  # fmt: skip
    _put(wanted, "manager.conf", conf, lines, user)


def want_pjsip(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """pjsip.conf: a transport, if there is none; and the file of `agi-app trunk add`."""
    lines = []
    if not conf.of_type("transport") and not facts.transports:  # a database may have them, too
        if not facts.sip_free:
            told = "there is no SIP transport, and {bind} is taken by another program: name a free one by --sip-bind"
            wanted.problems.append(Problem(conf.name, 1, 1, RULE, t(told, bind=facts.sip_bind)))
        lines = ["[agi-app-udp]", "type = transport", "protocol = udp", f"bind = {facts.sip_bind}", ""]
    _put(wanted, "pjsip.conf", conf, [], [*lines, f'#tryinclude "{FOLDER}/{TRUNKS}"'])


def want_extensions(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """extensions.conf: our contexts, and what the screening of calls shows to agi-app."""
    names = []
    for name, context in DIALPLAN.items():
        if (known := conf.section(context)) is None:
            names.append(name)
        else:
            told = "{file}:{line}: the dialplan of agi-app is included already; it is left as it is"
            wanted.notes.append(t(told, file=known.file, line=known.line))
    lines = []
    if facts.agi_token and conf.option("globals", "AGI_APP_TOKEN") is None:
        head = "[globals](+)" if conf.section("globals") else "[globals]"
        lines = [head, f"AGI_APP_TOKEN = {_escaped(facts.agi_token)}", f"AGI_APP_AGI = {facts.agi_address}", ""]
    _put(wanted, "extensions.conf", conf, [], [*lines, *(f'#tryinclude "{FOLDER}/{name}"' for name in names)])
    wanted.texts.update({name: facts.shipped[name] for name in names})


def want_modules(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """modules.conf: what agi-app needs is loaded, now and at the next start."""
    section = conf.section("modules")
    options = section.options if section is not None else []
    barred = {one.value.removesuffix(".so"): one for one in options if one.name.lower() == "noload"}
    named = {one.value.removesuffix(".so") for one in options if one.name.lower() in ("load", "require", "preload")}
    automatic = conf.option("modules", "autoload")
    wanting = [module for module in MODULES if module not in GOOD_TO_HAVE or module in facts.installed]
    wanting = [module for module in wanting if module not in GOOD_TO_HAVE or module.removesuffix(".so") not in barred]
    for module in wanting:
        name = module.removesuffix(".so")
        if (bar := barred.get(name)) is not None:
            told = t(
                "noload keeps {module} out, which agi-app needs: remove this line and run this again", module=module
            )
            wanted.problems.append(Problem(bar.file, bar.line, 1, RULE, told))
        elif module not in facts.installed and module not in facts.running:
            told = t("this Asterisk has no {module}, which agi-app needs: install it, or build it", module=module)
            wanted.problems.append(Problem(conf.name, 1, 1, RULE, told))
        elif module not in facts.running:
            wanted.modules.append(module)
    if automatic is not None and automatic.true:
        return
    _put(wanted, "modules.conf", conf, [f"load = {m}" for m in wanting if m.removesuffix(".so") not in named],
         section="modules")  # fmt: skip


def want_amd(conf: Conf, facts: SetupFacts, wanted: WantedFiles) -> None:
    """amd.conf: without one, app_amd does not load. A campaign gives its own values with each call."""
    if not conf.there:
        wanted.texts["amd.conf"] = facts.shipped["amd.conf"]


def want_all(facts: SetupFacts, confs: dict[str, Conf]) -> WantedFiles:
    """Everything, by the files as they are."""
    wanted = WantedFiles()
    for name in ("http.conf", "ari.conf", "manager.conf"):
        _tell_second_general(confs[name], wanted)
    want_http(confs["http.conf"], wanted)
    want_ari(confs["ari.conf"], facts, wanted)
    want_manager(confs["manager.conf"], facts, wanted)
    want_pjsip(confs["pjsip.conf"], facts, wanted)
    want_extensions(confs["extensions.conf"], facts, wanted)
    want_modules(confs["modules.conf"], facts, wanted)
    want_amd(confs["amd.conf"], facts, wanted)
    return wanted


def _tell_second_general(conf: Conf, wanted: WantedFiles) -> None:
    """Of most files Asterisk reads the first alone; with a second one in ari.conf there is no ARI."""
    for again in [one for one in conf.sections if one.name.lower() == "general"][1:]:
        told = t("[general] is here a second time: put its lines into the first one, or write [general](+)")
        if conf.name == "ari.conf":
            wanted.problems.append(Problem(again.file, again.line, 1, RULE, told))
        else:
            wanted.notes.append(f"{again.file}:{again.line}: {told}")


FILES = ("http.conf", "ari.conf", "manager.conf", "pjsip.conf", "extensions.conf", "modules.conf", "amd.conf")
__all__ = ["FILES", "ConfSection", "WantedFiles", "read_conf", "want_all"]


def _put(
    wanted: WantedFiles,
    name: str,
    conf: Conf,
    lines: list[str],
    more: list[str] | None = None,
    section: str = "general",
) -> None:
    """``lines`` are added to the section that others opened; ``more`` comes behind it."""
    parts = []
    if lines:
        parts.append("\n".join([f"[{section}](+)" if conf.section(section) else f"[{section}]", *lines]))
    if more:
        parts.append("\n".join(more))
    if parts:
        wanted.texts[name] = HEAD + "\n\n".join(parts) + "\n"


def _on_loopback(bound: ConfOption | None) -> list[str]:
    """For a server that does not run: nobody uses the address that is written."""
    return [] if bound is not None and _is_loopback(bound.value) else [f"bindaddr = {LOOPBACK}"]


def _reached(bound: ConfOption, wanted: WantedFiles, safe: str) -> str:
    """By which address agi-app reaches a server that others bound."""
    if bound.value in ANY:
        told = "{place}: listens on every address of this host; {safe}. If nothing else needs it, write 127.0.0.1"
        wanted.notes.append(t(told, place=bound.place, safe=safe))
        return LOOPBACK
    if not _is_loopback(bound.value):
        told = "{place}: listens on {address} and not on 127.0.0.1, so agi-app uses that address"
        wanted.notes.append(t(told, place=bound.place, address=bound.value))
    return f"[{bound.value}]" if ":" in bound.value and not bound.value.startswith("[") else bound.value


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _permitted(host: str) -> list[str]:
    """Only this host."""
    lines = ["deny = 0.0.0.0/0.0.0.0", "deny = ::/0", f"permit = {LOOPBACK}/255.255.255.255"]
    bare = host.strip("[]")
    try:
        size = 32 if ipaddress.ip_address(bare).version == 4 else 128
    except ValueError:
        return lines
    return lines if bare == LOOPBACK else [*lines, f"permit = {bare}/{size}"]


def _has_user(conf: Conf, name: str, key: str, secret: str, wanted: WantedFiles) -> bool:
    """Whether others wrote a user of this name. With another secret than the project's it is a problem."""
    if (found := conf.section(name)) is None:
        return False
    known = conf.value(found, key)
    if known is not None and known.value == secret:
        wanted.notes.append(
            t("{file}:{line}: the user {name} is left as it is", file=found.file, line=found.line, name=name)
        )
    else:
        told = (
            "a user {name} is here with another password than the project has: remove this section and run this again"
        )
        wanted.problems.append(Problem(found.file, found.line, 1, RULE, t(told, name=name)))
    return True


def _overruled(enabled: ConfOption | None, wanted: WantedFiles) -> None:
    if enabled is not None and not enabled.true:
        told = "{place}: {name} = {value} is overruled by agi-app/{file}, because agi-app needs it on"
        wanted.notes.append(
            t(told, place=enabled.place, name=enabled.name, value=enabled.value, file=wanted_name(enabled.file))
        )


def wanted_name(file: str) -> str:
    """Our file for an included one, as notes name it."""
    return next((name for name in FILES if file.rpartition("/")[2].startswith(name.partition(".")[0])), file)


def _too_small(option: ConfOption, least: int, wanted: WantedFiles) -> None:
    if _number(option, least) < least:
        told = "{place}: {name} = {value} is left as it is; agi-app works better with {least} or more"
        wanted.notes.append(t(told, place=option.place, name=option.name, value=option.value, least=least))


def _number(option: ConfOption | None, otherwise: int) -> int:
    return (
        int(option.value) if option is not None and option.value.isascii() and option.value.isdecimal() else otherwise
    )


def _prefix(option: ConfOption | None) -> str:
    text = option.value.strip("/") if option is not None else ""
    return f"/{text}" if text else ""


def _escaped(secret: str) -> str:
    """As Asterisk reads it back: a ; begins a comment."""
    return secret.replace(";", "\\;")
