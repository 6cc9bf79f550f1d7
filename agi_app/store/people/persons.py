"""Persons with several numbers: rows with the operator's same ``person_id`` become one person.

Caps, gaps, the lock and every stop then hold for the whole group; consent stays with its number.
Groups only ever grow: to join is to be stricter.
"""

from __future__ import annotations

from psycopg import sql

from agi_app.audit.stamps import Stamper
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.statements import Connection, load_queries, record, records
from agi_app.store.people import stops

Q = load_queries("people/persons")
LINK = "person_link"


async def link_persons(
    connection: Connection, source_table: str, stamper: Stamper | None, *, remember: bool = True
) -> int:
    """Join the numbers that share a key; returns how many persons became part of another one.

    ``source_table`` is a temporary table with the columns ``e164`` and ``person_key`` (null: none).
    Call it once in the import's transaction, after its persons were added. Claims of those persons
    wait for the commit; another import with keys waits too. A call that a number of the
    joined person had refused permanently ends. ``remember`` False: the keys are not the operator's, and join only
    what is given with them. ``stamper`` may be None when no row has a key. Raises StoreError like
    every statement.
    """
    source = sql.Identifier(source_table).as_string(connection)
    if (given := await record(connection, _about("any_key", source))) is None or not given["given"]:
        return 0
    await connection.execute(Q["wait_for_turn"])
    if moves := await _locked_moves(connection, source):
        pairs = {"moved": list(moves), "onto": list(moves.values())}
        await connection.execute(Q["inherit_seen"], pairs)
        await connection.execute(Q["move_groups"], pairs)
        await connection.execute(Q["add_link"], {**pairs, "stamp": _stamp(stamper, pairs)})
    if remember:
        await connection.execute(_about("remember_keys", source))
        await connection.execute(_about("show_keys", source))
    if moves:
        stopped = await records(connection, Q["stopped_in_call"], {"heads": sorted(set(moves.values()))})
        await stops.end_calls(connection, [row["person_id"] for row in stopped])
    return len(moves)


def _stamp(stamper: Stamper | None, pairs: dict[str, list[int]]) -> bytes:
    if stamper is None:
        raise StoreError(t("numbers were to become one person's without the audit key's stamp"))
    return stamper.fact(LINK, pairs)


async def _locked_moves(connection: Connection, source: str) -> dict[int, int]:
    """Head -> the head it shall belong to, with both rows locked: nobody claims them meanwhile."""
    locked: set[int] = set()
    while True:
        found = [row["heads"] for row in await records(connection, _about("to_join", source))]
        heads = {head for group in found for head in group}
        if heads <= locked:
            return moves_of(found)
        await connection.execute(Q["lock_heads"], {"heads": sorted(heads)})
        locked = heads


def moves_of(groups: list[list[int]]) -> dict[int, int]:
    """Each id that is not the lowest of those it is connected with -> that lowest one."""
    onto: dict[int, int] = {}

    def root(head: int) -> int:
        while (above := onto.get(head, head)) != head:
            onto[head] = onto.get(above, above)
            head = above
        return head

    for group in groups:
        for head in group[1:]:
            low, high = sorted((root(group[0]), root(head)))
            if low != high:
                onto[high] = low
    return {head: root(head) for head in sorted(onto)}


def _about(query: str, source: str) -> str:
    return Q[query].replace("{source}", source)
