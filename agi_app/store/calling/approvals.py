"""Requests to start a campaign that need a second person, and their approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.model.actors import Actor
from agi_app.model.approvals import StartTexts
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("calling/approvals")
GOOD_FOR = dt.timedelta(days=3)  # after that a start must be asked for again


@dataclass(frozen=True, slots=True)
class StartRequest:
    """Somebody wants a campaign to run; ``approved_by`` None: nobody has approved it."""

    request_id: int
    campaign: str
    why: Sequence[str]
    contacts: int
    spec: str
    flow_file: str
    flow_text: str
    sub_flows: Mapping[str, str]
    fingerprint: bytes
    asked_by: str
    alone: bool
    asked_at: dt.datetime
    approved_by: str | None
    approved_at: dt.datetime | None

    @property
    def texts(self) -> StartTexts:
        """What is to run."""
        return StartTexts(self.spec, self.flow_file, self.flow_text, self.sub_flows)


async def request(
    store: Store, campaign: str, why: Sequence[str], contacts: int, texts: StartTexts, asked_by: str, *, alone: bool
) -> int:
    """Keep a request; returns its id. Raises StoreError."""
    values = {
        "campaign": campaign,
        "why": list(why),
        "contacts": contacts,
        "spec": texts.spec,
        "flow_file": texts.flow_file,
        "flow_text": texts.flow_text,
        "sub_flows": as_json(dict(texts.sub_flows)),
        "fingerprint": texts.fingerprint(contacts),
        "asked_by": asked_by,
        "alone": alone,
    }
    found = await store.records(Q["request"], values)
    return int(found[0]["request_id"])


async def newest(store: Store, campaign: str) -> StartRequest | None:
    """The campaign's newest request, approved or not. Raises StoreError."""
    found = await store.rows(StartRequest, Q["newest"], {"campaign": campaign})
    return found[0] if found else None


async def waiting(store: Store) -> list[StartRequest]:
    """The newest request of each campaign that nobody has approved yet. Raises StoreError."""
    found = await store.rows(StartRequest, Q["waiting"], {"good_for": GOOD_FOR})
    return [one for one in found if one.approved_by is None]


async def lock_campaign(store: Store, campaign: str) -> None:
    """Let nobody else decide about this campaign until the transaction ends. Raises StoreError."""
    await store.records(Q["lock_campaign"], {"campaign": campaign})


async def approve(store: Store, wanted: StartRequest | int, actor: Actor, asked_by: str, *, alone: bool) -> bool:
    """Keep the approval of a request; False: it has one. The database refuses one's own. Raises StoreError."""
    values = {
        "request_id": wanted if isinstance(wanted, int) else wanted.request_id,
        "asked_by": asked_by,
        "approved_by": actor.account,
        "roles": sorted(role.value for role in actor.roles),
        "alone": alone,
    }
    return bool(await store.records(Q["approve"], values))


async def wrong_secrets(store: Store, account: str, within: dt.timedelta) -> int:
    """How often this account gave a wrong secret lately. Raises StoreError."""
    found = await store.records(Q["wrong_secrets"], {"account": account, "within": within})
    return int(found[0]["number"])


async def keep_key(store: Store, public: bytes) -> None:
    """Publish the key to which secrets are sealed. Raises StoreError."""
    await store.execute(Q["keep_key"], {"key": public.hex()})


async def key_of(store: Store) -> bytes | None:
    """The key to which secrets are sealed; None: no worker has published it yet. Raises StoreError."""
    found = await store.records(Q["key"])
    return bytes.fromhex(found[0]["value"]) if found else None
