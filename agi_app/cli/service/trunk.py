"""trunk: carriers' trunks of the Asterisk of this host."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.asterisk_setup import trunks
from agi_app.asterisk_setup.lock import alone
from agi_app.asterisk_setup.look import SetupChoices, folder_of
from agi_app.asterisk_setup.shown import diff
from agi_app.asterisk_setup.toml_edits import TomlValue
from agi_app.asterisk_setup.trunk_conf import CarrierTrunk, Protocol, host_and_port
from agi_app.asterisk_setup.trunks import PreparedTrunk, TrunkState
from agi_app.cli.common import (
    HERE,
    AsteriskConfigOption,
    AsteriskProgramOption,
    JsonOption,
    ProjectOption,
    read_number,
    say,
    say_json,
    say_line_of_file,
    say_now,
    secret_of,
    table,
    warn,
    with_installation,
)
from agi_app.cli.service.as_owner import as_owner
from agi_app.cli.service.asterisk import YesOption, ask
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.calling import rehearsals

app = typer.Typer(help="Carriers' trunks of the Asterisk of this host.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The trunk's name, as campaigns name it.")]
CallOption = Annotated[
    str, typer.Option(metavar="NUMBER", help="Then call this telephone of yours; the person who answers keys a code.")
]
HostOption = Annotated[str, typer.Option(metavar="HOST[:PORT]", help="The carrier's SIP host.")]
AuthOption = Annotated[
    str, typer.Option(metavar="USER", help="The user that the carrier gave you; without it, it knows your address.")
]
PasswordOption = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the carrier's password; default: it is asked for, or piped in."),
]
RegisterOption = Annotated[bool, typer.Option("--register", help="Register with the carrier.")]
NumberOption = Annotated[str, typer.Option(help="The number that the carrier wants in the registration.")]
TlsOption = Annotated[bool, typer.Option("--tls", help="SIP over TLS; the carrier's certificate is checked.")]
TcpOption = Annotated[bool, typer.Option("--tcp", help="SIP over TCP.")]
SrtpOption = Annotated[bool, typer.Option("--srtp", help="Encrypted audio (SRTP); use it with --tls.")]
CaOption = Annotated[
    Path | None, typer.Option(help="Certificates to check the carrier by; default: those of the system.")
]
MatchOption = Annotated[
    list[str] | None,
    typer.Option(help="An address or network from which its calls come; may be repeated. Default: its host."),
]
CodecsOption = Annotated[str, typer.Option(help="Codecs in the order that the carrier prefers.")]
DomainOption = Annotated[str, typer.Option(help="The domain that the carrier expects in From.")]
PaceOption = Annotated[float, typer.Option(min=0.01, help="The most new calls a second.")]
ConcurrentOption = Annotated[int, typer.Option(min=1, help="The most calls at once.")]
PlusOption = Annotated[bool, typer.Option("--plus", help="Dial +86… rather than 86….")]
PrefixOption = Annotated[str, typer.Option(help="Digits that the carrier wants before each number.")]
SandboxOption = Annotated[
    bool, typer.Option("--sandbox", help="A test trunk to 127.0.0.0/8 that calls only test numbers.")
]


@app.command()
def add(
    name: NameArgument,
    host: HostOption,
    auth: AuthOption = "",
    password_file: PasswordOption = None,
    register: RegisterOption = False,
    number: NumberOption = "",
    tls: TlsOption = False,
    tcp: TcpOption = False,
    srtp: SrtpOption = False,
    ca_file: CaOption = None,
    match: MatchOption = None,
    codecs: CodecsOption = "alaw,ulaw",
    from_domain: DomainOption = "",
    calls_per_second: PaceOption = 1.0,
    concurrent: ConcurrentOption = 10,
    plus: PlusOption = False,
    prefix: PrefixOption = "",
    sandbox: SandboxOption = False,
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    yes: YesOption = False,
) -> None:
    """Write a carrier's trunk into Asterisk and the settings, and test it by OPTIONS. A second time replaces it.

    Its calls are known by the carrier's address. A worker knows it when started again. Exit 2: no answer.
    """
    reached, port = host_and_port(host)
    if ca_file is not None and not tls:
        raise InputError(t("--ca-file is for --tls"))
    trunk = CarrierTrunk(
        name, reached, port, _protocol(tls, tcp), srtp, auth, _password(auth, password_file), register, number,
        from_domain, tuple(match or ()), tuple(one.strip() for one in codecs.split(",")),
    )  # fmt: skip
    limits: dict[str, TomlValue] = {"calls_per_second": calls_per_second, "concurrent": concurrent}
    given: dict[str, TomlValue] = {"plus": plus, "prefix": prefix, "sandbox": sandbox}
    limits |= {key: value for key, value in given.items() if value}
    _add(project, SetupChoices(program, config_dir), trunk, limits, ca_file, yes)


def _add(
    project: Path, choices: SetupChoices, trunk: CarrierTrunk, limits: dict[str, TomlValue], ca: Path | None, yes: bool
) -> None:
    name = trunk.name
    with alone(folder_of(choices)):
        prepared = trunks.prepare_add(project, choices, trunk, limits, ca)
        if not prepared.empty:
            _write(prepared, yes)
        else:
            _notes(prepared)
            say(t("trunk {name}: is there already; nothing was changed", name=name))
    _say_state(trunks.probe(project, choices, name, trunks.PATIENCE_S))
    say(t("start `agi-app run` again; then `agi-app trunk test {name} --call NUMBER` calls you through it", name=name))


def _protocol(tls: bool, tcp: bool) -> Protocol:
    if tls and tcp:
        raise InputError(t("choose --tls or --tcp"))
    return "tls" if tls else "tcp" if tcp else "udp"


@app.command("list")
def list_trunks(
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the trunks that were added, and whether they answer."""
    found = trunks.states(project, SetupChoices(program, config_dir))
    if as_json:
        say_json([{**dataclasses.asdict(one), "ok": one.well} for one in found])
        return
    rows = (
        (one.name, one.contact, one.user, "SRTP" if one.srtp else "", one.answer, one.registration) for one in found
    )
    table(t("trunks"), ("trunk", t("leads to"), t("carrier's user"), t("audio"), "OPTIONS", t("registration")), rows)


