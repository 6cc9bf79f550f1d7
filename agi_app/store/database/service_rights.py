"""What the database roles of our services may do: tables of rights, granted by ``migrate`` and compared.

`agi-app console` uses the database as ``agi_app_console``: ``service_rights.txt`` names every table, view and function
of the schema, so that a new one is open to it only where somebody wrote that it is. `agi-app exchange` is
``agi_app_exchange``: ``exchange_rights.txt`` names what is open to it, and all else is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from psycopg import errors as pg

from agi_app.store.database.statements import Connection, load_queries, record, records, value

Q = load_queries("database/service_rights")
NOTHING = "-"
_CALLER, _TRIGGER = "caller", "trigger"  # a function that does no more than who calls it may; one of ours alone


@dataclass(frozen=True, slots=True)
class ServiceRole:
    """A role of the database that one of our processes has, with its table of rights beside this module."""

    name: str
    table: str


CONSOLE = ServiceRole("agi_app_console", "service_rights.txt")
EXCHANGE = ServiceRole("agi_app_exchange", "exchange_rights.txt")
ROLES = (CONSOLE, EXCHANGE)


@cache
def written(role: ServiceRole) -> Mapping[str, str]:
    """The lines of its table: an object's kind and name -> what the role may do with it."""
    lines = Path(__file__).with_name(role.table).read_text(encoding="utf-8").splitlines()
    return {name: may for name, _, may in (line.rpartition(": ") for line in lines if not line.startswith("#"))}


@cache
def wanted(role: ServiceRole) -> Mapping[str, str]:
    """Each object of the schema -> what the role may do with it: ``table contact`` -> ``select``."""
    every = {name: may if may in (_CALLER, _TRIGGER) else NOTHING for name, may in written(CONSOLE).items()}
    return {**every, **written(role)}


async def held(connection: Connection, role: ServiceRole) -> dict[str, str]:
    """The same as PostgreSQL has it now; empty without the role."""
    if not await _there(connection, role):
        return {}
    found: dict[str, list[str]] = {}
    for row in await records(connection, _query("held_relations", role)):
        may = found.setdefault(row["object"], [])
        if row["whole"]:
            may.append(row["may"])
        elif row["columns"]:
            may.append(f"{row['may']}({','.join(row['columns'])})")
    rights = {name: " ".join(may) or NOTHING for name, may in found.items()}
    return rights | {row["object"]: row["may"] for row in await records(connection, _query("held_functions", role))}


async def grant_all(connection: Connection) -> None:
    """Give each of our services' roles what it is to have."""
    for role in ROLES:
        await grant(connection, role)


async def grant(connection: Connection, role: ServiceRole) -> bool:
    """Give the role what it is to have, and nothing else. False: there is no such role, and we may not make one."""
    if not await _there(connection, role) and not await _made(connection, role):
        return False
    have = await held(connection, role)
    if all(wanted(role).get(name) == may for name, may in have.items()):
        return True
    await connection.execute(_query("revoke_all", role))
    for name, may in wanted(role).items():
        if name in have:  # while the schema grows it has not all of them yet
            for statement in _statements(role, name, may):
                await connection.execute(statement)
    return True


async def faults(connection: Connection, role: ServiceRole) -> list[str]:
    """Where the role may do something else than it should, for people; none without the role."""
    have = await held(connection, role)
    found = [
        f"{name}: may {may}, and should {wanted(role).get(name, NOTHING)}"
        for name, may in have.items()
        if may != wanted(role).get(name, NOTHING)
    ]
    powers = await record(connection, _query("powers", role)) or {}
    return sorted(found) + [f"the role has {power}" for power, has in powers.items() if has]


def _query(name: str, role: ServiceRole) -> str:
    return Q[name].replace("{role}", role.name)


async def _there(connection: Connection, role: ServiceRole) -> bool:
    return bool(await value(connection, bool, _query("role_exists", role)))


async def _made(connection: Connection, role: ServiceRole) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(_query("make_role", role))
    except pg.InsufficientPrivilege:
        return False
    except (pg.DuplicateObject, pg.UniqueViolation):  # for another database of this server, at the same time
        return True
    return True


def _statements(role: ServiceRole, name: str, may: str) -> list[str]:
    """What brings an object that the role has no right on to what it should be."""
    kind, _, what = name.partition(" ")
    if kind == "function":
        closed = [] if may == _CALLER else [f"REVOKE ALL ON FUNCTION {what} FROM PUBLIC"]
        return closed + ([f"GRANT EXECUTE ON FUNCTION {what} TO {role.name}"] if may == "execute" else [])
    rights = re.findall(r"(\w+)(\([^)]*\))?", may) if may != NOTHING else []
    return [f"REVOKE ALL ON {what} FROM PUBLIC"] + [
        f"GRANT {right.upper()} {columns} ON {what} TO {role.name}" for right, columns in rights
    ]
