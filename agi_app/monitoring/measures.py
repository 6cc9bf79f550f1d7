"""What one worker counts and times while it works; names and labels are those of docs/reference/metrics.md.

A label is a name of the settings, a campaign or a word of a closed list: never a number, a contact or a person.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

PREFIX = "agi_app"
OTHER = "other"
PERMITS = ("used", "late", "expired", "taken_back")
_SHORT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5)  # seconds: what a person or a mark waits for
_CALL = (5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 900)  # seconds: how long calls take
_SPEECH = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0)


class Measures:
    """Counters and times of one process; ``registry`` holds them for a scrape."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which nobody asks for
        self.registry = CollectorRegistry()
        ProcessCollector(namespace=f"{PREFIX}_worker", registry=self.registry)
        self.attempts = self._counter("attempts", "Calls that ended", "campaign", "trunk", "outcome")
        self.attempt_s = self._times("attempt_duration_seconds", "From the dial to the end of a call", _CALL)
        self.mark_to_invite_s = self._times("mark_to_invite_seconds", "From the mark to the dial", _SHORT)
        self.key_to_audio_s = self._times("key_to_audio_seconds", "From a key to the prompt that it brings", _SHORT)
        self.claims = self._counter("claims", "Contacts that were claimed for a call", "campaign")
        self.claim_s = self._times("claim_seconds", "Of one look for contacts to call", _SHORT)
        self.decisions = self._counter(
            "gate_decisions", "Decisions of the gate by the first rule against", "campaign", "rule", "allowed"
        )
        self.permits = self._counter("permits", "Marks by what came of them", "result")
        for result in PERMITS:  # from 0 on, so that the first late one is seen
            self.permits.labels(result)
        self.stops = self._counter("stops", "Stops that this worker took", "via")
        self.journal_s = self._times("journal_fsync_seconds", "Until a stop is on disk", _SHORT)
        self.guard = self._counter("guard_decisions", "Calls that came in by what the guard did", "action")
        self.guard_s = self._times("guard_answer_seconds", "Of the guard's word on a call that comes in", _SHORT)
        self.speech_s = self._times("speech_seconds", "Until an utterance is understood", _SPEECH, "engine")

    def decided(self, campaign: str, rule: str | None) -> None:
        """The gate said yes (None), or no by this rule first."""
        self.decisions.labels(campaign, rule or "", "true" if rule is None else "false").inc()

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, namespace=PREFIX, registry=self.registry)

    def _times(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, words, labels, namespace=PREFIX, registry=self.registry, buckets=buckets)
