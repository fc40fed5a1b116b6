"""The homeserver over HTTP: the few calls that the bot makes itself, each with a time limit.

Owns requests, answers and the mapping of failures: no answer, 5xx and 429 become `Temporary`, every other
refusal `Permanent` with the Matrix error code. It knows nothing of encryption (`bots.device`) nor of cases.
Answers are other people's words: bounded in size, checked for the parts that are used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from bots import untrusted_json
from core.errors import Permanent, Temporary

LARGEST_ANSWER = 64 * 1024 * 1024
PATIENCE = 20.0
_CLIENT = "/_matrix/client/v3"


class Homeserver:
    """One account's view of one homeserver; without a token, only what needs none."""

    def __init__(self, url: str, session: aiohttp.ClientSession, access_token: str = "") -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._access_token = access_token

    def __repr__(self) -> str:
        return "Homeserver(hidden)"

    def as_device(self, access_token: str) -> Self:
        """Return the same homeserver with this device's token."""
        return type(self)(self._url, self._session, access_token)

    # Account ----------------------------------------------------------------------------------------

    async def versions(self) -> list[str]:
        """Return the specification versions the homeserver speaks; a cheap sign of life."""
        answer = await self._call("GET", "/_matrix/client/versions")
        return [str(version) for version in answer.get("versions", [])]

    async def login(self, user_id: str, password: str, *, display_name: str) -> tuple[str, str, str]:
        """Sign in as a new device; return the user id, the device id and the access token."""
        answer = await self._call(
            "POST",
            f"{_CLIENT}/login",
            {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user_id},
                "password": password,
                "initial_device_display_name": display_name,
            },
        )
        return _text(answer, "user_id"), _text(answer, "device_id"), _text(answer, "access_token")

    async def whoami(self) -> tuple[str, str]:
        """Return the user id and the device id of the token."""
        answer = await self._call("GET", f"{_CLIENT}/account/whoami")
        return _text(answer, "user_id"), _text(answer, "device_id")

    async def logout(self) -> None:
        """End this device; its token and keys are gone."""
        await self._call("POST", f"{_CLIENT}/logout", {})

    async def account_data(self, user_id: str, kind: str) -> dict[str, Any] | None:
        """Return the account's data of this kind, or nothing when there is none."""
        return await self._call_or_none("GET", f"{_CLIENT}/user/{_part(user_id)}/account_data/{_part(kind)}")

    async def put_account_data(self, user_id: str, kind: str, content: Mapping[str, Any]) -> None:
        """Store the account's data of this kind."""
        await self._call("PUT", f"{_CLIENT}/user/{_part(user_id)}/account_data/{_part(kind)}", content)

    async def rate_limit_lifted(self, user_id: str) -> bool | None:
        """Tell whether this account may send without limit; nothing when the token may not ask."""
        try:
            answer = await self._call("GET", f"/_synapse/admin/v1/users/{_part(user_id)}/override_ratelimit")
        except Permanent:
            return None
        return answer.get("messages_per_second") == 0

    # Rooms ------------------------------------------------------------------------------------------

    async def create_room(
        self,
        *,
        name: str,
        room_version: str,
        initial_state: Sequence[Mapping[str, Any]],
        power_levels: Mapping[str, Any],
        creation_content: Mapping[str, Any],
        invite: Sequence[str] = (),
    ) -> str:
        """Create a private room that nobody can find; return its id."""
        answer = await self._call(
            "POST",
            f"{_CLIENT}/createRoom",
            {
                "name": name,
                "room_version": room_version,
                "visibility": "private",
                "preset": "private_chat",
                "initial_state": list(initial_state),
                "power_level_content_override": power_levels,
                "creation_content": creation_content,
                "invite": list(invite),
                "is_direct": False,
            },
        )
        return _text(answer, "room_id")

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite a user; refused as `Permanent` when they are in the room already."""
        await self._call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str) -> None:
        """Remove a member, or take an invitation back."""
        await self._call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/kick", {"user_id": user_id})

    async def join(self, room_id: str) -> None:
        """Enter a room that invited this account."""
        await self._call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/join", {})

    async def leave(self, room_id: str) -> None:
        """Leave a room."""
        await self._call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/leave", {})

    async def joined_rooms(self) -> list[str]:
        """Return the ids of the rooms this account is in."""
        answer = await self._call("GET", f"{_CLIENT}/joined_rooms")
        return [room for room in answer.get("joined_rooms", []) if isinstance(room, str)]

    async def joined_members(self, room_id: str) -> frozenset[str]:
        """Return who is in the room now."""
        answer = await self._call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/joined_members")
        joined = answer.get("joined")
        return frozenset(joined) if isinstance(joined, dict) else frozenset()

    async def memberships(self, room_id: str) -> dict[str, str]:
        """Return everyone's membership in the room: join, invite, leave, ban or knock."""
        answer = await self._call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/members")
        found: dict[str, str] = {}
        for event in answer.get("chunk", []):
            match event:
                case {"state_key": str(user_id), "content": {"membership": str(membership)}}:
                    found[user_id] = membership
        return found

    async def state(self, room_id: str, kind: str, key: str = "") -> dict[str, Any] | None:
        """Return the content of a state event, or nothing when the room has none."""
        return await self._call_or_none("GET", f"{_CLIENT}/rooms/{_part(room_id)}/state/{_part(kind)}/{_part(key)}")

    async def put_state(self, room_id: str, kind: str, content: Mapping[str, Any], key: str = "") -> str:
        """Set a state event; return the event's id."""
        path = f"{_CLIENT}/rooms/{_part(room_id)}/state/{_part(kind)}/{_part(key)}"
        return _text(await self._call("PUT", path, content), "event_id")

    async def put_event(self, room_id: str, kind: str, transaction_id: str, content: Mapping[str, Any] | bytes) -> str:
        """Send an event; repeated with the same token and transaction id it stays one event."""
        path = f"{_CLIENT}/rooms/{_part(room_id)}/send/{_part(kind)}/{_part(transaction_id)}"
        return _text(await self._call("PUT", path, content), "event_id")

    async def messages(self, room_id: str, *, start: str, end: str | None, limit: int) -> tuple[list[Any], str | None]:
        """Return events backwards from `start`, newest first, and where to go on, if anywhere."""
        query = {"dir": "b", "from": start, "limit": str(limit)} | ({"to": end} if end else {})
        answer = await self._call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/messages", query=query)
        chunk, further = answer.get("chunk"), answer.get("end")
        return (chunk if isinstance(chunk, list) else []), (further if isinstance(further, str) else None)

    # Keys and sync ----------------------------------------------------------------------------------

    async def sync(self, *, since: str | None, wait: float, sync_filter: Mapping[str, Any]) -> dict[str, Any]:
        """Ask what is new; the homeserver holds the answer back for up to `wait` seconds."""
        query = {
            "timeout": str(int(wait * 1000)),
            "filter": json.dumps(sync_filter),
            "set_presence": "offline",
        } | ({"since": since} if since else {})
        return await self._call("GET", f"{_CLIENT}/sync", query=query, patience=wait + 60.0)

    async def upload_keys(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Publish device keys and one-time keys; return how many one-time keys are held."""
        answer = await self._call("POST", f"{_CLIENT}/keys/upload", content)
        counts = answer.get("one_time_key_counts")
        return counts if isinstance(counts, dict) else {}

    async def query_keys(self, user_ids: Sequence[str]) -> dict[str, Any]:
        """Return the published keys of these users, as they are."""
        content = {"device_keys": {user_id: [] for user_id in user_ids}, "timeout": 10_000}
        return await self._call("POST", f"{_CLIENT}/keys/query", content)

    async def claim_keys(self, devices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Take one one-time key of each of these devices."""
        wanted = {user_id: dict.fromkeys(device_ids, "signed_curve25519") for user_id, device_ids in devices.items()}
        answer = await self._call("POST", f"{_CLIENT}/keys/claim", {"one_time_keys": wanted, "timeout": 10_000})
        keys = answer.get("one_time_keys")
        return keys if isinstance(keys, dict) else {}

    async def send_to_devices(self, kind: str, transaction_id: str, messages: Mapping[str, Mapping[str, Any]]) -> None:
        """Hand one message to each of these devices."""
        path = f"{_CLIENT}/sendToDevice/{_part(kind)}/{_part(transaction_id)}"
        await self._call("PUT", path, {"messages": messages})

    async def upload_cross_signing_keys(
        self, keys: Mapping[str, Any], *, user_id: str = "", password: str = ""
    ) -> None:
        """Publish an identity; replacing one needs the account's password."""
        path = f"{_CLIENT}/keys/device_signing/upload"
        try:
            await self._call("POST", path, keys)
        except AuthenticationWanted as error:
            if not password:
                raise
            proof = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user_id},
                "password": password,
                "session": error.session,
            }
            await self._call("POST", path, {**keys, "auth": proof})

    async def upload_signatures(self, signatures: Mapping[str, Mapping[str, Any]]) -> None:
        """Publish signatures on keys; a refused one is `Permanent`."""
        answer = await self._call("POST", f"{_CLIENT}/keys/signatures/upload", signatures)
        if answer.get("failures"):
            raise Permanent("The homeserver refused a key signature.", code="M_INVALID_SIGNATURE")

    # Transport --------------------------------------------------------------------------------------

    async def _call_or_none(self, method: str, path: str) -> dict[str, Any] | None:
        try:
            return await self._call(method, path)
        except Permanent as error:
            if error.code == "M_NOT_FOUND":
                return None
            raise

    async def _call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._access_token}"} if self._access_token else {}
        body: bytes | None = None
        if content is not None:
            headers["Content-Type"] = "application/json"
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            async with (
                asyncio.timeout(patience),
                self._session.request(
                    method,
                    self._url + path,
                    data=body,
                    params=query,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as response,
            ):
                return _judged(response.status, await _bounded(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Temporary("The homeserver does not answer.", code=type(error).__name__) from error


class AuthenticationWanted(Permanent):
    """The homeserver wants the account's password for this step."""

    def __init__(self, session: str) -> None:
        super().__init__("The homeserver wants the account's password for this step.", code="M_UNAUTHORIZED")
        self.session = session


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(256 * 1024):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise Temporary("The homeserver's answer is too large.", code="too_large")
    return bytes(body)


def _judged(status: int, body: bytes) -> dict[str, Any]:
    """Return a good answer; raise what any other answer means. What it says is never repeated."""
    try:
        answer = untrusted_json.read_object(body)
    except ValueError:
        answer = {}
        if 200 <= status < 300:
            raise Temporary("The homeserver's answer cannot be read.", code="unreadable") from None
    if 200 <= status < 300:
        return answer
    code = answer.get("errcode")
    code = code if isinstance(code, str) and len(code) < 100 and code.isascii() else f"HTTP_{status}"
    if status == 429:
        raise Temporary("The homeserver asks to wait.", code=code, retry_after=_wait(answer))
    if status >= 500 or status == 408:
        raise Temporary("The homeserver could not do this now.", code=code)
    if status == 401 and isinstance(answer.get("flows"), list):
        session = answer.get("session")
        raise AuthenticationWanted(session if isinstance(session, str) else "")
    raise Permanent("The homeserver refused.", code=code)


def _wait(answer: Mapping[str, Any]) -> float | None:
    wait = answer.get("retry_after_ms")
    return min(float(wait) / 1000, 3600.0) if isinstance(wait, int | float) and wait >= 0 else None


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Temporary("The homeserver's answer lacks a part.", code="incomplete")
    return value


def _part(text: str) -> str:
    return quote(text, safe="")
