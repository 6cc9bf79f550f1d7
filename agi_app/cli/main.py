"""The command ``agi-app``: one command a function, no logic.

Exit 0 well, 1 the input is wrong, 2 the environment is wrong, 3 another worker owns this Asterisk.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from typer import exceptions

from agi_app.authoring import renames
from agi_app.cli import language, wrong_arguments
from agi_app.cli.command_list import COMMANDS, GROUPS
from agi_app.cli.common import say, warn
from agi_app.errors import AgiAppError, fault_of
from agi_app.messages import speak_to, t
from agi_app.messages.retold import retold


def build(word: str | None = None) -> typer.Typer:
    """The application, with all commands, or with the one that has ``word`` as its first word.

    Only its module is imported: a worker that is started after a crash must hang up what it finds within a moment.
    """
    app = _without_commands()
    for name in [word] if word in COMMANDS or word in GROUPS else [*COMMANDS, *GROUPS]:
        if name in COMMANDS:
            app.command(name)(getattr(_part(COMMANDS[name][0]), name.replace("-", "_")))
        else:
            app.add_typer(_part(GROUPS[name][0]).app, name=name)
    return app


def listed() -> typer.Typer:
    """The application as its list of commands shows it: their first words alone, of which none can be run."""
    app = _without_commands()
    for name, (_, does) in (COMMANDS | GROUPS).items():
        app.command(name, help=does)(_nothing)
    return app


def _without_commands() -> typer.Typer:
    app = typer.Typer(
        name="agi-app",
        help="Consent-first automated calling for Asterisk.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_whole)
    return app


def _nothing() -> None:
    """A command that is only listed does nothing."""


def _for(words: Sequence[str], environment: Mapping[str, str]) -> typer.Typer:
    """What a command line needs, or one that a shell completes."""
    if "_AGI_APP_COMPLETE" in environment:
        written = environment.get("_TYPER_COMPLETE_ARGS") or environment.get("COMP_WORDS", "")
        words = written.split()[1:] if written.split()[2:] or written.endswith((" ", "\n")) else []
        words = [word for word in words if word in COMMANDS or word in GROUPS]
    return build(words[0]) if words and (words[0] in COMMANDS or words[0] in GROUPS) else listed()


def _part(module: str) -> Any:
    return importlib.import_module(f"agi_app.cli.{module}")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

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
        code = language.translated(_for(sys.argv[1:], os.environ))(prog_name="agi-app", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone: `agi-app report x | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except AgiAppError as error:
        warn(_for_standard_error(retold(str(error))))  # a worker speaks English inside
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
    except OSError as error:  # of a file or an address that no message of ours is about
        warn(_for_standard_error(fault_of(error)))
        sys.exit(2)
    except exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except (exceptions.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except exceptions.TyperException as error:  # wrong arguments
        warn(wrong_arguments.explained(error))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _for_standard_error(text: str) -> str:
    """With its priority where the journal of the system reads it, as of a service."""
    from agi_app import system_journal  # no other command needs it

    return system_journal.prefixed(text, "critical") if system_journal.has_standard_error() else text


_WARNED = warnings.showwarning


def _show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning of Python's; that a name is an old one is told as all else is."""
    if category is renames.OldName:
        warn(t("note: {message}", message=message))
    else:
        _WARNED(message, category, *where, **more)


if __name__ == "__main__":
    main()
