"""Judges a clinic's fortnight by what the carrier, the feed and the office's database saw."""
