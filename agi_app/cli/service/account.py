"""account, actions: who may act, in which roles, and who did what."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    say,
    say_json,
    say_now,
    secret_of,
    settings_of,
    table,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.actors import Role
from agi_app.operations.administration import identities
from agi_app.operations.service import accounts, sessions
from agi_app.operations.service.accounts import Account, DoneAction, NewValues

app = typer.Typer(help="Who may act, and in which roles.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
RoleOption = Annotated[list[Role] | None, typer.Option("--role", help="A role; give it again for another one.")]
UserOption = Annotated[
    str | None, typer.Option(help="The user of the operating system who acts as this account; '' for none.")
]
LanguageOption = Annotated[Literal["en", "zh", ""] | None, typer.Option(help="The account's language.")]


@app.command()
def add(
    name: NameArgument,
    role: RoleOption = None,
    os_user: UserOption = None,
    language: LanguageOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Add an account. The user of the operating system to whom it is mapped acts as it on the command line."""
    made = with_installation(project, accounts.add, name, role or [], os_user=os_user or "", language=language or None)
    _say(made)


@app.command()
def change(
    name: NameArgument,
    role: RoleOption = None,
    os_user: UserOption = None,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it may act at all.")] = None,
    language: LanguageOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Change what is given, and leave the rest. An account is never removed, because the records name it."""
    new = NewValues(role or None, os_user, enable, language)
    if new == NewValues():
        raise InputError(t("say what is to change: --role, --os-user, --enable, --disable or --language"))
    made = with_installation(project, accounts.change, name, new)
    _say(made)


@app.command("list")
def list_accounts(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show all accounts."""
    found = with_installation(project, accounts.accounts)
    if as_json:
        say_json([dataclasses.asdict(one) for one in found])
        return
    table(
        t("accounts"),
        (
            t("account"),
            t("user"),
            t("roles"),
            t("enabled"),
            t("secret"),
            t("second factor"),
            t("passkeys"),
            t("language"),
        ),
        (
            (
                a.name,
                a.os_user,
                ", ".join(a.roles),
                _yes(a.enabled),
                _yes(a.has_credential),
                _yes(a.has_second_factor),
                a.passkeys,
                a.language,
            )
            for a in found
        ),
    )


@app.command()
def secret(project: ProjectOption = HERE) -> None:
    """Set the secret of your own account, with which it approves; from a pipe, the first line is taken."""
    with_installation(project, accounts.set_own_secret, secret_of(t("new secret"), confirm=True))
    say(t("the secret of your account is set"))


@app.command()
def link(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The account; that of who runs this, when it is not given.")
    ] = "",
    project: ProjectOption = HERE,
) -> None:
    """Print a link with which an account sets its password for the console: once, within a quarter of an hour."""
    text, until = with_installation(project, sessions.make_link_of, name)
    console = settings_of(project).console
    say(t("within a quarter of an hour, once (until {until:%H:%M} UTC):", until=until))
    say_now(f"{console.address}/link/{text}")


@app.command("remove-factor")
def remove_factor(
    name: NameArgument,
    reason: Annotated[str, typer.Option(help="Why, such as how you knew that it was its owner who asked.")],
    project: ProjectOption = HERE,
) -> None:
    """Take a lost second factor and all passkeys off an account, and end its sessions. Its password is enough then."""
    with_installation(project, accounts.remove_second_factor, name, reason=reason)
    say(t("account {name}: without a second factor and passkeys; its sessions have ended", name=name))


@app.command()
def identity(
    name: NameArgument,
    subject: Annotated[str, typer.Option(help="Who it is at the issuer of single sign-on: the claim sub.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Let nobody of it sign in as this account.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Link an account to somebody of the issuer of single sign-on, or end that."""
    if bool(subject) == remove:
        raise InputError(t("say --subject SUBJECT, or --remove"))
    if remove:
        with_installation(project, identities.unlink, name)
        say(t("account {name}: linked to nobody; its sessions have ended", name=name))
    else:
        with_installation(project, identities.link, name, subject)
        say(t("account {name}: linked; from the next sign-in its roles are those that the issuer gives", name=name))


def actions(
    account: Annotated[str | None, typer.Option(help="Only what this account did.")] = None,
    object_: Annotated[str | None, typer.Option("--object", help="Only what was done to this object.")] = None,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show who did what: each change, each export and each look at whole numbers, the newest first."""
    found = with_installation(project, accounts.done, account=account, obj=object_, limit=last)
    if as_json:
        say_json([dataclasses.asdict(one) for one in found])
        return
    table(
        t("actions (UTC)"),
        ("id", t("when"), t("account"), t("by"), t("action"), t("object"), t("result"), t("reason")),
        (
            (a.id, f"{a.at:%Y-%m-%d %H:%M:%S}", a.account, a.via, a.verb, a.object[:40], _result(a), a.reason)
            for a in found
        ),
    )


def _say(made: Account) -> None:
    roles, user = ", ".join(made.roles), made.os_user or t("no user of the system")
    if made.enabled:
        say(t("account {name}: {roles}; {user}", name=made.name, roles=roles, user=user))
    else:
        say(t("account {name}: {roles}; {user}; disabled", name=made.name, roles=roles, user=user))


def _yes(value: bool) -> str:
    return t("yes") if value else t("no")


def _result(one: DoneAction) -> str:
    if one.done is None:
        return t("not ended")
    return t("done") if one.done else t("failed ({fault})", fault=one.fault)
