"""stop-link: a link by which somebody who cannot telephone stops all calls."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import HERE, ProjectOption, read_number, say, warn, with_installation
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.people import stop_links


def stop_link(
    number: Annotated[str | None, typer.Argument(help="The number, with country code.")] = None,
    project: ProjectOption = HERE,
    days: Annotated[int, typer.Option(help="For how many days it is good.")] = 90,
    base: Annotated[str, typer.Option(help="What comes before it, such as https://example.com/stop/.")] = "",
    take: Annotated[str, typer.Option(help="Take the stop of this link instead, which somebody has sent back.")] = "",
) -> None:
    """Make a link for a letter, a text message or an e-mail: opening it stops all calls to the number."""
    if (number is None) == (not take):
        raise InputError(t("give a number, or --take with a link"))
    if number is None:
        answer = with_installation(project, stop_links.stop_by_link, take.rpartition("/")[2])
        say(t("this number will never be called again; calls ended: {ended}", ended=answer.ended))
        if answer.waiting:
            warn(answer.waiting)
        return
    link, until = with_installation(project, stop_links.make_stop_link, read_number(number), days)
    say(f"{base}{link}")
    warn(t("good until {until}, for this stop alone; the number is not in it", until=f"{until:%Y-%m-%d}"))
