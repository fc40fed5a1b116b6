"""What is said when a call for help could not be stored: plainly that nothing was done, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from aiohttp import web

from core import logs, metrics
from core.errors import DeliveryError, StrehaError, Unavailable
from server.api.services import Services

log = logs.get(__name__)


def saying(text: str, way: str) -> Callable[[Services], AbstractContextManager[None]]:
    """Return a route's guard that answers with `text` whatever failed; it is counted by the `way` a call came."""

    @contextmanager
    def guard(services: Services) -> Iterator[None]:
        try:
            yield
        except web.HTTPException:
            raise
        except Exception as error:
            if isinstance(error, StrehaError) and not isinstance(error, Unavailable | DeliveryError):
                raise
            log.failure("raise_failed", error)
            metrics.RAISES_NOT_STORED.count(way)
            raise Unavailable(text, police=services.settings.police_number) from error

    return guard
