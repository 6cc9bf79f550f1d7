"""Consent-first automated calling for Asterisk."""

from zoneinfo import reset_tzpath

# Calling hours are judged by the time zones of the package tzdata, which is pinned with its hash, and by no others: a
# wrong zone in a folder that PYTHONTZPATH or the system names would open the night.
reset_tzpath(())
