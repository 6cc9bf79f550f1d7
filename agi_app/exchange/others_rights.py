"""What the role by which a database of others is used may do there; too much is refused, with how to take it away."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.exchange.others_address import OthersPlace
from agi_app.messages import t
from agi_app.store.database.statements import load_queries

Q = load_queries("exchange/others_database")
Session = AsyncConnection[dict[str, Any]]
_OF_A_ROLE = {"superuser", "createrole", "createdb", "replication", "bypassrls"}


async def must_not_be_ours(connection: Session, place: OthersPlace) -> None:
    """Raises ExchangeError for a database of agi-app: there is none that a statement of others may touch."""
    found = await _asked(connection, "is_ours")
    if found[0]["found"]:
        told = "database {place}: is one of agi-app; name the database of your own system"
        raise ExchangeError(t(told, place=place), ExchangeFault.OURS, placed=True)


async def must_not_rule(connection: Session, place: OthersPlace) -> None:
    """Raises ExchangeError for a role that rules the server, its files or its programs."""
    _refuse_any(await _asked(connection, "powers"), place, t("make a role for this alone"))


async def must_only_read(connection: Session, place: OthersPlace) -> None:
    """The same, also for a role that can change or make anything in the database."""
    found = await _asked(connection, "powers") or await _asked(connection, "writes")
    _refuse_any(found, place, t("make a role for the feed, and GRANT it SELECT on what the query reads"))


async def _asked(connection: Session, query: str) -> list[dict[str, Any]]:
    await connection.execute(Q["plain_path"])
    rows = await (await connection.execute(Q[query])).fetchall()
    await connection.execute(Q["own_path"])
    return rows


def _refuse_any(found: list[dict[str, Any]], place: OthersPlace, advice: str) -> None:
    rulers = [row for row in found if row["kind"] == "superuser"]  # who then may all the rest, too
    found = [row for row in rulers if row["role"] == place.user] or rulers or found
    if found:
        what = "; ".join(_told(**row) for row in found[:3])
        told = "database {place}: its role may do too much: {what}. Take that away, or {advice}"
        raise ExchangeError(t(told, place=place, what=what, advice=advice), ExchangeFault.RIGHTS, placed=True)


def _told(kind: str, role: str, object: str, **_: object) -> str:  # noqa: A002 - a column
    """A right and the statement that takes it away."""
    if kind in _OF_A_ROLE:
        return t("{role} has {power}: ALTER ROLE {role} NO{power}", role=role, power=kind.upper())
    if kind == "member":
        return t("{role} is a member of {object}: REVOKE {object} FROM {role}", role=role, object=object)
    if kind == "owner":
        return t("{role} owns {object}: give it to another role (ALTER … OWNER TO)", role=role, object=object)
    if kind == "extension":
        told = (
            "{role} may run functions of the extension {object}, which reach other databases or files: put it where"
            " {role} has no right (CREATE SCHEMA apart; ALTER EXTENSION {object} SET SCHEMA apart)"
        )
        return t(told, role=role, object=object)
    if kind == "reaches out":
        told = (
            "{role} may run {object}, which can reach other databases or programs:"
            " REVOKE EXECUTE ON FUNCTION {object} FROM {role}, PUBLIC"
        )
        return t(told, role=role, object=object)
    if kind == "execute":
        told = "{role} may run {object}: REVOKE EXECUTE ON FUNCTION {object} FROM {role}, PUBLIC"
        return t(told, role=role, object=object)
    told = "{role} may {right} on {object}: REVOKE {right} ON {object} FROM {role}, PUBLIC"
    return t(told, role=role, right=kind.upper(), object=object)
