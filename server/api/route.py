"""What a route is: one row of the table from which requests are served and the API is described."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

from agencies.model import Person
from core.errors import NotAuthenticated
from server.api.access import Access
from server.api.services import Services
from server.api.wire import Nothing, Wire

Asked = TypeVar("Asked", bound=Wire)


class Limit(Enum):
    """How often a route may be asked."""

    NEVER = "never"  # raise and accept: nobody in danger is told to wait
    ORDINARY = "ordinary"
    CHALLENGE = "challenge"  # costs a row for whoever asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Asked]):
    """One request, read and checked: who asks, for which things, with what."""

    services: Services
    person: Person | None
    token: bytes
    ids: Mapping[str, UUID]
    asked: Asked

    @property
    def actor(self) -> Person:
        """Whoever asks; only a route that needs no sign-in has none."""
        if self.person is None:
            raise NotAuthenticated("A route without sign-in has no actor.")
        return self.person


def _unguarded(_services: Services) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Asked]):
    """One endpoint. `takes` is read from the query of a GET and from the JSON body of everything else."""

    method: str
    path: str
    summary: str
    call: Callable[[Call[Asked]], Awaitable[Wire]]
    access: Access
    takes: type[Asked]
    gives: type[Wire] = Nothing
    status: int = 200
    # Answered by a browser's session that has lapsed too: a call for help is never refused for that.
    lapsed: bool = False
    limit: Limit = Limit.ORDINARY
    # Wraps everything from reading the request on; may turn a failure into plainer words.
    guard: Callable[[Services], AbstractContextManager[None]] = _unguarded

    @property
    def signed_in(self) -> bool:
        """Whether somebody must be signed in."""
        return self.access is not Access.ANYBODY
