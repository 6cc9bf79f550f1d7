"""The JSON Schema of a campaign file, for editors."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.campaigns.campaign_file.load import CampaignFile
from agi_app.flow.reference.json_schema import Schema, readable

KEYS: Mapping[str, Mapping[str, str]] = {
    "CampaignFile": {
        "campaign": "The campaign's name.",
        "purpose": "transactional, survey or marketing; a consent counts only for its own purpose.",
        "jurisdictions": "Countries, two capital letters each; a person in another country is refused.",
        "flow": "The name of the flow to run, as in its file.",
        "trunk": "The name of a trunk of the settings.",
        "caller_id": "The number to show, with plus and country code, in quotes; it needs an ownership proof.",
        "pace": "The most this campaign may do over all nodes.",
        "window": "Days and hours in the time of the called person; one window or a list. It only narrows the hours"
        " that the law allows.",
        "retry": "Outcome to delays: no_answer, busy, congestion, trunk_silent, failed or machine, such as [1d].",
        "ring_time": "How long it rings, 15s to 45s.",
        "max_call": "The longest call, 15s to 600s.",
        "region": "How numbers without a country code are read; one of the jurisdictions.",
        "local_caller_ids": "Prefix to the number that is shown to people whose numbers begin with it.",
        "agents": "Your agents, whom the calls are for: a person is called only while an agent is free.",
        "machine_detection": "Find out whether a machine has answered, and what to do then. Without it, agi-app does"
        " not look.",
        "dialled_by": "agents: nobody is called automatically, an agent asks for each call (`agi-app call-person`)."
        " Default: dialer.",
        "zone": "Time zone (IANA) of all times in this file and in the contacts' list that have no offset. May be left"
        " out where all jurisdictions have the same one.",
        "starts": "Nobody is called before: a day, or a day with a time of day.",
        "ends": "Nobody is called from then on: a day, which is the last one, or a day with a time of day.",
        "due": "When contacts are due: these lengths before the time in a column, or, with contact.COLUMN alone, at"
        " that time. Default: at once.",
        "columns": "What columns of the contacts must say; a row that says something else is rejected at the import.",
        "quota": "How many contacts of each group are to be completed; then nobody of that group is called.",
    },
    "ColumnFile": {
        "digits": "So many digits and nothing else: 4, or {min: 4, max: 6}.",
        "one_of": "One of these.",
        "optional": "The cell may be empty, and a file may be without the column. Default: false.",
    },
    "DigitsFile": {"min": "At least so many.", "max": "At most so many."},
    "DueFile": {
        "before": "The column with the time of the appointment, such as contact.appointment.",
        "at": "How long before it to call, 1 to 6 lengths from 10m to 60d, such as [48h, 3h].",
    },
    "QuotaFile": {
        "by": "The column of the contacts that has their group, such as contact.group.",
        "completed": "A number, of each group; or the groups that are called, each with its number.",
        "disposition": "One disposition of the flow, or some: a contact with one of them is completed. Default:"
        " completed, or what the flow calls so.",
    },
    "MachineDetectionFile": {
        "action": "What to do when a machine has answered: hang_up, leave_message or treat_as_person.",
        "message": "The prompt that leave_message plays when the machine's greeting is over.",
        "message_after": "The message begins when the machine has been silent for this long, 1s to 5s.",
        "message_within": "No message is left if the machine has not fallen silent by then, 5s to 120s.",
        "tuning": "The arguments of Asterisk's AMD application; the usual ones were chosen by measurement.",
    },
    "TuningFile": {
        "initial_silence": "Nothing heard for this long: not sure, perhaps a person who waits.",
        "greeting": "Words without a pause for this long: a machine.",
        "after_greeting_silence": "This much silence after the first words: a person.",
        "total_analysis_time": "No verdict by then: not sure, and treated as a person.",
        "minimum_word_length": "A sound shorter than this is not a word.",
        "between_words_silence": "This much silence ends a word.",
        "maximum_number_of_words": "This many words: a machine.",
        "silence_threshold": "Mean amplitude up to which a line counts as silent, 50 to 5000.",
        "maximum_word_length": "A sound without a pause for this long: not sure, because it may be noise.",
    },
    "AgentsFile": {
        "to": "A destination of the settings with a `queue` or `agents`; the flow transfers to it.",
        "pacing": "`progressive` (default): one call for each free agent. `predictive`: more, as many as the answer"
        " rate, the share who ask for an agent and the handling times so far allow.",
        "abandoned_ceiling": "The share of answered calls, in 30 days, that may find no free agent; above it the"
        " campaign stops. Default `1%`, from 0% to what the countries' rules allow.",
    },
    "PaceFile": {
        "calls_per_second": "Calls begun in a second.",
        "concurrent": "Calls at the same time.",
        "priority": "1 to 100: its part beside other campaigns when a trunk or an Asterisk cannot carry all of them.",
    },
    "WindowFile": {
        "days": "mon, tue, wed, thu, fri, sat, sun.",
        "from": 'When it opens, such as "09:30".',
        "to": 'When it closes, such as "17:30".',
    },
}


def campaign_schema() -> Schema:
    """The schema of ``campaigns/NAME.yaml``."""
    schema = readable(CampaignFile.model_json_schema(), KEYS, "agi-app campaign")
    schema["$defs"]["Purpose"]["enum"].remove("rehearsal")  # never a campaign
    due = schema["properties"]["due"]
    short = schema["$defs"]["DueFile"]["properties"]["before"]
    short_form = {key: value for key, value in short.items() if key != "description"}
    schema["properties"]["due"] = {"anyOf": [short_form, due], "description": due.pop("description")}
    windows = schema["properties"]["window"]
    schema["properties"]["window"] = {"anyOf": [windows["items"], windows], "description": windows.pop("description")}
    return schema
