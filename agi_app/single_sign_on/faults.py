"""What can be wrong with an issuer of single sign-on, and with what it says of somebody."""

from __future__ import annotations

from agi_app.errors import InputError


class ProviderFault(InputError):
    """The issuer cannot be asked, or its answer cannot be believed; the words name neither a code nor a token."""
