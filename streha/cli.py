"""The `streha` command: every group of commands in one place, and one way in which any of them ends."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from core import logs
from core.errors import StrehaError
from core.texts import mark
from streha import descriptors, terminal
from streha.terminal import say

# Every command, in the order of the help, and where it is. Only what is asked for is loaded: whoever raises an alert
# must not wait for what the operator's commands need.
COMMANDS = {
    "alert": "streha.commands.alerts",
    "incident": "streha.commands.incidents",
    "card": "streha.commands.cards",
    "record": "streha.commands.records",
    "compartment": "streha.commands.compartments",
    "known": "streha.commands.knowing",
    "case": "streha.commands.cases",
    "review": "streha.commands.reviews",
    "clock": "streha.commands.clocks",
    "operation": "streha.commands.operations",
    "safe-call": "streha.commands.safe_calls",
    "away": "streha.commands.absences",
    "instrument": "streha.commands.instruments",
    "assess": "streha.commands.assess",
    "plan": "streha.commands.plans",
    "taskforce": "streha.commands.taskforce",
    "matrix": "streha.commands.matrix",
    "sentences": "streha.commands.sentences",
    "console": "streha.commands.console",
    "watch": "streha.commands.watch",
    "keys": "streha.commands.keys",
    "attest": "streha.commands.attest",
    "invite": "streha.commands.inviting",
    "join": "streha.commands.joining",
    "unlock": "streha.commands.unlocking",
    "lock": "streha.commands.unlocking",
    "run": "streha.run_command",
    "demo": "streha.demo_command",
    "check-config": "streha.commands.setup",
    "migrate": "streha.commands.setup",
    "agency": "streha.commands.agencies",
    "duty": "streha.commands.duty",
    "person": "streha.commands.people",
    "network": "streha.commands.network",
    "contact": "streha.commands.contacts",
    "device": "streha.commands.devices",
    "raise": "streha.commands.devices",
    "rooms": "streha.commands.rooms",
    "ledger": "streha.commands.ledger",
    "identity": "streha.commands.identity",
    "doctor": "streha.commands.doctor",
    "resume": "streha.commands.resume",
}

HELP = mark(
    "Streha: case channels, reminders and alerts for agencies that protect people.\n\n"
    "Your own commands (case, card, review, alert, incident, matrix, console, watch) need your key file: "
    "--key FILE, or STREHA_KEY_FILE. The operator's commands read the settings of the environment.\n\n"
    "\b\nMost used:\n"
    "  streha alert raise CASE     call for help and stay until somebody accepts\n"
    "  streha alert ack CASE       accept an alert\n"
    "  streha case list            your cases\n"
    "  streha review list          what must be assessed again\n"
    "  streha console              open the board in your browser\n"
    "  streha watch                what changes, as it happens\n"
    "  streha doctor               whether the installation is ready (operator)"
)


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line: with the one command that is asked for, or with all where none of them is."""
    app = typer.Typer(
        name="streha",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=say(HELP),
    )
    # What stands before a command is said to all of them.
    asked = next((COMMANDS[each] for each in arguments if each in COMMANDS), None)
    for module in dict.fromkeys(COMMANDS.values()) if asked is None else [asked]:
        import_module(module).add_to(app)
    # Without it a command that stands alone would not be called by its name.
    app.callback()(_before)
    return app


def _before(
    *,
    passphrase: Annotated[
        int | None,
        typer.Option(
            "--passphrase-fd",
            metavar="N",
            min=0,
            help=say(mark("For scripts: read passphrases from this open descriptor, one a line.")),
        ),
    ] = None,
) -> None:
    descriptors.read_passphrases_from(passphrase)


def main() -> None:
    """Run the command that the process was started with."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    0 done, 1 the answer is no, 2 the command or a setting is wrong, 3 something does not answer, 4 a fault,
    130 stopped by Ctrl-C.
    """
    # Commands speak to people; only `run` and `demo` turn the log on.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        application(arguments)(arguments, prog_name="streha")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else terminal.EXIT_FAULT
    except StrehaError as error:
        return terminal.refuse(error)
    except KeyboardInterrupt:
        return terminal.EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 (a person gets one line and never a trace)
        where = logs.describe(error)
        sys.stderr.write(
            "streha: "
            + say(
                mark("A fault in Streha stopped this command: {error} at {place}. Tell the operator."),
                error=where["error"],
                place=where["frames"],
            )
            + "\n"
        )
        return terminal.EXIT_FAULT
    return 0
