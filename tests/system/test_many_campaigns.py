"""Ten thousand campaigns run and nearly all are empty: whoever becomes due is called at once."""

from __future__ import annotations

import time

import pytest

from tests.system.conftest import NewSite
from tests.system.site import people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CAMPAIGNS, BUSY = 10_000, 3
WITHIN_S = 2.0
CONFIRMS = 1
# As many as `campaign start` would make, in one statement; those of the finding had no contact any more.
COPIES = """
INSERT INTO campaign (name, spec, flow_file, flow_text, sub_flows, state)
SELECT 'empty-' || n, spec || jsonb_build_object('name', 'empty-' || n), flow_file, flow_text, sub_flows, 'running'
FROM campaign CROSS JOIN generate_series(1, {}) AS n WHERE name = 'busy-0' RETURNING 1
"""


@pytest.mark.attack("row 18: thousands of empty running campaigns starve those who are due")
def test_a_due_contact_waits_for_no_empty_campaign(new_site: NewSite) -> None:
    site = new_site("many")
    names = [f"busy-{place}" for place in range(BUSY)]
    for name in names:
        first = people(CONFIRMS)
        site.consent(first)
        site.add(name, first, flow="bulk")
    site.sql(COPIES.format(CAMPAIGNS - BUSY))
    with site.worker():
        site.settle(*names, timeout_s=60)
        waits = []
        for name in names:
            (number,) = people(CONFIRMS)
            site.consent([number])
            site.app.ask("contacts", "import", name, site.write_contacts([number]))
            imported = time.time()
            until("they are called", lambda number=number: bool(site.calls([number])), 30)  # type: ignore[misc]
            waits.append(site.call(number).invite_at - imported)
        assert max(waits) < WITHIN_S, waits
        status = site.status("empty-7")
        assert status["nobody_dialled_because"] == ["every contact is done"]
