"""Calls that a consent, a stop or a cap forbids."""

from __future__ import annotations

from office.selftest.fortnight import Fortnight, NoCandidate, Spoil, spoiler, two_numbers
from office.selftest.times import at, clock, day

SPOILS: list[Spoil] = []
spoil = spoiler(SPOILS)


def uncallable_call(f: Fortnight, reason: str, place: int = 1) -> None:
    for a in f.appointments(f"uncallable:{reason}"):
        t = f.time(a) - 48 * 3600
        if clock(t) in ("10:30", "14:00", "15:30", "17:00") and day(t) not in ("04-04", "04-05", "04-06", "04-12"):
            f.add(a, t + 1, place)
            return
        if day(t) in ("04-12", "04-05", "04-06"):
            f.add(a, at(("2026-04-11" if day(t) == "04-12" else "2026-04-03") + "T19:25"), place)
            return
    raise NoCandidate


@spoil("called_without_consent")
def call_without_consent(f: Fortnight) -> None:
    uncallable_call(f, "none")


@spoil("called_without_consent")
def call_with_consent_for_another_purpose(f: Fortnight) -> None:
    uncallable_call(f, "purpose")


@spoil("called_without_consent")
def call_after_withdrawal(f: Fortnight) -> None:
    uncallable_call(f, "withdrawn")


@spoil("called_without_consent")
def call_after_expiry(f: Fortnight) -> None:
    uncallable_call(f, "expired")


@spoil("called_without_consent")
def call_after_the_wrong_person_answered(f: Fortnight) -> None:
    uncallable_call(f, "wrong")


@spoil("called_after_stop")
def call_to_one_on_the_stop_list(f: Fortnight) -> None:
    uncallable_call(f, "stopped")


@spoil("called_after_stop")
def call_three_hours_before_after_a_stop_in_the_call(f: Fortnight) -> None:
    a = f.plain(
        "stop", 1, lambda a: clock(f.time(a)) in ("14:00", "17:00") and f.time(a) - at(f.of(a)[0]["at"]) > 30 * 3600
    )
    f.add(a, f.time(a) - 3 * 3600 + 1)


def middle(f: Fortnight, kind: str, hours: float) -> None:
    for a in f.appointments(f"middle:{kind}"):
        t = f.time(a) - hours * 3600 + 1
        if clock(t) in ("10:30", "11:00", "14:00", "15:30", "17:00"):
            f.add(a, t)
            return
    raise NoCandidate


@spoil("called_without_consent")
def call_after_a_withdrawal_between_the_points(f: Fortnight) -> None:
    middle(f, "withdraw", 3)


@spoil("called_after_stop")
def call_after_a_stop_by_letter_between_the_points(f: Fortnight) -> None:
    middle(f, "stop", 3)


@spoil("called_without_consent")
def call_before_the_consent_was_recorded(f: Fortnight) -> None:
    middle(f, "late_consent", 48)


@spoil("called_after_stop")
def second_number_after_a_stop_at_the_first(f: Fortnight) -> None:
    _, own = two_numbers(f)
    f.s["numbers"][own[0]["number"]]["rings"] = ["stop"]
    own[0]["how"] = "answered"
    f.result(own[0]).update(outcome="answered", disposition="opted_out")


@spoil("caps_broken")
def twice_within_a_day(f: Fortnight) -> None:
    a = f.plain("no_answer", 2, lambda a: clock(at(f.of(a)[0]["at"])) in ("10:30", "15:30"))
    f.shift(f.of(a)[1], at(f.of(a)[0]["at"]) + 1800)


@spoil("caps_broken")
def retry_after_23_hours_and_a_half(f: Fortnight) -> None:
    a = f.plain("no_answer", 2, lambda a: clock(at(f.of(a)[0]["at"])) == "15:30" and "04-08" < day(f.time(a)) < "04-12")
    f.shift(f.of(a)[1], at(f.of(a)[0]["at"]) + 23.5 * 3600)


@spoil("caps_broken")
def third_call_in_seven_days(f: Fortnight) -> None:
    a = f.plain(
        "no_answer",
        2,
        lambda a: clock(f.time(a)) in ("14:00", "17:00") and day(f.time(a)) not in ("04-07", "04-13", "04-14"),
    )
    f.add(a, f.time(a) - 3 * 3600 + 1, how="no_answer")


@spoil("caps_broken")
def two_numbers_of_one_person_at_once(f: Fortnight) -> None:
    _, own = two_numbers(f)
    f.shift(own[1], at(own[0]["at"]) + 1)


@spoil("caps_broken")
def called_again_after_declining(f: Fortnight) -> None:
    a = f.plain("declines", 1, lambda a: clock(f.time(a)) in ("14:00", "17:00") and day(f.time(a)) < "04-12"
                and f.time(a) - at(f.of(a)[0]["at"]) > 30 * 3600)  # fmt: skip
    f.add(a, f.time(a) - 3 * 3600 + 1, how="declined")


@spoil("unexplained")
def called_again_after_declining_without_any_gap(f: Fortnight) -> None:
    f.s["rules"]["gap_after_declined_hours"] = 0
    called_again_after_declining(f)
