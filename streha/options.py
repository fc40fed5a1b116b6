"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.texts import mark
from streha.terminal import say

Json = Annotated[bool, typer.Option("--json", help=say(mark("Print JSON instead of words.")))]
Key = Annotated[
    Path,
    typer.Option(
        "--key",
        metavar="FILE",
        envvar="STREHA_KEY_FILE",
        help=say(mark("Your key file.")),
    ),
]
AlertWords = Annotated[
    str, typer.Argument(metavar="ALERT", help=say(mark("An alert, by its case's or compartment's codename or by id.")))
]
Yes = Annotated[bool, typer.Option("--yes", help=say(mark("Do not ask again.")))]
