"""Other words that people use for a key, a value or a column, and a right example of each key. Pure."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable

from agi_app.messages import spoken, t, template

# Other words that people use for a key, a verb or a value, and ours: of these the first that exists there is meant.
_WORDS = (
    # kinds of values
    ("currency price amount 金额 元", "money amount"),
    ("phone phone_number 电话号码", "telephone digits"),
    ("integer int", "number"),
    ("answered answer connected ok success succeeded successful completed talked 接通 成功", "done"),
    ("else default any", "no_match"),
    ("timeout wait", "no_input"),
    # values of rules
    ("day daily per_day 1d 天 每天 日", "24h"),
    ("week weekly per_week 1w 周 每周", "7d"),
    ("month monthly per_month 月 每月", "30d"),
    ("own self internal company policy ours 自己 公司", "house"),
    ("legal statute regulation act 法律 法规", "law"),
    # titles of columns
    (
        "date datetime timestamp when given_at consent_date consent_time date_of_consent 日期 同意日期",
        "time until as_of",
    ),
    ("text words consent_text consent_wording 话术 同意文本 同意原文", "wording text"),
    (
        "id customer_id customerid customer customer_no client_id client no patient_id 客户号 会员号 序号 病历号",
        "external_id",
    ),
    ("联系方式 联系电话 手机号 phone_no phone_number cell cellphone contact contact_number 被叫 被叫号码", "number"),
    ("action list allow_block list_type 类型 处理", "what"),
    ("expiry expiration expires expire valid_until valid_to 截止 截止日期 失效日期", "expires until"),
    ("channel how medium via collected_by 渠道 获取方式", "method"),
    ("origin system collected_from 系统 数据来源", "source"),
    ("complaint content details message 投诉 投诉详情", "text"),
    ("lang 语种", "language"),
    ("hours calling_hours call_hours time_window 时间 呼叫时段 时段", "window windows calling_hours"),
    ("until end stop till 结束", "to end"),
    ("start begin since 开始", "from start"),
    ("weekdays day weekday 星期", "days"),
    ("name id title 名称", "campaign flow name"),
    ("活动 活动名称", "campaign"),
    ("流程 script dialog", "flow"),
    ("country countries 国家 地区 jurisdiction regions", "jurisdictions jurisdiction region"),
    ("goal reason type kind 用途 目的", "purpose kind"),
    ("line carrier provider 线路 中继", "trunk"),
    ("from_number callerid cid caller cli 主叫 主叫号码", "caller_id"),
    ("speed rate limit cps 速度", "pace calls_per_second"),
    ("concurrency max_concurrent channels 并发", "concurrent"),
    ("retries redial 重试 attempts tries repeat", "retry attempts"),
    ("ringing ring ring_timeout 振铃", "ring_time"),
    ("max_duration duration max_length", "max_call max"),
    ("amd voicemail answering_machine", "machine_detection"),
    ("lang language 语言 locale", "languages language"),
    ("company business_name 公司 商家", "business identify"),
    ("optout unsubscribe 退订", "opt_out"),
    ("first entry begin_at 入口", "start"),
    ("steps states blocks 节点", "nodes"),
    ("wait wait_time seconds 等待 超时", "timeout"),
    ("audio sound file recording 录音 提示音 play", "prompt play"),
    ("options choices menu buttons digits 按键", "keys digits"),
    ("variable var store result 保存", "save"),
    ("interruptible interrupt bargein", "barge_in"),
    ("ask input question prompt 收号", "gather input"),
    ("next go jump then go_to 跳转", "goto"),
    ("end bye exit hang_up hangup 挂断 finish", "hangup hang_up"),
    ("tts speak text 播报 说", "say text"),
    ("dial connect forward agent 转接 转人工", "transfer"),
    ("if condition switch case 如果", "branch when"),
    ("otherwise 否则 default no_match invalid 其他 其它 其余", "else no_match"),
    ("无人接听 未接 未接通 无应答 没人接 noanswer no_reply", "no_answer"),
    ("占线 忙线 忙 engaged line_busy", "busy"),
    ("no_answer silence nothing timed_out", "no_input no_answer"),
    ("disposition assign 设置", "set"),
    ("reminder notification notice delivery service information 通知 提醒 派送通知 预约 事务 事务类", "transactional"),
    ("questionnaire poll 调查 调查类 问卷 回访", "survey"),
    ("ads advertising promotion sales 营销 营销类 推广 促销", "marketing"),
    ("ad ads advertising sales promotion promo 营销 推广 广告", "marketing"),
    ("poll research questionnaire feedback 调查 调研 问卷", "survey"),
    ("user login 用户名", "username"),
    ("pass passwd pwd secret 密码", "password_file password"),
    ("database db dsn db_url 数据库", "database_url"),
    ("data data_dir datadir data_path", "data_folder"),
    ("sounds_path prompts sounds prompt_path", "prompts_path"),
)
# A right line for keys that are often left out or of another shape; "Model.key" where the key alone is not enough.
# Where only the author knows what is meant (NAME, NODE …), the line is no valid one: taken word by word it is refused.
EXAMPLES = {
    "campaign": "campaign: march-checkup",
    "purpose": template("purpose: and one of transactional, survey, marketing"),
    "jurisdictions": "jurisdictions: [CN]",
    "flow": "flow: NAME",
    "trunk": "trunk: carrier-a",
    "caller_id": 'caller_id: "+862155500001"',
    "pace": "pace: {calls_per_second: 1, concurrent: 10}",
    "window": 'window: [{days: [mon, tue, wed, thu, fri], from: "09:30", to: "17:30"}]',
    "retry": "retry: {no_answer: [1d, 2d], busy: [1d]}",
    "from": 'from: "09:30"',
    "no_answer": "no_answer: [1d, 2d]",
    "busy": "busy: [1d]",
    "congestion": "congestion: [5m]",
    "WindowFile.to": 'to: "17:30"',
    "WindowSpec.to": 'to: "17:30"',
    "to": "to: front-desk",
    "days": "days: [mon, tue, wed, thu, fri]",
    "machine_detection": "machine_detection: {action: hang_up}",
    "action": "action: hang_up",
    "agents": "agents: {to: front-desk}",
    "zone": "zone: Europe/Berlin",
    "starts": "starts: 2026-03-10",
    "ends": "ends: 2026-03-31",
    "due": "due: {before: contact.appointment, at: [48h, 3h]}",
    "before": "before: contact.appointment",
    "DueFile.at": "at: [48h, 3h]",
    "quota": "quota: {by: contact.group, completed: 50}",
    "columns": "columns: {birthday: {digits: 4}}",
    "by": "by: contact.group",
    "completed": "completed: 50",
    "disposition": "disposition: completed",
    "local_caller_ids": 'local_caller_ids: {"+8621": "+862155500001"}',
    "languages": "languages: [zh-CN, en]",
    "identify": "identify: {business: {en: Sunshine Dental}}",
    "business": "business: {zh-CN: 阳光口腔, en: Sunshine Dental}",
    "opt_out": 'opt_out: {key: "9"}',
    "phrases": "phrases: {en: [stop calling]}",
    "start": "start: NODE",
    "nodes": "nodes: {bye: [hangup]}",
    "play": "play: NAME",
    "prompt": template("prompt: NAME, the recording that is played"),
    "say": 'say: {text: {en: "Hello."}}',
    "text": 'text: {en: "Hello."}',
    "unit": "unit: {en: visits}",
    "gather": 'gather: {prompt: NAME, keys: {"1": yes, "2": no}}',
    "keys": 'keys: {"1": yes, "2": no}',
    "ChooseLanguage.keys": 'keys: {"1": zh-CN, "2": en}',
    "digits": "digits: {min: 4, max: 8}",
    "speech": "speech: {yes: yes, no: no}",
    "on": "on: {yes: NODE, no_input: NODE}",
    "collect": "collect: {prompt: enter-day, kind: date, save: day}",
    "save": "save: answer",
    "confirm": "confirm: {prompt: is-it-right}",
    "language": 'language: {prompt: welcome, keys: {"1": zh-CN, "2": en}}',
    "call_back": "call_back: {prompt: when, offer: [{in: 2h}]}",
    "offer": "offer: [{in: 2h}]",
    "transfer": "transfer: {to: front-desk}",
    "record": "record: {prompt: leave-a-message, save: message}",
    "branch": 'branch: [{when: contact.visit == "cleaning", goto: NODE}, {else: NODE}]',
    "when": template("when: CONDITION (such as contact.age > 17)"),
    "goto": "goto: NODE",
    "else": "else: NODE",
    "set": "set: {disposition: confirmed}",
    "call": "call: {flow: identify}",
    "return": "return: right",
    "stop_number": "stop_number: {prompt: key-in, confirm: {prompt: is-it-right}}",
    "jurisdiction": "jurisdiction: DE",
    "source": "source: our own house rule",
    "as_of": "as_of: 2026-01-31",
    "basis": "basis: house",
    "windows": 'windows: [{days: [mon, fri], from: "09:00", to: "18:00"}]',
    "zones": "zones: [Asia/Shanghai]",
    "calls": "calls: 3",
    "per": "per: 7d",
    "time": "time: 2h",
    "max_age": "max_age: 31d",
    "purposes": "purposes: [marketing]",
    "numbers": 'numbers: ["+1305"]',
    "at_most_percent": "at_most_percent: 3",
    "disclose": "disclose: true",
    "offered_within": "offered_within: 2s",
    "answer_within": "answer_within: 15d",
    "cases": "cases: [{name: confirms, input: [listen, \"1\"], expect: {disposition: confirmed}}]",
    "input": 'input: [listen, "1"]',
    "expect": "expect: {disposition: confirmed}",
    "Case.name": "name: the person confirms",
    "name": "name: gb-tps",
    "contact": "contact: {name: Ann}",
    "answers": "answers: {answer: yes}",
    "heard": "heard: [greeting]",
    "sandbox": "sandbox = true",
}  # fmt: skip


def either(word: str, known: Iterable[str]) -> str:
    """What a word may mean when it may mean two of those that are known; else empty."""
    both = {"digits", "number"} <= set(known) and word.strip() == "数字"
    return t('; write "digits" (one by one) or "number" (as a number)') if both else ""


def other_word(word: str, known: Iterable[str]) -> str | None:
    """The known word that another word for it means."""
    there, small = set(known), small_word(word)
    rows = sorted({*_rows_of().get(small, ()), *_rows_of().get(small.removesuffix("s"), ())})
    return next((one for row in rows for one in _WORDS[row][1].split() if one in there), None)


@functools.cache
def _rows_of() -> dict[str, list[int]]:
    """The rows of ``_WORDS`` by each other word; a file may have thousands of wrong words."""
    found: dict[str, list[int]] = {}
    for row, (theirs, _) in enumerate(_WORDS):
        for word in theirs.split():
            found.setdefault(word, []).append(row)
    return found


def example(key: str, model: str = "") -> str:
    """A right line for a key; empty when there is none."""
    line = EXAMPLES.get(f"{model}.{key}") or EXAMPLES.get(key, "")
    return spoken(line)


def small_word(word: str) -> str:
    """Half-width, small, with underlines."""
    return unicodedata.normalize("NFKC", word).strip().casefold().replace("-", "_").replace(" ", "_")
