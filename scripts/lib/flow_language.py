"""Makes docs/reference/flow-language.md from the code: verbs, their keys, the limits."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

from agi_app.flow.reference.key_help import KEYS
from agi_app.flow.reference.verb_help import VERB_HELP
from agi_app.flow.syntax.names_and_limits import LIMITS, VERBS

Table = Callable[[tuple[str, ...], Sequence[tuple[str, ...]]], list[str]]

_HEAD = """
中文：[流程语言](flow-language.zh-CN.md)

A flow says what happens in an answered call. It is one YAML file in `flows/`; a campaign names it. Files are YAML 1.2:
`yes`, `no`, `on` and `off` are words, and keys such as `"1"` go in quotes. `agi-app check` finds mistakes
([check rules](check-rules.md)), `agi-app simulate` lets you talk to the flow. [Write a flow](../how-to/write-a-flow.md)
shows each verb at work. `agi-app schema flow` prints this page as JSON Schema, for editors.

## The head
"""
_STEPS = """
## Nodes and steps

A step is one verb. Steps run from top to bottom; the last one of a node must leave it (`goto`, `hangup`, `opt_out`,
`return`, or a step that asks, a `call` or a `branch` with a way for every case). A call that loops without end gets
the disposition `flow_limit`.

### Keys pressed early

People who know a call press a key before they are asked. A key that is pressed in a `play` or `say` counts for the
first question after it, and for no other one:

- If the question is the very next step, its key ends the prompt, and the question is answered without being asked.
- Otherwise the key is kept: what comes between (prompts, `set`, `branch`, `goto`) runs to its end, and then the key
  answers the question. If the question does not know the key, the key is forgotten, and the question is asked as
  usual.
- Nothing is kept in a prompt with `barge_in: false`, for a question with `barge_in: false`, or for digits; nor is the
  key that answered the question before, because it may have been pressed twice. `record`, `transfer` and every
  question forget all keys.
- The opt-out key is never kept: it acts at once.
"""
_REST = """
## The opt-out key

It is live in every prompt and every question, with or without `barge_in`. While several digits are typed it would be a
digit, so there it is star and the key (`*9`), and the prompt must say so. The stop is on disk before anything else
happens; then `confirm` may play, and the call ends. The call's disposition is `opted_out`, whatever was set before. In
a flow that is called, key and confirmation are those of the flow that the call began with.

`agi-app check` reads the transcripts for the offer to press it, in the first prompt and wherever digits are typed. It
finds the offer in one sentence:

- a word for pressing, and the key at most 24 characters after it with no other digit between: "to stop these calls,
  **press 9**", "停止来电请**按 9**";
- or the key anywhere within 120 characters after such a word, if the sentence also speaks of stopping: "**press** 1
  to confirm or **9** to **stop**".

| | English | Chinese |
|---|---|---|
| pressing | press, pressing, push, hit, dial, key, enter, type | 按, 摁, 拨, 输入 |
| stopping | stop, remove, opt out, unsubscribe, never, no more, not, end | 停止, 不再, 不想, 不要, 拒, 退订, 取消 |
| the key | 9, nine | 9, 九 |
| star before it, where digits are typed | `*`, star, asterisk | `*`, 星 ("星号九") |

In another language the text must contain the key itself. A first prompt without it is the fault
`flow/opt-out-not-offered`.

## Conditions

```
contact.visit == "cleaning" and (answer == "yes" or not contact.vip)
contact.age >= 18
rating in ["4", "5"]
now.weekday in ["sat", "sun"] or now.time >= "17:00"
```

- `==` `!=` `<` `<=` `>` `>=`, `in [list]`, `and`, `or`, `not`, parentheses; text in quotes, numbers, `true`, `false`.
- Names are variables of this flow, `language`, `disposition`, and `contact.COLUMN`, a column of the contacts file.
- `now.time` (`"09:30"`, 24 hours), `now.weekday` (`"mon"` to `"sun"`) and `now.date` (`"2026-03-31"`) are the time
  where the called person is, now in this call. For a number that may be in several time zones it is the first of them.
- A name without a value is nothing. Comparing nothing with anything is false, so `not contact.vip` asks whether the
  column is empty.
- Columns and digits are text. Compared with a number they are read as a number; if they are not a number, the
  comparison is false.
- Nothing in a condition can run code.

## Limits

These limits keep a flow from looping without end, and keep it short enough for a person to read:
"""


def page(made: str, table: Table) -> str:
    """flow-language.md; ``table`` makes a Markdown table of a head and rows."""
    lines = ["# Flow language", made, *_HEAD.splitlines(), "", *_keys("Flow", KEYS, table)]
    for part, title in (("Identify", "identify"), ("OptOut", "opt_out")):
        lines += ["", f"Keys of `{title}`:", "", *_keys(part, KEYS, table)]
    lines += _STEPS.splitlines()
    for verb in VERBS:
        help_ = VERB_HELP[verb]
        lines += [
            "",
            f"### {verb}",
            *_paragraphs(help_.about),
            "",
            "```yaml",
            *help_.example.splitlines(),
            "```",
        ]
        for part in help_.parts:
            lines += ["", *([f"{_title(part)}:", ""] if part != help_.parts[0] else []), *_keys(part, KEYS, table)]
    rows = [(what, str(limit)) for what, limit in LIMITS]
    return "\n".join([*lines, *_REST.splitlines(), "", *table(("what", "at most"), rows)]) + "\n"


def _paragraphs(text: str) -> list[str]:
    wrapped = [textwrap.wrap(part, 118, break_on_hyphens=False) for part in text.split("\n\n")]
    return [line for lines in wrapped for line in (*lines, "")][:-1]


def _title(part: str) -> str:
    words = {
        "Digits": "Keys of `digits`",
        "Confirm": "Keys of `confirm`",
        "Offer": "Keys of a time in `offer`",
        "CallAgain": "Without asking",
        "SpokenValue": "Keys of `speech` with a `kind`",
        "CallRecording": "To record the call itself",
        "WrongNumber": "Keys of `wrong_number`",
    }
    return words.get(part, "Beside the verb" if part.endswith("Step") else f"Keys of a line with `{part.lower()}`")


def _keys(part: str, keys: Mapping[str, Mapping[str, str]], table: Table) -> list[str]:
    return table(("key", "meaning"), [(f"`{key}`", text) for key, text in keys[part].items()])
