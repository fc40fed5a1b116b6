"""The `streha` command."""

from __future__ import annotations

import typer

from streha.demo_command import demo_command
from streha.run_command import run_command

app = typer.Typer(name="streha", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("run")(run_command)
app.command("demo")(demo_command)


@app.callback()
def streha() -> None:
    """Streha: case channels, reminders and alerts for agencies that protect people."""


def main() -> None:
    """Run the command."""
    app()
