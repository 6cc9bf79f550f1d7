"""The command ``agi-app``: one command a function, no logic.

Exit 0 well, 1 the input is wrong, 2 the environment is wrong, 3 another worker owns this Asterisk.
"""

from __future__ import annotations

import importlib
import os
import sys

import typer
from typer import exceptions

from agi_app.cli import wrong_arguments
from agi_app.cli.common import warn
from agi_app.errors import AgiAppError

# The first word of a command -> the module that has it. Only that one is imported: a worker that is
# started after a crash must hang up what it finds within a moment.
GROUPS = (
    *("prompts", "contacts", "consent", "callerid", "campaign", "rules", "suppression", "audit"),
    *("line", "guard", "complaint"),
)
COMMANDS = {
    "init": "files",
    "adopt": "adopt",
    "check": "files",
    "diagram": "files",
    "simulate": "simulate",
    "rehearse": "rehearse",
    "call-person": "call_person",
    "schema": "schema",
    "pause": "pause",
    "resume": "pause",
    "run": "service",
    "migrate": "service",
    "doctor": "doctor",
    "report": "report",
    "erase": "erase",
    "purge": "erase",
    "recover": "recover",
    "forget-node": "recover",
}


def build(word: str | None = None) -> typer.Typer:
    """The application; with the first word of a known command only what that needs."""
    app = typer.Typer(
        name="agi-app",
        help="Consent-first automated calling for Asterisk.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"token_normalize_func": _renamed},
    )
    app.callback()(_whole)
    known = COMMANDS | {group: group for group in GROUPS}
    wanted = {known[word]} if word in known else set(known.values())
    for module in sorted(wanted):
        part = importlib.import_module(f"agi_app.cli.{module}")
        if module in GROUPS:
            app.add_typer(part.app, name=module)
        else:
            part.add_to(app)
    return app


def _renamed(word: str) -> str:
    """An option by its name of today: ``--out`` was another name of ``--output``."""
    return "output" if word == "out" else word


def _whole() -> None:
    """Consent-first automated calling for Asterisk."""


INTERRUPTED = 130
BROKEN_PIPE = 141  # as a shell shows SIGPIPE
_RENEW = (
    "Bring it up to date: in the folder of the clone run `pip install --require-hashes -r requirements.lock`, or one of"
    " the scripts, such as scripts/demo, which do so by themselves"
)


def main() -> None:
    """Run a command and turn every expected fault into one clear message and its exit code."""
    if (told := wrong_arguments.dashes_meant(sys.argv[1:])) is not None:
        warn(told)
        sys.exit(1)
    try:
        code = build(sys.argv[1] if len(sys.argv) > 1 else None)(prog_name="agi-app", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads our output has gone: `agi-app report x | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except AgiAppError as error:
        warn(error)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "agi_app":
            raise
        warn(f"the Python package {error.name} is missing: this environment is older than agi-app. {_RENEW}")
        sys.exit(2)
    except exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except (exceptions.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except exceptions.TyperException as error:  # wrong arguments
        warn(wrong_arguments.explained(error))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
