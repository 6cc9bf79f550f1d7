"""What a browser is asked, and what it sends of a passkey in a form: bytes in base64url without padding."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from agi_app.console.pages import PageCall, PageData
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.administration.passkeys import AskedOfBrowser, ShownPasskey
from agi_app.operations.administration.webauthn import PasskeySite

LONGEST = 16_384  # characters of one field


class CreateOptions(PageData):
    """What a browser needs to make a passkey (navigator.credentials.create)."""

    challenge: str
    rp_id: str
    user_id: str
    user_name: str
    exclude: list[str]


class GetOptions(PageData):
    """What a browser needs to show one (navigator.credentials.get); ``allow`` empty: any of this name."""

    challenge: str
    rp_id: str
    allow: list[str]


def get_options(site: PasskeySite, asked: AskedOfBrowser) -> GetOptions:
    """As JSON for the script."""
    return GetOptions(challenge=asked.challenge, rp_id=site.rp_id, allow=[text_of(one) for one in asked.known])


def create_options(site: PasskeySite, asked: AskedOfBrowser, account: str) -> CreateOptions:
    """As JSON for the script."""
    return CreateOptions(
        challenge=asked.challenge,
        rp_id=site.rp_id,
        user_id=text_of(asked.handle),
        user_name=account,
        exclude=[text_of(one) for one in asked.known],
    )


def shown_of(form: Mapping[str, str]) -> ShownPasskey:
    """The passkey that a form shows. Raises InputError for a form that is not whole."""
    return ShownPasskey(
        credential_id=bytes_of(form, "credential_id"),
        handle=bytes_of(form, "user_handle", empty=True) or None,
        client_data=bytes_of(form, "client_data"),
        authenticator_data=bytes_of(form, "authenticator_data"),
        signature=bytes_of(form, "signature"),
    )


def bytes_of(form: Mapping[str, str], name: str, *, empty: bool = False) -> bytes:
    """The bytes of a field. Raises InputError when it has none."""
    text = form.get(name, "")
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if (not found and not empty) or len(text) > LONGEST:
        raise InputError(t("the browser has sent no passkey; open the page again"))
    return found


def text_of(given: bytes) -> str:
    """Bytes as the script reads them."""
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def site_of(call: PageCall) -> PasskeySite:
    """Where the page was opened. Raises InputError where passkeys cannot be used."""
    if call.passkeys.site is None:
        raise InputError(call.passkeys.why_not)
    return call.passkeys.site