@app.command("test")
def probe(
    name: NameArgument,
    call: CallOption = "",
    caller_id: Annotated[
        str | None, typer.Option(help="The proved number to show; default: the called number itself.")
    ] = None,
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
) -> None:
    """Test a trunk by OPTIONS, and on request by a call to a telephone of yours. Exit 2 when it does not answer.

    A running `agi-app run` makes the call. The telephone is then proved for rehearsals, not as a caller ID.
    """
    phone, shown = read_number(call) if call else "", None if caller_id is None else read_number(caller_id)
    _say_state(trunks.probe(project, SetupChoices(program, config_dir), name, trunks.PATIENCE_S))
    if phone and not as_owner(project.resolve(), lambda: _call(project, phone, name, shown)):
        raise typer.Exit(2)


def _call(project: Path, phone: str, name: str, shown: str | None) -> bool:
    e164, note = with_installation(project, rehearsals.prove_phone, phone, trunk=name, shown=shown, show=say_now)
    say(t("{e164}: was called through {name} and keyed the code; {note}", e164=e164, name=name, note=note))
    return True


@app.command()
def remove(
    name: NameArgument,
    project: ProjectOption = HERE,
    program: AsteriskProgramOption = None,
    config_dir: AsteriskConfigOption = None,
    yes: YesOption = False,
) -> None:
    """Take a trunk out of Asterisk and the settings. Calls in progress go on."""
    choices = SetupChoices(program, config_dir)
    with alone(folder_of(choices)):
        prepared = trunks.prepare_remove(project, choices, name)
        for campaign in trunks.calling_by(project, name):
            say(t("note: campaign {campaign} calls by this trunk, and then calls nobody", campaign=campaign))
        _write(prepared, yes)
    say(t("trunk {name}: is removed", name=name))


def _password(user: str, file: Path | None) -> str:
    if not user:
        return ""
    if file is None:
        return secret_of(t("password of {user}", user=user))
    try:
        return file.read_text("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(t("{file}: cannot be read: {error}", file=file, error=error)) from error


def _write(prepared: PreparedTrunk, yes: bool) -> None:
    for change in prepared.plan.changes:
        for line in diff(change, prepared.plan.secrets):
            say_line_of_file(line)
    _notes(prepared)
    ask(t("Write this?"), yes)
    for fault in trunks.write_trunk(prepared):
        warn(t("failed: {fault}", fault=fault))


def _notes(prepared: PreparedTrunk) -> None:
    for note in prepared.plan.notes:
        say(t("note: {note}", note=note))


def _say_state(state: TrunkState) -> None:
    more = t(", is registered") if state.registration else ""
    told = "trunk {name}: {contact} answers OPTIONS in {ms:.0f} ms{more}"
    say(t(told, name=state.name, contact=state.contact, ms=state.milliseconds or 0, more=more))
