"""City-local numbers on the wire: each person sees the one of their place, as the capture of the trunk shows."""

from __future__ import annotations

import pytest

from sandbox.witness import judge
from tests.system.site import CALLER_ID, Site, people

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CONFIRMS = 1


def test_each_person_sees_the_number_of_their_place(live: Site) -> None:
    """Before the local number is proved the campaign does not start; afterwards From is as chosen, and reported."""
    here, *others = people(*[CONFIRMS] * 4)
    prefix = here[:10]
    elsewhere = next(number for number in others if not number.startswith(prefix))
    numbers, local = [here, elsewhere], f"{prefix}0001"
    live.consent(numbers)
    live.add("local", numbers, start=False)
    with (live.project / "campaigns" / "local.yaml").open("a", encoding="utf-8") as file:
        file.write(f'local_caller_ids: {{"{prefix}": "{local}"}}\n')
    refused = live.app.run("campaign", "start", "local")
    assert (refused.returncode, f"local_caller_ids {local}: has no ownership proof" in refused.stderr) == (1, True)
    (live.project / "letter.txt").write_text(f"{local} is assigned to the clinic.\n", "utf-8")
    live.app.ask("callerid", "prove", local, "--letter", "letter.txt")
    live.app.ask("campaign", "start", "local")
    live.settle("local")
    shown = {call.to_user: call.from_user for call in live.calls(numbers)}
    assert shown == {here: local, elsewhere: CALLER_ID}
    assert judge([live.calls(numbers)], (), {CALLER_ID, local}, {}).wrong_caller_id == 0
    assert {n: a["caller_id"] for n, a in live.attempts("local").items()} == shown
    report = live.report("local")
    assert report["local_caller_ids"][local].startswith("unverified letter until ")
    assert report["caller_id_proof"].startswith("unverified letter until ")
