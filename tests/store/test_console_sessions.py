"""Sign-ins and sessions as the database keeps them: what it tells of names, when they end, what is forgotten."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from agi_app.consent import account_secrets
from agi_app.model.actors import Role
from agi_app.store.database.pool import Store
from agi_app.store.ledger import accounts
from agi_app.store.service import console_sessions
from agi_app.store.service.console_sessions import PasswordShown, SignInTry

pytestmark = pytest.mark.postgres
PASSWORD, SHA256 = "correct horse battery", hashlib.sha256(b"text").digest()


async def tried(store: Store, name: str, password: str, session: str = "abcdefgh") -> str:
    derived = account_secrets.derive(password, await console_sessions.parameters(store, name))
    form = SignInTry(name, derived, "192.0.2.7", "a browser")
    return (await console_sessions.sign_in(store, form, session, SHA256)).result


@pytest.fixture
async def li_na(store: Store) -> str:
    """An account with a password."""
    await accounts.add(store, "li.na", None, [Role.VIEWER], None)
    await accounts.set_credential(store, "li.na", account_secrets.hash_secret(PASSWORD))
    return "li.na"


async def test_a_name_that_is_none_looks_like_one(store: Store, li_na: str) -> None:
    of_none = [await console_sessions.parameters(store, "nobody") for _ in range(2)]
    assert of_none[0] == of_none[1] != await console_sessions.parameters(store, "somebody")
    real = await console_sessions.parameters(store, li_na)
    assert [len(one.split("$")) for one in (real, of_none[0])] == [5, 5]
    assert real.rpartition("$")[0] == of_none[0].rpartition("$")[0]
    assert await tried(store, "nobody", PASSWORD) == await tried(store, li_na, "wrong") == "wrong"


async def test_a_session_is_over_at_its_end(store: Store, li_na: str) -> None:
    assert await tried(store, li_na, PASSWORD) == "in"
    found = await console_sessions.good(store, "abcdefgh")
    assert found is not None
    assert (found.account, found.sha256, list(found.roles)) == (li_na, SHA256, ["viewer"])
    await store.execute("UPDATE console_session SET expires_at = clock_timestamp() - interval '1 second'")
    assert await console_sessions.good(store, "abcdefgh") is None


async def test_wrong_tries_are_counted_for_a_quarter_of_an_hour_and_forgotten_after_a_day(
    store: Store, li_na: str
) -> None:
    assert [await tried(store, li_na, "wrong") for _ in range(6)] == ["wrong"] * 5 + ["wait"]
    assert await tried(store, li_na, PASSWORD) == "wait"
    await store.execute("UPDATE sign_in_try SET at = at - interval '15 minutes'")
    assert await tried(store, li_na, PASSWORD) == "in"
    await store.execute("UPDATE sign_in_try SET at = at - interval '1 day'")
    await store.execute("UPDATE console_session SET expires_at = expires_at - interval '40 days'")
    assert await tried(store, li_na, PASSWORD, "second00") == "in"
    assert await store.value(int, "SELECT count(*) FROM sign_in_try") == 1
    assert [one.session_id for one in await console_sessions.of_account(store, li_na)] == ["second00"]
    assert await store.value(int, "SELECT count(*) FROM console_session") == 1


async def test_a_link_is_good_for_its_time(store: Store, li_na: str) -> None:
    assert await console_sessions.add_link(store, "nobody", SHA256, dt.timedelta(minutes=15)) is None
    assert await console_sessions.add_link(store, li_na, SHA256, dt.timedelta(minutes=15)) is not None
    assert await console_sessions.link_owner(store, SHA256) == li_na
    await store.execute("UPDATE sign_in_link SET expires_at = clock_timestamp()")
    assert await console_sessions.link_owner(store, SHA256) is None
    assert await console_sessions.use_link(store, SHA256, account_secrets.hash_secret("another password")) is None
    assert await tried(store, li_na, PASSWORD) == "in"


async def test_the_password_is_shown_again_and_wrong_ones_count(store: Store, li_na: str) -> None:
    assert await tried(store, li_na, PASSWORD) == "in"
    await store.execute("UPDATE console_session SET proved_at = proved_at - interval '1 hour'")

    async def proved(password: str, session: str = "abcdefgh") -> str:
        derived = account_secrets.derive(password, await console_sessions.parameters(store, li_na))
        return (await console_sessions.prove(store, PasswordShown(session, derived, "192.0.2.7"))).result

    async def since() -> dt.timedelta:
        found = await console_sessions.good(store, "abcdefgh")
        assert found is not None
        return found.since_proof

    assert await proved("wrong") == "wrong"
    assert await since() > dt.timedelta(minutes=59)
    assert await proved(PASSWORD, "anothers") == "over"
    assert await proved(PASSWORD) == "right"
    assert await since() < dt.timedelta(minutes=1)
    assert [await proved("wrong") for _ in range(4)] == ["wrong"] * 4
    assert await proved(PASSWORD) == "wait", "five wrong ones of a name from one address are enough"
