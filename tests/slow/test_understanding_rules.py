"""What holds for whatever anybody says, in both languages."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import get_args

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.flow.answers.grammar import Grammar, Kind
from agi_app.flow.answers.phrase_cover import word_of
from agi_app.flow.answers.recognition import Heard, Why
from agi_app.flow.answers.tokens import cut
from agi_app.flow.answers.understanding import LONG_PHRASE, MAX_BIAS, NO_MATCH, OPT_OUT, Understood, bias, understand
from agi_app.flow.saying.numbers_and_dates import spoken, words
from tests.unit.spoken import INTEREST, WEDNESDAY, YES_NO, asking, meant, said, table

pytestmark = pytest.mark.slow  # many utterances by chance

LANGUAGES = ("zh-CN", "en")
YES_OR_NO = {language: asking(language, *YES_NO) for language in LANGUAGES}
KINDS: tuple[Kind, ...] = get_args(Kind)


def vocabulary(language: str) -> list[str]:
    """Every phrase and word of the table."""
    wanted = YES_OR_NO[language]
    lists = (*wanted.answers.values(), wanted.words.others, wanted.words.doubtful, wanted.words.fillers)
    found = {text.removeprefix("=") for texts in lists for text in texts}
    return sorted(found | {*wanted.words.negations, *wanted.words.doubts})


VOCABULARY = {language: vocabulary(language) for language in LANGUAGES}
SOME = st.sampled_from(LANGUAGES).flatmap(
    lambda language: st.tuples(
        st.just(language),
        st.lists(st.sampled_from(VOCABULARY[language]), max_size=6),
        st.sampled_from(("", " ", "，", ", ", "。")),
    )
)


def text_of(language: str, pieces: list[str], between: str) -> str:
    """The pieces one after the other; English has blanks at least."""
    return (between if language == "zh-CN" else between or " ").join(pieces)


@given(st.text(max_size=200), st.sampled_from(LANGUAGES), st.sampled_from(KINDS), st.floats(0, 1))
@example("٣٣٣", "zh-CN", "number", 1.0)
@example("²", "en", "number", 1.0)
@example("99999999999999999999999天后", "zh-CN", "date", 1.0)
@example("一百二十三亿亿万万", "zh-CN", "number", 1.0)
@example("0000年00月00日", "zh-CN", "date", 1.0)
@example("two thousand", "en", "date", 1.0)
@example("march fifth twenty oh five", "en", "date", 1.0)
def test_no_text_is_too_odd(text: str, language: str, kind: Kind, confidence: float) -> None:
    answers = {"yes": "yes"} if kind == "answers" else {}
    wanted = shipped_meanings().wanted(language, answers, kind=kind, least=0, most=10)
    found = understand(wanted, Heard(text, confidence), WEDNESDAY)
    assert found in (NO_MATCH, OPT_OUT) or isinstance(found, Understood)


@given(SOME, st.sampled_from(KINDS))
def test_no_sentence_is_too_odd(some: tuple[str, list[str], str], kind: Kind) -> None:
    wanted = shipped_meanings().wanted(some[0], {"yes": "yes"} if kind == "answers" else {}, kind=kind)
    understand(wanted, Heard(text_of(*some), 1.0), WEDNESDAY)


@given(SOME, st.data())
def test_a_stop_wins_wherever_it_stands(some: tuple[str, list[str], str], data: st.DataObject) -> None:
    language, pieces, between = some
    wanted = YES_OR_NO[language]
    stop = data.draw(st.sampled_from([phrase for phrase in wanted.opt_out if not phrase.startswith("=")]))
    where = data.draw(st.integers(0, len(pieces)))
    text = text_of(language, [*pieces[:where], stop, *pieces[where:]], between)
    plain = " ".join(cut(text).all)
    assume(not any(" ".join(cut(look).all) in plain for look in wanted.words.not_stop))
    for kind in KINDS:
        asked = shipped_meanings().wanted(language, kind=kind)
        assert understand(asked, Heard(text, 1.0), WEDNESDAY) is OPT_OUT


@given(SOME)
@example(("zh-CN", ["不", "可以"], ""))
@example(("zh-CN", ["可以", "吗"], ""))
@example(("zh-CN", ["可以可以", "不"], ""))
@example(("en", ["yes of course", "not"], " "))
@example(("en", ["not", "sure", "yes"], " "))
@example(("en", ["no", "yes"], ", "))
def test_yes_never_comes_out_of_a_doubt(some: tuple[str, list[str], str]) -> None:
    """Without the phrases that say yes and what means nothing, no word is left that negates, asks, or says no."""
    language = some[0]
    wanted = YES_OR_NO[language]
    text = text_of(*some)
    if meant(wanted, text) != "yes":
        return
    rest = f" {'  '.join(cut(text).all)} "
    for phrase in sorted((*wanted.answers["yes"], *wanted.words.fillers), key=len, reverse=True):
        rest = rest.replace(f" {'  '.join(word_of(phrase).units)} ", "  ")
    assert not set(rest.split()) & {*wanted.words.negations, *wanted.words.doubts}


@pytest.mark.parametrize("name", ["zh", "en"])
def test_missing_punctuation_makes_no_yes(name: str) -> None:
    wanted = YES_OR_NO["zh-CN" if name == "zh" else "en"]
    for meaning, text in said(table(name)["yes_or_no"]):
        bare = re.sub(r"[^\w\s']", "" if name == "zh" else " ", text)
        assert meaning == "yes" or meant(wanted, bare) != "yes", text


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh-CN", "错了, 可以"), ("zh-CN", "错了可以"), ("zh-CN", "错了，可以吧"), ("en", "yes, I will pass")],
)
def test_a_no_is_not_lost_in_a_yes_that_shares_a_word_with_it(language: str, text: str) -> None:
    assert meant(YES_OR_NO[language], text) == "no_match"


@given(st.sampled_from(LANGUAGES), st.data())
def test_a_yes_and_a_no_are_no_answer(language: str, data: st.DataObject) -> None:
    wanted = YES_OR_NO[language]
    two = [data.draw(st.sampled_from(wanted.answers[label])).removeprefix("=") for label in YES_NO]
    assert meant(wanted, ", ".join(data.draw(st.permutations(two)))) != "yes"


@pytest.mark.parametrize("why", [why for why in get_args(Why) if why])
def test_what_was_not_surely_speech_means_nothing(why: Why) -> None:
    for text in ("yes", "stop calling me", ""):
        assert understand(YES_OR_NO["en"], Heard(text, 1.0, why)) is NO_MATCH


def test_little_confidence_is_no_answer_but_a_stop_counts() -> None:
    assert meant(YES_OR_NO["en"], "yes", 0.04) == "no_match"
    assert meant(YES_OR_NO["en"], "stop calling me", 0.04) == "opt_out"


def test_another_reading_counts_only_where_the_likeliest_says_nothing() -> None:
    """Else whoever asks back would be taken to agree."""
    yes_no, number = YES_OR_NO["zh-CN"], shipped_meanings().wanted("zh-CN", kind="number")
    cases = (
        (yes_no, ("今天天气", "可以"), "yes"),
        (yes_no, ("今天天气", "别打了"), "opt_out"),
        (yes_no, ("今天天气", "可以吗", "可以"), "no_match"),
        (yes_no, ("可以吗", "可以"), "no_match"),
        (yes_no, ("我在开会", "好的"), "no_match"),
        (yes_no, ("不是", "是的"), "no"),
        (number, ("今天天气", "八分"), "8"),
        (number, ("七八分", "八分"), "no_match"),
        (number, ("不是八分", "八分"), "no_match"),
    )
    for wanted, (likeliest, *others), meaning in cases:
        found = understand(wanted, Heard(likeliest, 0.9, others=tuple(others)), WEDNESDAY)
        assert found.value == meaning, (likeliest, *others)


def test_two_answers_with_one_phrase_are_no_answer() -> None:
    wanted = shipped_meanings().wanted("zh-CN", {"a": {"zh-CN": ["上午", "早上"]}, "b": {"zh-CN": ["早上"]}})
    assert [meant(wanted, text) for text in ("上午", "早上")] == ["a", "no_match"]


def test_the_authors_own_phrases_are_understood() -> None:
    zh = shipped_meanings().wanted("zh-CN", {"am": {"zh-CN": ["上午", "早上"]}, "pm": {"zh-CN": ["下午"]}, "no": "no"})
    said_zh = ("上午", "好的，上午吧", "下午可以", "上午还是下午", "下午不行", "下武", "不用了", "早上好像不行")
    assert [meant(zh, text) for text in said_zh] == ["am", "am", "pm", "no_match", "no_match", "pm", "no", "no_match"]
    en = shipped_meanings().wanted("en", {"am": {"en": ["morning"]}, "pm": {"en": ["afternoon"]}})
    said_en = ("Morning.", "in the afternoon please", "Yes, the morning.", "not in the morning", "morning or afternoon")
    assert [meant(en, text) for text in said_en] == ["am", "pm", "am", "no_match", "no_match"]


def test_a_language_without_a_table_knows_the_authors_phrases() -> None:
    wanted = shipped_meanings().wanted("fr", {"oui": {"fr": ["oui", "d'accord"]}}, opt_out={"fr": ["arrêtez"]})
    assert [meant(wanted, text) for text in ("Oui.", "d’accord", "Arrêtez !", "non")] == [
        "oui",
        "oui",
        "opt_out",
        "no_match",
    ]


def test_free_text_is_kept_as_it_was_said() -> None:
    wanted = shipped_meanings().wanted("en", kind="text")
    assert meant(wanted, "  The waiting   room was cold. ") == "The waiting room was cold."
    assert meant(wanted, "It was cold, and stop calling me.") == "opt_out"
    assert len(meant(wanted, "cold " * 500)) == 500
    assert meant(wanted, "?!") == "no_match"


def test_a_number_out_of_bounds_is_no_answer() -> None:
    wanted = shipped_meanings().wanted("zh-CN", kind="number", least=1, most=10)
    assert [meant(wanted, text) for text in ("零", "一", "十分", "十一")] == ["no_match", "1", "10", "no_match"]


def test_without_today_only_whole_dates_are_dates() -> None:
    wanted = shipped_meanings().wanted("en", kind="date")
    assert understand(wanted, Heard("tomorrow", 1.0)) is NO_MATCH
    assert understand(wanted, Heard("March 5th, 2026", 1.0)) == Understood("entered", "2026-03-05")


@pytest.mark.parametrize(("language", "day"), [("en-US", "2026-03-05"), ("en-GB", "2026-05-03"), ("en", "no_match")])
def test_a_date_in_figures_is_read_as_in_its_country(language: str, day: str) -> None:
    assert meant(shipped_meanings().wanted(language, kind="date"), "3/5") == day


@given(st.integers(0, 10**8), st.sampled_from(("zh-CN", "en", "en-US")))
@example(10, "zh-CN")
@example(20500, "zh-CN")
@example(100000, "en")
def test_a_number_that_we_say_is_understood(number: int, language: str) -> None:
    text = words(spoken("number", str(number), language), language)
    assert meant(shipped_meanings().wanted(language, kind="number"), text) == str(number)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(("zh-CN", "en", "en-GB")))
def test_a_date_that_we_say_is_understood(day: dt.date, language: str) -> None:
    assume(day.year % 100 or language == "zh-CN")
    assume(day.year != 2000)
    text = words(spoken("date", day.isoformat(), language), language)
    assert meant(shipped_meanings().wanted(language, kind="date"), text) == day.isoformat()


def test_a_recogniser_expects_answers_and_stops_first() -> None:
    for language, first in (("zh-CN", ("是的", "不是", "不要再打了")), ("en", ("yes", "no", "stop calling me"))):
        found = bias(YES_OR_NO[language])
        assert found[:3] == first
        assert len(found) > MAX_BIAS
        assert all(len(cut(phrase).all) >= LONG_PHRASE for phrase in found[MAX_BIAS:])
        assert not any(phrase.startswith("=") for phrase in found)
    assert bias(shipped_meanings().wanted("en", kind="text"))[0] == "stop calling me"
    assert {"ten", "stop calling me"} <= set(bias(shipped_meanings().wanted("en", kind="number")))


@pytest.mark.parametrize("wanted", [asking("zh-CN", *INTEREST), asking("en", *INTEREST)], ids=LANGUAGES)
def test_a_long_answer_is_judged_at_once(wanted: Grammar) -> None:
    """The worker waits for it: the longest takes no more than a tenth of a second."""
    text = "我觉得这个东西可能还是不错的但是" * 20 + "well I think it may be not so bad but " * 20
    meant(wanted, text)
    begun = time.thread_time()
    meant(wanted, text)
    assert time.thread_time() - begun < 0.1


def test_the_likeliest_that_means_something_is_what_was_said() -> None:
    wanted = YES_OR_NO["en"]
    assert understand(wanted, Heard("jess", 0.5, "", ("yes", "the chess"))) == Understood("yes", "yes")
    assert understand(wanted, Heard("no", 0.5, "", ("yes",))) == Understood("no", "no")
    assert understand(wanted, Heard("sob calling me", 0.5, "", ("stop calling me",))) is OPT_OUT
    assert understand(wanted, Heard("jess", 0.5, "unsure", ("yes",))) is NO_MATCH
    words = shipped_meanings().wanted("en", kind="text")
    assert understand(words, Heard("the door was shut", 0.5, "", ("the store was shut",))) == Understood(
        "entered", "the door was shut"
    )


def test_what_may_have_been_a_stop_or_a_no_is_no_answer() -> None:
    """Whisper took a 不愿意 for 我愿意 and a "stop" for "yeah", each with the right one next in its list."""
    zh, en = YES_OR_NO["zh-CN"], YES_OR_NO["en"]
    text, number = (shipped_meanings().wanted("en", kind=kind) for kind in ("text", "number"))
    cases = (
        (zh, "我愿意", ("我愿意啊", "不愿意")),
        (zh, "好的", ("别打了",)),
        (en, "Yeah.", ("That.", "Stop.")),
        (en, "yes", ("no",)),
        (text, "the door was shut", ("stop calling me",)),
        (number, "eight", ("stop calling me",)),
    )
    for wanted, likeliest, others in cases:
        assert understand(wanted, Heard(likeliest, 0.9, others=others)) is NO_MATCH, (likeliest, *others)


def test_a_stop_wins_a_tie_with_a_no() -> None:
    assert understand(YES_OR_NO["zh-CN"], Heard("不用了", 0.9, others=("别打了",))) is OPT_OUT
    assert understand(YES_OR_NO["en"], Heard("no", 0.9, others=("stop",))) is OPT_OUT


def test_a_reading_counts_as_much_as_it_is_likely() -> None:
    zh, en = YES_OR_NO["zh-CN"], YES_OR_NO["en"]
    cases = (
        (zh, "可以", ("不可以",), (0.2,), "no_match"),
        (zh, "可以", ("不可以",), (2.0,), "yes"),  # much less likely
        (zh, "克衣", ("可以",), (0.5,), "yes"),
        (zh, "克衣", ("可以",), (4.0,), "no_match"),  # what fits the sound that much worse was not said
        (zh, "不要再几乎打电话", ("不要再给我打电话",), (0.7,), "opt_out"),
        (en, "Let me think.", ("Okay, leave me alone.",), (1.0,), "no_match"),
        (en, "Don't go.", ("Don't do it", "Don't call."), (0.9, 1.9), "no_match"),
        (en, "Now.", ("No.",), (0.4,), "no"),
        (en, "Yes, it is.", ("Hello.",), (0.3,), "no_match"),  # who says hello has answered nothing
        (en, "Yes, it is.", ("Hello.",), (3.0,), "yes"),
        (en, "Yes, it is.", ("Um.",), (0.3,), "yes"),  # that is what any noise is written as
        (zh, "可以", ("你好",), (0.5,), "no_match"),
        (zh, "可以", ("嗯",), (0.5,), "yes"),
        (zh, "你好", ("别打了",), (0.0,), "opt_out"),  # a stop wins the tie
        (en, "Hello.", ("Stop calling.",), (0.0,), "opt_out"),
    )
    for wanted, text, others, behind, meaning in cases:
        found = understand(wanted, Heard(text, 0.9, others=others, behind=behind))
        assert found.value == meaning, (text, *others)


def test_a_no_that_is_a_part_of_what_was_said_is_no_doubt() -> None:
    wanted = shipped_meanings().wanted("zh-CN", {"yes": "yes", "no": "no", "busy": "busy_now"})
    cases = (
        ("现在不方便", ("先在不方便", "在不方便"), "busy"),
        ("我现在没空。", ("我现在没", "我现在没哒"), "busy"),
        ("没问题", ("没",), "yes"),
    )
    for text, others, label in cases:
        assert understand(wanted, Heard(text, 0.9, others=others)) == Understood(label, label), text
    assert understand(wanted, Heard("可以", 0.9, others=("不可以",))) is NO_MATCH
