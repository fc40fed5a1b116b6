"""What the server says where it refuses something of the vault: one error for each refusal, with its word.

The word (`outcome`) is what programs go by; people are told by their own program, in its sentence for that word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from core.errors import Conflict, InvalidInput, StrehaError
from core.texts import mark
from crypto.vault.failures import NotNext, Refused

NO_NETWORK = mark("No network was founded here yet.")
# How far an author's clock may be from the server's.
LONGEST_WAY = timedelta(minutes=10)


class MomentFar(Refused):
    """The moment that an entry names is not the server's."""

    outcome = "moment-far"


class EpochDue(Refused):
    """Somebody who is a member no more has the newest key: another comes before anything is written."""

    outcome = "epoch-due"


class RemovalDue(Refused):
    """Somebody was let go by a way that needs no signature, and the log does not say so yet."""

    outcome = "removal-due"


class NotAsRecorded(Refused):
    """The log would say something else than the staff directory or the case."""

    outcome = "not-as-recorded"


_DETAILS: Mapping[str, str] = {
    "not-next": mark("Another entry came first. Load what is there, and sign again."),
    "epoch-due": mark("Somebody is a member no more: another key is due before anything is written."),
    "removal-due": mark(
        "Somebody was let go, and the log does not say so yet. The coordinator's program writes that first."
    ),
    "moment-far": mark("The clock of your machine is more than ten minutes off. Set it, and sign again."),
    "not-empowered": mark("You may not decide this here."),
    "void": mark("What this builds on is not there any more. Load what is there, and look again."),
    "not-as-recorded": mark("This differs from what is recorded of the agencies or the case. Ask the operator."),
}
_OTHERWISE = mark("This is not as the vault's protocol says it. Update your program.")
_LATER = frozenset({NotNext.outcome, EpochDue.outcome, RemovalDue.outcome})


def told(refused: Refused) -> StrehaError:
    """Return a refusal as whoever asked is told of it."""
    kind = Conflict if refused.outcome in _LATER else InvalidInput
    return kind(_DETAILS.get(refused.outcome, _OTHERWISE), outcome=refused.outcome)


@contextmanager
def refusing() -> Iterator[None]:
    """Tell of what the rules refuse."""
    try:
        yield
    except Refused as refused:
        raise told(refused) from refused


class Dated(Protocol):
    """What says when it was signed: an entry, or a grant."""

    @property
    def at(self) -> int:
        """Seconds since 1970."""


def require_moment(signed: Dated, now: datetime) -> None:
    """Refuse what was signed at a moment that is far from the server's."""
    if abs(signed.at - now.timestamp()) > LONGEST_WAY.total_seconds():
        raise MomentFar
