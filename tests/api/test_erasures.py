"""Erasures by the API: the stop holds at once and waits for no role; a worker erases rows, then files."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from agi_app import asked
from agi_app.api.routes import BASE
from agi_app.clock import Clock
from agi_app.consent.evidence import EvidenceFiles
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.worker.asks import Asks, Finish
from agi_app.errors import ConfigError
from agi_app.installation import Installation
from agi_app.model.actors import Role, Scope
from agi_app.operations.people import erasure_asks
from agi_app.prompts.prepared_cache import FOLDER, PEOPLE, folder_of
from agi_app.store.people import consents, stops
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import LeftAsk, NewAsk
from tests.api.site import CAMPAIGN, Json, Site, token_of
from tests.api.test_writing import rows, sent
from tests.store.world import consent, contact, import_contacts, number

pytestmark = pytest.mark.postgres
WHY = "letter of 2026-05-04"


class Killed(BaseException):
    """The worker is no more."""


def worker(inst: Installation, finish: Finish | None = None) -> Asks:
    """One that finishes what it answers."""
    keep = Stops(inst.store, inst.journal, Clock(), "node-1").keep
    prepare, do = partial(asked.prepare, inst), partial(asked.do, inst)
    return Asks(inst.store, "node-1", keep, prepare, do, finish or partial(asked.finish, inst))


async def answer(inst: Installation) -> None:
    """Take what waits, as far as a transaction goes."""
    await worker(inst).take_all()


async def finish(inst: Installation) -> None:
    """Do what it left."""
    await worker(inst).finish_all()


@dataclasses.dataclass(frozen=True)
class Somebody:
    """A contact with a consent, its evidence, and a text that was spoken with their name."""

    n: int
    person: int
    digest: bytes
    spoken: Path

    @property
    def path(self) -> str:
        return f"/people/{self.person}/erasure"

    def gone(self, site: Site) -> tuple[bool, bool, bool]:
        """Their number in the database, their evidence, their spoken text: whether each is gone."""
        left = rows(site, f"SELECT count(*) FROM person WHERE e164 = '{number(self.n)}'")
        files = EvidenceFiles(site.inst.settings.data)
        return left == 0, not files.has(self.digest), not self.spoken.exists()


def somebody(site: Site, n: int) -> Somebody:
    async def make(inst: Installation) -> None:
        now = inst.clock.now()
        await import_contacts(inst.store, CAMPAIGN, [contact(n)], now)
        proof = {"evidence_sha256": digest, "evidence_file": "form.pdf"}
        await consents.import_consents(inst.store, [dataclasses.replace(consent(n), **proof)], "admin", now)  # type: ignore[arg-type]

    digest = EvidenceFiles(site.inst.settings.data).keep(b"form of %d" % n)
    site.run(make)
    folder = (
        site.inst.settings.project / "prompts" / FOLDER / PEOPLE / folder_of(site.inst.store.hash_number(number(n)))
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "k.wav").write_bytes(b"Dear Person")
    person = rows(site, f"SELECT person_id FROM person WHERE e164 = '{number(n)}'")
    return Somebody(n, person, digest, folder)


def typed(n: int) -> Json:
    return {"reason": WHY, "number": number(n)}


def stopped(site: Site, n: int) -> bool:
    return site.run(lambda inst: stops.is_suppressed(inst.store, number(n)))


async def shown(http: aiohttp.ClientSession, site: Site, ask: int, **more: str) -> Json:
    async with http.get(f"{BASE}/people/asks/{ask}", headers=site.headers(Role.COMPLIANCE) | more) as found:
        assert found.status == 200
        told: Json = await found.json()
        return told


NOTHING, ROWS, ALL = (False, False, False), (True, False, False), (True, True, True)


async def test_somebody_is_stopped_at_once_then_erased_and_the_ask_says_what_stays(
    http: aiohttp.ClientSession, site: Site
) -> None:
    who = somebody(site, 101)
    status, made = await sent(http, site, typed(101), Role.COMPLIANCE, who.path, Idempotency_Key="e-1")
    assert (status, sorted(made)) == (202, ["ask", "entered_stop"])
    assert await sent(http, site, typed(101), Role.COMPLIANCE, who.path, Idempotency_Key="e-1") == (202, made)
    assert stopped(site, 101)
    assert who.gone(site) == NOTHING
    found = await shown(http, site, made["ask"])
    assert [found[name] for name in ("state", "erased", "finished", "stays")] == ["waiting", None, None, None]
    site.run(answer)
    assert who.gone(site) == ROWS
    found = await shown(http, site, made["ask"])
    assert (found["state"], found["finished"]) == ("done", False)
    site.run(finish)
    assert who.gone(site) == ALL
    found = await shown(http, site, made["ask"])
    assert (found["finished"], found["object"], found["account"]) == (True, str(who.person), "the-compliance")
    assert (found["erased"]["consent"], found["erased"]["evidence"], found["erased"]["person"]) == (1, 1, 1)
    assert {one["where"].split()[0] for one in found["stays"]} == {"evidence", "old", "the", "texts", "backups,"}
    chinese = await shown(http, site, made["ask"], **{"Accept-Language": "zh"})
    assert "数据库的预写日志" in [one["where"] for one in chinese["stays"]]
    signed = "SELECT count(*) FROM erasure WHERE kind = 'person' AND entered_by = 'the-compliance' AND person_id = {}"
    assert rows(site, signed.format(who.person)) == 1
    assert stopped(site, 101)


async def test_no_whole_number_is_kept_once_it_is_answered(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 102)
    _, made = await sent(http, site, typed(102), Role.COMPLIANCE, who.path, Idempotency_Key="e-2")
    assert rows(site, "SELECT count(*) FROM open_ask WHERE private::text LIKE '%99986138%'") == 1
    site.run(answer)
    for table in ("ask", "open_ask", "ask_answer", "entered_stop", "api_answer", "action", "erasure", "person"):
        hexed = number(102).encode().hex()
        query = f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{number(102)}%' OR t::text LIKE '%{hexed}%'"
        assert rows(site, query) == 0, table
    assert rows(site, "SELECT count(*) FROM open_ask WHERE private ? 'left' AND sealed IS NOT NULL") == 0
    assert number(102) not in str(made) + str(await shown(http, site, made["ask"]))
    site.run(finish)
    assert rows(site, f"SELECT count(*) FROM open_ask WHERE ask_id = {made['ask']}") == 0


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN])
async def test_who_may_erase_nobody_stops_the_calls_all_the_same(
    http: aiohttp.ClientSession, site: Site, role: Role
) -> None:
    n = {Role.OPERATOR: 103, Role.SUPERVISOR: 104, Role.ADMIN: 105}[role]
    who, before = somebody(site, n), rows(site, "SELECT count(*) FROM ask")
    given = {"reason": WHY, "external_id": f"row-{n}"} if role is Role.ADMIN else typed(n)
    for _ in range(2):  # the second time by its key
        status, problem = await sent(http, site, given, role, who.path, Idempotency_Key=f"e-{n}")
        assert (status, problem["type"]) == (403, "urn:agi-app:forbidden")
        assert "the stop was taken" in problem["detail"]
    assert stopped(site, n)
    assert rows(site, f"SELECT count(*) FROM entered_stop WHERE e164 = '{number(n)}'") == 1
    assert rows(site, "SELECT count(*) FROM ask") == before
    site.run(answer)
    assert who.gone(site) == NOTHING
    async with http.get(f"{BASE}/people/asks/1", headers=site.headers(role)) as found:
        assert found.status == 403


async def test_a_viewer_and_an_agent_stop_nobody_by_it(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 106)
    for role in (Role.VIEWER, Role.AGENT):
        status, problem = await sent(http, site, typed(106), role, who.path)
        assert (status, "the stop was taken" in problem["detail"]) == (403, False)
    assert not stopped(site, 106)


async def test_what_is_visibly_not_theirs_does_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    """Nor does a check that is missing, or both: nobody can know whom it is about."""
    who, before = somebody(site, 107), rows(site, "SELECT count(*) FROM ask")
    wrong = [{"number": number(108)}, {"external_id": "row-1"}, {"external_id": "nobody"}, {}]
    wrong.append({"number": number(107), "external_id": "row-107"})
    for role in (Role.COMPLIANCE, Role.OPERATOR):
        for more in wrong:
            status, problem = await sent(http, site, {"reason": WHY, **more}, role, who.path)
            assert (status, problem["type"]) == (422, "urn:agi-app:refused"), more
            assert number(107) not in str(problem)
    assert (await sent(http, site, {"number": number(107)}, Role.COMPLIANCE, who.path))[0] == 400  # no reason
    assert (await sent(http, site, typed(107), Role.COMPLIANCE, "/people/999999/erasure"))[0] == 404
    assert not stopped(site, 107)
    assert not stopped(site, 108)
    assert rows(site, "SELECT count(*) FROM ask") == before
    site.run(answer)
    assert who.gone(site) == NOTHING


async def test_a_number_that_only_looks_like_theirs_erases_nobody(http: aiohttp.ClientSession, site: Site) -> None:
    """The service sees the masked one alone; the worker compares the whole."""
    who, other = somebody(site, 109), number(109)[:8] + "9" + number(109)[9:]
    status, made = await sent(http, site, {"reason": WHY, "number": other}, Role.COMPLIANCE, who.path)
    assert status == 202
    site.run(answer)
    site.run(finish)
    found = await shown(http, site, made["ask"])
    assert (found["state"], found["erased"], found["finished"]) == ("refused", None, None)
    assert "nothing was erased; the stop was taken" in found["told"]
    assert who.gone(site) == NOTHING
    assert stopped(site, 109)
    assert rows(site, f"SELECT count(*) FROM open_ask WHERE ask_id = {made['ask']}") == 0


async def test_the_id_of_a_contact_is_a_check_too(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 110)
    given = {"reason": WHY, "external_id": "row-110"}
    _, made = await sent(http, site, given, Role.COMPLIANCE, who.path)
    assert stopped(site, 110)
    site.run(answer)
    site.run(finish)
    assert (await shown(http, site, made["ask"]))["state"] == "done"
    assert who.gone(site) == ALL


async def test_nobody_is_erased_during_a_call_but_the_stop_holds(http: aiohttp.ClientSession, site: Site) -> None:
    person = rows(site, f"SELECT person_id FROM person WHERE e164 = '{number(4)}'")
    mark = "UPDATE attempt SET state = 'dialling', dialled = true, marked_at = now()"
    where = f" WHERE state = 'claimed' AND person_id = {person}"
    assert site.run(lambda inst: inst.store.execute(mark + where)) == 1
    _, made = await sent(http, site, typed(4), Role.COMPLIANCE, f"/people/{person}/erasure")
    site.run(answer)
    found = await shown(http, site, made["ask"])
    assert (found["state"], found["erased"]) == ("refused", None)
    assert "a call to this person is going on" in found["told"]
    assert stopped(site, 4)
    assert rows(site, f"SELECT count(*) FROM revocation WHERE person_id = {person}") == 1  # not undone with the rest
    assert rows(site, f"SELECT count(*) FROM erasure WHERE person_id = {person}") == 0


async def test_a_token_that_ended_before_the_worker_came_erases_nobody(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 111)
    token = site.run(lambda inst: token_of(inst, Role.COMPLIANCE, Scope.STOPS_ENTER, Scope.PEOPLE_ERASE))
    headers = {"Authorization": f"Bearer {token}"}
    async with http.post(BASE + who.path, json=typed(111), headers=headers) as given:
        made = await given.json()
        assert given.status == 202
    end = f"UPDATE api_token SET ended_at = now() WHERE token_id = '{token.split('_')[1]}'"
    site.run(lambda inst: inst.store.execute(end))
    site.run(answer)
    site.run(finish)
    assert (await shown(http, site, made["ask"]))["state"] == "refused"
    assert who.gone(site) == NOTHING
    assert stopped(site, 111)


@pytest.mark.attack("an erasure that a service which was taken over asks for, in the name of somebody who is away")
async def test_without_the_token_nobody_is_erased(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 112)

    async def forge(inst: Installation) -> tuple[int, int]:
        actor = dataclasses.replace(inst.actor, account="the-compliance", via="api", shown=None)
        new = NewAsk(erasure_asks.KIND, erasure_asks.ERASE, str(who.person), WHY, private={"number": number(112)})
        left = {"left": {"evidence": [who.digest.hex()], "recordings": [], "spoken": who.spoken.name}}
        return await asks.add(inst.store, new, actor), await asks.add(
            inst.store, dataclasses.replace(new, private=left), actor
        )

    erasing, finishing = site.run(forge)
    site.run(answer)
    site.run(finish)
    assert who.gone(site) == NOTHING
    assert (await shown(http, site, erasing))["state"] == "refused"
    assert (await shown(http, site, finishing))["state"] == "waiting"  # no worker takes what pretends to be left


async def test_what_a_killed_worker_left_is_done_by_the_next_one(http: aiohttp.ClientSession, site: Site) -> None:
    """It died after the commit: first before the files, then between the files and the answer's end."""
    who = somebody(site, 113)
    _, made = await sent(http, site, typed(113), Role.COMPLIANCE, who.path)

    async def die(_: LeftAsk) -> None:
        raise Killed

    async def die_late(left: LeftAsk) -> None:
        await asked.finish(site.inst, left)
        raise Killed

    site.run(answer)
    for end, left in ((die, ROWS), (die_late, ALL)):
        with pytest.raises(Killed):
            site.run(partial(_dying, end))
        assert who.gone(site) == left
        assert (await shown(http, site, made["ask"]))["finished"] is False
    site.run(answer)  # what is answered is not done again
    assert rows(site, f"SELECT count(*) FROM erasure WHERE person_id = {who.person}") == 1
    site.run(finish)
    assert (await shown(http, site, made["ask"]))["finished"] is True


