"""How the nodes share a rate: each leases its part in the database, and the parts never add up to more than the limit.

A node that dies or stops asking loses its part when the lease ends; the others have it with their next lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries, records

Q = load_queries("calling/pace_shares")


async def lease(store: Store, node: str, wanted: Mapping[str, float], lease_for: dt.timedelta) -> dict[str, float]:
    """Calls a second that this node may start in each scope until the lease ends; ``wanted``: scope -> its limit.

    What is no longer wanted is given back. Raises StoreError.
    """
    rows = [{"scope": scope, "most": most} for scope, most in sorted(wanted.items())]
    values = {"node": node, "wanted": as_json(rows), "lease": lease_for}
    async with store.transaction() as connection:
        await connection.execute(Q["lock"])
        return {row["scope"]: row["per_second"] for row in await records(connection, Q["lease"], values)}
