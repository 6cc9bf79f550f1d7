"""What each rule of the gate and of the guard says, in English and Chinese. Rendered by ``reason_text.told``.

The English sentences of the gate are also what rows of before 0050 have instead of values: a changed one needs its old
words in ``gate.stored_reasons``. Rows of the guard of before 0050 have both languages, and are compared with them when
they are made again: its sentences stay word for word until the last such row is gone (90 days).
"""

from __future__ import annotations

from agi_app.messages.retold import also
from agi_app.model.reason_text import Sentence as S
from agi_app.model.reason_text import Sentences

GATE: Sentences = {
    "campaign_not_running": S("the campaign is {state}", "活动{state}"),
    "campaign_not_begun": S("the campaign begins on {at} UTC", "活动于 {at}（UTC）开始"),
    "campaign_over": S("the campaign ended on {at} UTC", "活动已于 {at}（UTC）结束"),
    "contact_without_time": S(
        "the list gave no time in the column {column}: import the contact again",
        "名单的 {column} 列没有时间：请重新导入该联系人",
    ),
    "contact_too_early": S("this contact is not to be called before {at} UTC", "{at}（UTC）之前不得呼叫此联系人"),
    "contact_too_late": S(
        "this contact was not to be called any later than {at} UTC", "{at}（UTC）之后不再呼叫此联系人"
    ),
    "contact_not_approved": S(
        "the campaign has more contacts than its start was approved for: a second person has to approve this one",
        "活动的联系人超过了启动时批准的数目：此联系人要等第二人批准",
    ),
    "contact_row_rejected": S(
        "this contact's row in a newer list was rejected: correct it and import it again",
        "新名单中此联系人的行未能读入：请改正后重新导入",
    ),
    "quota_group": S(
        "the campaign's quota names no number for this contact's group", "活动的配额没有给此联系人所在的组规定数目"
    ),
    "quota_reached": S(
        "this contact's group has its number: {completed} of {wanted} are completed",
        "此联系人所在的组已满额：已完成 {completed} 个，配额 {wanted} 个",
    ),
    "quota_under_way": S(
        "the calls under way may fill this contact's group ({completed} of {wanted} are completed, {under_way} in a"
        " call)",
        "正在进行的通话可能使此联系人所在的组满额（已完成 {completed} 个，配额 {wanted} 个，通话中 {under_way} 个）",
    ),
    "purpose_rehearsal": S("a campaign cannot have the purpose rehearsal", "活动的用途不能是试听"),
    "number_invalid": S("the number is not valid", "号码无效"),
    "number_reserved": S(
        "a number of a test range is not called through a real trunk", "测试号段的号码不得经真实中继呼叫"
    ),
    "number_not_reserved": S("a sandbox trunk calls numbers of the test ranges only", "沙箱中继只能呼叫测试号段的号码"),
    "number_shared": S(
        "more than five persons have one of this contact's numbers: leave it out of their rows, or give the rows of one"
        " person the same `person_id`",
        "此联系人的一个号码属于五个以上的人：请从各行去掉该号码；如果是同一人，请在各行写相同的人员编号",
    ),
    "jurisdiction_not_listed": S(
        "the number is of {own}, the campaign calls {listed}", "号码属于 {own}，活动只呼叫 {listed}"
    ),
    "jurisdiction_unknown": S("there are no calling rules for {own}", "没有 {own} 的呼叫规则"),
    "consent_missing": S("there is no recorded consent", "没有同意记录"),
    "consent_missing/not_begun": S("the consent holds from {at} UTC on", "同意自 {at}（UTC）起才生效"),
    "consent_purpose": S("the consent is for {held}, the call is {asked}", "同意的是{held}电话，本次呼叫为{asked}"),
    "consent_revoked": S("the consent was withdrawn on {at}", "同意已于 {at} 撤回"),
    "consent_revoked/wrong_number": S(
        "on {at} the person who answered said that this is a wrong number", "接听者已于 {at} 表示号码有误"
    ),
    "consent_expired": S("the consent expired on {at}", "同意已于 {at} 到期"),
    "suppressed": S("the person said stop on {at}", "此人已于 {at} 拒绝来电"),
    "external_list": S("the number is on the list {lists}", "号码在外部谢绝来电名单 {lists} 中"),
    "external_list_stale": S(
        "{faults}: bring it up to date with `agi-app suppression import`",
        "{faults}：请用 `agi-app suppression import` 更新",
    ),
    "external_list_stale/never": S("the list {list} was never imported", "外部名单 {list} 从未导入"),
    "external_list_stale/old": S(
        "the list {list} is of {at}, at most {days} days are allowed",
        "外部名单 {list} 的日期为 {at}，最多只能用 {days} 天",
    ),
    "external_list_stale/ahead": S(
        "the list {list} is dated {at}, which is still to come", "外部名单 {list} 的日期 {at} 尚未到来"
    ),
    "caller_id_unproved": S("{own} has no ownership proof", "主叫号码 {own} 没有归属证明"),
    "caller_id_unproved/no_number": S(
        "{own} is no number with + and country code: letters are never taken for digits",
        "{own} 不是带 + 和国家代码的号码：字母不会被当作数字",
    ),
    "caller_id_unproved/too_long": S(
        "the proof of {own} until {until} holds longer than a proof can",
        "主叫号码 {own} 的归属证明有效期至 {until}，超过了允许的最长期限",
    ),
    "caller_id_unproved/not_shown": S(
        "{own} has no valid ownership proof, so it is not shown", "{own} 没有有效的归属证明，因此不能作为主叫号码显示"
    ),
    "caller_id_proof_expired": S("the proof of {own} has expired", "主叫号码 {own} 的归属证明已过期"),
    "caller_id_changed": S("this person has seen another number of ours before", "此人以前看到的是我方另一个号码"),
    "ring_time": S(
        "the campaign lets it ring for {ring} s, there it must be {least} to {most} s",
        "活动振铃 {ring} 秒，当地要求 {least} 至 {most} 秒",
    ),
    "column_missing": S(
        "the call could not say {columns}: empty, or no value of its kind; mend the row and import it again",
        "通话念不出 {columns}：为空，或不是该类的值；请改正该行后重新导入",
    ),
    "abandoned_ceiling": S(
        "{lost} of {all} answered calls were abandoned, over {limit} %",
        "已接听的 {all} 次通话中有 {lost} 次无人应对，超过 {limit}%",
    ),
    "zone_unknown": S("the callee's time zone is not known", "不知道对方所在时区"),
    "cap_per_day": S("{made} of {cap} calls in 24 hours were already made", "24 小时内已呼叫 {made} 次，上限 {cap} 次"),
    "cap_per_week": S("{made} of {cap} calls in 7 days were already made", "7 天内已呼叫 {made} 次，上限 {cap} 次"),
    "cap_per_month": S("{made} of {cap} calls in 30 days were already made", "30 天内已呼叫 {made} 次，上限 {cap} 次"),
    "gap_after_declined": S("the person declined a call not long ago", "此人不久前拒接过来电"),
    "gap_after_abandoned": S("a call to this person was abandoned not long ago", "此人不久前接听后无人应对"),
    "closed_day": S("{day} {date} is a closed day there", "{date}（{day}）在当地不可呼叫"),
    "window_jurisdiction": S(
        "the callee's country allows calls at other hours (there it is {day} {time})",
        "不在当地允许呼叫的时间内（当地时间{day} {time}）",
    ),
    "window_campaign": S(
        "outside the campaign's window (there it is {day} {time})", "不在活动的呼叫时间内（当地时间{day} {time}）"
    ),
    "window_person": S(
        "outside the hours that the person prefers (there it is {day} {time})",
        "不在此人方便接听的时间内（当地时间{day} {time}）",
    ),
    # Of calls to numbers of our own.
    "verification_per_day": S(
        "{made} of {cap} verification calls in 24 hours were already made",
        "24 小时内已拨打验证电话 {made} 次，上限 {cap} 次",
    ),
    "rehearsals_per_day": S(
        "{made} of {cap} rehearsals on this telephone in 24 hours were already made",
        "24 小时内已在此电话上试听 {made} 次，上限 {cap} 次",
    ),
    "phone_unproved": S(
        "nobody has proved by a call that this telephone is one of ours", "尚未用电话验证此电话属于我方"
    ),
    "phone_unproved/too_long": S(
        "the proof of this telephone until {until} holds longer than a proof can",
        "此电话的归属证明有效期至 {until}，超过了允许的最长期限",
    ),
    "phone_proof_expired": S("the proof of this telephone ended on {at}", "此电话的归属证明已于 {at} 到期"),
}

