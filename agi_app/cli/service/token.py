"""token: who may ask the REST API, for what and for how long."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, table, with_installation
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.service import tokens

app = typer.Typer(help="Tokens of the REST API.", no_args_is_help=True)


@app.command()
def create(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Whose it is; it may only what this account may.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="What it may; give it again for another one.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it is good, in days.")] = 90,
    project: ProjectOption = HERE,
) -> None:
    """Make a token and print it, once: it is kept nowhere. Without --scope it may all that its account may."""
    made = with_installation(project, _create, account, name, scope or [], days)
    say(made.text)
    say(
        t(
            "token {token} of {account}, good until {until}: {scopes}",
            token=made.row.token_id,
            account=made.row.account,
            until=f"{made.row.expires_at:%Y-%m-%d %H:%M} UTC",
            scopes=", ".join(made.row.scopes),
        )
    )


async def _create(inst: Installation, account: str, name: str, scopes: list[Scope], days: int) -> tokens.MadeToken:
    return await tokens.create(inst, account, name, scopes or sorted(await tokens.allowed(inst, account)), days)


@app.command("list")
def list_tokens(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Show all tokens: whose they are, what they may, and when each was used last."""
    found = with_installation(project, tokens.held)
    if as_json:
        say_json([dataclasses.asdict(one) for one in found])
        return
    table(
        t("tokens"),
        (t("token"), t("account"), t("name"), t("scopes"), t("state"), t("last used")),
        ((one.token_id, one.account, one.name, ", ".join(one.scopes), _state(one), _at(one)) for one in found),
    )


def _state(one: tokens.TokenRow) -> str:
    if one.ended_at is not None:
        return t("ended")
    return t("expired") if one.expired else t("good until {until}", until=f"{one.expires_at:%Y-%m-%d}")


def _at(one: tokens.TokenRow) -> str:
    return "" if one.last_used_at is None else f"{one.last_used_at:%Y-%m-%d %H:%M} UTC"


@app.command()
def end(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The eight characters behind agia_.")],
    project: ProjectOption = HERE,
) -> None:
    """End a token for good, at once."""
    with_installation(project, tokens.end, token)
    say(t("token {token} has ended", token=token))
