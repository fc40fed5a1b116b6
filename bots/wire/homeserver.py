"""The homeserver over HTTP: the few calls that the bot makes itself, each with a time limit.

Owns which requests there are and what is read from their answers; `bots.wire.transport` owns how they are made
and what a failure means. It knows nothing of encryption (`bots.device.device`) nor of cases. Answers are other
people's words: checked for the parts that are used, and names that can be nobody's are left out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bots.wire.delayed_events import SentAtOnce
from bots.wire.identifiers import is_room_id, is_token, is_user_id
from bots.wire.transport import AuthenticationWanted, Transport, list_in, part_in, text_in
from core.errors import DeliveryError, Permanent, Temporary

_CLIENT = "/_matrix/client/v3"
_TOO_FAST = frozenset({"M_LIMIT_EXCEEDED", "HTTP_429"})
_NO_ROOM_VERSION = "streha.none"
# Together more than what `deploy/homeserver.yaml.in` lets anybody through with at once.
_WAVES, _AT_ONCE = 6, 50


class Homeserver(Transport):
    """One account's view of one homeserver; without a token, only what needs none."""

    # Account ----------------------------------------------------------------------------------------

    async def versions(self) -> list[str]:
        """Return the specification versions the homeserver speaks; a cheap sign of life."""
        answer = await self.call("GET", "/_matrix/client/versions")
        return [str(version) for version in list_in(answer, "versions")]

    async def login(self, user_id: str, password: str, *, display_name: str) -> tuple[str, str, str]:
        """Sign in as a new device; return the user id, the device id and the access token."""
        answer = await self.call(
            "POST",
            f"{_CLIENT}/login",
            {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user_id},
                "password": password,
                "initial_device_display_name": display_name,
            },
        )
        return text_in(answer, "user_id"), text_in(answer, "device_id"), text_in(answer, "access_token")

    async def whoami(self) -> tuple[str, str]:
        """Return the user id and the device id of the token."""
        answer = await self.call("GET", f"{_CLIENT}/account/whoami")
        return text_in(answer, "user_id"), text_in(answer, "device_id")

    async def devices(self) -> dict[str, int | None]:
        """Return the account's devices, those without keys too, each with when it was last seen, in milliseconds."""
        found: dict[str, int | None] = {}
        for device in list_in(await self.call("GET", f"{_CLIENT}/devices"), "devices"):
            match device:
                case {"device_id": str(device_id)}:
                    seen = device.get("last_seen_ts")
                    found[device_id] = seen if isinstance(seen, int) else None
        return found

    async def remove_device(self, device_id: str, *, user_id: str, password: str) -> None:
        """Sign another device of this account out, which needs the account's password."""
        path = f"{_CLIENT}/devices/{_part(device_id)}"
        try:
            await self.call("DELETE", path, {})
        except AuthenticationWanted as error:
            await self.call("DELETE", path, {"auth": _proof(user_id, password, error.session)})

    async def logout(self) -> None:
        """End this device; its token and keys are gone."""
        await self.call("POST", f"{_CLIENT}/logout", {})

    async def account_data(self, user_id: str, kind: str) -> dict[str, Any] | None:
        """Return the account's data of this kind, or nothing when there is none."""
        return await self.call_or_none("GET", f"{_CLIENT}/user/{_part(user_id)}/account_data/{_part(kind)}")

    async def put_account_data(self, user_id: str, kind: str, content: Mapping[str, Any]) -> None:
        """Store the account's data of this kind."""
        await self.call("PUT", f"{_CLIENT}/user/{_part(user_id)}/account_data/{_part(kind)}", content)

    async def is_limited(self) -> bool:
        """Tell whether the homeserver limits how fast this account sends; nothing comes of what is asked for.

        A room of a version that does not exist is refused, but only after the homeserver has counted the request as it
        counts whatever the account sends (Synapse: `rc_message`), so this shows a limit and leaves no trace.
        """
        for _ in range(_WAVES):
            async with asyncio.TaskGroup() as tasks:
                wave = [tasks.create_task(self._failure_of_a_room()) for _ in range(_AT_ONCE)]
            failures = [each.result() for each in wave]
            if any(isinstance(each, Temporary) and each.code in _TOO_FAST for each in failures):
                return True
            for each in failures:
                if isinstance(each, Temporary):
                    raise each
        return False

    async def _failure_of_a_room(self) -> DeliveryError:
        try:
            await self.call("POST", f"{_CLIENT}/createRoom", {"room_version": _NO_ROOM_VERSION})
        except DeliveryError as error:
            return error
        return Permanent("The homeserver makes rooms of a version that does not exist.")

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
        answer = await self.call(
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
        return text_in(answer, "room_id")

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite a user; refused as `Permanent` when they are in the room already."""
        await self.call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str) -> None:
        """Remove a member, or take an invitation back."""
        await self.call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/kick", {"user_id": user_id})

    async def join(self, room_id: str) -> None:
        """Enter a room that invited this account."""
        await self.call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/join", {})

    async def leave(self, room_id: str) -> None:
        """Leave a room."""
        await self.call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/leave", {})

    async def forget(self, room_id: str) -> None:
        """Let the homeserver forget that this account was ever in a room that it has left."""
        await self.call("POST", f"{_CLIENT}/rooms/{_part(room_id)}/forget", {})

    async def joined_rooms(self) -> list[str]:
        """Return the ids of the rooms this account is in."""
        answer = await self.call("GET", f"{_CLIENT}/joined_rooms")
        return [room for room in list_in(answer, "joined_rooms") if is_room_id(room)]

    async def joined_members(self, room_id: str) -> frozenset[str]:
        """Return who is in the room now."""
        answer = await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/joined_members")
        return frozenset(filter(is_user_id, part_in(answer, "joined", dict)))

    async def memberships(self, room_id: str) -> dict[str, str]:
        """Return everyone's membership in the room: join, invite, leave, ban or knock."""
        answer = await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/members")
        found: dict[str, str] = {}
        for event in part_in(answer, "chunk", list):
            match event:
                case {"state_key": user_id, "content": {"membership": str(membership)}} if is_user_id(user_id):
                    found[user_id] = membership
        return found

    async def settings(self, room_id: str) -> list[Any]:
        """Return every state event of a room as it is; after leaving, as it was then."""
        answer = await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/state", list_as="state")
        return list_in(answer, "state")

    async def made_as(self, room_id: str) -> dict[str, Any]:
        """Return what a room's first event holds; who made it stands in `settings`."""
        return await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/state/m.room.create/")

    async def put_state(self, room_id: str, kind: str, key: str, content: Mapping[str, Any]) -> None:
        """Write a setting of a room."""
        await self.call("PUT", f"{_CLIENT}/rooms/{_part(room_id)}/state/{_part(kind)}/{_part(key)}", content)

    async def aliases(self, room_id: str) -> list[str]:
        """Return the addresses by which a room can be found here."""
        answer = await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/aliases")
        return [each for each in list_in(answer, "aliases") if isinstance(each, str)]

    async def remove_alias(self, alias: str) -> None:
        """Take an address of a room away."""
        await self.call("DELETE", f"{_CLIENT}/directory/room/{_part(alias)}")

    async def published(self, room_id: str) -> bool:
        """Tell whether a room stands in the homeserver's public list."""
        answer = await self.call_or_none("GET", f"{_CLIENT}/directory/list/room/{_part(room_id)}")
        return answer is not None and answer.get("visibility") != "private"

    async def unpublish(self, room_id: str) -> None:
        """Take a room out of the homeserver's public list."""
        await self.call("PUT", f"{_CLIENT}/directory/list/room/{_part(room_id)}", {"visibility": "private"})

    async def put_event(self, room_id: str, kind: str, transaction_id: str, content: Mapping[str, Any] | bytes) -> str:
        """Send an event; repeated with the same token and transaction id it stays one event."""
        path = f"{_CLIENT}/rooms/{_part(room_id)}/send/{_part(kind)}/{_part(transaction_id)}"
        return text_in(await self.call("PUT", path, content), "event_id")

    async def leave_event(
        self, room_id: str, kind: str, transaction_id: str, content: bytes, *, seconds: float
    ) -> str:  # fmt: skip
        """Leave an event to be sent after so long; return the name under which it is put off (MSC4140).

        Raises SentAtOnce where the homeserver kept nothing; that it does is asked first (`bots.wire.delayed_events`).
        """
        path = f"{_CLIENT}/rooms/{_part(room_id)}/send/{_part(kind)}/{_part(transaction_id)}"
        query = {"org.matrix.msc4140.delay": str(int(seconds * 1000))}
        answer = await self.call("PUT", path, content, query=query)
        if "event_id" in answer:
            raise SentAtOnce
        return text_in(answer, "delay_id")

    async def messages(self, room_id: str, *, start: str, end: str, limit: int) -> tuple[list[Any], str | None]:
        """Return events from `start` on towards `end`, oldest first, and where to go on, if anywhere."""
        query = {"dir": "f", "from": start, "to": end, "limit": str(limit)}
        answer = await self.call("GET", f"{_CLIENT}/rooms/{_part(room_id)}/messages", query=query)
        further = answer.get("end")
        return list_in(answer, "chunk"), (further if is_token(further) else None)

    # Keys and sync ----------------------------------------------------------------------------------

    async def sync(self, *, since: str | None, wait: float, sync_filter: Mapping[str, Any]) -> dict[str, Any]:
        """Ask what is new; the homeserver holds the answer back for up to `wait` seconds."""
        query = {
            "timeout": str(int(wait * 1000)),
            "filter": json.dumps(sync_filter),
            "set_presence": "offline",
        } | ({"since": since} if since else {})
        return await self.call("GET", f"{_CLIENT}/sync", query=query, extra_patience=wait + 40.0)

    async def upload_keys(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Publish device keys and one-time keys; return how many one-time keys are held."""
        answer = await self.call("POST", f"{_CLIENT}/keys/upload", content)
        counts = answer.get("one_time_key_counts")
        return counts if isinstance(counts, dict) else {}

    async def query_keys(self, user_ids: Sequence[str]) -> dict[str, Any]:
        """Return the published keys of these users, as they are."""
        content = {"device_keys": {user_id: [] for user_id in user_ids}, "timeout": 10_000}
        return await self.call("POST", f"{_CLIENT}/keys/query", content)

    async def claim_keys(self, devices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Take one one-time key of each of these devices."""
        wanted = {user_id: dict.fromkeys(device_ids, "signed_curve25519") for user_id, device_ids in devices.items()}
        answer = await self.call("POST", f"{_CLIENT}/keys/claim", {"one_time_keys": wanted, "timeout": 10_000})
        keys = answer.get("one_time_keys")
        return keys if isinstance(keys, dict) else {}

    async def send_to_devices(self, kind: str, transaction_id: str, messages: Mapping[str, Mapping[str, Any]]) -> None:
        """Hand one message to each of these devices."""
        path = f"{_CLIENT}/sendToDevice/{_part(kind)}/{_part(transaction_id)}"
        await self.call("PUT", path, {"messages": messages})

    async def upload_cross_signing_keys(
        self, keys: Mapping[str, Any], *, user_id: str = "", password: str = ""
    ) -> None:
        """Publish an identity; replacing one needs the account's password."""
        path = f"{_CLIENT}/keys/device_signing/upload"
        try:
            await self.call("POST", path, keys)
        except AuthenticationWanted as error:
            if not password:
                raise
            await self.call("POST", path, {**keys, "auth": _proof(user_id, password, error.session)})

    async def upload_signatures(self, signatures: Mapping[str, Mapping[str, Any]]) -> None:
        """Publish signatures on keys; a refused one is `Permanent`."""
        answer = await self.call("POST", f"{_CLIENT}/keys/signatures/upload", signatures)
        if answer.get("failures"):
            raise Permanent("The homeserver refused a key signature.", code="M_INVALID_SIGNATURE")


def _proof(user_id: str, password: str, session: str) -> dict[str, Any]:
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": password,
        "session": session,
    }


def _part(text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise Permanent("No homeserver can have such a thing.", code="unsendable") from None
