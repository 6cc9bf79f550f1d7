"""What each verb does, with an example: the text of the language reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerbHelp:
    """``parts``: the classes whose keys belong to the verb, in the order of the page."""

    about: str
    example: str
    parts: tuple[str, ...]


VERB_HELP: Mapping[str, VerbHelp] = {
    "play": VerbHelp(
        "Plays a prompt to its end. `play: NAME` is short for `play: {prompt: NAME}`.",
        "- play: greeting\n- play: {prompt: notice, barge_in: false}\n",
        ("Play",),
    ),
    "say": VerbHelp(
        "Says what differs from person to person: words by text-to-speech, or a value from recorded pieces"
        " (`agi-app prompts pieces` lists them). All words of a call are rendered before it is dialled; when that"
        " fails, the attempt ends as `failed` with the reason and no phone rings. A value that is missing or not of"
        " its kind takes the way of `empty`. Without that way such a variable is left out, and a contact with such a"
        " column is not called.",
        '- say: {text: {en: "Hello {contact.name}."}}\n'
        "- say: {value: contact.amount, as: money, currency: GBP}\n  on: {empty: bye}\n",
        ("Say", "SayStep"),
    ),
    "gather": VerbHelp(
        "Plays a prompt and waits for one key, for several digits, or for words. Without `no_match`, a wrong key or"
        " what was not understood goes the `no_input` way. An answer without a way goes on with the next step. A label"
        " of `speech` has the name of a [meaning](../how-to/answers-with-meaning.md), shipped or of `meanings/`, or"
        " phrases in each language. Keys always work beside speech. Talk interrupts a prompt, and a spoken stop counts"
        " in every prompt, whatever its `barge_in`; when the words are neither a stop nor an answer, the prompt plays"
        " again.",
        '- gather: {prompt: confirm, keys: {"1": yes, "2": no}, save: answer}\n  on: {yes: thanks, no_input: bye}\n'
        "- gather: {prompt: enter-number, digits: {min: 4, max: 8}, save: member}\n"
        '- gather: {prompt: confirm, keys: {"1": yes, "2": no}, speech: {yes: yes, no: no}, save: answer}\n'
        "  on: {yes: thanks, no_input: bye}\n"
        "- gather: {prompt: how-happy, digits: {max: 2}, speech: {kind: number, min: 0, max: 10}, save: score}\n",
        ("Gather", "Digits", "SpokenValue", "GatherStep"),
    ),
    "collect": VerbHelp(
        "Asks for a number or a date by keys, reads back what was keyed, and asks again until the person says that it"
        " is right. A value below `min` or above `max` is asked for again, too. Without `no_match` a wrong value goes"
        " the `no_input` way; an outcome without a way goes on with the next step.",
        "- collect: {prompt: enter-day, kind: date, confirm: {prompt: is-it-right}, save: day}\n"
        "  on: {no_input: bye}\n"
        "- collect: {prompt: enter-locker, kind: number, min: 1, max: 50, save: locker}\n"
        "  on: {no_input: bye}\n",
        ("Collect", "Digits", "Confirm", "CollectStep"),
    ),
    "language": VerbHelp(
        "Plays one prompt in one language after the other, in the order of its keys, until a key chooses: for calls"
        " that come in, where the language is not known. In each language the prompt names its own key. A wrong key"
        " goes on to the next language; without a choice the first language stays.",
        '- language: {prompt: welcome, keys: {"1": zh-CN, "2": en}}\n  on: {chosen: menu, no_input: menu}\n',
        ("ChooseLanguage", "LanguageStep"),
    ),
    "stop_number": VerbHelp(
        "Takes a stop for a number that is keyed in, ended with `#`, read back digit by digit, and confirmed. The stop"
        " is as final as one by the opt-out key: on disk before anything more is said, for every campaign and every"
        " call in progress. Only in a flow for calls that come in (`without_number`). The number is read as a number"
        " of the country of the called line, unless it begins with 00 and its country code.",
        "- stop_number: {prompt: key-in, confirm: {prompt: is-it-right}}\n  on: {stopped: thanks, no_input: menu}\n",
        ("StopNumber", "Confirm", "StopNumberStep"),
    ),
    "call_back": VerbHelp(
        "Offers times for another call. The contact is due again at the chosen time, when the gate judges it like any"
        " other call: hours, caps, consent and stops hold, so a country's rule of one call a day moves \"in two"
        ' hours" to the next day. Retries of the campaign are not added to it. The chosen time is the answer'
        " `call_back`, and the disposition is `call_back` unless a later step sets another. A stop later in the call"
        " cancels it.\n\n"
        "With a time alone, without `prompt` and `offer`, nobody is asked: the flow wants the contact to be called"
        " again, for example because nothing was said or pressed, and goes on with the next step. The gate judges that"
        " call like any other. With `today_only` it comes on the same day or not at all. Where the rules do not"
        " allow it, or `times` is used up, the delays of the campaign's `retry` for `no_answer` hold, as if nobody"
        " had been there; the disposition is then `not_called_back`, and the note of the call in the report says why."
        " In a country with one call in 24 hours that is always so. Nothing is promised to the person, so a prompt"
        " should not either.",
        '- call_back: {prompt: when, offer: [{in: 2h}, {at: "18:00"}, {tomorrow_at: "10:00"}]}\n'
        "  on: {chosen: bye, no_input: bye}\n"
        "- call_back: {in: 3h, today_only: true}\n",
        ("CallBack", "Offer", "CallBackStep", "CallAgain"),
    ),
    "transfer": VerbHelp(
        "Transfers the person to one of your own people. The person hears it ring; when the destination hangs up, the"
        " flow goes on, and when the person does, the call is over. Without a way for them, `busy` and `no_answer`"
        " take the way of `failed`; a result without a way goes on with the next step. The opt-out key stays live"
        " while it"
        " rings and while both talk: it ends the talk and stores the stop. The longest call (`max_call`) holds for the"
        " talk, too.",
        "- transfer: {to: front-desk, timeout: 20s}\n  on: {done: bye, failed: sorry}\n",
        ("Transfer", "TransferStep"),
    ),
    "record": VerbHelp(
        "Plays a prompt that tells people that they are recorded, then records what they say, until a silence, the"
        " end key or the longest time; also when they hang up. The recording is moved out of Asterisk at once and"
        " kept encrypted, as long as the answers of a call are (`agi-app report CAMPAIGN --recording` writes it out)."
        " `failed` goes the way of `empty` when it has none; a result without a way goes on with the next step. The"
        " opt-out key stops it, and nothing is kept; a stop that is only spoken into a message is not understood.\n\n"
        "`record: {call: true}` records both sides of the call from there on; the flow goes on at once."
        " `{call: false}` ends that, and so does a transfer, because the other side has not heard that it is recorded;"
        " a later step"
        " may begin"
        " another one. Otherwise it goes on to the end of the call, also after a stop. It is kept like a message, as"
        " `call`."
        " If it cannot be recorded or kept, the call goes on, and its note in the report says so. People must have"
        " heard before, to the end, that the call is recorded.",
        "- record: {prompt: leave-a-message, save: message, max: 90s}\n  on: {recorded: thanks, empty: bye}\n"
        "- record: {call: true}\n",
        ("Record", "RecordStep", "CallRecording"),
    ),
    "branch": VerbHelp(
        "Goes the way of the first true condition.",
        '- branch:\n    - when: contact.visit == "cleaning"\n      goto: cleaning\n    - else: other\n',
        ("BranchStep", "When", "Else"),
    ),
    "set": VerbHelp(
        "Sets variables. Name dispositions after what the person meant, not after keys.",
        "- set: {disposition: confirmed, tries: 1}\n",
        ("SetStep",),
    ),
    "call": VerbHelp(
        "Runs another flow of `flows/` here, as a part that several flows share. A result without a way goes on with"
        " the next step. A prompt of this flow comes before its first `call`, so that a reader of the flow sees who"
        " calls and how to stop.",
        '- call: {flow: identify, with: {wanted: "{contact.member}"}, take: [member]}\n'
        "  on: {right: message, else: bye}\n",
        ("Call", "CallStep"),
    ),
    "return": VerbHelp(
        "Ends a flow that was called; the caller's `on` goes on. A flow with a `return` or with parameters cannot be"
        " the flow of a campaign.",
        "- return: right\n",
        ("ReturnStep",),
    ),
    "opt_out": VerbHelp(
        "Does what the opt-out key does: stores the stop permanently, plays `confirm` if there is one, hangs up.",
        "- opt_out\n",
        (),
    ),
    "wrong_number": VerbHelp(
        "For a person who answers and is not the one who agreed. All consents that were given for this number until now"
        " end, of every purpose: on disk before anything else happens, so no campaign calls it on them again, and a"
        " call to it that another campaign is making ends. Then the prompt plays, if there is one, and the call ends"
        " with the disposition `wrong_number`. It is no stop: other numbers of the person (`person_id`) stay as they"
        " are, and a consent that somebody gives later for this number counts. A key or spoken words lead here, for"
        " which there is the [meaning](../how-to/answers-with-meaning.md) `wrong_number`. Not in a flow for calls"
        " that come in.",
        "- wrong_number\n- wrong_number: sorry-we-will-not-call-again\n",
        ("WrongNumber",),
    ),
    "goto": VerbHelp("Goes on at the first step of another node.", "- goto: bye\n", ("GotoStep",)),
    "hangup": VerbHelp("Ends the call.", "- hangup\n", ()),
}
