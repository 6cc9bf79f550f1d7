"""Files with people: consents that say less than they seem to, refusals in odd spellings, lists that were counted
out."""

from __future__ import annotations

import os

import pytest

from tests.strangers.shop import AGREED, ANN, BEN, CONSENT_TITLES, LI, WANG, Shop

pytestmark = pytest.mark.postgres

PERSONS = "external_id,number,person_id"
ODD = {
    "full width": "＋９９９８６１３８００００１２０２",
    "international prefix": "00999861380001202",
    "brackets and hyphens": "+999 86 (138) 0000-1202",
    "no-break spaces": "+999\u00a086\u00a0138\u00a00000\u00a01202",
    "marks of a copied number": "\u202a+999861380001202\u202c",
    "zero width inside": "+99986138\u200b0000\u200b1202",
    "byte order mark": "\ufeff+999861380001202",
    "Arabic digits": "+٩٩٩٨٦١٣٨٠٠٠٠١٢٠٢",
    "hyphens of typographers": "+999\u2011861\u201138\u2013000\u20141202",
    "a link": "tel:+999861380001202",
    "no plus": "999861380001202",
    "quotes": '"+999861380001202"',
    "a formula": "=+999861380001202",
    "an apostrophe": "'+999861380001202",
}


def _for(how: str, place: int) -> str:
    """The spelling, with a number of its own."""
    wanted = f"{place:02d}"
    for zero in "0０٠":
        digits = "".join(chr(ord(zero) + int(d)) for d in wanted)
        two = "".join(chr(ord(zero) + int(d)) for d in "02")
        if zero in ODD[how]:
            before, _, after = ODD[how].rpartition(two)
            return before + digits + after
    raise AssertionError(how)


