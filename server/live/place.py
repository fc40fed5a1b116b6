"""Where a reader of the live stream is, as the ids of its events say it: `120.5f3a9c01`.

The position alone would not do. A ledger that was restored from a backup goes back, and comes to the same positions
again by other entries; whoever was ahead would silently miss them. A few digits of the chain's hash tell the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cases.ledger import Head

CHECK_BYTES = 4
# What is written and read here, for the API's description.
WRITTEN = r"[0-9]{1,18}\.[0-9a-f]{8}"


@dataclass(frozen=True, slots=True)
class Place:
    """A position, and a check of the entry there: none where a reader begins from a board, which tells the position."""

    position: int
    check: str = ""

    def __str__(self) -> str:
        return f"{self.position}.{self.check}" if self.check else str(self.position)

    @classmethod
    def at(cls, head: Head) -> Self:
        """Return the place of whoever knows everything up to a head."""
        return cls(head.position, head.hash[:CHECK_BYTES].hex())

    @classmethod
    def read(cls, written: str) -> Self:
        """Return the place that an id names; the wire type has looked at its form."""
        position, _, check = written.partition(".")
        return cls(int(position), check)

    def fits(self, head: Head) -> bool:
        """Whether this is the place of that head, as far as it says."""
        return self.position == head.position and (not self.check or self == Place.at(head))
