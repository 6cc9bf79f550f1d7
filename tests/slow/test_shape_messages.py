"""Names and shapes that people get wrong in a project's files: what is wrong, where, and what to write."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import checked_project

pytestmark = pytest.mark.slow  # whole projects
CASES_FILE = "simulations/checkup.yaml"
FLOW, CAMPAIGN, SETTINGS = "flows/checkup.yaml", "campaigns/march-checkup.yaml", "agi-app.toml"
RULES, MEANINGS = "rules/cn.yaml", "meanings/own.yaml"
KEYS = '{"1": yes, "2": change}'
LAST = "max_call: 60s"
PACE = "pace: {calls_per_second: 5, concurrent: 60}"
WINDOW = 'window: {days: [mon, tue, wed, thu, fri], from: "09:30", to: "17:30"}'
PLAY = "- play: thanks"
ENDPOINT = 'endpoint = "PJSIP/{number}@sandbox-carrier"'
NUMBER = 'number = "+999862155500001"'

# file, what stands there, what somebody wrote, line and column, what is said
NAMES = [
    (CAMPAIGN, LAST, f"{LAST}\nhours: x", "13:1", '"hours"; did you mean "window"?'),
    (CAMPAIGN, LAST, f"{LAST}\nname: x", "13:1", '"name"; did you mean "campaign"?'),
    (CAMPAIGN, LAST, f"{LAST}\n国家: x", "13:1", 'did you mean "jurisdictions"?'),
    (CAMPAIGN, LAST, f"{LAST}\ntimezone: x", "13:1", "write zone: Europe/Berlin; it is of starts, ends"),
    (CAMPAIGN, LAST, f"{LAST}\nreminder: 48h", "13:1", "write due: {before: contact.appointment, at: [48h, 3h]}"),
    (CAMPAIGN, LAST, f"{LAST}\n语言: zh", "13:1", "that belongs in the flow's file"),
    (CAMPAIGN, PACE, "calls_per_second: 5", "8:1", '"calls_per_second": it belongs to pace, indented below it'),
    (CAMPAIGN, "from:", "start:", "9:43", 'did you mean "from"?'),
    (CAMPAIGN, "calls_per_second: 5", "calls_per_minute: 300", "8:8", "write calls_per_second: 5 (300 a minute)"),
    (CAMPAIGN, LAST, f"{LAST}\n```", "13:1", "remove the lines with ```"),
    (FLOW, "- play: thanks", "- play: zh-CN/thanks", "23:7", "leave out the folder and the ending: write thanks"),
    (FLOW, "- play: thanks", "- branch:\n        - {when: language ≥ 18, goto: bye}", "24:12", 'write ">="'),
    (FLOW, "- play: thanks", "- branch:\n        - {when: language 且 answer, goto: bye}", "24:12", 'write "and"'),
    (SETTINGS, ENDPOINT, ENDPOINT.replace('"', ""), "20:12", f"write {ENDPOINT.partition('= ')[2]}"),
    (CAMPAIGN, "purpose: transactional", "purpose: reminder", "3:1", 'not a purpose; did you mean "transactional"?'),
    (CAMPAIGN, "purpose: transactional", "purpose: 营销", "3:1", 'did you mean "marketing"?'),
    (CAMPAIGN, "[CN, US]", "[China]", "4:17", 'did you mean "CN"?'),
    (CAMPAIGN, "[CN, US]", "[英国]", "4:17", 'did you mean "GB"?'),
    (CAMPAIGN, "[CN, US]", "[Atlantis]", "4:17", "write two capital letters (ISO 3166), such as CN or GB"),
    (CAMPAIGN, "flow: checkup-reminder", "flow: checkup.yaml", "5:1", "open checkup.yaml, and write the name"),
    (CAMPAIGN, "campaign: march-checkup", "campaign: March Checkup", "2:1", "write March-Checkup"),
    (CAMPAIGN, "mon, tue, wed, thu, fri", "mon-fri", "9:17", "write mon, tue, wed, thu, fri"),
    (CAMPAIGN, "mon, tue", "周一, tue", "9:17", "write mon"),
    (FLOW, "languages: [zh-CN, en]", "language: [zh-CN, en]", "4:1", 'did you mean "languages"?'),
    (FLOW, "[zh-CN, en]", "[中文, en]", "4:13", "write zh-CN"),
    (FLOW, "[zh-CN, en]", "[zh_CN, en]", "4:13", "write zh-CN"),
    (FLOW, "identify:\n  business", "business", "5:1", '"business": it belongs to identify, indented below it'),
    (
        FLOW,
        "        save: answer\n      on:",
        "        save: answer\n        on:",
        "20:9",
        '"on": it belongs beside gather',
    ),
    (FLOW, "attempts: 2", "retries: 2", "18:9", 'did you mean "attempts"?'),
    (FLOW, "- play: thanks", "- audio: thanks", "23:7", 'did you mean "play"?'),
    (CASES_FILE, 'input: [listen, listen, "1"]', 'input: "1"', "6:5", 'write input: ["1"]'),
    (FLOW, "- play: thanks", "- play: thanks\n      play: goodbye", "24:7", "one step has one verb: write - play: …"),
    (
        *(FLOW, "      on: {yes: confirmed", "    on: {yes: confirmed", "20:5"),
        '"on" belongs beside gather: indent this line with 6 spaces, as far as gather in line 14',
    ),
    (CAMPAIGN, "no_answer: [1d, 2d]", "no_answer: 1d, 2d", "10:9", "write no_answer: [1d, 2d]"),
    (CASES_FILE, 'input: [listen, listen, "1"]', "input: 1", "6:5", 'write input: ["1"]'),
    (FLOW, "- play: thanks", "- wait: 5s", "23:7", "put a silence into a recording"),
    (FLOW, "- play: thanks", "- play thanks", "23:7", "a colon is missing: write - play: thanks"),
    (FLOW, "- play: thanks", "- play: thanks.wav", "23:7", "leave out the folder and the ending: write thanks"),
    (FLOW, "- play: thanks", "- 挂断", "23:7", 'did you mean "hangup"?'),
    (FLOW, "- play: thanks", '- transfer: {to: "+8613800138000"}', "23:18", "[destinations.front-desk]: front-desk"),
    (FLOW, "- play: thanks", "- say: {en: Hello}", "23:13", 'languages belong below text; write text: {en: "Hello."}'),
    (FLOW, KEYS, "{star: yes}", "16:16", 'write "*"'),
    (FLOW, KEYS, '{yes: "1"}', "16:16", 'write the key before the colon: {"1": yes}'),
    (FLOW, KEYS, '{"12": yes}', "16:16", "to ask for several digits, write digits: {min: 1, max: 8}"),
    (
        FLOW,
        "on: {yes: confirmed",
        'on: {"1": confirmed',
        "20:12",
        "name the answer here, not its key; write yes: confirmed",
    ),
    (
        FLOW,
        "- play: thanks",
        '- say: {text: {en: "Hi ｛contact.name｝"}}',
        "23:28",
        "full-width; type the ASCII {: {contact.name}",
    ),
    (
        FLOW,
        "- play: thanks",
        '- branch:\n        - {when: answer == "yess", goto: bye}',
        "24:12",
        'did you mean "yes"?',
    ),
    (
        FLOW,
        "- play: thanks",
        "- transfer: {to: front-desk}\n      on: {answered: bye}",
        "24:12",
        'did you mean "done"?',
    ),
    (FLOW, "    - hangup", "    - return: over", "34:7", "campaigns/march-checkup.yaml starts it: end it with hangup"),
    (SETTINGS, "[lines.main]", '[guard]\nzone = "Beijing"\n[lines.main]', "38:1", 'did you mean "Asia/Shanghai"?'),
    (SETTINGS, "[lines.main]", '[guard]\nregion = "China"\n[lines.main]', "38:1", "two capital letters, as in CN"),
]
SHAPES = [
    (CAMPAIGN, "no_answer: [1d, 2d]", "no_answer: 2", "10:9", "for 2 write no_answer: [1d, 1d]"),
    (CAMPAIGN, 'to: "17:30"', 'to: "24:00"', "9:58", 'write "23:59"'),
    (CAMPAIGN, "ring_time: 20s", "ring_time: 5 rings", "11:1", "15s to 45s here"),
    (CAMPAIGN, "[CN, US]", "[CN US]", "4:17", "each country is its own item: [CN, US]"),
    (CAMPAIGN, "[CN, US]", "[CN, , US]", "4:21", "there is nothing between two commas"),
    (CAMPAIGN, "[CN, US]", "[]", "4:1", "write jurisdictions: [CN]"),
    (CAMPAIGN, "campaign: march-checkup", 'campaign: "march-checkup', "2:11", 'write campaign: "march-checkup"'),
    (CAMPAIGN, LAST, f"{LAST}\n{LAST}", "13:1", "first in line 12; keep one"),
    (CAMPAIGN, LAST, f"{LAST}\nagents: desk", "13:1", "write agents: {to: desk}"),
    (FLOW, "    - play: greeting", "    1. play: greeting", "13:5", "write - play: greeting"),
    (FLOW, "    - play: greeting", "    * play: greeting", "13:5", "write - play: greeting"),
    (FLOW, "    - play: greeting", "    - play:greeting", "13:7", "a space is missing after the colon"),
    (FLOW, "    - play: greeting", "    - play: greeting, thanks", "13:7", "write one name here"),
    (FLOW, KEYS, '{"1"=yes}', "16:19", "put a colon and a space between a key and its value"),
    (FLOW, "save: answer", "save: 2nd one", "19:9", "write answer_2nd_one"),
    (FLOW, "yes: confirmed", "yes: goto confirmed", "20:12", "write confirmed"),
    (FLOW, "no_input: unanswered", "timeout: unanswered", "20:46", 'did you mean "no_input"?'),
    (FLOW, "- play: thanks", '- say: {text: {en: "Hi {name}"}}', "23:20", "write {contact.name}"),
    (
        FLOW,
        "- play: thanks",
        "- branch:\n        - {when: contact.x == y, goto: bye}",
        "24:12",
        'the text "y" in quotes',
    ),
    (FLOW, "- play: thanks", "- say: {value: contact.x, as: currency}", "23:31", 'did you mean "money"?'),
    (FLOW, "- play: thanks", "- call: other", "23:7", "write call: {flow: other}"),
    (CAMPAIGN, "[CN, US]", "CN, US", "4:1", "write jurisdictions: [CN, US]"),
    (CAMPAIGN, "no_answer: [1d, 2d]", "no_answer: 1d", "10:9", "write no_answer: [1d]"),
    (CAMPAIGN, PACE, "pace: 5", "8:1", "write pace: {calls_per_second: 1, concurrent: 10}"),
    (CAMPAIGN, WINDOW, 'window: "09:30-17:30"', "9:1", 'write window: [{from: "09:30", to: "17:30"}]'),
    (CAMPAIGN, "trunk: sandbox", "trunk: [sandbox]", "6:1", "write trunk: sandbox, without brackets"),
    (CAMPAIGN, "trunk: sandbox", "trunk:", "6:1", "after the colon"),
    (CAMPAIGN, "trunk: sandbox\n", "", "2:1", 'the key "trunk" is missing here; write trunk: carrier-a'),
    (CAMPAIGN, 'to: "17:30"', 'too: "17:30"', "9:58", 'did you mean "to"?'),
    (CAMPAIGN, ', to: "17:30"', "", "9:1", 'is missing here; write to: "17:30"'),
    (CAMPAIGN, "concurrent: 60", 'concurrent: "60"', "8:29", "write 60, without quotes or unit"),
    (CAMPAIGN, "concurrent: 60", "concurrent: 60.5", "8:29", "write 60"),
    (CAMPAIGN, LAST, f"\t{LAST}", "12:1", "there is a tab here; remove it: this key begins at the first column"),
    (
        CAMPAIGN,
        LAST,
        f"  {LAST}",
        "12:3",
        'wrong indentation: "max_call" must begin at the first column; remove the spaces',
    ),
    (CAMPAIGN, "campaign: m", " campaign: m", "2:2", 'wrong indentation: "campaign" must begin at the first column;'),
    (
        FLOW,
        "nodes:\n",
        " nodes:\n",
        "11:2",
        'wrong indentation: "nodes" must begin at the first column; remove the spaces',
    ),
    (FLOW, "opt_out:\n", "    opt_out:\n", "7:5", 'wrong indentation: "opt_out" must begin at the first column;'),
    (FLOW, "nodes:\n", " noodles:\n", "11:2", "this line must begin at the first column; remove the spaces before it"),
    (
        FLOW,
        "start: g",
        "  start: g",
        "10:3",
        'key "start": it belongs beside opt_out; it must begin at the first column',
    ),
    (CAMPAIGN, LAST, "max_call = 60s", "12:9", "put a colon between a key and its value: write max_call: 60s"),
    (CAMPAIGN, "flow: checkup-reminder", "flow: checkup: reminder", "5:7", 'write flow: "checkup: reminder"'),
    (CAMPAIGN, "ring_time: 20s", "ring_time: 20", "11:1", "20 is not a duration; write 20s"),
    (CAMPAIGN, "ring_time: 20s", "ring_time: 20秒", "11:1", "write 20s"),
    (CAMPAIGN, '"09:30"', "9:30 AM", "9:43", 'write "09:30"'),
    (FLOW, 'key: "9"', "key: 09", "8:3", 'put it in quotes: "09"'),
    (FLOW, "attempts: 2", "barge_in: yes", "18:9", "write true"),
    (FLOW, "attempts: 2", "barge_in: off", "18:9", "write false"),
    (FLOW, "attempts: 2", "attempts: two", "18:9", "write it in digits, such as 2"),
    (FLOW, KEYS, '["1", "2"]', "16:9", 'write keys: {"1": yes, "2": no}'),
    (FLOW, "- play: thanks", "- play: [thanks]", "23:7", "write play: thanks, without brackets or dash"),
    (FLOW, "- play: thanks", "- say: Hello", "23:7", 'write say: {text: {en: "Hello."}}'),
    (FLOW, "- play: thanks", "play: thanks", "23:5", "a dash is missing: write - play: thanks"),
    (
        FLOW,
        "        prompt: confirm",
        "      prompt: confirm",
        "15:7",
        "wrong indentation: indent this line with 8 spaces",
    ),
    (FLOW, "    - hangup", "    hangup", "34:5", "a dash is missing: write - hangup"),
    (FLOW, "  bye:\n", "  bye\n", "32:6", "a colon is missing: write bye:"),
    (FLOW, "  bye:\n", "   bye:\n", "32:4", "wrong indentation: indent this line with 2 spaces"),
    (FLOW, "on: {yes: confirmed, change: new_time, no_input: unanswered}", "on: x", "20:7", "write on: {yes: NODE,"),
    (SETTINGS, ENDPOINT, "", "19:2", f"is required; write {ENDPOINT.replace('sandbox-carrier', 'carrier-a')}"),
    (SETTINGS, NUMBER, "number = 862155500001", "38:1", 'write it in quotes: "862155500001"'),
    (SETTINGS, NUMBER, 'number = "0086 21 5550 0001"', "38:1", 'write "+862155500001"'),
    (SETTINGS, "calls_per_second = 10", 'calls_per_second = "ten"', "21:1", "write it in digits"),
    (
        SETTINGS,
        "# [sandbox]\n",
        '[sandbox]\nclock = "2026-03-03 10:00"\n',
        "53:1",
        "write 2026-03-03T10:00:00+08:00 if",
    ),
    (
        SETTINGS,
        NUMBER,
        'number = "+862155"',
        "38:1",
        "too short: with its country code a number has 7 to 15 digits, this one has 6",
    ),
    (CAMPAIGN, "+999862155500001", "+8621555500010001", "7:1", "too long: with its country code a number has 7 to 15"),
    (
        CAMPAIGN,
        "+999862155500001",
        "+4477123456789",
        "7:1",
        "too long by 1 digit: numbers that begin like this have 10 digits",
    ),
    (CAMPAIGN, "+999862155500001", "+1212555012", "7:1", "after +1, this one has 9"),
    (RULES, "", "jurisdiction: cn\n", "1:1", "write two capital letters, as in CN"),
    (
        *(RULES, "", "jurisdiction: CN\ntime_zones: {zones: [CET+1], source: x, as_of: 2026-01-01, basis: house}\n"),
        *("2:22", '"CET+1" is not a time zone; did you mean "Europe/Berlin"?'),
    ),
    (
        *(RULES, "", "jurisdiction: CN\ncaps: {calls: 1, per: 7d, source: x, as_of: 01/02/2026, basis: house}\n"),
        *("2:38", "this can mean two days; write 2026-02-01 or 2026-01-02"),
    ),
]

WHEN = "- branch:\n        - when: contact.age > 60\n"
BESIDE = "remove its dash, and indent it as far as that when"
NO_FILL = "braces are not filled in here: use a branch on answer"
EACH = "each step begins with a dash: write - play: thanks"
# advice that led, word by word, to a file with another meaning, or to the next error
OTHER_MEANINGS = [
    (FLOW, "- play: thanks", f"{WHEN}        - goto: bye", "25:11", BESIDE),
    (FLOW, "- play: thanks", f"{WHEN}        - goto: bye\n        - else: bye", "25:11", BESIDE),
    (FLOW, "- play: thanks", "- play: [thanks, goodbye]", "23:7", "write - play: thanks, - play: goodbye"),
    (FLOW, "  greeting:\n", "  - greeting:\n", "12:3", "no dash belongs before a name in nodes: write greeting:"),
    (FLOW, "nodes:\n", "nodes:\n  - bye:\n      - hangup\nnoodles:\n", "11:1", "before its names: write bye:"),
    (FLOW, "- play: goodbye\n    - hangup", "play: goodbye\n    hangup", "33:5", "write - play: goodbye, - hangup"),
    (FLOW, "- play: thanks\n    - goto", "play: thanks\n    goto", "23:5", f"{EACH}, - goto: bye"),
    (
        FLOW,
        "- play: goodbye\n    - hangup",
        "play: a\n    play: b",
        "34:5",
        "each step begins with a dash: write - play:",
    ),
    (FLOW, "    - play: goodbye\n    - hangup", "    goto: greeting", "32:3", "write - goto: greeting"),
    (FLOW, f"keys: {KEYS}", "speech: {yes: 是的}", "16:18", "write {zh-CN: [是的]}, or the name of a meaning"),
    (FLOW, f"keys: {KEYS}", "speech: {yes: [of course, sure]}", "16:18", "write {en: [of course, sure]}"),
    (FLOW, f"keys: {KEYS}", "digits: 4", "16:9", "write digits: {min: 4, max: 4}"),
    (FLOW, f"keys: {KEYS}", "digits: 4-6", "16:9", "write digits: {min: 4, max: 6}"),
    (FLOW, f"keys: {KEYS}", "digits: [4, 6]", "16:9", "write digits: {min: 4, max: 6}"),
    (FLOW, "disposition: confirmed", 'disposition: "{answer}"', "22:13", NO_FILL),
    (FLOW, "- play: thanks", '- play: "{{ answer }}"', "23:7", NO_FILL),
    (FLOW, "goto: bye", 'goto: "${answer}"', "24:7", NO_FILL),
    (FLOW, "        prompt: confirm\n", "", "14:7", "write prompt: NAME"),
    (FLOW, "- play: thanks", "- branch:\n        - when: contact.age > 60", "24:11", "write goto: NODE"),
    (FLOW, "- play: thanks", "- branch:\n        - goto: bye", "24:11", "write when: CONDITION"),
    (FLOW, "start: greeting\n", "", "3:1", "write start: NODE"),
    (CAMPAIGN, "purpose: transactional", "", "2:1", "write purpose: and one of transactional, survey, marketing"),
    (CAMPAIGN, "flow: checkup-reminder\n", "", "2:1", "write flow: NAME"),
    (MEANINGS, "", "meanings:\n  改期: [改天, 换个时间]\n", "2:3", "write NAME: {zh-CN: [改天, 换个时间]}"),
    (MEANINGS, "", "meanings:\n  later: another day\n", "2:3", "write later: {en: [another day]}"),
    *(
        (
            *(FLOW, '  key: "9"', f'  key: "9"\n  phrases: {{zh-CN: [不要打了{sign}别再打了], en: [stop calling]}}'),
            *(
                "9:21",
                f'"不要打了{sign}别再打了" counts as one phrase; write [不要打了, 别再打了], or leave the sign out',
            ),
        )
        for sign in "、，；"
    ),
    (FLOW, f"keys: {KEYS}", "speech: {yes: {zh-CN: [好、行], en: [fine]}}", "16:32", "one phrase; write [好, 行]"),
    (MEANINGS, "", "opt_out: {zh-CN: [烦死了、饶了我吧]}\n", "1:19", "one phrase; write [烦死了, 饶了我吧]"),
    (MEANINGS, "", "opt_out: [别打了]\n", "1:1", "write opt_out: {zh-CN: [别打了]}"),
]
ONE_NUMBER = "a campaign shows one number: write one, without brackets; numbers by place belong to local_caller_ids"
LATIN = "a table's name has only Latin letters, digits, - and _, and no spaces:"
# words of a library, other languages' ways to write, and advice that led nowhere
NOWHERE = [
    (FLOW, "- play: thanks", "- play: thanks // says it", "23:7", "comment begins with #: write thanks # says it"),
    (FLOW, "goto: bye", "goto: bye // the end", "24:7", "a comment begins with #: write bye # the end"),
    (CAMPAIGN, '"+999862155500001"', '["+999862155500001", "+999862155500002"]', "7:1", ONE_NUMBER),
    (
        CAMPAIGN,
        "purpose: transactional",
        "purpose: [transactional, survey]",
        "3:1",
        "each other one in another campaign",
    ),
    (
        *(CAMPAIGN, "calls_per_second: 5", "calls_per_second: 0,5", "8:28"),
        "a decimal has a point: write calls_per_second: 0.5",
    ),
    (SETTINGS, "[lines.main]", "[lines.main line]", "37:13", f"{LATIN} write [lines.main-line]"),
    (SETTINGS, "[trunks.sandbox]", "[trunks.移动]", "19:9", f"{LATIN} such as [trunks.carrier-a]"),
    (
        *(SETTINGS, "[lines.main]", '[guard]\ninternal = "PJSIP/front-desk，PJSIP/li"\n[lines.main]', "38:1"),
        'must be a list in brackets: write internal = ["PJSIP/front-desk", "PJSIP/li"]',
    ),
    (SETTINGS, "concurrent = 60", 'concurrent = "sixty"', "22:1", 'must be a whole number, not "sixty"; write it in'),
]
ORDINARY = "write one of your ordinary numbers"
ONE_KEY, SAID = "write one key in each place:", "words that are to be said belong in prompts/LANGUAGE/NAME.txt"
# signs of other languages and keyboards, and what nobody sees
SIGNS = [
    (FLOW, KEYS, '{"1": yes; "2": change}', "16:24", "put a comma between two items, not ;"),
    (FLOW, KEYS, '{"1": yes | "2": change}', "16:25", "put a comma between two items, not | or /"),
    (FLOW, KEYS, '{"1": yes "2": change}', "16:24", "a comma is missing here, between two items"),
    (CAMPAIGN, 'from: "09:30", to', 'from: "09:30" to', "9:56", "a comma is missing here, between two items"),
    (CAMPAIGN, "5, concurrent", "5; concurrent", "8:27", "put a comma between two items, not ;"),
    (CAMPAIGN, "mon, tue", "mon; tue", "9:17", "write mon, tue"),
    (FLOW, "- play: thanks", "- play: thanks -- says it", "23:7", "a comment begins with #: write thanks # says it"),
    (FLOW, "- play: thanks", "- play: thanks /* it */", "23:7", "a comment begins with #: write thanks # it"),
    (FLOW, "- play: thanks", "- play: thanks。", "23:19", "- and _ (at most 64); write thanks"),
    (FLOW, "- play: thanks", "- play: thanks\u200b", "23:19", "invisible character (U+200B) is here; delete it"),
    (
        CAMPAIGN,
        "ring_time:",
        "ring_time\u200b:",
        "11:10",
        'delete it, or type the line again; did you mean "ring_time"?',
    ),
    (FLOW, KEYS, '{"①": yes, "②": change}', "16:16", 'write "1"'),
    (FLOW, KEYS, '{"1-3": yes}', "16:16", f'{ONE_KEY} "1", "2", "3"'),
    (FLOW, KEYS, '{"1,2": yes}', "16:16", f'{ONE_KEY} "1", "2"'),
    (FLOW, 'key: "9"', 'key: "9或0"', "8:3", f'{ONE_KEY} "9", "0"'),
    (FLOW, "[zh-CN, en]", "[zh-CN; en]", "4:13", "each is its own item: write zh-CN, en"),
    (FLOW, "  new_time:", "  new_time（改期）:", "25:3", "write new_time"),
    (
        FLOW,
        "- play: thanks",
        "- play: Please call us back",
        "23:7",
        f"write Please-call-us-back, the same everywhere; {SAID}",
    ),
    (FLOW, "- play: thanks", "- play: 谢谢您的来电再见", "23:7", SAID),
    (
        CAMPAIGN,
        'to: "17:30"',
        'to: "12:00", from: "14:00", to: "17:30"',
        "9:71",
        "write window: [{days: […], from: …, to: …}, {days",
    ),
    (CAMPAIGN, '"+999862155500001"', '"+86 400 820 8820"', "7:1", f"not a person's; {ORDINARY}"),
    (CAMPAIGN, '"+999862155500001"', "400-820-8820", "7:1", f"not a person's; {ORDINARY}"),
    (
        CAMPAIGN,
        '"+999862155500001"',
        '"+8610086"',
        "7:1",
        f"as service and emergency lines have, not a person's; {ORDINARY}",
    ),
    (CAMPAIGN, '"+999862155500001"', '"95588"', "7:1", "has 7 to 15 digits, this one has 5"),
    (
        SETTINGS,
        "[lines.main]",
        '[destinations.x]\nqueue = "x"\nagents = ["PJSIP/a"]\n[lines.main]',
        "37:2",
        "has queue and agents: keep one",
    ),
]
BRANCHED = "a condition goes into a branch: write - branch: [{when: CONDITION, goto: NODE}]"
OTHER_MEANINGS += [
    (FLOW, "- play: thanks", f"{WHEN}          goto: bye\n        - 否则: bye", "26:11", "write - else: bye"),
    (FLOW, "- play: thanks", f"{WHEN}          goto: bye\n        - otherwise: bye", "26:11", "write - else: bye"),
    (FLOW, "- play: thanks", '- if: answer == "yes"\n      goto: bye', "23:7", BRANCHED),
    (FLOW, "- play: thanks", '- play: thanks\n      when: answer == "yes"', "24:7", BRANCHED),
]
NOWHERE += [
    (CAMPAIGN, "retry: {no_answer:", "retry: {无人接听:", "10:9", 'did you mean "no_answer"?'),
    (CAMPAIGN, "busy: [1d]", "占线: [1d]", "10:30", 'did you mean "busy"?'),
]
# ways to mend it that the first advice hides
OTHER_WAYS = [
    (
        CAMPAIGN,
        "trunk: sandbox",
        "trunk: carrier-a",
        "6:1",
        "or add [trunks.carrier-a] with its endpoint to agi-app.toml",
    ),
    (CAMPAIGN, "flow: checkup-reminder", "flow: who-called", "5:1", "flows for campaigns here: checkup-reminder"),
    (FLOW, "- play: thanks", "- transfer: {to: reception}", "23:18", "or add [destinations.reception] with its"),
    (FLOW, "- play: thanks", "- say: {value: fee, as: number}", "23:13", "a column of the contacts is contact.fee"),
    (
        *(FLOW, f"keys: {KEYS}", "speech: {yes: yes, change: reschedule}", "16:28"),
        "or your own words: change: {zh-CN: [改时间], en: [another time]}",
    ),
    (FLOW, "阳光口腔", "陽光口腔", "13:7", "say it there, or correct identify: business"),
]


# what passes, and would surely not do what was meant
NOT_MEANT = [
    (
        FLOW,
        "- play: thanks",
        "- set: {dispositon: confirmed}",
        "23:13",
        'nothing reads "dispositon"; did you mean "disposition"?',
    ),
    (FLOW, "- play: thanks", "- set: {languge: en}", "23:13", 'nothing reads "languge"; did you mean "language"?'),
    *(
        (
            FLOW,
            "- play: thanks",
            f"- branch:\n        - {{when: '{term}', goto: bye}}\n        - else: bye",
            "24:12",
            said,
        )
        for term, said in (
            ('contact.age > "60"', '"60" in quotes is compared as text, and "100" comes before "60"; write 60'),
            ('not ("18.5" >= contact.age)', "write 18.5"),
            ('contact.age < "-3" or answer == "yes"', "write -3"),
        )
    ),
    (FLOW, "- play: thanks", "- call: {flow: checkup-reminder}", "23:14", "to begin again write goto: greeting"),
]
RIGHT = [
    "contact.age > 60",
    'contact.code == "60"',
    'contact.name > "M"',
    'now.time >= "17:00"',
    'now.date < "2026-12-24"',
    'contact.code in ["60", "61"]',
]


@pytest.mark.parametrize("term", RIGHT)
def test_texts_that_are_meant_as_texts_are_left_alone(made: Path, tmp_path: Path, term: str) -> None:
    shutil.copytree(made, tmp_path / "p")
    file = tmp_path / "p" / FLOW
    branch = f"- branch:\n        - {{when: '{term}', goto: bye}}\n        - else: bye"
    file.write_text(file.read_text("utf-8").replace("- play: thanks", branch, 1), "utf-8")
    assert "flow/number-in-quotes" not in {p.rule for p in checked_project(tmp_path / "p").problems}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes") / "mine"
    make_project(folder)
    return folder


SAY, TRANSFER = "- say: {text: {%s}}", '- transfer: {to: "%s"}'
RETRY = "retry: {no_answer: [1d, 2d], busy: [1d], congestion: [5m]}"
CALLER = '"+999862155500001"'
STARTS = "write starts: 2026-03-10, or with a time of day starts: 2026-03-10 09:00"
ENDS = "write ends: 2026-03-31, which includes that day, or with a time of day ends: 2026-03-31 18:00"
IN_WORDS = "these are words: put them into prompts/LANGUAGE/NAME.txt, and write that NAME here"
QUOTES = "text that contains a colon needs quotes: write"
WHOLE_TEXT = "if it goes on with the text before its comma, put that whole text in quotes"
FIRST_USES = [  # what a person who had never used it wrote
    (FLOW, PLAY, SAY % "en: Booked: see you, zh-CN: 已预约", "23:24", f'{QUOTES} en: "Booked: see you"'),
    (FLOW, PLAY, SAY % "zh-CN: 已预约, en: Note: call us", "23:36", f'{QUOTES} en: "Note: call us"'),
    (FLOW, PLAY, SAY % "en: Hello, I am Ann: press 1, zh-CN: 好", "23:31", WHOLE_TEXT),
    (FLOW, PLAY, SAY % "en: See you zh-CN: 已预约", "23:31", "a comma is missing here, between two items"),
    (FLOW, "      on: {yes", "    - on: {yes", "20:7", "remove its dash, and indent it as far as that step's verb"),
    (FLOW, PLAY, '- keys: {"1": yes}', "23:7", "it belongs to the gather above: remove its dash"),
    (FLOW, PLAY, "- else: bye", "23:7", "it belongs to the branch above"),
    (FLOW, PLAY, "- disposition: confirmed", "23:7", "write - set: {disposition: confirmed}"),
    (FLOW, PLAY, "- 结果: 已确认", "23:7", "write - set: {disposition: 已确认}"),
    (FLOW, PLAY, "- connect: sales", "23:7", "write - transfer: {to: sales}"),
    (CAMPAIGN, LAST, f"{LAST}\nstart_date: 2026-03-10", "13:1", STARTS),
    (CAMPAIGN, LAST, f"{LAST}\nend_date: 2026-03-10", "13:1", ENDS),
    (CAMPAIGN, LAST, f"{LAST}\n开始日期: 2026-03-10", "13:1", STARTS),
    (CAMPAIGN, LAST, f"{LAST}\nuntil: 2026-03-10", "13:1", ENDS),
    (CAMPAIGN, "from:", "date: 2026-03-10, from:", "9:43", "write starts: and ends: beside window, not in it"),
    (CAMPAIGN, RETRY, "retry: {no_answer: 3}", "10:9", "each further try: for 3 write no_answer: [1d, 1d, 1d]"),
    (CAMPAIGN, RETRY, "retry: {busy: 2次}", "10:9", "each further try: for 2 write busy: [1d, 1d]"),
    (CAMPAIGN, RETRY, "retry: {busy: 0}", "10:9", "for no further try leave it out"),
    (CAMPAIGN, RETRY, "retry: {attempts: 3}", "10:9", "as in {no_answer: [1d, 2d], busy: [1d]}"),
    (FLOW, PLAY, "- goto：bye", "23:11", "type the ASCII : and a space: write - goto: bye"),
    (FLOW, PLAY, "- play ： thanks", "23:12", "type the ASCII : and a space: write - play: thanks"),
    (CAMPAIGN, CALLER, '"02155501234"', "7:1", 'write "+862155501234", in quotes, without the 0 before'),
    (CAMPAIGN, CALLER, '"+8602155501234"', "7:1", 'write "+862155501234", in quotes, without the 0 before'),
    (CAMPAIGN, CALLER, '"(212) 555-1234"', "7:1", 'write "+12125551234" or "+862125551234", in quotes'),
    (FLOW, PLAY, TRANSFER % "13800138000", "23:18", 'endpoint = "PJSIP/+8613800138000@TRUNK" in agi-app.toml'),
    (FLOW, PLAY, TRANSFER % "+8613800138000", "23:18", "prove it with `agi-app rehearse --prove +8613800138000`"),
    (FLOW, PLAY, TRANSFER % "8001", "23:18", "add [destinations.8001] with its endpoint"),
    (FLOW, PLAY, "- play: 您好，这里是阳光口腔，停止来电请按9。", "23:7", IN_WORDS),
    (FLOW, PLAY, "- play: Hello, this is Sunshine Dental.", "23:7", IN_WORDS),
    (FLOW, PLAY, "- play: 欢迎！", "23:7", IN_WORDS),
    (FLOW, PLAY, "- play: thanks, goodbye", "23:7", "write one name here, and each other name on its own line"),
    (
        *(CAMPAIGN, WINDOW, 'window: "09:30-12:00, 14:00-17:30"', "9:1"),
        'write window: [{from: "09:30", to: "12:00"}, {from: "14:00", to: "17:30"}]',
    ),
    (
        *(CAMPAIGN, WINDOW, "window: 周一至周二 9点到18点", "9:1"),
        'write window: [{days: [mon, tue], from: "09:00", to: "18:00"}]',
    ),
    (CAMPAIGN, WINDOW, "window: [9-17]", "9:10", 'write {from: "09:00", to: "17:00"}'),
    (CAMPAIGN, WINDOW, "window: {hours: 9-17}", "9:10", 'write from: "09:30", to: "17:30", with your hours'),
]


@pytest.mark.parametrize(
    ("file", "right", "wrong", "place", "said"),
    [*FIRST_USES, *NAMES, *SHAPES, *OTHER_MEANINGS, *OTHER_WAYS, *NOT_MEANT, *NOWHERE, *SIGNS],
)
def test_a_wrong_name_or_shape_says_what_to_write(
    made: Path, tmp_path: Path, file: str, right: str, wrong: str, place: str, said: str
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    (folder / file).parent.mkdir(exist_ok=True)
    text = (folder / file).read_text(encoding="utf-8") if right else ""
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1) if right else wrong, encoding="utf-8")
    told = [str(problem) for problem in checked_project(folder).problems]
    assert any(line.startswith(f"{file}:{place}: ") and said in line for line in told), told


def test_a_name_that_does_not_fit_is_not_missed_as_well(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    text = (folder / FLOW).read_text("utf-8")
    (folder / FLOW).write_text(text.replace("  new_time:", "  new_time（改期）:"), "utf-8")
    assert "there is no node" not in str(checked_project(folder).problems)
    (folder / FLOW).write_text(text.replace("- play: thanks", "- play: thanks。"), "utf-8")
    assert "type the ASCII" not in str(checked_project(folder).problems)


def test_a_missing_key_that_has_another_name_is_told_once(made: Path, tmp_path: Path) -> None:
    """Advice for the same key twice would make it a duplicate."""
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    text = (folder / FLOW).read_text("utf-8")
    branch = "- branch:\n        - {%s: language == 1, %s: bye}"
    for words in (("if", "then"), ("condition", "next"), ("如果", "跳转")):
        (folder / FLOW).write_text(text.replace(PLAY, branch % words), "utf-8")
        told = [str(problem) for problem in checked_project(folder).problems if problem.file == FLOW]
        assert [line.rpartition("; ")[2] for line in told] == ['did you mean "when"?', 'did you mean "goto"?']


@pytest.mark.parametrize(("right", "wrong"), [("zh-CN", "zh"), ("en", "en-US"), ("zh-CN", "zh-cn")])
def test_a_language_whose_prompts_are_in_another_folder_is_told_once(
    made: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    """Not for each prompt."""
    folder = Path(shutil.copytree(made, tmp_path / "mine"))
    text = (folder / FLOW).read_text("utf-8")
    (folder / FLOW).write_text(re.sub(rf"\b{right}\b(?=[:,\]])", wrong, text), "utf-8")
    [told] = [str(problem) for problem in checked_project(folder).problems if problem.file == FLOW]
    assert told.startswith(f"{FLOW}:4:")
    how = f"write {right} in place of {wrong} in the whole file"
    assert told.endswith(f"there is no folder prompts/{wrong}; prompts/{right} is there: {how}")
