"""`streha run`: the server's processes, in the foreground."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer

from core import logs, settings
from core.errors import InvalidInput, StrehaError
from streha.processes import RoleName, run

EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_FAULT = 4

log = logs.get(__name__)


def run_command(
    role: Annotated[
        list[RoleName] | None,
        typer.Option(help="What this process does; repeat for several. Without it, everything."),
    ] = None,
) -> None:
    """Run Streha until Ctrl-C. Settings come from the environment; `streha check-config` explains them."""
    try:
        chosen = settings.load(os.environ)
        logs.configure(chosen.log_level)
        asyncio.run(run(chosen, role or list(RoleName), ready=_say_ready))
    except InvalidInput as error:
        _fail(error, EXIT_USAGE)
    except StrehaError as error:
        _fail(error, EXIT_UNAVAILABLE)
    except Exception as error:  # noqa: BLE001 (a person gets a line, the log gets where it happened)
        log.failure("process_failed", error)
        _fail(StrehaError("Streha stopped because of a fault. Its log says where. Start it again."), EXIT_FAULT)


def _say_ready(port: int | None) -> None:
    where = "" if port is None else f" The API listens on port {port}."
    sys.stderr.write(f"Streha is running.{where} Stop it with Ctrl-C.\n")


def _fail(error: StrehaError, code: int) -> None:
    sys.stderr.write(f"streha: {error}\n")
    raise typer.Exit(code)
