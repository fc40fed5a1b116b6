"""`streha run`: the server's processes, in the foreground."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from core import logs
from core.errors import StrehaError
from core.texts import mark
from streha.commands.setup import check
from streha.installation import settings_of_environment
from streha.processes import EVERYTHING, RoleName, run
from streha.terminal import say

log = logs.get(__name__)


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command("run")(run_command)


def run_command(
    role: Annotated[
        list[RoleName] | None,
        typer.Option(
            help=say(mark("What this process does; repeat for several. Without it, everything but the prober."))
        ),
    ] = None,
) -> None:
    """Run Streha until Ctrl-C. Settings come from the environment; `streha check-config` explains them."""
    settings = settings_of_environment()
    check(settings)
    logs.configure(settings.log_level)
    try:
        asyncio.run(run(settings, role or [RoleName(each) for each in EVERYTHING], ready=_say_ready))
    except StrehaError:
        raise
    except Exception as error:
        log.failure("process_failed", error)
        raise


def _say_ready(port: int | None) -> None:
    said = say(mark("Streha is running. Stop it with Ctrl-C."))
    if port is not None:
        said += " " + say(mark("The API listens on port {port}."), port=port)
    sys.stderr.write(said + "\n")
