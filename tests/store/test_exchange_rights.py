"""What a hostile exchange can do with its database role: see nothing of people, and cause nothing."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from agi_app.store.database import service_rights
from agi_app.store.database.pool import Store
from tests.store.conftest import Cluster
from tests.store.test_service_rights import REFUSED, staff
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
# What the console may, and the exchange may not.
ALSO_REFUSED = {
    "a person": "SELECT person_id FROM person",
    "a masked number": "SELECT number FROM person_masked",
    "contacts": "SELECT contact_id FROM contact",
    "a consent": "SELECT consent_id FROM consent",
    "calls": "SELECT attempt_id FROM attempt",
    "what was answered": "SELECT answers FROM attempt",
    "an ask": "SELECT add_ask('campaign', 'start', 'x', '{}', 'a', '{}', '{}', 'api', '', '', '', '{}', '')",
    "a stop": "SELECT enter_stop('+1', now(), 'x', 'x', 'x', 'x')",
    "a look": "SELECT note_look(1, 'wang.li', 'curious')",
    "a note": "INSERT INTO action (account, roles, via, verb, object) VALUES ('x', '{}', 'api', 'x', 'x')",
    "a webhook": "INSERT INTO webhook_endpoint (url, types, created_by) VALUES ('https://x', '{*}', 'x')",
    "a webhook's secret": "SELECT secret FROM webhook_secret",
    "a token": "SELECT sha256 FROM api_token",
    "accounts": "SELECT name FROM account",
    "the audit": "SELECT hash FROM audit_leaf",
    "a pause": "SELECT paused FROM calling_pause",
    "campaigns": "SELECT name FROM campaign",
    "the schema's version": "INSERT INTO schema_version (number, name, sha256) VALUES (9999, 'x', 'x')",
    "the clock": "UPDATE sandbox_clock SET start = now()",
    "the project": "UPDATE meta SET value = 'x'",
    "more rights": "GRANT SELECT ON person TO agi_app_exchange",
    "to be superuser": "ALTER ROLE agi_app_exchange SUPERUSER",
    "to be the console": "SET ROLE agi_app_console",
}


@pytest.fixture
def exchange_url(cluster: Cluster, database_url: str) -> object:
    """The database as the exchange's role sees it."""
    cluster.run(f"ALTER ROLE {service_rights.EXCHANGE.name} LOGIN")
    yield psycopg.conninfo.make_conninfo(database_url, user=service_rights.EXCHANGE.name)
    cluster.run(f"ALTER ROLE {service_rights.EXCHANGE.name} NOLOGIN")


@pytest.mark.attack("the exchange's role in the database, by whoever runs code as the exchange")
async def test_the_role_cannot_cause_or_read_more(store: Store, world: World, exchange_url: str) -> None:
    await world.running(campaign(), [1, 2])
    await staff(store)
    await store.execute("CREATE SCHEMA private")
    await store.execute("CREATE TABLE private.secret AS SELECT 1 AS a")
    told: dict[str, object] = {}
    statements = REFUSED | ALSO_REFUSED
    for what, statement in statements.items():
        with psycopg.connect(exchange_url, autocommit=True) as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                told[what] = type(error)
    # Functions that the role does not see by their arguments are no more open to it than those it may not run.
    others = {
        "an untrusted language": pg.UndefinedObject,
        "another's statements": pg.DivisionByZero,
        "a stop": pg.UndefinedFunction,
    }
    assert told == dict.fromkeys(statements, pg.InsufficientPrivilege) | others
