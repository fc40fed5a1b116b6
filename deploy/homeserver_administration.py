"""What the stack asks of its homeserver as administrator: accounts, rate limits, and which keys are published.

The stack has an administrator of its own, made at the first need with the registration secret and signed in
with one device. Every other account is made or given its password through it, which may be repeated.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from deploy.errors import StackError
from deploy.remembered import Remembered

ADMINISTRATOR = "stack-administrator"
REQUEST_TIMEOUT = 30.0


@dataclass(slots=True, kw_only=True)
class Administration:
    """The administrator's side of the homeserver."""

    url: str
    server_name: str
    remembered: Remembered
    _token: str | None = None

    async def register(self, localpart: str, password: str, *, admin: bool) -> str:
        """Make sure of an account with this password and return its full name."""
        user_id = f"@{localpart}:{self.server_name}"
        body = {"password": password, "admin": admin, "logout_devices": False}
        await self._administer("PUT", f"/_synapse/admin/v2/users/{quote(user_id, safe='')}", body)
        return user_id

    async def lift_rate_limits(self, user_id: str) -> None:
        """Let an account send as fast as it can: an alert must not wait."""
        path = f"/_synapse/admin/v1/users/{quote(user_id, safe='')}/override_ratelimit"
        await self._administer("POST", path, {"messages_per_second": 0, "burst_count": 0})

    async def published_keys(self, user_ids: Sequence[str]) -> dict[str, Any]:
        """Return what these users' devices and identities are, as the homeserver tells it."""
        asked: dict[str, Any] = {"device_keys": {user_id: [] for user_id in user_ids}}
        return await self._administer("POST", "/_matrix/client/v3/keys/query", asked)

    async def _administer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._token is None:
            self._token = await self._sign_in() or await self._register_administrator()
        status, answer = await self._ask(method, path, body, token=self._token)
        if status not in (200, 201):
            raise _refused(status)
        return answer

    async def _sign_in(self) -> str | None:
        """Return a token, or None where the account does not exist yet."""
        status, answer = await self._ask(
            "POST",
            "/_matrix/client/v3/login",
            {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": ADMINISTRATOR},
                "password": self.remembered.administrator_password,
                "device_id": "STACK",
            },
        )
        if status == 403:
            return None
        if status != 200:
            raise _refused(status)
        return str(answer["access_token"])

    async def _register_administrator(self) -> str:
        path = "/_synapse/admin/v1/register"
        _status, answer = await self._ask("GET", path)
        nonce = str(answer["nonce"])
        password = self.remembered.administrator_password
        proof = hmac.new(
            self.remembered.registration_secret.encode(),
            b"\0".join(part.encode() for part in (nonce, ADMINISTRATOR, password, "admin")),
            hashlib.sha1,
        )
        status, answer = await self._ask(
            "POST",
            path,
            {
                "nonce": nonce,
                "username": ADMINISTRATOR,
                "password": password,
                "admin": True,
                "mac": proof.hexdigest(),
            },
        )
        if status != 200:
            raise _refused(status)
        return str(answer["access_token"])

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            async with (
                asyncio.timeout(REQUEST_TIMEOUT),
                aiohttp.ClientSession() as session,
                session.request(method, self.url + path, json=body, headers=headers) as response,
            ):
                return response.status, await response.json()
        except (TimeoutError, aiohttp.ClientError):
            raise StackError("The local homeserver does not answer. Look at its log.") from None


def _refused(status: int) -> StackError:
    return StackError("The local homeserver refused an administrator's request with status {status}.", status=status)
