"""The pages at which the browser looks in both languages, two sizes and two themes, by who is signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.api.site import CAMPAIGN, FLOW

BEFORE_THE_SIGN_IN = ("/sign-in", "/link/agil_nothing")
# {preview}: the number of a look ahead that was made; {attempt}: a call that is on
LOOKED_AT: Mapping[str, Sequence[str]] = {
    "the-operator": (
        *("/", "/pause", "/resume", "/me", "/agent", "/me/second-factor", "/me/passkeys", "/nothing-here"),
        *("/campaigns", f"/campaigns/{CAMPAIGN}", f"/campaigns/{CAMPAIGN}/previews/{{preview}}"),
        *(f"/campaigns/{CAMPAIGN}/start?preview={{preview}}", f"/campaigns/{CAMPAIGN}/stop"),
        *(f"/campaigns/{CAMPAIGN}/asks", f"/campaigns/{CAMPAIGN}/asks/1", "/calls", "/campaigns?state=draft"),
        *("/contacts?external_id=row-1", f"/campaigns/{CAMPAIGN}/contacts", f"/campaigns/{CAMPAIGN}/import"),
        *(f"/campaigns/{CAMPAIGN}/contact?external_id=row-1", "/contacts/decisions/1", "/people/2/stop"),
        f"/campaigns/{CAMPAIGN}/contact/reschedule?external_id=row-1",
        *("/flows", f"/flows/{FLOW}", f"/flows/{FLOW}/edit", f"/flows/{FLOW}/draft", f"/flows/{FLOW}/try"),
        *(f"/flows/{FLOW}/calls", f"/flows/{FLOW}/versions", f"/flows/{FLOW}/versions/7", "/flows/courier/edit"),
        *("/new-campaign", f"/campaigns/{CAMPAIGN}/edit"),
        *("/prompts", "/prompts/en/thanks"),
        *("/guard", "/guard/vote?call=none&nuisance=yes", "/guard/lists", "/guard/lists/1", "/guard/lines/100"),
        *("/guard/lines", "/reports/quarter", "/reports/imports", "/records/rules?region=US&at=2026-03-10T03:00"),
        *("/reports/day", "/calls/{attempt}"),
        "/guard/answered",
        "/service/numbers",
    ),
    "the-supervisor": ("/approvals", f"/campaigns/{CAMPAIGN}/approve"),
    "the-compliance": (
        *("/people", "/people/1", "/people/1/erase", "/stops", "/consents", "/complaints", "/complaints/1"),
        *("/complaints/new", "/complaints/received", "/complaints/1/export"),
        *("/records/actions", "/records/actions?account=nobody", "/records/proof?kind=consent&row=1&since=1"),
        *("/records/proof?kind=consent&row=999999", "/records/proof/export"),
        *("/reports", "/reports/whole", "/reports/jobs/1"),
    ),
    "the-admin": (
        *("/service", "/service/accounts", "/service/accounts/the-viewer", "/service/tokens?account=the-viewer"),
        *("/service/webhooks", "/service/webhooks/1"),
    ),
}
