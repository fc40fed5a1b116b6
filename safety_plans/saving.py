"""One signed save: a version, and what the server is told of it so that it can remind, together or not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies.model import Person
from cases.model import Case, CompartmentId
from cases.vault.service import Vault, Written
from core.clock import Clock
from core.database import Transaction
from safety_plans.measures import store
from safety_plans.measures.rules import Owed, require_owners
from safety_plans.model import Level
from safety_plans.opening import calendar_of
from safety_plans.service import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Tells:
    """What the server is told beside a sealed version. `owed` is all that is owed by that version."""

    level: Level | None = None
    assessed_at: datetime | None = None
    owed: Collection[Owed] | None = None


class Saving:
    """Takes versions in with what is told of them. Whether the two agree only readers' machines can see."""

    def __init__(self, vault: Vault, reviews: Reviews, clock: Clock, time_zone: str) -> None:
        self._vault = vault
        self._reviews = reviews
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def put(
        self, actor: Person, compartment_id: CompartmentId, entry: bytes, content: bytes | None, wrap: bytes | None,
        tells: Tells | None,
    ) -> int:  # fmt: skip
        """Take in an entry of the records' log; return how many entries there are."""
        if tells is None:
            return await self._vault.append_to_records(actor, compartment_id, entry, content, wrap)

        async def also(tx: Transaction, case: Case, written: Written) -> None:
            if tells.owed is not None:
                require_owners(tells.owed, written.compartment)
                place, calendar = (case.id, written.compartment.id), await calendar_of(tx, case, self._zone)
                if written.alone:
                    await store.forget_others(tx, place, written.record, tells.owed)
                # Where another version stands beside it, its author owes what they wrote until both are one.
                await store.put(tx, place, written.record, tells.owed, self._clock.now(), calendar)
            if tells.level is not None:
                await self._reviews.tell_level(tx, actor, case, tells.level, tells.assessed_at)

        return await self._vault.append_to_records(actor, compartment_id, entry, content, wrap, also)
