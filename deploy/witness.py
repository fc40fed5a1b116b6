"""Witnesses: strict Matrix clients that say what a person would really see.

They are matrix-js-sdk clients with its Rust cryptography, all in one Node process (`deploy.witness_process`,
`witness/witness.mjs`). Each signs in on a new device, gives its account a new cross-signing identity or takes
that of another witness, and trusts only devices signed by their owners. What they read is kept here for whoever
asks, and never logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from deploy.witness_lines import Failure, Membership, Message, Seen
from deploy.witness_process import WitnessError, WitnessProcess

__all__ = ["Failure", "Message", "Witness", "WitnessError", "Witnesses"]

# As long as a message may take on a machine that does much else at the same time.
PATIENCE = 60.0

Found = TypeVar("Found")


class Witness:
    """One strict client and everything it has seen. `patience` is how long a wait may last, in seconds."""

    def __init__(self, process: WitnessProcess, name: str, user_id: str) -> None:
        self.name = name
        self.user_id = user_id
        self.device_id = ""
        self._process = process
        self._messages: list[Message] = []
        self._failures: dict[str, Failure] = {}
        self._memberships: dict[tuple[str, str], str] = {}

    @property
    def messages(self) -> tuple[Message, ...]:
        """Return what it has read, in the order of reading; its own messages too."""
        return tuple(self._messages)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return what it has received and still cannot read."""
        return tuple(self._failures.values())

    @property
    def rooms(self) -> tuple[str, ...]:
        """Return the rooms that it has joined."""
        return tuple(self._rooms_with("join"))

    async def send(self, room_id: str, body: str, *, mentions: tuple[str, ...] = ()) -> str:
        """Send a text and return its event id."""
        return str(await self._tell("send", room=room_id, body=body, mentions=mentions))

    async def session_key(self) -> str:
        """Return what a client shows its owner as the session key: the device's Ed25519 key, in base64."""
        return str(await self._tell("fingerprint"))

    async def reset_identity(self) -> None:
        """Give the account a new cross-signing identity, which signs this device and none of the others."""
        await self._tell("reset")

    async def accept_identity(self, user_id: str) -> None:
        """Accept that somebody has another identity now, as a person does who was told of it in another way."""
        await self._tell("accept", user=user_id)

    async def log_out(self) -> None:
        """Give the device up; what it has read stays known here."""
        await self._tell("logout")

    async def meet(self, user_id: str) -> int:
        """Learn whose devices somebody's are, without a word; return how many there are."""
        return msgspec.convert(await self._tell("meet", user=user_id), int)

    async def discard(self, room_id: str) -> None:
        """Speak in the room with a new key from the next message on."""
        await self._tell("discard", room=room_id)

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """Send a reaction, which is never encrypted, and return its event id."""
        return str(await self._tell("react", room=room_id, event=event_id, key=key))

    async def create(self, name: str, *, invite: tuple[str, ...] = ()) -> str:
        """Create an encrypted room and return its id."""
        return str(await self._tell("create", name=name, invite=invite))

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite somebody."""
        await self._tell("invite", room=room_id, user=user_id)

    async def join(self, room_id: str) -> None:
        """Accept an invitation."""
        await self._tell("join", room=room_id)

    async def leave(self, room_id: str) -> None:
        """Leave a room."""
        await self._tell("leave", room=room_id)

    async def members(self, room_id: str) -> frozenset[str]:
        """Return who has joined, as this client knows it: those it shares keys with."""
        return frozenset(msgspec.convert(await self._tell("members", room=room_id), list[str]))

    async def state(self, room_id: str, event_type: str, key: str = "") -> dict[str, Any] | None:
        """Return a setting of the room as this client knows it, such as its name or its encryption."""
        setting = await self._tell("state", room=room_id, type=event_type, key=key)
        return msgspec.convert(setting, dict[str, Any] | None)

    async def timeline(self, room_id: str) -> tuple[str, ...]:
        """Return the ids of a room's events in the room's order, as far back as this client knows it without a gap."""
        return tuple(msgspec.convert(await self._tell("timeline", room=room_id), list[str]))

    async def wait_for(
        self,
        wanted: str | Callable[[Message], bool],
        room_id: str | None = None,
        timeout: float = PATIENCE,  # noqa: ASYNC109 -- how long a person would wait
        *,
        after: int = 0,
    ) -> Message:
        """Return the first message with this text in it, or that fulfils the condition, read already or to come.

        `after` skips as many of the messages already read: `after=len(witness.messages)` waits for a new one.
        """

        def look() -> Message | None:
            return next((one for one in self._messages[after:] if _fits(one, wanted, room_id)), None)

        return await self._until(look, timeout)

    async def wait_for_failure(self, event_id: str, patience: float = PATIENCE) -> Failure:
        """Return once it has received this message and cannot read it, for which a late key may be the reason."""
        return await self._until(lambda: self._failures.get(event_id), patience)

    async def invited(self, patience: float = PATIENCE) -> str:
        """Return the first room that it is invited to and has not answered."""
        return await self._until(lambda: next(self._rooms_with("invite"), None), patience)

    async def joined(self, room_id: str, *users: str, patience: float = PATIENCE) -> None:
        """Wait until this client knows that it and these users have joined."""
        wanted = [(room_id, user) for user in (self.user_id, *users)]
        await self._until(lambda: all(self._memberships.get(one) == "join" for one in wanted) or None, patience)

    async def left(self, room_id: str, user: str | None = None, patience: float = PATIENCE) -> None:
        """Wait until this client knows that it, or the user, has left or was removed."""
        wanted = (room_id, user or self.user_id)
        await self._until(lambda: self._memberships.get(wanted) in ("leave", "ban") or None, patience)

    def take(self, seen: Seen) -> None:
        """Keep what the client saw."""
        match seen:
            case Message():
                # A key that came late makes a message readable after all.
                self._failures.pop(seen.event_id, None)
                self._messages.append(seen)
            case Failure():
                self._failures[seen.event_id] = seen
            case Membership():
                self._memberships[seen.room_id, seen.user_id] = seen.membership

    async def _until(self, look: Callable[[], Found | None], seconds: float) -> Found:
        try:
            return await self._process.until(look, seconds)
        except WitnessError as error:
            error.witness = self
            raise

    def _rooms_with(self, membership: str) -> Iterator[str]:
        own = (self.user_id, membership)
        return (room for (room, user), current in self._memberships.items() if (user, current) == own)

    async def _tell(self, command: str, **fields: object) -> object:
        return await self._process.tell({"do": command, "as": self.name, **fields})


class Witnesses:
    """All witnesses of one homeserver; they end with the context."""

    def __init__(self, homeserver_url: str, *, log_file: Path) -> None:
        self._homeserver_url = homeserver_url
        self._witnesses: dict[str, Witness] = {}
        self._process = WitnessProcess(log_file=log_file, on_seen=self._hand_over)

    async def __aenter__(self) -> Self:
        await self._process.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.__aexit__(kind, error, trace)

    @property
    def all(self) -> tuple[Witness, ...]:
        """Return them in the order in which they came."""
        return tuple(self._witnesses.values())

    async def add(
        self, name: str, user_id: str, password: str, *, autojoin: bool = True, identity_of: Witness | None = None
    ) -> Witness:
        """Sign a person in; when it returns, the witness has seen everything up to now.

        It is the account's new identity, or with `identity_of` one more device of the identity of another witness.
        """
        witness = Witness(self._process, name, user_id)
        self._witnesses[name] = witness
        command: dict[str, object] = {
            "do": "add",
            "as": name,
            "homeserver": self._homeserver_url,
            "user": user_id,
            "password": password,
            "autojoin": autojoin,
        }
        if identity_of is not None:
            command["identity_of"] = identity_of.name
        witness.device_id = str(await self._process.tell(command))
        return witness

    def _hand_over(self, seen: Seen) -> None:
        self._witnesses[seen.witness].take(seen)


def _fits(message: Message, wanted: str | Callable[[Message], bool], room_id: str | None) -> bool:
    if room_id not in (None, message.room_id):
        return False
    return wanted in message.body if isinstance(wanted, str) else wanted(message)
