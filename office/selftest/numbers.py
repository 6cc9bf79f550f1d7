"""Numbers out of their order, calls that are missing, and results that do not fit the calls."""

from __future__ import annotations

from office.selftest.fortnight import Fortnight, NoCandidate, Spoil, spoiler, two_numbers
from office.selftest.simulation import RESULT
from office.selftest.times import at, clock, day

SPOILS: list[Spoil] = []
spoil = spoiler(SPOILS)


@spoil("wrong_number_order")
def second_number_first(f: Fortnight) -> None:
    a, own = two_numbers(f)
    f.renumber(a, own[0], 2)
    f.renumber(a, own[1], 1)


@spoil("wrong_number_order")
def first_number_again_before_the_second(f: Fortnight) -> None:
    a, own = two_numbers(f)
    f.renumber(a, own[1], 1)
    own[1]["how"] = own[0]["how"]
    f.result(own[1])["outcome"] = RESULT[own[0]["how"]]


@spoil("points_missed")
def second_number_never_called(f: Fortnight) -> None:
    _, own = two_numbers(f)
    f.drop(own[1])


@spoil("callable_not_called")
def call_lost(f: Fortnight) -> None:
    f.drop(f.of(f.plain("confirm", 1))[0])


@spoil("callable_not_called")
def both_calls_lost(f: Fortnight) -> None:
    for c in f.of(f.plain("confirm", 2)):
        f.drop(c)


@spoil("callable_not_called")
def made_hours_before_and_not_called(f: Fortnight) -> None:
    for a in f.appointments("made_late"):
        if len(f.of(a)) == 1 and f.of(a)[0]["how"] == "answered":
            f.drop(f.of(a)[0])
            return
    raise NoCandidate


@spoil("points_missed")
def second_reminder_not_made(f: Fortnight) -> None:
    f.drop(f.of(f.plain("confirm", 2, lambda a: clock(f.time(a)) in ("14:00", "17:00")))[1])


@spoil("points_missed")
def retry_not_made(f: Fortnight) -> None:
    a = f.plain("no_answer", 2, lambda a: clock(f.time(a)) in ("10:30", "15:30") and "04-08" < day(f.time(a)) < "04-12")
    f.drop(f.of(a)[1])


@spoil("results_mismatch")
def carrier_saw_no_call_for_a_result(f: Fortnight) -> None:
    f.drop(f.of(f.plain("confirm", 2))[0], result=False)


@spoil("results_mismatch")
def result_lost(f: Fortnight) -> None:
    f.results.remove(f.result(f.of(f.plain("confirm", 2))[0]))


@spoil("results_mismatch")
def result_twice_with_another_key(f: Fortnight) -> None:
    f.results.append(f.result(f.of(f.plain("confirm", 2))[0]) | {"key": "again"})


@spoil("doubtful")
def result_twice_with_the_same_key(f: Fortnight) -> None:
    f.results.append(dict(f.result(f.of(f.plain("confirm", 2))[0])))


@spoil("results_mismatch")
def one_key_with_two_outcomes(f: Fortnight) -> None:
    f.results.append(f.result(f.of(f.plain("confirm", 2))[0]) | {"outcome": "busy"})


@spoil("results_mismatch")
def result_with_another_outcome(f: Fortnight) -> None:
    f.result(f.of(f.plain("confirm", 2))[0])["outcome"] = "no_answer"


@spoil("results_mismatch")
def result_of_the_other_number(f: Fortnight) -> None:
    _, own = two_numbers(f)
    f.result(own[0])["number_place"] = 2


@spoil("results_mismatch")
def result_of_another_appointment(f: Fortnight) -> None:
    own = f.of(f.plain("confirm", 2))
    f.result(own[0])["id"] = next(
        a["id"] for a in f.appointments("plain") if not set(a["numbers"]) & {own[0]["number"]}
    )


@spoil("results_mismatch")
def said_stop_and_the_office_reads_confirmed(f: Fortnight) -> None:
    own = f.of(f.plain("stop", 1))
    f.result(own[0])["disposition"] = "confirmed"


@spoil("unexplained")
def result_names_the_brother_who_is_not_due(f: Fortnight) -> None:
    for a in f.appointments("family"):
        brother = next(b for b in f.appointments("family") if b["numbers"] == a["numbers"] and b["id"] != a["id"])
        own = [r for r in f.results if r["id"] == a["id"]]
        if f.time(brother) - f.time(a) > 70 * 3600 and own:
            own[0]["id"] = brother["id"]
            return
    raise NoCandidate


@spoil("caps_broken")
def brothers_called_within_a_day(f: Fortnight) -> None:
    for a in f.appointments("family"):
        brother = next(b for b in f.appointments("family") if b["numbers"] == a["numbers"] and b["id"] != a["id"])
        own = [c for c in f.calls if c["number"] == a["numbers"][0]]
        if f.time(a) == f.time(brother) and clock(f.time(a)) == "15:30" and own and clock(at(own[0]["at"])) == "15:30":
            f.add(brother if f.result(own[0])["id"] == a["id"] else a, at(own[0]["at"]) + 60)
            return
    raise NoCandidate
