"""The `streha` command: every group of commands in one place, and one way in which any of them ends."""

from __future__ import annotations

import logging
import sys

import typer

from core import logs
from core.errors import StrehaError
from core.texts import mark
from streha import terminal
from streha.commands import (
    agencies,
    alerts,
    cases,
    console,
    contacts,
    devices,
    doctor,
    duty,
    emergency,
    identity,
    incidents,
    ledger,
    matrix,
    people,
    resume,
    reviews,
    rooms,
    setup,
    watch,
)
from streha.demo_command import demo_command
from streha.run_command import run_command
from streha.terminal import say

app = typer.Typer(
    name="streha",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=say(
        mark(
            "Streha: case channels, reminders and alerts for agencies that protect people.\n\n"
            "Your own commands (case, review, alert, incident, matrix, console, watch) need your key file: --key FILE, "
            "or STREHA_KEY_FILE. The operator's commands read the settings of the environment.\n\n"
            "\b\nMost used:\n"
            "  streha alert raise CASE     call for help and stay until somebody accepts\n"
            "  streha alert ack CASE       accept an alert\n"
            "  streha case list            your cases\n"
            "  streha review list          what must be assessed again\n"
            "  streha console              open the board in your browser\n"
            "  streha watch                what changes, as it happens\n"
            "  streha doctor               whether the installation is ready (operator)"
        )
    ),
)
emergency.add_to(alerts.app)
app.add_typer(alerts.app, name="alert")
app.add_typer(incidents.app, name="incident")
app.add_typer(cases.app, name="case")
app.add_typer(reviews.app, name="review")
app.add_typer(matrix.app, name="matrix")
console.add_to(app)
watch.add_to(app)
app.command("run")(run_command)
app.command("demo")(demo_command)
setup.add_to(app)
app.add_typer(agencies.app, name="agency")
app.add_typer(duty.app, name="duty")
app.add_typer(people.app, name="person")
app.add_typer(contacts.app, name="contact")
devices.add_to(app)
app.add_typer(rooms.app, name="rooms")
app.add_typer(ledger.app, name="ledger")
app.add_typer(identity.app, name="identity")
doctor.add_to(app)
resume.add_to(app)


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
        app(arguments, prog_name="streha")
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
