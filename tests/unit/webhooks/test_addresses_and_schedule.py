"""Which addresses are open, how a webhook is signed, when it is tried again, and how big it may become."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json

import pytest
from standardwebhooks import Webhook

from agi_app.config.webhooks import WebhookSettings
from agi_app.model.webhook_events import EVENTS, chosen
from agi_app.webhooks import payload, schedule, signature
from agi_app.webhooks.addresses import why_refused
from agi_app.webhooks.targets import fault_in

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.1.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "203.0.113.9", "::1", "::",
     "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
     "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1",
     "not an address"],
)  # fmt: skip
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert why_refused(address, []) is not None


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"]
)
def test_a_public_address_is_open(address: str) -> None:
    assert why_refused(address, []) is None


def test_the_settings_open_a_range_and_no_other_and_never_multicast() -> None:
    allowed = WebhookSettings(allow_private=("10.0.0.0/8", "fd00::/8", "224.0.0.0/4")).networks
    assert why_refused("10.1.2.3", allowed) is None
    assert why_refused("::ffff:10.1.2.3", allowed) is None
    assert why_refused("fd00::5", allowed) is None
    assert why_refused("192.168.1.1", allowed) is not None
    assert why_refused("224.0.1.1", allowed) is not None
    with pytest.raises(ValueError, match="not an address range"):
        WebhookSettings(allow_private=("10.0.0.1/8",))


def test_an_address_of_an_endpoint() -> None:
    assert fault_in("https://crm.example.com:8443/hook?x=1", [], allow_http=False) is None
    assert fault_in("https://1.1.1.1/", [], allow_http=False) is None
    assert fault_in("https://crm.example.com/" + "x" * 2000, [], allow_http=False) is not None
    assert fault_in("http://10.0.0.1/", [ipaddress.ip_network("10.0.0.0/8")], allow_http=True) is None


def test_a_secret_is_read_as_it_is_shown() -> None:
    assert signature.secret_of(signature.shown(bytes(32))) == bytes(32)
    for wrong in ("whsec_", "whsec_AAAA", signature.shown(bytes(65)), "AAAA" * 10, "whsec_?" + "A" * 40):
        with pytest.raises(ValueError, match="a secret is whsec_"):
            signature.secret_of(wrong)


def test_the_signature_is_that_of_the_standards_own_library() -> None:
    at = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
    made = signature.headers("evt_1", int(at.timestamp()), b'{"a":"\xc3\xa9"}', [bytes(32), bytes(40)])
    theirs = [Webhook(signature.shown(secret)).sign("evt_1", at, '{"a":"é"}') for secret in (bytes(32), bytes(40))]
    assert made["webhook-signature"] == " ".join(theirs)
    assert made["webhook-timestamp"] == "1772442000"


def test_the_schedule_takes_three_days_and_jitter_only_lengthens() -> None:
    pauses = [schedule.pause_s(n, 0.0) for n in range(1, schedule.TRIES)]
    assert pauses == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(pauses) > schedule.GIVEN_UP_AFTER.total_seconds()  # type: ignore[arg-type]
    assert schedule.pause_s(schedule.TRIES, 0.0) is None
    assert schedule.pause_s(2, 1.0) == 330
    assert schedule.pause_s(1, 0.0, 60) == 60
    assert schedule.pause_s(2, 0.0, 60) == 300


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), (" 7 ", 7), ("Mon, 02 Mar 2026 09:01:00 GMT", 60), ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
     ("-5", None), ("soon", None), ("", None), (None, None), ("٣", None), ("9" * 400, 999999999)],
)  # fmt: skip
def test_retry_after_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert schedule.retry_after_s(header, NOW) == seconds


def test_a_body_stays_below_the_limit_whatever_is_in_it() -> None:
    data = {"contact": 1, "campaign": "x" * 5000, "rules": ["r" * 500] * 5000}
    assert len(payload.body("contact.refused", NOW, data, "decision/1", None)) < payload.MOST_BYTES
    said = {f"q{n}": "说" * 1000 for n in range(20)}
    short = json.loads(payload.body("answer.saved", NOW, {"contact": 1}, None, None, said))
    assert short["data"] == {"contact": 1, "values_left_out": True}
    whole = json.loads(payload.body("answer.saved", NOW, {"contact": 1}, "result/7", 9, {"q": "yes"}))
    assert whole == {
        "type": "answer.saved",
        "timestamp": "2026-03-02T09:00:00+00:00",
        "data": {"contact": 1, "entry": "result/7", "leaf": 9, "values": {"q": "yes"}},
    }


def test_types_are_chosen_by_name_by_group_or_all() -> None:
    assert chosen(["person.stopped", "complaint.*"]) == (
        ["complaint.due", "complaint.received", "person.stopped"],
        [],
    )
    assert chosen(["campaign.st*", "*.stopped"]) == ([], ["campaign.st*", "*.stopped"])
    assert chosen(["*", "attempt.ended"]) == (["*"], [])
    assert chosen(["person.*", "nobody.*"])[1] == ["nobody.*"]
    assert "attempt.ended" in EVENTS
