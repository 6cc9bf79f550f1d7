"""What a consent row points to: a registered wording, a file that proves it, an id of the person."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from pathlib import Path

import pytest

from agi_app.atomic_files import LONGEST_NAME, kept_name, name_fault, write_whole
from agi_app.consent.evidence import read_evidence
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.consent_file import NO_PROOFS, one_consent, parse_consents
from agi_app.contacts.consent_proof import Proofs
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import AuthorError, InputError
from agi_app.model.person import Consent

NOW = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
BASE = {
    "number": "+999861380000001",
    "purpose": "survey",
    "method": "web form",
    "time": "2026-01-05T12:00:00+08:00",
    "source": "website",
}
EN, ZH = "I agree to be asked.", "我同意接受调查。"
WORDINGS: dict[str, dict[str | None, str]] = {"form/1": {"en": EN, "zh-CN": ZH}, "call/2": {None: EN}}


@pytest.fixture
def proofs(tmp_path: Path) -> Proofs:
    """Two registered wordings, and a folder with one scan; whatever is kept is read."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.pdf").write_bytes(b"scan")
    (tmp_path / "secret").write_bytes(b"not evidence")

    def keep(file: Path) -> bytes:
        try:
            return hashlib.sha256(file.read_bytes()).digest()
        except OSError:
            raise InputError(f"{file}: there is no such file") from None

    return Proofs(WORDINGS, tmp_path / "scans", keep)


def one(cells: dict[str, str], proofs: Proofs = NO_PROOFS) -> Consent:
    """The consent of one row."""
    return one_consent(BASE | cells, None, "wang", NOW, proofs)


@pytest.mark.parametrize(
    ("cells", "text", "language"),
    [
        ({"wording_id": "form/1", "language": "en"}, EN, "en"),
        ({"wording_id": "form/1", "language": "zh_CN"}, ZH, "zh-CN"),
        ({"wording_id": "call/2"}, EN, None),
        ({"wording_id": "form/1", "language": "en", "wording": EN}, EN, "en"),
        ({"wording_id": "", "wording": "Other words."}, "Other words.", None),
    ],
)
def test_a_name_stands_for_the_registered_text(
    cells: dict[str, str], text: str, language: str | None, proofs: Proofs
) -> None:
    found = one(cells, proofs)
    assert (found.wording, found.language) == (text, language)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"wording_id": "form/2", "language": "en"}, 'did you mean "form/1"'),
        ({"wording_id": "nothing/9"}, "is not a registered wording"),
        ({"wording_id": "form/1", "language": "fr"}, "has no text in fr; it is registered in: en, zh-CN"),
        ({"wording_id": "form/1"}, "needs the row's language"),
        ({"wording_id": "form/1", "language": "en", "wording": "Other words."}, "is registered with another text"),
        ({"wording_id": "", "wording": " "}, "without it this is no proof of consent"),
        ({"wording": ""}, "without it this is no proof of consent"),
    ],
)
def test_a_consent_without_its_exact_words_is_none(cells: dict[str, str], reason: str, proofs: Proofs) -> None:
    with pytest.raises(InputError, match=reason):
        one(cells, proofs)


def test_an_evidence_file_is_kept_by_its_hash(proofs: Proofs) -> None:
    found = one({"wording": EN, "evidence_file": "a.pdf"}, proofs)
    assert (found.evidence_file, found.evidence_sha256) == ("a.pdf", hashlib.sha256(b"scan").digest())


@pytest.mark.parametrize("name", ["b.pdf", "../secret", "/etc/hostname", "link.pdf"])
def test_a_row_whose_file_is_missing_or_elsewhere_is_rejected(name: str, proofs: Proofs, tmp_path: Path) -> None:
    """A consent never gets into the ledger without the proof that it names."""
    (tmp_path / "scans" / "link.pdf").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match=r"no such file|is not a file name|leads out of the evidence folder"):
        one({"wording": EN, "evidence_file": name}, proofs)
    with pytest.raises(InputError, match="--evidence-folder"):
        one({"wording": EN, "evidence_file": "a.pdf"})


BAD_NAMES = [
    ("x" * 197 + ".pdf", "name of 201 bytes; at most 200"),
    ("凭" * 90 + ".pdf", "name of 274 bytes"),
    ("x" * 5000, "name of 5000 bytes"),
    ("sub/a.pdf", "write a.pdf alone"),
    ("sub\\a.pdf", "write a.pdf alone"),
    ("..", "without folders"),
    ("a\nb.pdf", r"U\+000A"),
    ("a\u200b.pdf", "ZERO WIDTH SPACE"),
]


