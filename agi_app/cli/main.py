"""The command ``agi-app``: one command a function, no logic.

Exit 0 well, 1 the input is wrong, 2 the environment is wrong, 3 another worker owns this Asterisk.
"""

from __future__ import annotations

import os
import sys

import typer
from typer import exceptions

from agi_app.cli import callerid, campaign, consent, contacts, files, recover, report, service
from agi_app.cli.common import err
from agi_app.errors import AgiAppError

app = typer.Typer(
    name="agi-app",
    help="Consent-first automated calling for Asterisk.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
files.add_to(app)
app.add_typer(contacts.app, name="contacts")
app.add_typer(consent.app, name="consent")
app.add_typer(callerid.app, name="callerid")
app.add_typer(campaign.app, name="campaign")
service.add_to(app)
report.add_to(app)
recover.add_to(app)

INTERRUPTED = 130
BROKEN_PIPE = 141  # as a shell shows SIGPIPE


def main() -> None:
    """Run a command and turn every expected fault into one clear message and its exit code."""
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads our output has gone: `agi-app report x | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except AgiAppError as error:
        err.print(str(error), markup=False, style=None)
        sys.exit(error.exit_code)
    except exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except (exceptions.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except exceptions.TyperException as error:  # wrong arguments
        err.print(error.format_message(), markup=False)
        err.print("see `agi-app --help`, or `agi-app COMMAND --help`", markup=False)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
