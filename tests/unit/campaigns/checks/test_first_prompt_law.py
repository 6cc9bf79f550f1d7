"""What a campaign's countries ask of the first prompt, judged by transcript and length of the recording."""

from __future__ import annotations

from functools import lru_cache

import pytest

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.campaigns.campaign_file.load import parse_campaign
from agi_app.campaigns.checks.first_prompt_law import check_law
from agi_app.campaigns.checks.rule_catalogue import EXAMPLES
from agi_app.flow.check.disclosure_words import says_artificial, seconds_after_name
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.spoken_seconds import seconds_at
from agi_app.flow.load import parse_flow
from agi_app.gate.ruleset import RuleSet

FLOW = (
    EXAMPLES["flow"]
    .replace("languages: [en]", "languages: [en, zh-CN, fr]")
    .replace("{en: Sunshine Dental}", "{en: Sunshine Dental, zh-CN: 阳光口腔, fr: Dentaire Soleil}")
)
GOOD = "Hello, this is an automated call from Sunshine Dental. To stop these calls, press 9."


@lru_cache(maxsize=1)
def ruleset() -> RuleSet:
    return load_ruleset()


def faults(text: str, seconds: float = 6.0, language: str = "en", country: str = "CN") -> list[str]:
    campaign = parse_campaign(EXAMPLES["campaign"].replace("[CN]", f"[{country}]"), "c.yaml")
    prompts = {(language, "greeting"): PromptFacts(True, text, 8000, 1, 2, seconds)}
    return [str(problem) for problem in check_law(campaign, parse_flow(FLOW, "f.yaml"), prompts, ruleset())]


def test_a_good_greeting_has_no_fault() -> None:
    """Business, disclosure and offer one after another."""
    assert faults(GOOD) == []
    assert faults("您好，这里是阳光口腔的自动语音来电。不想再接到来电，请按九。", 5.8, "zh-CN") == []


def test_a_voice_that_is_not_disclosed_is_a_fault_where_a_country_asks() -> None:
    """The message names the country, its rule and a word that would do."""
    (fault,) = faults("Sunshine Dental here. To stop these calls, press 9.")
    assert fault.startswith('f.yaml:8:7: flow/voice-not-disclosed "greeting" may be the first prompt, but in en it')
    assert 'as CN requires (rule artificial_voice); say it there ("automated")' in fault
    assert "自动语音" in faults("您好，阳光口腔。不想再接到来电请按九。", 4, "zh-CN")[0]
    assert (
        faults("Sunshine Dental here. To stop these calls, press 9.", country="FR") == []
    )  # no rules: the gate refuses


def test_an_offer_that_comes_late_is_a_fault() -> None:
    """The time counts from the name, so the same words in a slower voice are late."""
    text = "Hello, Sunshine Dental here, with an automated, artificial voice call. To stop these calls, press 9."
    (fault,) = faults(text, 5.9, country="US")
    assert "flow/opt-out-late" in fault
    assert 'begins about 3.2 s after "Sunshine Dental"; US requires 2 s' in fault
    assert faults(text, 3.0, country="US") == []


def test_a_language_without_words_is_not_judged_for_disclosure() -> None:
    """Better no answer than a wrong one."""
    assert faults("Dentaire Soleil. 9 pour arrêter.", language="fr") == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("this is an automated call", "en", True),
        ("a pre-recorded message of the clinic", "en", True),
        ("This is an AI voice", "en", True),
        ("this is a robot", "en", True),
        ("This call is recorded for quality.", "en", False),
        ("Paid by Maine Dental", "en", False),
        ("AI来电", "zh-CN", True),
        ("智能语音助手", "zh-CN", True),
        ("这里是机器人小美", "zh", True),
        ("您的预约将自动取消", "zh-CN", False),
        ("智能手机优惠", "zh-CN", False),
        ("Guten Tag", "de", None),
    ],
)
def test_words_that_disclose_an_artificial_voice(text: str, language: str, expected: bool | None) -> None:
    """A notice of recording is no disclosure."""
    assert says_artificial(text, language) is expected


@pytest.mark.parametrize(
    ("text", "language", "seconds", "heard"),
    [  # the beginning of the second sentence, measured in the recordings of examples/
        ("Hello, this is an automated, artificial voice survey by Sunshine Dental. To stop these calls, press 9.",
         "en", 5.96, 4.29),
        ("您好，这里是阳光口腔的自动语音来电。不想再接到来电，请按九。", "zh-CN", 5.81, 3.54),
        ("阳光口腔自动语音，拒接请按九。", "zh-CN", 1.99, 1.23),
    ],
)  # fmt: skip
def test_the_estimate_is_close_to_what_is_heard(text: str, language: str, seconds: float, heard: float) -> None:
    """Half a second, by counting syllables and pauses."""
    offer = next(text.index(word) for word in ("To stop", "不想", "拒接") if word in text)
    assert abs(seconds_at(text, offer, seconds) - heard) < 0.5


def test_the_time_after_the_name() -> None:
    """An offer that comes first is in time; without name or offer there is nothing to measure."""
    assert seconds_after_name("To stop these calls, press 9. Sunshine Dental.", "Sunshine Dental", "9", "en", 5) == 0
    assert seconds_after_name("Hello. Press 9 to stop.", "Sunshine Dental", "9", "en", 5) is None
    assert seconds_after_name("Sunshine Dental.", "Sunshine Dental", "9", "en", 5) is None
    far = seconds_after_name(
        "Sunshine Dental. Press 1 to confirm your visit or 9 to stop.", "Sunshine Dental", "9", "en", 9
    )
    near = seconds_after_name(
        "Sunshine Dental. Press 9 to stop or 1 to confirm your visit.", "Sunshine Dental", "9", "en", 9
    )
    assert far is not None
    assert near is not None
    assert far > near + 2
