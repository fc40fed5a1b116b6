"""The API as a device that can only raise uses it: by its token alone, without a session."""

from __future__ import annotations

import base64
from types import TracebackType
from typing import Self
from uuid import UUID

from alerts.vocabulary import Status
from client.answers import DeviceRaise
from client.device_file import DeviceFile
from client.line import REQUEST_SECONDS, Line, read

# What tells such a token from a session's; the server's `server.api.credentials` says the same, and a test.
PREFIX = "streha-device."


class DeviceApi:
    """Speaks as the device of a file while the context is entered."""

    def __init__(self, device: DeviceFile, *, language: str = "en", seconds: float = REQUEST_SECONDS) -> None:
        self.device = device
        self._token = PREFIX + base64.urlsafe_b64encode(device.token).rstrip(b"=").decode("ascii")
        self._line = Line(device.api_url, language=language, seconds=seconds)

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.__aexit__(kind, error, trace)

    async def raise_alert(self, key: UUID, status: Status) -> DeviceRaise:
        """Raise, once per key. See `client.device_raising` for staying until somebody accepts."""
        return await self._ask("PUT", key, {"status": status})

    async def look(self, key: UUID) -> DeviceRaise:
        """Return how far a raise of this device came."""
        return await self._ask("GET", key, None)

    async def _ask(self, method: str, key: UUID, body: object) -> DeviceRaise:
        answer = await self._line.send(method, f"api/device/raises/{key}", body, None, token=self._token)
        return read(DeviceRaise, answer, self.device.api_url)
