"""All pages of the records and of reports."""

from __future__ import annotations

from agi_app.console.records import actions, day_export, proof, quarter, reports, rules

PAGES = tuple(one for module in (reports, day_export, quarter, actions, rules, proof) for one in module.pages.declared)
