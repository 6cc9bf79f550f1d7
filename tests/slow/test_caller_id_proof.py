"""A carrier's letter proves the one number that stands in it, for at most a year, and is kept as it was."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import cast

import pytest

from agi_app.consent import caller_id_proof
from agi_app.consent.caller_id_proof import LARGEST_LETTER, prove_by_letter, standing, warning
from agi_app.errors import ConfigError, InputError
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import CallerIdProof
from tests.unit.gate_cases import DAY, NOW, SECOND, YEAR

pytestmark = pytest.mark.slow  # writes real files: not part of the fast unit tests

NUMBER = "+999862155500001"
LETTER = "Sunshine Dental may show +999 862 1555 00001.\n"


class Desk:
    """Enters a letter; ``stored`` is what reached the store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stored: list[CallerIdProof] = []

    async def enter(
        self,
        text: str | bytes = LETTER,
        *,
        name: str = "letter.txt",
        number: str = NUMBER,
        entered_by: str = "Ann",
        expires_at: dt.datetime | None = None,
    ) -> CallerIdProof:
        """Put a letter into the folder and enter it."""
        letter = self.folder / name
        letter.write_bytes(text.encode() if isinstance(text, str) else text)
        return await prove_by_letter(
            cast(Store, None),
            self.folder / "evidence",
            number,
            letter,
            entered_by=entered_by,
            expires_at=expires_at,
            now=NOW,
        )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)

    async def add(_: Store, proof: CallerIdProof, now: dt.datetime) -> None:
        made.stored.append(proof)

    monkeypatch.setattr(caller_id_proof, "add_proof", add)
    return made


async def test_a_letter_is_kept_byte_for_byte_with_its_hash(desk: Desk) -> None:
    proof = await desk.enter()
    digest = hashlib.sha256(LETTER.encode()).hexdigest()
    assert desk.stored == [proof]
    assert (proof.e164, proof.kind, proof.sha256, proof.entered_by) == (NUMBER, "letter", digest, "Ann")
    assert proof.expires_at == NOW + YEAR
    (kept,) = (desk.folder / "evidence").iterdir()
    assert (kept.name, kept.read_text()) == (proof.evidence_file, LETTER)


async def test_the_kept_copy_may_be_entered_again(desk: Desk) -> None:
    first = await desk.enter()
    assert first.evidence_file is not None
    again = await prove_by_letter(
        cast(Store, None),
        desk.folder / "evidence",
        NUMBER,
        desk.folder / "evidence" / first.evidence_file,
        entered_by="Ann",
        expires_at=None,
        now=NOW + DAY,
    )
    assert (desk.folder / "evidence" / first.evidence_file).read_text() == LETTER
    assert again.expires_at == NOW + DAY + YEAR


@pytest.mark.parametrize(
    "text",
    [
        "your numbers: +999862155500001",
        "00999862155500001 is yours",
        "+999-86-2155-500-001, contract 2026/17",
        "1. 999 86\n21 5550 0001",
    ],
)
async def test_ways_to_write_the_number(desk: Desk, text: str) -> None:
    assert (await desk.enter(text)).e164 == NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "no number at all",
        "+999862155500002",
        "+9998621555000012",  # a longer number
        "17999862155500001",
        "99986215 and 5500002 and 5500001",
        "99986215 and 5500001",  # digits of two things
        "+99986 CLINIC 2155500001",
        "+99986215550000I",
    ],
)
async def test_a_letter_about_another_number_proves_nothing(desk: Desk, text: str) -> None:
    with pytest.raises(InputError, match="does not name"):
        await desk.enter(text)
    assert desk.stored == []
    assert not (desk.folder / "evidence").exists()


@pytest.mark.attack("row 22: a caller ID of letters")
@pytest.mark.parametrize("number", ["1-800-FLOWERS", "+1-800-FLOWERS", "Clinic"])
async def test_letters_are_proved_by_nothing(desk: Desk, number: str) -> None:
    with pytest.raises(InputError, match="letters in it: they are never taken for digits"):
        await desk.enter(f"{number} is yours", number=number)
    assert desk.stored == []


