"""`audit verify --dump`: the rows of a dump, in a server of our own; nothing else of the dump is believed or run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agi_app.config.settings import Settings
from agi_app.errors import InputError
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.proof.verify import verify_dump
from agi_app.store.database.pool import Store
from agi_app.store.database.postgres_programs import binaries
from agi_app.store.database.progress import progress
from tests.store.audit_site import Site
from tests.store.world import hash_number

pytestmark = pytest.mark.postgres


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project=tmp_path)


@pytest.fixture
async def site(store: Store, database_url: str, settings: Settings) -> Site:
    """Two persons, sealed and signed by the project's key."""
    origin = f"agi-app/{(await progress(store)).database_id}"
    made = Site(store, database_url, settings.data, origin)
    await made.people(1, 2)
    assert await Sequencer(store, await Notary.open(settings, store)).once() is not None
    return made


def dumped(site: Site, file: Path, *options: str) -> Path:
    """What `pg_dump` says of the database."""
    command: list[str | Path] = [binaries() / "pg_dump", *options, f"--file={file}", site.url]
    subprocess.run(command, check=True)
    return file


@pytest.mark.parametrize("options", [(), ("-Fc",), ("--data-only",)])
async def test_an_honest_dump_is_well(site: Site, settings: Settings, tmp_path: Path, options: tuple[str, ...]) -> None:
    file = dumped(site, tmp_path / "rows", *options)
    live = await site.verify()
    report = await verify_dump(settings, hash_number, file)
    assert report.faults == []
    assert (report.entries, report.checkpoints) == (live.entries, 1)
    assert report.notes[-1].startswith("the rows of ")


@pytest.mark.attack("row 3: a dump of views and false rows")
async def test_what_the_database_hides_behind_objects_is_found_in_its_dump(
    site: Site, settings: Settings, tmp_path: Path
) -> None:
    site.attack(
        "CREATE TABLE kept AS SELECT * FROM suppression WHERE suppression_id > 1",
        "DROP TABLE suppression CASCADE",
        "CREATE VIEW suppression AS SELECT * FROM kept",
        "UPDATE consent SET expires_at = '2030-01-01' WHERE consent_id = 2",
    )
    report = await verify_dump(settings, hash_number, dumped(site, tmp_path / "rows"))
    found = {(fault.kind, fault.table, fault.row) for fault in report.faults}
    assert {("removed", "suppression", 1), ("removed", "suppression", 2), ("changed", "consent", 2)} <= found


@pytest.mark.attack("row 3: a dump that would run something")
async def test_nothing_in_a_dump_is_run(site: Site, settings: Settings, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    orders = f"""
\\! touch {mark}
COPY suppression FROM PROGRAM 'touch {mark}';
COPY public.audit_beat (only_row) FROM PROGRAM 'touch {mark}';
CREATE FUNCTION public.evil() RETURNS int LANGUAGE sql AS 'SELECT 1';
TRUNCATE public.suppression;
DELETE FROM public.revocation;
"""
    file = dumped(site, tmp_path / "rows")
    file.write_text(f"{orders}{file.read_text('utf-8')}{orders}", encoding="utf-8")
    assert (await verify_dump(settings, hash_number, file)).faults == []
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a dump of agi-app's database"),
        ("COPY public.schema_version (number, name, sha256, applied_at) FROM stdin;\n\\.\n", "another version"),
    ],
)
async def test_what_is_no_dump_of_this_version(settings: Settings, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rows"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        await verify_dump(settings, hash_number, file)
    with pytest.raises(InputError, match="cannot be read"):
        await verify_dump(settings, hash_number, tmp_path / "nothing")