@pytest.mark.attack("row 25: names of evidence files that no disk takes, or that are another file's")
@pytest.mark.parametrize(("name", "why"), BAD_NAMES)
def test_a_name_that_no_disk_takes_is_refused_before_anything_is_kept(name: str, why: str, tmp_path: Path) -> None:
    def keep(_file: Path) -> bytes:
        raise AssertionError("nothing may be kept")

    with pytest.raises(InputError, match=why) as refused:
        one({"wording": EN, "evidence_file": name}, Proofs(WORDINGS, tmp_path, keep))
    assert len(str(refused.value)) < 600


@pytest.mark.attack("row 25: names of evidence files that no disk takes, or that are another file's")
@pytest.mark.parametrize("name", ["x" * 197 + ".pdf", "a\nb.pdf", "a\u202egpj.exe", "a\\b.pdf", b"\xff.pdf"])
def test_evidence_with_such_a_name_is_not_read(name: str | bytes, tmp_path: Path) -> None:
    """Of `consent add`, `stop`, complaints and letters, too."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + os.fsencode(name)))
    file.write_bytes(b"scan")
    with pytest.raises(InputError, match=r"rename the file|is not a file name"):
        read_evidence(file)


def test_what_older_records_name_can_be_written_out() -> None:
    """A name of the records never leads elsewhere, and fits behind what is put in front of it."""
    for name in [
        "x" * 255,
        "凭" * 85 + ".pdf",
        "../../etc/passwd",
        "a\nb\u202e.pdf",
        "..",
        "",
        "a\x00b",
        "x." + "y" * 250,
    ]:
        kept = kept_name(name)
        assert len(kept.encode()) <= LONGEST_NAME
        assert name_fault(kept) is None
    assert kept_name("凭" * 85 + ".pdf").endswith("凭.pdf")
    assert kept_name("scan 1.pdf") == "scan 1.pdf"


def test_the_longest_name_of_a_disk_is_written_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), b"all")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"all"]


def test_nothing_is_kept_for_a_row_with_another_fault(tmp_path: Path) -> None:
    kept: list[Path] = []

    def keep(file: Path) -> bytes:
        kept.append(file)
        return bytes(32)

    with pytest.raises(InputError, match="purpose"):
        one({"wording": EN, "evidence_file": "a.pdf", "purpose": "fun"}, Proofs({}, tmp_path, keep))
    assert kept == []


def test_seller_and_person_id_are_kept() -> None:
    found = one({"wording": EN, "seller": "Sunshine Dental", "person_id": " P7 ", "expires": ""})
    assert (found.seller, found.person_key, found.expires_at, found.entered_by) == (
        "Sunshine Dental",
        "P7",
        None,
        "wang",
    )


def test_chinese_titles_and_mixed_rows(proofs: Proofs) -> None:
    """A file with either column has rows of both kinds; one fault does not hurt the others."""
    text = (
        "号码,用途,方式,时间,来源,原文,话术编号,语言,证据文件,客户编号\n"
        f"+999861380000001,survey,表单,2026-01-05,网站,{ZH},,zh-CN,a.pdf,P1\n"
        "+999861380000002,survey,表单,2026-01-05,网站,,form/1,zh-CN,,P1\n"
        "+999861380000003,survey,表单,2026-01-05,网站,,form/1,zh-CN,none.pdf,\n"
    )
    rows = list(parse_consents(Table(io.BytesIO(text.encode()), "c.csv"), None, "wang", NOW, proofs))
    assert [r.wording for r in rows if isinstance(r, Consent)] == [ZH, ZH]
    (bad,) = [r for r in rows if isinstance(r, RejectedRow)]
    assert (bad.rule, bad.field, bad.value) == ("consent/evidence-file", "证据文件", "none.pdf")


def test_a_file_with_neither_words_nor_their_name_is_refused() -> None:
    text = "number,purpose,method,time,source\n+999861380000001,survey,a,2026-01-05,b\n"
    with pytest.raises(AuthorError, match="column wording"):
        list(parse_consents(Table(io.BytesIO(text.encode()), "c.csv"), None, "wang", NOW))
