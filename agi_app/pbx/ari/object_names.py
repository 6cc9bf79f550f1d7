"""How what we make in Asterisk is told from what others made. Imports nothing: a restart needs it first."""

from __future__ import annotations

CHANNEL_PREFIX = "agi-app-"  # of the ids of channels, bridges and recordings
DIAL_BRIDGE = CHANNEL_PREFIX + "dial-"  # of the bridges in which calls wait for an answer


def ours(channel_id: str) -> str:
    """How what we make for a channel is called, be the channel ours or one that came in."""
    return channel_id if channel_id.startswith(CHANNEL_PREFIX) else CHANNEL_PREFIX + channel_id


# Machine detection: extensions of this context, which are also the first argument with which a channel comes back.
AMD_CONTEXT = "agi-app-amd"
AMD = "amd"  # a person or a machine?
SILENCE = "silence"  # the end of a greeting
