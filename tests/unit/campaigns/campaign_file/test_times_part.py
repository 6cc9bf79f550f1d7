"""``zone``, ``starts``, ``ends`` and ``due`` of a campaign file: what they mean, and what is refused, at its place."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.campaign_file.load import parse_campaign
from agi_app.campaigns.campaign_file.times_part import ELSEWHERE, DueFile
from agi_app.contacts.contacts_file import ALIASES
from agi_app.errors import AuthorError
from agi_app.messages import speaking
from agi_app.model.campaign import Campaign, Due

HEAD = "campaign: c\npurpose: survey\njurisdictions: [%s]\nflow: f\ntrunk: t\ncaller_id: '+999862155500001'\n"
LINE = HEAD.count("\n") + 1  # the first behind it
BERLIN, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Havana")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def read(text: str, countries: str = "CN") -> Campaign:
    return parse_campaign(HEAD % countries + text + "\n", "c.yaml").campaign


def faults(text: str, countries: str = "CN") -> list[str]:
    with pytest.raises(AuthorError) as caught:
        read(text, countries)
    return [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# ---- the zone


@pytest.mark.parametrize(
    ("countries", "zone"),
    [
        ("CN", "Asia/Shanghai"),
        ("CN, CN", "Asia/Shanghai"),
        ("DE", "Europe/Berlin"),
        ("CN, GB", None),
        ("DE, FR", None),
        ("US", None),
        ("BR", None),
    ],
)
def test_the_zone_is_that_of_the_countries_when_they_have_one(countries: str, zone: str | None) -> None:
    """Where they have several, or nobody knows, a campaign without times needs none."""
    assert read("", countries).zone == zone


def test_a_written_zone_is_the_one() -> None:
    """An office may write the times of another country than that of the people called."""
    assert read("zone: Europe/Berlin").zone == "Europe/Berlin"
    assert read("zone: Europe/London\nstarts: 2026-07-01", "CN, GB").starts == utc("2026-06-30T23:00")


@pytest.mark.parametrize("times", ["starts: 2026-03-10", "ends: 2026-03-10", "due: contact.call_at"])
@pytest.mark.parametrize(
    ("countries", "right"),
    [
        ("CN, GB", "CN and GB; write zone: Asia/Shanghai or zone: Europe/London"),
        ("US", "US; write your own, as in zone: America/New_York"),
        ("BR", "BR; write your own, as in zone: Europe/Berlin"),
        ("CN, BR", "CN and BR; write your own, as in zone: Europe/Berlin"),
    ],
)
def test_times_need_a_zone_where_the_countries_have_no_single_one(times: str, countries: str, right: str) -> None:
    key = times.partition(":")[0]
    told = f"{LINE}:1: campaign/zone {key}: needs a zone, and there is no single one in {right}"
    assert faults(times, countries) == [told]


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ("Berlin", '"Berlin" is not a time zone; did you mean "Europe/Berlin"?'),
        ("europe/berlin", 'did you mean "Europe/Berlin"?'),
        ("Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("北京", 'did you mean "Asia/Shanghai"?'),
        ("UTC+1", "write a name of the IANA list, continent and city"),
        ("8", "8 is not a time zone; write a name of the IANA list"),
        ("", "nothing is not a time zone; write a name of the IANA list"),
    ],
)
def test_a_name_that_no_zone_has_is_refused(written: str, how: str) -> None:
    (found,) = faults(f"zone: {written}")
    assert found.startswith(f"{LINE}:1: campaign/zone zone: ")
    assert how in found


# ---- starts and ends


def test_a_day_begins_and_ends_at_midnight_there() -> None:
    """As an end a day is included, whole."""
    campaign = read("starts: 2026-03-05\nends: 2026-03-05")
    assert (campaign.starts, campaign.ends) == (utc("2026-03-04T16:00"), utc("2026-03-05T16:00"))


@pytest.mark.parametrize("written", ["2026-03-05 18:00", "2026-03-05T18:00", '"2026-03-05 18:00"'])
def test_a_time_of_day_is_of_clocks_in_the_zone(written: str) -> None:
    campaign = read(f"zone: Europe/Berlin\nends: {written}")
    assert campaign.ends == utc("2026-03-05T17:00")
    assert campaign.ends is not None
    assert campaign.ends.tzinfo is dt.UTC, "so that two instants are compared, and not what two clocks show"


def test_days_on_which_clocks_change_are_as_long_as_they_are() -> None:
    spring = read("zone: Europe/Berlin\nstarts: 2026-03-29\nends: 2026-03-29")
    autumn = read("zone: Europe/Berlin\nstarts: 2026-10-25\nends: 2026-10-25")
    havana = read("zone: America/Havana\nstarts: 2026-03-08\nends: 2026-03-08")  # where midnight itself is skipped
    for campaign, hours in ((spring, 23), (autumn, 25), (havana, 23)):
        assert campaign.starts is not None
        assert campaign.ends is not None
        assert campaign.ends - campaign.starts == hours * HOUR
    assert havana.starts is not None
    assert havana.starts.astimezone(HAVANA).isoformat() == "2026-03-08T01:00:00-04:00"


@pytest.mark.parametrize(
    ("key", "written", "how"),
    [
        (
            "starts",
            "2026-03-29 02:00",
            "2026-03-29 02:00 does not exist in Europe/Berlin, where clocks go forward then",
        ),
        ("ends", "2026-03-29 02:59", "2026-03-29 02:59 does not exist in Europe/Berlin, where clocks go forward then"),
        ("starts", "2026-10-25 02:00", "2026-10-25 02:00 comes twice in Europe/Berlin, where clocks go back then"),
        ("ends", "2026-10-25 02:59", "2026-10-25 02:59 comes twice in Europe/Berlin, where clocks go back then"),
    ],
)
def test_a_time_that_does_not_exist_or_comes_twice_is_refused(key: str, written: str, how: str) -> None:
    told = f"{LINE + 1}:1: campaign/date {key}: {how}; write an earlier or a later time"
    assert faults(f"zone: Europe/Berlin\n{key}: {written}") == [told]


@pytest.mark.parametrize("written", ["2026-03-29 01:59", "2026-03-29 03:00", "2026-10-25 01:59", "2026-10-25 03:00"])
def test_times_beside_a_change_of_clocks_are_taken(written: str) -> None:
    starts = read(f"zone: Europe/Berlin\nstarts: {written}").starts
    assert starts is not None
    assert f"{starts.astimezone(BERLIN):%Y-%m-%d %H:%M}" == written


def test_both_times_are_told_at_once() -> None:
    found = faults("zone: Europe/Berlin\nstarts: 2026-03-29 02:30\nends: 2026-10-25 02:30")
    assert [told.split(":")[0] for told in found] == [f"{LINE + 1}", f"{LINE + 2}"]


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ("05/03/2026", "this can mean two days; write 2026-03-05 or 2026-05-03"),
        ("20260305", "write 2026-03-05"),
        ("2026年3月5日", "write 2026-03-05"),
        ("2026-02-30", "that month ends with 2026-02-28"),
        ("2026-03-05 18:00:00", "write 2026-03-05 18:00, which is a time in the campaign's zone, without seconds"),
        ("2026-03-05T18:00+08:00", "write 2026-03-05 18:00, which is a time in the campaign's zone, without seconds"),
        ("2026-03-05 24:00", "midnight is 00:00 of the next day"),
        ("1926-03-05", "write a year from 2000 to 2100"),
        ("9999-12-31", "write a year from 2000 to 2100"),
        ("2026-03-05 9:00", "write 2026-03-05 09:00"),
        ("tomorrow", "write year, month and day as in 2026-03-31"),
        ("18:00", "write year, month and day as in 2026-03-31"),
        ("[2026-03-05]", "write year, month and day as in 2026-03-31"),
        ("", "nothing is not a day"),
    ],
)
@pytest.mark.parametrize("key", ["starts", "ends"])
def test_what_is_no_day_is_refused_with_what_to_write(key: str, written: str, how: str) -> None:
    (found,) = faults(f"{key}: {written}")
    assert found.startswith(f"{LINE}:1: campaign/date {key}: ")
    assert how in found


@pytest.mark.parametrize(
    ("starts", "ends"),
    [("2026-03-06", "2026-03-05"), ("2026-03-05 18:00", "2026-03-05 18:00"), ("2026-03-05 18:01", "2026-03-05 18:00")],
)
def test_an_end_that_is_not_later_is_refused(starts: str, ends: str) -> None:
    (found,) = faults(f"starts: {starts}\nends: {ends}")
    assert found.startswith(f"{LINE + 1}:1: campaign/ends-before-starts ends: must be later than starts")


# ---- due


def test_points_are_kept_with_the_earliest_first() -> None:
    expected = Due("appointment", (2 * DAY, 3 * HOUR))
    assert read("due: {before: contact.appointment, at: [3h, 48h]}").due == expected
    assert read("due:\n  before: contact.appointment\n  at: [2d, 180m]").due == expected
    assert read("").due is None


def test_a_column_alone_is_the_time_itself() -> None:
    assert read("due: contact.call_at").due == Due("call_at", ())
    assert read("due: contact.呼叫时间").due == Due("呼叫时间", ())


def test_a_part_of_the_file_gives_the_part_of_the_model() -> None:
    found = DueFile.model_validate({"before": "contact.visit", "at": ["10m", "60d", "1d"]})
    assert found.parsed() == Due("visit", (60 * DAY, DAY, dt.timedelta(minutes=10)))


@pytest.mark.parametrize(
    ("written", "at", "told"),
    [
        ("call_at", "", 'campaign/due due: "call_at" is no column of the contacts; write contact.call_at'),
        ('"{contact.call_at}"', "", "write contact.call_at"),
        ("48h", "", 'campaign/due due: "48h" is no column of the contacts; write contact.appointment'),
        ("", "", "campaign/due due: nothing does not say when contacts are due; write due: {before: contact.appo"),
        ("[48h, 3h]", "", "write due: {before: contact.appointment, at: [48h, 3h]}, or due: contact.call_at"),
        ("{before: contact.appointment}", "", 'schema/missing-key the key "at" is missing here; write at: [48h, 3h]'),
        ("{at: [3h]}", "", 'the key "before" is missing here; write before: contact.appointment'),
        (
            "{before: visit, at: [3h]}",
            "before",
            'campaign/due before: "visit" is no column of the contacts; write contact.v',
        ),
        ("{before: contact.a.b, at: [3h]}", "before", "is no column of the contacts; write contact.appointment"),
        ("{before: contact.a, at: 48h}", "at:", 'this must be a list, not "48h"; write at: [48h]'),
        ("{before: contact.a, at: []}", "at:", "this must not be empty; write at: [48h, 3h]"),
        ("{before: contact.a, at: [9m]}", "9m", 'schema/duration at: "9m" is not within 10m to 60d'),
        ("{before: contact.a, at: [1h, 61d]}", "61d", '"61d" is not within 10m to 60d'),
        ("{before: contact.a, at: [1h, 5]}", "5", "at: 5 is not a duration"),
        (
            "{before: contact.a, at: [48h, 1h, 2d]}",
            "2d",
            "campaign/due at: this is the same length as another one here",
        ),
        ("{before: contact.a, at: [1h,2h,3h,4h,5h,6h,7h]}", "at:", "at most 6 items are allowed here, not 7"),
        ("{before: contact.a, at: [1h], times: 3}", "times", 'unknown key "times": write at: [48h, 3h]'),
    ],
)
def test_a_due_that_cannot_be_meant_is_refused_at_its_place(written: str, at: str, told: str) -> None:
    (found,) = faults(f"due: {written}")
    column = 1 if not at else len("due: ") + written.index(at) + 1
    assert found.startswith(f"{LINE}:{column}: "), found
    assert told in found


@pytest.mark.parametrize("name", [*ALIASES, "NUMBER", "number_2", "number_3", "not_before", "not_after", "External_ID"])
def test_a_column_with_its_own_meaning_is_no_time(name: str) -> None:
    """Also those that the importer takes for itself."""
    for text in (f"due: contact.{name}", f"due: {{before: contact.{name}, at: [3h]}}"):
        (found,) = faults(text)
        assert f'campaign/due-column {"due" if "{" not in text else "before"}: the column "{name}" has its own' in found


def test_agents_who_ask_for_each_call_are_not_called_for_by_the_clock() -> None:
    (found,) = faults("due: contact.call_at\ndialled_by: agents")
    assert found.startswith(f"{LINE}:1: campaign/dialled-by due: with `due` contacts are called automatically")
    assert read("starts: 2026-03-05\ndialled_by: agents").by_agents, "days hold for them as well"


# ---- what people write instead


@pytest.mark.parametrize(
    ("key", "right"),
    [
        *((key, "write starts: 2026-03-10") for key in ("start", "begin", "start_date", "valid_from", "开始日期")),
        *((key, "write ends: 2026-03-31, which includes that day") for key in ("end", "until", "deadline", "截止")),
        *((key, "write starts: and ends: with a day each") for key in ("date", "schedule")),
        *((key, "write due: {before: contact.appointment, at") for key in ("due_at", "reminder", "appointment_time")),
        *((key, "write zone: Europe/Berlin") for key in ("timezone", "tz", "time_zone", "时区")),
        ("not_before", "write it into this column of the contacts"),
    ],
)
def test_other_words_lead_to_the_keys(key: str, right: str) -> None:
    (found,) = faults(f"{key}: 2026-03-10")
    assert found.startswith(f'{LINE}:1: schema/unknown-key unknown key "{key}": {right}')


def test_no_word_that_leads_elsewhere_is_a_key() -> None:
    assert not {"zone", "starts", "ends", "due"} & ELSEWHERE.keys()
    (found,) = faults('window: {from: "09:00", to: "17:00", start_date: 2026-03-10}')
    assert "a window has days of the week: write starts: and ends: beside window" in found
    (found,) = faults('window: {from: "09:00", to: "17:00", zone: Asia/Shanghai}')
    assert "windows are in the time of the person called" in found


def test_the_messages_are_chinese_for_who_reads_chinese() -> None:
    with speaking("zh"):
        found = faults("starts: 2026-03-29 02:30\nzone: Europe/Berlin") + faults("due: contact.number")
        assert "没有 2026-03-29 02:30" in found[0]
        assert '列 "number" 另有含义' in found[1]
