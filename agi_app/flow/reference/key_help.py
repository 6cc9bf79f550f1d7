"""What each key of a flow file means: for the reference page and for editors that read the JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping

_PROMPT = "The recording `prompts/LANGUAGE/NAME.wav`; `NAME.txt` beside it has its words."
_BARGE_IN = "Default `true`: a key ends the prompt. `false`: keys before its end are dropped, except the opt-out key."
_BARGE_IN_SPEECH = (
    "Default `true`: a key that the question knows, or a spoken answer, ends the prompt."
    " `false`: before its end only a stop counts."
)
_TIMEOUT = "Silence allowed after the prompt, and between two digits; 1s to 60s, default `5s`."
_CURRENCY = "Three letters: `CNY`, `USD`, `GBP`."

# class -> key as it is written -> meaning, in Markdown
KEYS: Mapping[str, Mapping[str, str]] = {
    "Flow": {
        "flow": "The flow's name: Latin letters, digits, `-` and `_`, at most 64.",
        "languages": "Language tags, at least one. A contact without a language hears the first.",
        "identify": "Who calls.",
        "opt_out": "How a person says stop.",
        "abandoned": "A prompt for a person who was called for an agent and finds none free within 2 s: who called,"
        " and how to stop the calls. For campaigns with `agents`; then the call ends.",
        "parameters": "Only in a flow that others [call](#call): variables that the caller gives a value, at most 20.",
        "start": "The node where a call begins.",
        "nodes": "Nodes by name. A node is a list of steps.",
    },
    "Identify": {"business": "The name of the business in each language. The first prompt must say it."},
    "OptOut": {
        "key": 'The key that means stop, default `"9"`.',
        "confirm": "A prompt that is played after the stop is stored.",
        "without_number": "Only for calls that come in, and it makes the flow one for them. It names the node with the"
        " `stop_number`, which asks callers who show no number for one. For them the opt-out key leads there.",
        "phrases": "Your own words that mean stop, by language, beside the shipped ones. The whole flow then listens"
        " for them, also where no question takes speech.",
    },
    "Play": {
        "prompt": _PROMPT,
        "barge_in": "Default `true`: a key that answers the question right after this step ends the prompt and counts."
        " One that is pressed earlier is kept for [the first question after it](#keys-pressed-early). `false`: no key"
        " counts here except the opt-out key.",
    },
    "Say": {
        "text": "What is said, in each language; `{contact.COLUMN}` stands for a column. At most 500 characters.",
        "value": "`contact.COLUMN` or a variable. Either this, with `as`, or `text`.",
        "as": "`digits`, `number`, `ordinal`, `count`, `money`, `date` (with its year), `day` (without), `time`,"
        " `time24`, `telephone`, or `name` (a column, by text-to-speech).",
        "currency": f"For `money`. {_CURRENCY}",
        "unit": "For `number`, `ordinal` and `count`: the measure word in each language, `{zh-CN: 次, en: visits}`.",
        "barge_in": "As in `play`.",
    },
    "SayStep": {"on": "`empty`: the node when the value is missing or cannot be read as its kind."},
    "Gather": {
        "prompt": f"What is asked. {_PROMPT}",
        "keys": 'Key to label: `{"1": yes, "2": no}`. The labels are the answers in `on`. Either this or `digits`.',
        "digits": "Several digits instead of one key. The answer in `on` is `entered`.",
        "speech": "What may be said: labels with their meanings, `{yes: yes, no: no, later: {en: [another day]}}`, or a"
        " value. Alone, or beside keys or digits.",
        "timeout": _TIMEOUT,
        "attempts": "How often it is asked, 1 to 5, default 2. If words that are not an answer interrupt a prompt, it"
        " plays again in that attempt.",
        "barge_in": _BARGE_IN_SPEECH,
        "early": "Default `true`: a key or words [before its prompt begins](#keys-pressed-early) may answer it."
        " `false`: only what comes after that, and the prompts before it are heard to their end. For a question that"
        " nobody may answer unheard, such as who the person is.",
        "save": "Name of a variable and of the stored answer: the label, the digits, or the value that was said.",
        "keep": "Default `false`. `true`: the recording of the spoken answer is kept, under the name of `save`. A"
        " prompt must tell people that they are recorded.",
    },
    "Record": {
        "prompt": "Says that what follows is recorded; the recording begins after it. The recording"
        " `prompts/LANGUAGE/NAME.wav`.",
        "save": "The name of a variable, of the stored answer (`recorded`) and of the recording.",
        "max": "The longest recording, 1s to 300s, default `60s`.",
        "silence": "This much silence ends it, 1s to 10s, default `3s`.",
        "end_key": '`"#"` ends it, too (default); `null`: no key does.',
    },
    "RecordStep": {"on": "Leads `recorded`, `empty` (nothing was said) and `failed` to nodes."},
    "CallRecording": {
        "call": "`true`: both sides of the call are recorded from here on; `false`: recording ends here.",
    },
    "SpokenValue": {
        "kind": "What is said: `number`, `date` (saved as `2026-03-05`) or `text` (anything, as it was understood). The"
        " answer in `on` is `entered`. Without `kind` there are labels.",
        "min": "For a `number`: the smallest that is accepted.",
        "max": "For a `number`: the largest that is accepted.",
    },
    "Digits": {
        "min": "The fewest digits, default 1.",
        "max": "The most digits, default 32; after them the answer is complete.",
        "end_key": '`"#"` ends the digits (default); `null`: only `max` or silence does.',
    },
    "GatherStep": {
        "on": "Leads each answer to a node: the labels (or `entered`), `no_input` (silence or noise), `no_match`"
        " (another key, words that were not understood, or not in time, or a number outside `min` and `max`)."
        " The last attempt decides: a wrong key and then silence is `no_input`."
    },
    "Collect": {
        "prompt": "What is asked. During the answer the opt-out is star and the key (`*9`), and the prompt must say"
        " so.",
        "kind": "`digits` (default), `number`, `date` (eight digits: year, month, day; saved as `2026-03-05`) or"
        " `amount` (whole units).",
        "digits": "As in `gather`; not for a date.",
        "min": "The smallest value of a `number` or an `amount`, or the first day of a `date`: `today`, `tomorrow`,"
        ' `30d` (days from today) or `"2026-03-05"`. A smaller value counts as wrong: the question is asked again.',
        "max": "The largest value, or the last day. A number is complete as soon as it has as many digits as `max` (two"
        " with `max: 50`); a shorter one is complete with `#` or after silence.",
        "currency": f"For an `amount`. {_CURRENCY}",
        "confirm": "How to ask whether it is right. Without it nothing is read back.",
        "timeout": _TIMEOUT,
        "attempts": "How often the digits are asked for, 1 to 5, default 3. If talk interrupts a prompt, it plays"
        " again in that attempt.",
        "barge_in": _BARGE_IN,
        "save": "Name of the variable and of the stored answer. Nothing is saved that was not confirmed.",
    },
    "Confirm": {
        "prompt": "Played after the value is read back. It is asked twice at most.",
        "yes": 'The key for right, default `"1"`.',
        "no": 'The key for wrong, default `"2"`: the digits are asked for again.',
    },
    "CollectStep": {
        "on": "Leads `entered`, `no_input` and `no_match` to nodes. The last attempt decides: `no_match` for a wrong"
        " value, or one that the person answered with `no`; `no_input` for silence."
    },
    "ChooseLanguage": {
        "prompt": f"Played in each language. {_PROMPT}",
        "keys": 'Key to language: `{"1": zh-CN, "2": en}`; they are heard in this order.',
        "timeout": "Silence after each language, 1s to 60s, default `2s`.",
        "attempts": "How often all are played, 1 to 5, default 2.",
    },
    "LanguageStep": {"on": "Leads `chosen` and `no_input` (no key, or a wrong one at the end) to nodes."},
    "StopNumber": {
        "prompt": "Asks for the number, with its area code, and for `#` at the end.",
        "confirm": "How to ask whether what was read back is right.",
        "timeout": _TIMEOUT,
        "attempts": "How often the number is asked for, 1 to 5, default 3.",
        "barge_in": _BARGE_IN,
    },
    "StopNumberStep": {
        "on": "Leads `stopped` (the stop is stored), `no_input` and `no_match` (no number, or none that was right) to"
        " nodes."
    },
    "CallBack": {
        "prompt": "Names the times and their keys, in the order of `offer`: `1` for the first, `2` for the second.",
        "offer": "One to eight times, all in the called person's own time.",
        "timeout": _TIMEOUT,
        "attempts": "How often the prompt is played, 1 to 5, default 2.",
        "barge_in": _BARGE_IN,
    },
    "Offer": {
        "in": "The time from now, `{in: 2h}`; 1m to 30d.",
        "at": 'The next time that the clock shows this time, `{at: "18:00"}`.',
        "tomorrow_at": 'That time on the next day, `{tomorrow_at: "10:00"}`.',
    },
    "CallAgain": {
        "in": "The time from now, `{in: 3h}`; 1m to 30d.",
        "at": 'The next time that the clock shows this time, `{at: "18:00"}`.',
        "tomorrow_at": 'That time on the next day, `{tomorrow_at: "10:00"}`.',
        "today_only": "Default `false`. `true`: today, as soon as the rules allow it from then on, or not at all.",
        "times": "After how many answered calls of a contact this may be done, 1 to 3, default 1.",
    },
    "WrongNumber": {"prompt": "The last word. A stop still counts while it plays, then the call ends."},
    "CallBackStep": {"on": "Leads `chosen`, `no_input` and `no_match` to nodes."},
    "Transfer": {
        "to": "A destination of the settings, `[destinations.NAME]`. Never a number of a contact.",
        "timeout": "How long it rings there, 1s to 60s, default `20s`.",
        "whisper": "A prompt that only the destination hears, before both can talk.",
    },
    "TransferStep": {
        "on": "Leads `done` (they talked, and the destination hung up), `busy`, `no_answer` and `failed` to nodes."
    },
    "BranchStep": {"branch": "Lines; the first true one wins. If none is, the next step follows."},
    "When": {"when": "A [condition](#conditions).", "goto": "The node to go to when it is true."},
    "Else": {"else": "The node for all other cases; only as the last line."},
    "SetStep": {"set": "Variables and their values. `disposition` is special: what the call meant, for the reports."},
    "Call": {
        "flow": "The name of the flow. It speaks all languages of this one and has the same opt-out key.",
        "with": 'A value for each of its `parameters`: as written, or `"{VARIABLE}"` or `"{contact.COLUMN}"`.',
        "take": "Names of its variables that this flow has afterwards. No other variable is shared; answers are always"
        " stored.",
    },
    "CallStep": {"on": "Leads each result of its `return` to a node; `else` is the way for all others."},
    "ReturnStep": {"return": "The result, your own label."},
    "GotoStep": {"goto": "The node."},
}
