"""What a malicious server answers newcomers, and administrators who attest them: paths, and what becomes of each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

_OPENED = r"/api/vault/invitations/opened"
_INVITATIONS = r"/api/vault/invitations"
_DIRECTORY = r"/api/vault/directory"
_ZEROS = base64.b64encode(bytes(32)).decode()


def _shorter(argument: str) -> Callable[[Any], Any]:
    """Show so many entries of the directory, and say that there are no more."""
    return lambda told: {"entries": told["entries"][: int(argument)], "length": int(argument)}


def _offered(argument: str) -> Callable[[Any], Any]:
    """Show another offer in the place of each."""
    offer = argument.split(",", maxsplit=1)[0]
    return lambda told: {"invitations": [{**each, "offer": offer} for each in told["invitations"]]}


def _moved(argument: str) -> Callable[[Any], Any]:
    """Show another offer in the place of each, and that it was meant for another agency."""
    offer, agency = argument.split(",")
    return lambda told: {"invitations": [{**each, "offer": offer, "agency": agency} for each in told["invitations"]]}


ATTACKS: Mapping[str, tuple[str, Callable[[str], Callable[[Any], Any]]]] = {
    "opened-elsewhere": (_OPENED, lambda _argument: lambda told: {**told, "network": _ZEROS}),
    "directory-of-another": (_DIRECTORY, lambda argument: lambda _told: {"entries": [argument], "length": 1}),
    "directory-shorter": (_DIRECTORY, _shorter),
    "offer-replaced": (_INVITATIONS, _offered),
    "offer-moved": (_INVITATIONS, _moved),
}
