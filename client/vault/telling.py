"""What the server is told of a sealed version, so that it can remind: a level, and who is to do something by when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from safety_plans.model import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Tells:
    """Sent with a version and stored with it, or not at all.

    `measures` are all that is owed of the record from now on: each an owner and a day. A lower level waits
    at the server until a second person tells it too.
    """

    level: Level | None = None
    assessed_at: datetime | None = None
    measures: Collection[tuple[UUID, date]] | None = None

    def sent(self) -> dict[str, object]:
        """Return it as it goes over the wire."""
        owed = None
        if self.measures is not None:
            owed = [{"owner": owner, "deadline": day} for owner, day in sorted(set(self.measures))]
        return {"level": self.level, "assessed_at": self.assessed_at, "measures": owed}
