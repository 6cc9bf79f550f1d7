"""All pages of calls that come in."""

from __future__ import annotations

from agi_app.console.guard import calls, lists

PAGES = (*calls.pages.declared, *lists.pages.declared)