async def _dying(end: Finish, inst: Installation) -> None:
    await worker(inst, end).finish_all()


async def test_a_file_that_cannot_be_deleted_is_tried_again(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = somebody(site, 114)
    _, made = await sent(http, site, typed(114), Role.COMPLIANCE, who.path)
    site.run(answer)

    def refuse(*_: object) -> bool:
        raise ConfigError("a read-only disk")

    with monkeypatch.context() as broken:
        broken.setattr(EvidenceFiles, "remove", refuse)
        site.run(finish)
    assert (who.gone(site), (await shown(http, site, made["ask"]))["finished"]) == (ROWS, False)
    site.run(finish)
    assert (who.gone(site), (await shown(http, site, made["ask"]))["finished"]) == (ALL, True)


async def test_evidence_that_was_handed_in_again_meanwhile_stays(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 115)
    _, made = await sent(http, site, typed(115), Role.COMPLIANCE, who.path)
    site.run(answer)

    async def again(inst: Installation) -> None:
        proof = dataclasses.replace(consent(116), evidence_sha256=who.digest, evidence_file="sheet.pdf")
        await consents.import_consents(inst.store, [proof], "admin", inst.clock.now())

    site.run(again)
    site.run(finish)
    assert who.gone(site) == (True, False, True)
    assert (await shown(http, site, made["ask"]))["finished"] is True


async def test_who_is_asked_for_twice_is_erased_once(http: aiohttp.ClientSession, site: Site) -> None:
    who = somebody(site, 117)
    first = (await sent(http, site, typed(117), Role.COMPLIANCE, who.path))[1]["ask"]
    second = (await sent(http, site, typed(117), Role.COMPLIANCE, who.path))[1]["ask"]
    site.run(answer)
    site.run(finish)
    states = [(await shown(http, site, ask))["state"] for ask in (first, second)]
    assert states == ["done", "refused"]
    assert "was erased" in (await shown(http, site, second))["told"]
    assert rows(site, f"SELECT count(*) FROM erasure WHERE person_id = {who.person}") == 1
    assert rows(site, f"SELECT count(*) FROM person WHERE e164 = '{number(117)}'") == 0  # no stop brings it back
    status, problem = await sent(http, site, typed(117), Role.COMPLIANCE, who.path)
    assert (status, problem["type"]) == (422, "urn:agi-app:refused")
    assert stopped(site, 117)
    assert (await shown(http, site, first))["finished"] is True


async def test_an_ask_about_something_else_is_not_shown(http: aiohttp.ClientSession, site: Site) -> None:
    for ask in (1, 2, 999999):
        async with http.get(f"{BASE}/people/asks/{ask}", headers=site.headers(Role.COMPLIANCE)) as found:
            assert found.status == 404
