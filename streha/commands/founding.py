"""`streha network init`: the founder signs the genesis of the network, from what all its founders have offered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from agencies.model import AgencyKind
from agencies.trust.network import fingerprint
from agencies.trust.offers import Offered
from client.vault import genesis
from client.vault.genesis import FoundingAgency
from core import private_files
from core.clock import SystemClock
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import statement
from streha import qr_paper, terminal
from streha.commands.offering import locked_file
from streha.options import Json, Key, Yes
from streha.personal import unlocked_key
from streha.terminal import say
from streha.vault_names import ROLES

LARGEST_LIST = 1024 * 1024
NOT_A_LIST = mark("The file {path} is no list of agencies. The operator makes one: streha agency list --json")
NEXT = mark(
    "Each founder copies this fingerprint from your screen or paper, and says it on their own machine: streha keys "
    "trust. "
    "The operator installs the file: streha network install"
)


class _Agency(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    kind: AgencyKind


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "init",
        help=say(
            mark(
                "Found a network on your own machine, from your key and what its first administrators have offered "
                "(streha "
                "keys offer). Compare each code with its person, by voice, before you go on.\n\n\b\nExample:\n"
                '  streha network init network.genesis --name "Network of the Danube" --agencies agencies.json '
                "--offer ana.offer --offer petar.offer --page network.html"
            )
        ),
    )(_init)


def _init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("Where to write the genesis.")))],
    key: Key,
    *,
    name: Annotated[str, typer.Option(help=say(mark("The network's name, for people.")))],
    agencies: Annotated[
        Path, typer.Option(metavar="FILE", help=say(mark("The operator's list: streha agency list --json")))
    ],
    offer: Annotated[
        list[Path], typer.Option(metavar="FILE", help=say(mark("An offer of keys; once for each founder.")))
    ],
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say(mark("Write the fingerprint as a page to print, too.")))
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    locked, listed = locked_file(key), _listed(agencies)
    for each in (path, page):
        if each is not None:
            private_files.require_free(each)
    offered = [genesis.read_offer(_bytes(each), str(each)) for each in offer]
    if not json:
        _show(offered, listed)
    terminal.require_yes(yes=yes)
    made, network = genesis.found(
        unlocked_key(locked, key).key.seed, locked.person_id.bytes, name=name, agencies=listed, offered=offered,
        at=int(SystemClock().now().timestamp()),
    )  # fmt: skip
    private_files.write_new(path, made)
    shown = fingerprint(network)
    if page is not None:
        private_files.write_new(page, _page(shown))
    if json:
        terminal.as_json({"network": network.hex(), "fingerprint": shown, "genesis": str(path)})
        return
    terminal.line(mark("The genesis is in {path}. The fingerprint of the network:"), path=path)
    terminal.plain("  " + shown, style="bold")
    terminal.plain(qr_paper.at_terminal(network.hex()))
    terminal.line(NEXT)


def _show(offered: list[Offered], agencies: list[FoundingAgency]) -> None:
    names = {each.id: each.name for each in agencies}
    terminal.table(
        [mark("Name"), mark("Agency"), mark("Role"), mark("Code")],
        [
            (each.offer.name, names.get(each.offer.agency, "?"), say(ROLES[each.offer.role]), each.code)
            for each in offered
        ],
    )


def _page(shown: str) -> bytes:
    groups = shown.split()
    rows = [" ".join(groups[place : place + 4]) for place in range(0, len(groups), 4)]
    return qr_paper.page(
        say(mark("The fingerprint of the network")), [say(NEXT)], rows, shown.replace(" ", ""), terminal.language()
    )


def _listed(path: Path) -> list[FoundingAgency]:
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(LARGEST_LIST), type=list[_Agency])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(NOT_A_LIST, path=str(path)) from None
    return [FoundingAgency(id=each.id.bytes, name=each.name, kind=each.kind) for each in found]


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(statement.LONGEST + 1)
    except OSError:
        raise InvalidInput(mark("The file {path} cannot be read."), path=str(path)) from None
