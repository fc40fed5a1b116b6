"""What the witnesses' process says, line by line, as types."""

from __future__ import annotations

import msgspec


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A command was carried out."""

    number: int = msgspec.field(name="id")
    result: object


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """A command failed: the Matrix error code, or the kind of error."""

    number: int = msgspec.field(name="id")
    error: str


class Message(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """An event that a client has read; `at` is when, in milliseconds since 1970."""

    witness: str = msgspec.field(name="as")
    room_id: str = msgspec.field(name="room")
    sender: str
    event_id: str = msgspec.field(name="event")
    event_type: str
    body: str
    msgtype: str | None
    formatted_body: str | None
    mentions: tuple[str, ...]
    relation: str | None
    related_event: str | None
    key: str | None
    at: int
    encrypted: bool
    # What the client would warn of beside the message: none, grey or red, and why.
    shield: str | None = None
    shield_reason: str | None = None
    # The sender has another identity than before, and nobody has confirmed it to the client.
    identity_changed: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """An event that a client has received and could not read, and the client's reason."""

    witness: str = msgspec.field(name="as")
    room_id: str = msgspec.field(name="room")
    sender: str
    event_id: str = msgspec.field(name="event")
    reason: str | None
    at: int


class Membership(msgspec.Struct, frozen=True, kw_only=True, tag="membership"):
    """A client has learnt that somebody, perhaps its own user, is now invited, joined, gone or banned."""

    witness: str = msgspec.field(name="as")
    room_id: str = msgspec.field(name="room")
    user_id: str = msgspec.field(name="user")
    by: str
    membership: str
    at: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True, tag="trouble"):
    """Something went wrong that nobody had asked for."""

    error: str
    witness: str | None = msgspec.field(name="as", default=None)
    at: int


Seen = Message | Failure | Membership
Line = Done | Refused | Seen | Trouble
