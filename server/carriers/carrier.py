"""What a carrier is: whoever can say a sentence to somebody beside Matrix. One file each behind this protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agencies.contacts import Means
from alerts.proof.rules import System
from alerts.vocabulary import Status
from core.errors import Temporary

CARRY_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is carried: a neutral sentence to one number or address. The same id is the same letter, sent again."""

    id: UUID
    means: Means
    address: str
    text: str
    language: str
    # Of an alert: whether it is real, and when what it calls for was raised. Neither for a test of the contact, and no
    # moment where it is told of Streha itself.
    status: Status | System | None
    sent: datetime | None


class ToBeMended(Temporary):
    """Only the operator, or another engine, can carry this: told at once, and tried on."""


class Carrier(Protocol):
    """Carries letters to the door: what the far side does with them is its own."""

    async def carry(self, letter: Letter) -> None:
        """Hand a letter over.

        Raises Temporary where trying again may help, ToBeMended where somebody must act first, Permanent where nothing
        helps.
        """


class NoCarrier:
    """Stands where nothing was set up: what should leave so is told as not delivered."""

    async def carry(self, letter: Letter) -> None:  # noqa: ARG002 (the protocol's)
        """Refuse."""
        raise ToBeMended("Nothing is set up to carry this.", code="not_set_up")
