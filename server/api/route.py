"""What a route is: one row of the table from which requests are served and the API is described."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

from agencies.devices import SHOW_TOKEN
from agencies.model import Person, RaisingDevice
from agencies.sign_in import Session
from core.errors import NotAuthenticated, StrehaError
from server.api.access import Access
from server.api.services import Services
from server.api.wire import Nothing, Wire
from server.live.subscription import Subscription

Asked = TypeVar("Asked", bound=Wire)


class Limit(Enum):
    """How often a route may be asked."""

    NEVER = "never"  # raise and accept: nobody in danger is told to wait
    ORDINARY = "ordinary"
    CHALLENGE = "challenge"  # costs a row for whoever asks
    BY_NUMBER = "by_number"  # whoever texts or keys in, but for a call for help


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Asked]):
    """One request, read and checked: who asks, for which things, with what. Instead of a person a device may ask."""

    services: Services
    person: Person | None
    token: bytes
    ids: Mapping[str, UUID]
    asked: Asked
    device: RaisingDevice | None = None
    # Names what the gateway hands on, however often it comes.
    webhook: UUID | None = None
    # What is said in words, where an answer holds any, is said so.
    language: str = "en"

    @property
    def raising_device(self) -> RaisingDevice:
        """The device that asks; only a route for devices has one."""
        if self.device is None:
            raise NotAuthenticated(SHOW_TOKEN)
        return self.device

    @property
    def actor(self) -> Person:
        """Whoever asks; only a route that needs no sign-in has none."""
        if self.person is None:
            raise NotAuthenticated("A route without sign-in has no actor.")
        return self.person


@dataclass(frozen=True, slots=True, kw_only=True)
class WithCookie:
    """An answer that also lets the browser keep a session, or forget the one it has."""

    answer: Wire
    session: Session | None = None


def _unguarded(_services: Services) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Asked]):
    """One endpoint. `takes` is read from the query of a GET and from the JSON body of everything else."""

    method: str
    path: str
    summary: str
    call: Callable[[Call[Asked]], Awaitable[Wire | WithCookie | Subscription]]
    access: Access
    takes: type[Asked]
    gives: type[Wire] = Nothing
    status: int = 200
    # How long a body may be, where it may be longer than others.
    longest_body: int | None = None
    # Answered by a browser's session that has lapsed too: a call for help is never refused for that, nor is an end.
    lapsed: bool = False
    # Whether the answer sets the browser's cookie: then whoever has none yet must ask from our own page, too.
    sets_cookie: bool = False
    # Answered by a stream of the events in `server.api.wire.stream`, which goes on until one side ends it.
    live: bool = False
    limit: Limit = Limit.ORDINARY
    # What it may refuse with besides what its other columns tell (see `server.api.openapi.refusals`).
    refuses: tuple[type[StrehaError], ...] = ()
    # Wraps everything from reading the request on; may turn a failure into plainer words.
    guard: Callable[[Services], AbstractContextManager[None]] = _unguarded

    @property
    def signed_in(self) -> bool:
        """Whether somebody, or a device, must show who asks."""
        return self.access not in {Access.ANYBODY, Access.GATEWAY}

    @property
    def by_device(self) -> bool:
        """Whether only a device that can raise may ask."""
        return self.access is Access.DEVICE

    @property
    def by_gateway(self) -> bool:
        """Whether only the gateway may ask, which signs every request. Without its key there is no such route."""
        return self.access is Access.GATEWAY
