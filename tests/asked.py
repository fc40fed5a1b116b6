"""An API over a copy of a case, and everybody who may ask it for something."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.database import Database
from core.settings import Secret, Settings
from tests.askers import Surroundings
from tests.authorisation import Asker
from tests.clock import MovableClock
from tests.people import Network
from tests.served import Answered, ServedApi, serve_api
from tests.telephoned import INWARD


@dataclass(slots=True, kw_only=True)
class World:
    """An API of a test's own over a copy of the case and all its askers."""

    api: ServedApi
    around: Surroundings
    # Who signs what must be signed by whoever asks.
    asker: Asker = Asker.COORDINATOR

    async def ask(self, method: str, path: str, body: object, asker: Asker) -> Answered:
        return await self.api.ask(method, path, body, headers=self.around.signed[asker].headers(self.api.url))


def api_over(database: Database, url: str, clock: MovableClock, directory: Path) -> Any:
    # Nobody here is to be told to wait.
    settings = Settings(
        database_url=Secret(url), network="invented network", requests_per_minute=100_000,
        gateway_inward_key=Secret(INWARD),
    )  # fmt: skip
    return serve_api(Network(database, clock), settings, directory)
