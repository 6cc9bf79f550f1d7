"""How what we make in Asterisk is told from what others made. Imports nothing: a restart needs it first."""

from __future__ import annotations

CHANNEL_PREFIX = "agi-app-"  # of the ids of channels, bridges and recordings
