"""All pages of the installation itself: health, accounts, tokens, webhooks, numbers."""

from __future__ import annotations

from agi_app.console.service import accounts, health, numbers, tokens, webhooks

PAGES = tuple(one for module in (health, numbers, accounts, tokens, webhooks) for one in module.pages.declared)
