"""The command ``agi-app``: one command a function, no logic.

Exit 0 well, 1 the input is wrong, 2 the environment is wrong, 3 another worker owns this Asterisk.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from importlib import metadata
from typing import Annotated, Any

import typer
from typer import exceptions

from agi_app.authoring import renames
from agi_app.cli import language, wrong_arguments
from agi_app.cli.common import say, warn
from agi_app.errors import AgiAppError
from agi_app.messages import speak_to, t
from agi_app.messages.retold import retold

# The first word of a command -> the module that has its function, in the order of the help. Only that one is imported:
# a worker that is started after a crash must hang up what it finds within a moment.
COMMANDS = {
    "actions": "service.account",
    "adopt": "project.adopt",
    "call-person": "calling.call_person",
    "deliver": "service.deliver",
    "doctor": "service.doctor",
    "erase": "people.erase",
    "purge": "people.erase",
    "init": "project.init_check_diagram",
    "check": "project.init_check_diagram",
    "diagram": "project.init_check_diagram",
    "pause": "calling.pause",
    "resume": "calling.pause",
    "recover": "service.recover",
    "forget-node": "service.recover",
    "rehearse": "calling.rehearse",
    "schema": "project.schema",
    "run": "service.run_migrate",
    "migrate": "service.run_migrate",
    "simulate": "project.simulate",
    "stop": "people.stop",
    "stop-link": "people.stop_link",
}
GROUPS = {
    "account": "service.account",
    "audit": "service.audit",
    "callerid": "calling.callerid",
    "campaign": "calling.campaign",
    "complaint": "people.complaint",
    "console": "service.console",
    "consent": "people.consent",
    "contacts": "people.contacts",
    "exchange": "service.exchange",
    "feed": "calling.feed",
    "guard": "guard.allow_and_block",
    "line": "calling.line",
    "person": "people.person",
    "prompts": "project.prompts",
    "report": "calling.report",
    "results": "service.results",
    "rules": "project.rules",
    "suppression": "people.suppression",
    "token": "service.token",
    "webhook": "service.webhook",
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
    )
    app.callback()(_whole)
    for name in [word] if word in COMMANDS or word in GROUPS else [*COMMANDS, *GROUPS]:
        if name in COMMANDS:
            app.command(name)(getattr(_part(COMMANDS[name]), name.replace("-", "_")))
        else:
            app.add_typer(_part(GROUPS[name]).app, name=name)
    return app


def _part(module: str) -> Any:
    return importlib.import_module(f"agi_app.cli.{module}")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"agi-app {metadata.version('agi-app')}")
        raise typer.Exit


def _whole(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang", envvar="AGI_APP_LANG", metavar="en|zh", help="Language of what is printed; default: LANG."
        ),
    ] = None,
) -> None:
    """Consent-first automated calling for Asterisk."""


INTERRUPTED = 130
BROKEN_PIPE = 141  # as a shell shows SIGPIPE
_RENEW = (
    "Bring it up to date: in the folder of the clone run `pip install --require-hashes -r requirements.lock`, or one of"
    " the scripts, such as scripts/demo, which do so automatically"
)


def main() -> None:
    """Run a command and turn every expected fault into one clear message and its exit code."""
    warnings.showwarning = _show
    words, asked, fault = language.asked_for(sys.argv[1:])
    speak_to(os.environ, asked)
    if fault:
        warn(fault)
        sys.exit(1)
    sys.argv[1:], old_names = renames.command_line(words)
    for text in old_names:
        warn(t("note: {text}", text=text))
    if (told := wrong_arguments.dashes_meant(sys.argv[1:])) is not None:
        warn(told)
        sys.exit(1)
    try:
        app = build(sys.argv[1] if len(sys.argv) > 1 else None)
        code = language.translated(app)(prog_name="agi-app", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone: `agi-app report x | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except AgiAppError as error:
        warn(retold(str(error)))  # a worker speaks English inside
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "agi_app":
            raise
        warn(
            t(
                "the Python package {name} is missing: this environment is older than agi-app. {renew}",
                name=error.name,
                renew=t(_RENEW),
            )
        )
        sys.exit(2)
    except exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except (exceptions.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except exceptions.TyperException as error:  # wrong arguments
        warn(wrong_arguments.explained(error))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


_WARNED = warnings.showwarning


def _show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning of Python's; that a name is an old one is told as all else is."""
    if category is renames.OldName:
        warn(t("note: {message}", message=message))
    else:
        _WARNED(message, category, *where, **more)


if __name__ == "__main__":
    main()
