"""Calls that nothing explains, and faults of the feed and of the carrier."""

from __future__ import annotations

from office.selftest.fortnight import Fortnight, NoCandidate, Spoil, spoiler
from office.selftest.times import at, clock, day

SPOILS: list[Spoil] = []
spoil = spoiler(SPOILS)


@spoil("unexplained")
def called_an_hour_too_early(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(at(f.of(a)[0]["at"])) == "15:30" and clock(f.time(a)) == "15:30")
    f.shift(f.of(a)[0], f.time(a) - 49 * 3600)


@spoil("unexplained")
def called_a_minute_too_early(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(at(f.of(a)[0]["at"])) == "15:30" and clock(f.time(a)) == "15:30")
    f.shift(f.of(a)[0], f.time(a) - 48 * 3600 - 60)


@spoil("unexplained")
def called_in_the_morning_for_a_point_moved_to_the_evening(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(f.time(a)) == "10:30" and clock(at(f.of(a)[1]["at"])) > "19:00"
                and at(f.of(a)[1]["at"]) - at(f.of(a)[0]["at"]) > 30 * 3600)  # fmt: skip
    f.shift(f.of(a)[1], at(f.of(a)[1]["at"]) - 4 * 3600)


@spoil("unexplained")
def called_again_at_a_settled_point(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(at(f.of(a)[0]["at"])) == "15:30" and clock(f.time(a)) == "15:30")
    f.shift(f.of(a)[1], at(f.of(a)[0]["at"]) + 86400 + 600)


@spoil("unexplained")
def retry_more_often_than_named(f: Fortnight) -> None:
    f.s["rules"]["caps"] = []
    a = f.plain("no_answer", 2, lambda a: clock(f.time(a)) == "17:00" and "04-08" < day(f.time(a)) < "04-12")
    f.add(a, at(f.of(a)[1]["at"]) + 1800, how="no_answer")


@spoil("unexplained")
def seventh_try(f: Fortnight) -> None:
    f.s["rules"]["caps"] = []
    f.s["campaign"]["retry"]["no_answer"] = ["10m", "10m", "10m", "10m", "10m"]
    a = f.plain("no_answer", 2, lambda a: clock(f.time(a)) == "14:00" and clock(at(f.of(a)[0]["at"])) == "14:00")
    for c in f.of(a)[1:]:
        f.drop(c)
    first = at(f.of(a)[0]["at"])
    for n in range(5):
        f.add(a, first + (n + 1) * 660, how="no_answer")
    f.add(a, f.time(a) - 3 * 3600 + 1, how="no_answer")


@spoil("unexplained")
def called_while_the_feed_was_stale(f: Fortnight) -> None:
    low, high = at("2026-04-08T13:50"), at("2026-04-08T16:00")
    f.runs[:] = [r for r in f.runs if not low < at(r["committed"]) < high]


@spoil("unexplained")
def call_to_a_number_that_nobody_has(f: Fortnight) -> None:
    f.calls.append(
        {"at": "2026-04-08T10:40:00+08:00", "number": "n9999a", "ended": "2026-04-08T10:40:20+08:00", "how": "busy"}
    )


@spoil("unexplained")
def call_to_a_row_whose_number_six_persons_share(f: Fortnight) -> None:
    for a in f.appointments("switchboard"):
        t = f.time(a) - 48 * 3600
        if clock(t) in ("10:30", "14:00", "15:30", "17:00") and day(t) not in ("04-04", "04-05", "04-06", "04-12"):
            f.add(a, t + 1)
            return
    raise NoCandidate


@spoil("unexplained")
def call_before_the_appointment_was_made(f: Fortnight) -> None:
    for a in f.appointments("made_late"):
        own = f.of(a)
        made = at(a["timeline"][0]["at"])
        if own and clock(made)[:5] > "10:00" and clock(made) < "12:00":
            f.shift(own[0], made - 1500)
            return
    raise NoCandidate


@spoil("feed_violations")
def empty_list_cancels_everybody(f: Fortnight) -> None:
    empty = at(f.s["feed"]["faults"][1]["at"])
    next(r for r in f.runs if at(r["as_of"]) >= empty)["cancelled"] = 200


@spoil("doubtful")
def failing_run_reported_as_good(f: Fortnight) -> None:
    fault = at(f.s["feed"]["faults"][0]["at"])
    next(r for r in f.runs if at(r["as_of"]) >= fault)["good"] = True


@spoil("callable_not_called")
def everybody_uncalled_after_the_empty_list(f: Fortnight) -> None:
    empty = at(f.s["feed"]["faults"][1]["at"])
    for c in [c for c in f.calls if at(c["at"]) > empty]:
        try:
            f.drop(c)
        except NoCandidate:
            f.calls.remove(c)


@spoil("doubtful")
def carrier_does_what_the_scenario_does_not_say(f: Fortnight) -> None:
    a = f.plain("no_answer", 2)
    f.of(a)[1]["how"] = "answered"
    f.result(f.of(a)[1])["outcome"] = "answered"


@spoil("doubtful")
def no_feed_for_three_hours(f: Fortnight) -> None:
    low, high = at("2026-04-08T17:40"), at("2026-04-08T19:15")
    f.runs[:] = [r for r in f.runs if not low < at(r["committed"]) < high]
