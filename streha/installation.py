"""What the operator's commands act on: the settings of the environment and the database they name."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agencies.model import Agency, Person
from agencies.service import NO_AGENCY, NO_PERSON, Agencies
from core import settings as settings_module
from core.clock import Clock, OffsetFileClock, SystemClock
from core.database import Database, connect
from core.errors import InvalidInput, NotFound
from core.migrations import require_compatible
from core.settings import Settings
from core.texts import mark

AMBIGUOUS_PERSON = mark("More than one person has this name. Use the Matrix user or the id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installation, as its operator reaches it."""

    settings: Settings
    database: Database
    clock: Clock

    @property
    def agencies(self) -> Agencies:
        """The staff directory."""
        return Agencies(self.database, self.clock)

    async def agency(self, words: str) -> Agency:
        """Return the agency with this name or id."""
        for each in await self.agencies.all_agencies():
            if words in (each.name, str(each.id)):
                return each
        raise NotFound(NO_AGENCY)

    async def person(self, words: str) -> Person:
        """Return whoever works in the network under this Matrix user, name or id."""
        staff = await self.agencies.all_staff()
        found = [each for each in staff if words in (each.matrix_user, str(each.id))]
        found = found or [each for each in staff if words == each.name]
        if len(found) > 1:
            raise InvalidInput(AMBIGUOUS_PERSON)
        if not found:
            raise NotFound(NO_PERSON)
        return found[0]


def settings_of_environment() -> Settings:
    """Return the settings of the environment."""
    return settings_module.load(os.environ)


def clock_of(settings: Settings) -> Clock:
    """Return the clock that the settings ask for."""
    if settings.clock_offset_file is None:
        return SystemClock()
    return OffsetFileClock(settings.clock_offset_file)


@asynccontextmanager
async def installation(*, compatible: bool = True) -> AsyncIterator[Installation]:
    """Open the installation that the environment describes."""
    settings = settings_of_environment()
    async with connect(settings.database_url.reveal(), connections=2, urgent_connections=1) as database:
        if compatible:
            await require_compatible(database)
        yield Installation(settings=settings, database=database, clock=clock_of(settings))