async def test_a_scan_is_kept_though_we_cannot_read_it(desk: Desk) -> None:
    assert (await desk.enter(b"%PDF-1.7 \x00", name="Letter.PDF")).evidence_file == (
        hashlib.sha256(b"%PDF-1.7 \x00").hexdigest()[:16] + ".pdf"
    )


async def test_the_last_day_counts_whole_but_never_longer_than_a_year(desk: Desk) -> None:
    last = dt.datetime.combine((NOW + YEAR).date(), dt.time.max, dt.UTC)
    assert (await desk.enter(expires_at=last)).expires_at == NOW + YEAR
    with pytest.raises(InputError, match="at most a year"):
        await desk.enter(expires_at=last + DAY)
    today = dt.datetime.combine(NOW.date(), dt.time.max, dt.UTC)
    assert (await desk.enter(expires_at=today)).expires_at == today
    with pytest.raises(InputError, match="has passed already"):
        await desk.enter(expires_at=today - DAY)


@pytest.mark.parametrize("size", [0, LARGEST_LETTER + 1])
async def test_a_letter_has_a_size(desk: Desk, size: int) -> None:
    with pytest.raises(InputError, match=f"has {size} bytes"):
        await desk.enter(b"x" * size, name="letter.pdf")


async def test_what_cannot_be_used_is_said(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="country code"):
        await desk.enter(number="555 0001")
    with pytest.raises(InputError, match="--entered-by"):
        await desk.enter(entered_by="  ")
    with pytest.raises(InputError, match=r"absent\.pdf: there is no such file"):
        await prove_by_letter(
            cast(Store, None), tmp_path, NUMBER, tmp_path / "absent.pdf", entered_by="A", expires_at=None, now=NOW
        )


@pytest.mark.parametrize(
    ("held", "words", "valid", "soon"),
    [
        ([], "no ownership proof", False, False),
        ([("rehearsal", YEAR)], "no ownership proof", False, False),
        ([("letter", YEAR)], "unverified letter until 2027-03-04", True, False),
        ([("letter", YEAR), ("call", 60 * DAY)], "verification call until 2026-05-03", True, False),
        ([("letter", YEAR), ("call", -DAY)], "unverified letter until 2027-03-04", True, False),
        ([("call", 30 * DAY)], "verification call until 2026-04-03", True, False),
        ([("call", 30 * DAY - SECOND)], "verification call until 2026-04-03", True, True),
        ([("letter", SECOND)], "unverified letter until 2026-03-04", True, True),
        ([("letter", 0 * DAY)], "unverified letter until 2026-03-04, expired", False, False),
        ([("letter", -YEAR)], "unverified letter until 2025-03-04, expired", False, False),
    ],
)
def test_how_well_a_number_is_proved(held: list[tuple[str, dt.timedelta]], words: str, valid: bool, soon: bool) -> None:
    """A call counts before a letter while it lasts; the warning begins 30 days before the end."""
    found = [CallerIdProof(NUMBER, kind, None, None, "Ann", NOW - 2 * YEAR, NOW + left) for kind, left in held]
    now = standing([*found, CallerIdProof("+999862155500009", "call", None, None, "Ann", NOW, NOW + YEAR)], NUMBER, NOW)
    assert (now.words, now.valid, now.ends_soon) == (words, valid, soon)


def test_the_list_warns_30_days_before_the_end() -> None:
    """Not a second sooner, and says when it is over."""
    proof = CallerIdProof(NUMBER, "letter", None, None, "Ann", NOW - YEAR, NOW)
    assert warning(proof, NOW - 30 * DAY) == ""
    assert warning(proof, NOW - 30 * DAY + SECOND) == "ends in 29 days: prove it again"
    assert warning(proof, NOW - SECOND) == "ends in 0 days: prove it again"
    assert warning(proof, NOW) == "expired"


async def test_a_full_disk_records_no_proof_and_leaves_no_half_letter(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        await desk.enter()
    assert desk.stored == []
    assert list((desk.folder / "evidence").iterdir()) == []