GUARD: Sentences = {
    "internal": S("comes from an endpoint of our own", "来自内部终端"),
    "allow": S(
        "on the allow list ({owner}, {shape}, entry {entry})", "在允许名单中（{owner}，{shape}，第 {entry} 条）"
    ),
    "allow/why": S(
        "on the allow list ({owner}, {shape}, entry {entry}): {why}",
        "在允许名单中（{owner}，{shape}，第 {entry} 条）：{why}",
    ),
    "dialled": S("somebody here dialled the number on {at}", "我方曾于 {at} 拨打该号码"),
    "off": S("the guard is off for this line", "本线路未启用防护"),
    "hours": S("outside the hours of the guard", "不在防护时段内"),
    "block_list": S(
        "on the block list ({owner}, {shape}, entry {entry})", "在黑名单中（{owner}，{shape}，第 {entry} 条）"
    ),
    "block_list/why": S(
        "on the block list ({owner}, {shape}, entry {entry}): {why}",
        "在黑名单中（{owner}，{shape}，第 {entry} 条）：{why}",
    ),
    "block_overruled": S(
        "a block entry does not count for it ({owner}, {shape}, entry {entry})",
        "黑名单条目对其不生效（{owner}，{shape}，第 {entry} 条）",
    ),
    "block_overruled/why": S(
        "a block entry does not count for it ({owner}, {shape}, entry {entry}): {why}",
        "黑名单条目对其不生效（{owner}，{shape}，第 {entry} 条）：{why}",
    ),
    "no_mailbox": S("the line has no mailbox", "本线路没有语音信箱"),
    "nothing": S("nothing speaks against the caller", "未发现异常"),
    "one_signal": S("a rejection needs two independent signals", "拒接需要两个相互独立的依据"),
    "no_strong_signal": S(
        "no signal about the caller itself is strong enough for more than a challenge",
        "没有针对来电者本身的有力依据，最多要求按键验证",
    ),
    "passed": S("its caller showed on {at} to be a person", "来电者已于 {at} 通过真人验证"),
    "withheld": S("the caller withholds the number", "来电隐藏了号码"),
    "first_contact": S("calls for the first time", "首次来电"),
    "night": S("a stranger at {hour} o'clock", "陌生号码在 {hour} 点来电"),
    "number_invalid": S("the caller shows no possible number", "来电号码不可能存在"),
    "stir_failed": S("the number's signature is false", "号码签名验证失败"),
    "run": S("called {n} of our numbers in a row, one after another", "按顺序连续拨打了我方 {n} 个号码"),
    "sweep": S(
        "the last of {n} strangers who called our numbers in a row, one after another",
        "{n} 个陌生号码按顺序拨打我方相邻号码",
    ),
    "lines_1m": S("called {n} of our numbers within a minute", "一分钟内拨打我方 {n} 个号码"),
    "lines_1h": S("called {n} of our numbers within an hour", "一小时内拨打我方 {n} 个号码"),
    "lines_1d": S("called {n} of our numbers within a day", "一天内拨打我方 {n} 个号码"),
    "calls_1h": S("called {n} times within an hour", "一小时内来电 {n} 次"),
    "at_once": S("has {n} calls at the same time", "同时有 {n} 个来电"),
    "calls_to_line": S("called this line {n} times today", "今天拨打本线路 {n} 次"),
    "decoys": S("called {n} of our numbers that nobody has", "拨打了我方 {n} 个空号"),
    "aborted": S("hung up {n} times within 5 s of ringing", "{n} 次响铃不足 5 秒即挂断"),
    "retries": S("rang the same line again within a minute, {n} times", "{n} 次在一分钟内重拨同一线路"),
    "challenge_failed": S("was asked for a digit {n} times today and never pressed it", "今天 {n} 次未按提示按键"),
    "block": S(
        "neighbours of the number are nuisance callers ({ten} in its ten, {hundred} in its hundred)",
        "相邻号码为骚扰号码（同十号段 {ten}，同百号段 {hundred}）",
    ),
    "votes": S("{n} reported it as a nuisance (faded weight {weight})", "{n} 人举报骚扰（衰减后权重 {weight}）"),
    "shared_list": S("on a shared list: no reason given", "在共享名单中：未注明原因"),
    "shared_list/why": S("on a shared list: {why}", "在共享名单中：{why}"),
    "script": S(
        "spoke the known script {script} before ({share} of {words} words)",
        "此前播放过已知话术 {script}（{words} 词中吻合 {share}）",
    ),
    "talked": S("somebody here talked with it before", "此前有过通话"),
    "known_long": S("known for a week, and answered today", "已知一周以上，今天接听过"),
    "stir_full": S("the carrier vouches for the number", "运营商为号码背书"),
}

also({sentence.en: sentence.zh for sentence in GATE.values()})