@pytest.mark.attack("a refusal in a spelling that is read as nobody's number")
def test_refusal_in_odd_spelling(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "Lines that cannot be read are reported; all others count"."""
    broken = []
    for place, how in enumerate(ODD):
        done = shop.cli("stop", "--file", str(shop.write("stops.txt", f"{_for(how, place)}\n")))
        if done.code == 0 and not shop.suppressed(f"+9998613800012{place:02d}"):
            broken.append(how)
        if done.code != 0 and ":1:" not in done.said:
            broken.append(how)
    assert broken == []


@pytest.mark.attack("a contact in a spelling that the stop list does not know")
def test_contact_in_odd_spelling_after_a_stop(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "A stop is final. It applies to every campaign … even if the number is
    imported again"."""
    shop.ok("stop", WANG)
    shop.consent(WANG)
    assert shop.called("odd", *(f"N{place},{ODD[how]}" for place, how in enumerate(ODD))) == 0
    assert len(shop.sql("SELECT 1 FROM contact WHERE campaign = 'odd'")) >= 5  # some spellings are read


@pytest.mark.parametrize("between", ["/", "|", " and ", "", "\u3000", "\x0b", "\x85", "\u2028"])
@pytest.mark.attack("two refusals in one line of a stop list, of which one is lost")
def test_two_numbers_in_a_line(shop: Shop, between: str) -> None:
    """docs/how-to/stop-and-suppression.md: "You can give a list, with one number a line … Lines that cannot be read are
    reported; all others count"."""
    done = shop.cli("stop", "--file", str(shop.write("stops.txt", f"{BEN}\n{ANN}{between}{WANG}\n")))
    assert shop.suppressed(BEN)
    if done.code == 0:
        assert shop.suppressed(ANN)
        assert shop.suppressed(WANG)


def test_a_stop_list_with_options_of_a_single_number_is_taken(shop: Shop) -> None:
    """No stop waits for an option: the list is taken, and what is not kept of it is said."""
    options = ("--reason", "letter", "--at", "not a time")
    done = shop.cli("stop", "--file", str(shop.write("stops.txt", f"{WANG}\n")), *options)
    assert (done.code, shop.suppressed(WANG)) == (0, True)
    assert "--reason and --at are for a single number" in done.said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.attack("a stop list in another encoding or with other line ends, of which part is lost")
def test_stop_list_of_another_system(shop: Shop, encoding: str) -> None:
    """docs/how-to/stop-and-suppression.md: "Lines that cannot be read are reported; all others count"."""
    end = {"utf-8-sig": "\r", "utf-16": "\r\n", "gb18030": "\n"}[encoding]
    text = end.join([ANN, f"{WANG} # 不要再打了" if encoding != "utf-8-sig" else WANG, BEN, ""])
    done = shop.cli("stop", "--file", str(shop.write("stops.txt", text.encode(encoding))))
    lost = [number for number in (ANN, WANG, BEN) if not shop.suppressed(number)]
    assert lost == [] or done.code != 0
    assert done.code is not None
    assert "Traceback" not in done.said


@pytest.mark.attack("an extension behind the number of a refusal")
def test_refusal_with_an_extension(shop: Shop) -> None:
    """docs/how-to/import-contacts-and-consent.md: "letters and extensions refused"; stop-and-suppression.md: "Lines
    that cannot be read are reported"."""
    for number in (f"{WANG} ext. 5", f"{WANG};ext=5", f"{WANG}x5", f"{WANG}#5", f"{WANG},5"):
        file = shop.write("stops.txt", f"{number}\n")
        done = shop.cli("stop", "--file", str(file))
        assert done.code != 0 or shop.suppressed(WANG), number


@pytest.mark.attack("refusing twice, and once for one purpose between, with a consent after each")
def test_refused_twice(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "A stop is final. It applies to every campaign and every node, permanently,
    even if the number is imported again or there is a new consent"."""
    shop.ok("stop", ANN)
    shop.consent(ANN, agreed=AGREED.replace("2026-02-01", "2026-03-01"))
    shop.ok("consent", "withdraw", ANN, "--purpose", "transactional")
    shop.ok("stop", ANN, "--at", "2001-01-01T00:00:00+00:00")
    shop.consent(ANN, agreed=AGREED.replace("2026-02-01", "2026-03-02"))
    shop.contacts("reminder", ANN)
    assert "suppressed" in shop.refusals("reminder")["C1"]


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00+00:00", "2026-03-04T00:00:00+08:00", "1970-01-01T00:00:00+00:00"])
@pytest.mark.attack("a stop that is said to have been, or to be, at another time")
def test_stop_at_another_time(shop: Shop, at: str) -> None:
    """docs/explanation/safety.md: "A stop is final and immediate"."""
    done = shop.cli("stop", ANN, "--at", at)
    assert done.code != 0 or "suppressed" in shop.refusals("reminder")["C1"]


@pytest.mark.attack("a stop before two numbers were said to be one person's")
def test_stop_before_the_link(shop: Shop) -> None:
    """docs/explanation/safety.md: "When the operator says which numbers belong to one person (`person_id`), a stop at
    one stops all"."""
    shop.ok("stop", ANN)
    rows = (f"A,{ANN},7", f"B,{WANG},7", f"C,{WANG},8", f"D,{BEN},8")
    assert shop.called("linked", *rows[:2], titles=PERSONS) == 0
    assert shop.called("linked", *rows[2:], titles=PERSONS) == 0


@pytest.mark.attack("parting the numbers of a person who said stop by other ids")
def test_parting_after_a_stop(shop: Shop) -> None:
    """docs/explanation/calling-rules.md: "Persons are joined, never separated, because joining can only make things
    stricter"."""
    shop.called("parted", f"A,{ANN},7", f"B,{WANG},7", titles=PERSONS)
    shop.ok("stop", ANN)
    assert shop.called("parted", f"A,{ANN},70", f"B,{WANG},71", titles=PERSONS) == 0
    assert shop.called("parted", f"B,{WANG}") == 0


@pytest.mark.attack("erasing the number that said stop, to free the person's other number")
def test_erasing_frees_nobody(shop: Shop) -> None:
    """docs/how-to/erase-a-person.md: "If the person has other numbers (`person_id`), their records stay until you erase
    these too, but no number of theirs is called any more"."""
    shop.called("erased", f"A,{ANN},7", f"B,{WANG},7", titles=PERSONS)
    shop.ok("erase", ANN, "--reason", "asked")
    assert shop.called("erased", f"B,{WANG},71", titles=PERSONS) == 0
    shop.consent(ANN)
    assert shop.called("erased", f"N,{ANN},72", titles=PERSONS) == 0


@pytest.mark.attack("a consent stretched to the person's other number")
def test_consent_of_another_number(shop: Shop) -> None:
    """docs/explanation/calling-rules.md: "Consent stays with the number it was given for"."""
    assert shop.called("linked", f"A,{ANN},7", f"L,{LI},7", titles=PERSONS) == 1


@pytest.mark.attack("a consent whose purpose only looks like the campaign's")
def test_purpose_that_looks_alike(shop: Shop) -> None:
    """docs/how-to/import-contacts-and-consent.md: "Must be there: `transactional`, `survey` or `marketing`. It counts
    for this purpose only"."""
    shop.campaign("offer", purpose="marketing")
    for purpose in (
        "mаrketing",
        "marketing\u200b",
        "\u2066marketing\u2069",
        "all",
        "*",
        "any",
        "transactional;marketing",
        "transactional marketing",
        "survey",
        "rehearsal",
        "verification",
        "marketing\u0301",
    ):
        shop.consent(LI, agreed=AGREED.replace("transactional", purpose, 1), check=False)
    assert shop.called("offer", f"L,{LI}") == 0


@pytest.mark.attack("a consent stretched over time: not begun, over, or of no day at all")
def test_consent_outside_its_time(shop: Shop) -> None:
    """docs/reference/gate-rules.md: "A consent for exactly this purpose exists, has begun, is not expired and not
    withdrawn"."""
    rows = [f"{LI},transactional,I agree {place}.,form,{time},site,{ends}" for place, (time, ends) in enumerate(TIMES)]
    shop.cli("consent", "import", str(shop.write("odd.csv", f"{CONSENT_TITLES},expires\n" + "\n".join(rows) + "\n")))
    assert len(shop.sql("SELECT 1 FROM consent")) > 3  # some are honest rows, which do not hold now
    assert "C4" in shop.refusals("reminder")


TIMES = [
    ("2026-03-03T18:30:00+08:00", ""),  # the clock goes on while other tests run
    ("2027-02-01T10:00:00+08:00", ""),
    ("2026-02-01T10:00:00+08:00", "2026-02-02"),
    ("2026-02-01T10:00:00+08:00", "2026-03-03T10:00:00+08:00"),
    ("2026-02-01T10:00:00+08:00", "2026-01-01"),
    ("2026-03-03T23:59:59+14:00", "2026-03-03T12:00:00+14:00"),
    ("0000-00-00", ""),
    ("2026-02-30", ""),
    ("2026-02-01T10:00:00+99:00", ""),
    ("02/03/2026", ""),
    ("46000", ""),
    ("1769911200", ""),
    ("now", ""),
    ("-infinity", "infinity"),
    ("2026-02-01T10:00:00+08:00", "31.12.2099"),
    ("2026-02-01T10:00:00+08:00", "9999-99-99"),
    ("2026-02-01T10:00:00+08:00", "never"),
]


@pytest.mark.attack("a consent that is withdrawn, then brought again from the old file in other clothes")
def test_old_consent_again_after_withdrawal(shop: Shop) -> None:
    """docs/how-to/stop-and-suppression.md: "A later consent for that purpose counts again" (an older one does not)."""
    shop.ok("consent", "withdraw", ANN, "--purpose", "transactional", "--at", "2026-02-20T10:00:00+08:00")
    for time in ("2026-02-01T02:00:00+00:00", "2026-02-01", "2026-02-20T01:59:59+00:00", "2026-02-19T23:00:00-02:59"):
        shop.consent(ANN, agreed=f"transactional,I agree again {time}.,web form,{time},website", check=False)
    assert "consent_revoked" in shop.refusals("reminder")["C1"]


COUNTED = [f"+9998613800{n:05d}" for n in range(77000, 77026)]


@pytest.mark.attack("a counted list in disorder, in other spellings, between people who are real")
def test_counted_in_disorder(shop: Shop) -> None:
    """docs/how-to/import-contacts-and-consent.md: "A list that looks generated is refused as a whole. This is so if it
    has more than 20 consecutive numbers"."""
    spelled = [n if i % 2 else n.replace("+999", "00999 ") for i, n in enumerate(COUNTED)]
    mixed = [*spelled[::-2], ANN, WANG, *spelled[::2], BEN, LI]
    done = shop.contacts("reminder", *dict.fromkeys(mixed), check=False)
    assert done.code != 0
    assert shop.sql("SELECT count(*) FROM contact")[0][0] == 4


@pytest.mark.attack("an evidence file outside the folder, a link out of it, or one that never ends")
def test_evidence_elsewhere(shop: Shop) -> None:
    """docs/how-to/consent-ledger.md: "the name of a file in `--evidence-folder`"; "A row is rejected if its file is
    missing"."""
    scans = shop.folder / "scans"
    scans.mkdir()
    shop.write("outside.pdf", "another person's paper")
    (scans / "link.pdf").symlink_to(shop.folder / "var" / "suppression.key")
    (scans / "zero.pdf").symlink_to("/dev/zero")
    os.mkfifo(scans / "pipe.pdf")
    taken = []
    for file in ("../outside.pdf", "/etc/hostname", "sub/../../outside.pdf", "link.pdf", "zero.pdf", "pipe.pdf", "."):
        rows = f"{CONSENT_TITLES},evidence_file\n{LI},{AGREED},{file}\n"
        given = str(shop.write("c.csv", rows)), "--evidence-folder", str(scans)
        if shop.cli("consent", "import", *given, seconds=6).code != 1:  # None: it did not end
            taken.append(file)
    assert taken == []


@pytest.mark.attack("a second column of numbers behind the first")
def test_two_columns_of_numbers(shop: Shop) -> None:
    """docs/reference/check-rules.md names consent/duplicate-column and contacts/duplicate-column."""
    rows = f"number,手机,purpose,wording,method,time,source\n{WANG},{LI},{AGREED}\n"
    assert shop.cli("consent", "import", str(shop.write("c.csv", rows))).code == 1
    rows = f"external_id,number,phone number\nX,{WANG},{LI}\n"
    assert shop.cli("contacts", "import", "reminder", str(shop.write("p.csv", rows))).code == 1


@pytest.mark.parametrize("between", [", ", ";", "\t"])
@pytest.mark.attack("two refusals in one line of a stop list as in a table, of which the second is lost without a word")
def test_two_cells_in_a_line(shop: Shop, between: str) -> None:
    """docs/how-to/stop-and-suppression.md: "You can give a list, with one number a line … Lines that cannot be read are
    reported; all others count"."""
    done = shop.cli("stop", "--file", str(shop.write("stops.txt", f"{ANN}{between}{WANG}\n")))
    assert shop.suppressed(WANG) or done.code != 0


EMPTY = [
    "\u200b",
    "\u2060\u2060",
    "\u00ad",
    "\ufeff",
    "\u2800",
    "\u3164",
    "\u115f",
    "\u180e",
    "\u202e",
    "\u00a0",
    "\u3000",
    "\U000e0041",
]


@pytest.mark.parametrize("column", ["wording", "method", "source"])
@pytest.mark.attack("a consent whose words, way or source are nothing that can be seen")
def test_invisible_words(shop: Shop, column: str) -> None:
    """docs/explanation/safety.md: "`consent import` refuses a row without purpose, wording, method, time and source";
    import-contacts-and-consent.md, wording: "Required in each row: the exact text that the person saw or heard"."""
    taken = []
    for nothing in EMPTY:
        values = {"wording": "I agree.", "method": "form", "source": "site", column: nothing}
        agreed = f"transactional,{values['wording']},{values['method']},2026-02-01T10:00:00+08:00,{values['source']}"
        if shop.consent(LI, agreed=agreed, check=False).code == 0:
            taken.append(f"U+{ord(nothing[0]):04X}")
    assert taken == []


@pytest.mark.parametrize("mark", ["\u200b", "\u00ad", " "])
@pytest.mark.attack("a counted list with one proof for all, made different by marks that nobody sees")
def test_one_evidence_made_many(shop: Shop, mark: str) -> None:
    """docs/how-to/import-contacts-and-consent.md: "accepted only if **each** number has its own evidence in the consent
    ledger: a reference or a file that no other number uses"."""
    rows = "".join(f"{number},{AGREED},form-7{mark * count}\n" for count, number in enumerate(COUNTED))
    shop.cli("consent", "import", str(shop.write("counted.csv", f"{CONSENT_TITLES},evidence\n{rows}")))
    assert shop.called("counted", *(f"N{place},{number}" for place, number in enumerate(COUNTED))) == 0


@pytest.mark.attack("a counted list cut into files that are short enough")
def test_counted_in_slices(shop: Shop) -> None:
    """README.md: "What it never does. … It refuses lists that look generated, unless each number has its own evidence.
    … You cannot switch any of this off"."""
    shop.consent(*COUNTED)
    shop.called("sliced", *(f"N{place},{number}" for place, number in enumerate(COUNTED[:13])))
    called = shop.called("sliced", *(f"M{place},{number}" for place, number in enumerate(COUNTED[13:])))
    assert called <= 20
