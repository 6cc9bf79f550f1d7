"""What the service's database role may do: the table ``service_rights.txt``, granted by ``migrate`` and compared.

`agi-app console` uses the database as ``agi_app_console``. The file names every table, view and function of the schema,
so that a new one is open to the service only where somebody wrote that it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from psycopg import errors as pg

from agi_app.store.database.statements import Connection, load_queries, record, records, value

ROLE = "agi_app_console"
FILE = Path(__file__).with_name("service_rights.txt")
Q = load_queries("database/service_rights")
NOTHING = "-"


@cache
def wanted() -> Mapping[str, str]:
    """Each object's kind and name -> what the role may do with it: ``table contact`` -> ``select``."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {name: may for name, _, may in (line.rpartition(": ") for line in lines if not line.startswith("#"))}


async def held(connection: Connection) -> dict[str, str]:
    """The same as PostgreSQL has it now; empty without the role."""
    if not await _there(connection):
        return {}
    found: dict[str, list[str]] = {}
    for row in await records(connection, Q["held_relations"]):
        may = found.setdefault(row["object"], [])
        if row["whole"]:
            may.append(row["may"])
        elif row["columns"]:
            may.append(f"{row['may']}({','.join(row['columns'])})")
    rights = {name: " ".join(may) or NOTHING for name, may in found.items()}
    return rights | {row["object"]: row["may"] for row in await records(connection, Q["held_functions"])}


async def grant(connection: Connection) -> bool:
    """Give the role what it is to have, and nothing else. False: there is no such role, and we may not make one."""
    if not await _there(connection) and not await _made(connection):
        return False
    have = await held(connection)
    if all(wanted().get(name) == may for name, may in have.items()):
        return True
    await connection.execute(Q["revoke_all"])
    for name, may in wanted().items():
        if name in have:  # while the schema grows it has not all of them yet
            for statement in _statements(name, may):
                await connection.execute(statement)
    return True


async def faults(connection: Connection) -> list[str]:
    """Where the role may do something else than it should, for people; none without the role."""
    have = await held(connection)
    found = [
        f"{name}: may {may}, and should {wanted().get(name, NOTHING)}"
        for name, may in have.items()
        if may != wanted().get(name, NOTHING)
    ]
    powers = await record(connection, Q["powers"]) or {}
    return sorted(found) + [f"the role has {power}" for power, has in powers.items() if has]


async def _there(connection: Connection) -> bool:
    return bool(await value(connection, bool, Q["role_exists"]))


async def _made(connection: Connection) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(Q["make_role"])
    except pg.InsufficientPrivilege:
        return False
    except (pg.DuplicateObject, pg.UniqueViolation):  # for another database of this server, at the same time
        return True
    return True


def _statements(name: str, may: str) -> list[str]:
    """What brings an object that the role has no right on to what it should be."""
    kind, _, what = name.partition(" ")
    if kind == "function":
        closed = [] if may in {"caller", "trigger"} else [f"REVOKE ALL ON FUNCTION {what} FROM PUBLIC"]
        return closed + ([f"GRANT EXECUTE ON FUNCTION {what} TO {ROLE}"] if may == "execute" else [])
    rights = re.findall(r"(\w+)(\([^)]*\))?", may) if may != NOTHING else []
    return [f"REVOKE ALL ON {what} FROM PUBLIC"] + [
        f"GRANT {right.upper()} {columns} ON {what} TO {ROLE}" for right, columns in rights
    ]
