"""What a bot device hands over: messages, changes of a room, messages that nobody could read or that came in clear.

Owns the shapes only. `bots.device.device` fills them; whoever handles them is asked to do the same thing again
when the same `event_id` comes a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message that came encrypted. Only `bound` ones may be believed to be their sender's."""

    room_id: str
    event_id: str
    sender: str
    sent_at: datetime
    event_type: str
    content: Mapping[str, Any]
    # The device whose key opened the message, when it is one of the sender's published devices.
    sender_device_id: str | None
    # The sender's master key as published when this was handed over.
    sender_identity: str | None
    # True when the session's key belongs to a device of the sender that the sender's confirmed identity has signed.
    bound: bool
    # False where the sender's keys may have changed since they were asked for: then nothing can be said of the device.
    current: bool = True

    @property
    def trusted(self) -> bool:
        """Whether the message is its sender's, as far as anybody can tell."""
        return self.bound and self.current

    @property
    def thread(self) -> str:
        """The event whose thread an answer belongs in: this one, or the first of the thread that this one stands in."""
        relation = self.content.get("m.relates_to")
        if isinstance(relation, dict) and relation.get("rel_type") == "m.thread":
            root = relation.get("event_id")
            if isinstance(root, str) and _EVENT_ID.fullmatch(root):
                return root
        return self.event_id

    @property
    def body(self) -> str:
        """The message's plain text; empty when it has none."""
        body = self.content.get("body")
        return body if isinstance(body, str) else ""

    @property
    def msgtype(self) -> str:
        """The kind of message, such as m.text; empty when it has none."""
        msgtype = self.content.get("msgtype")
        return msgtype if isinstance(msgtype, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unencrypted:
    """Words that came in clear and look like a panic. Nothing may be done at them; whoever wrote them must be told."""

    room_id: str
    event_id: str
    sender: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChange:
    """Somebody came, was invited, left or was removed. In clear, so only a reason to look at the room."""

    room_id: str
    event_id: str
    user_id: str
    membership: str
    by: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A setting of the room was made or changed. In clear, so only a reason to look at the room."""

    room_id: str
    event_id: str
    kind: str
    key: str
    content: Mapping[str, Any]
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecryptable:
    """A message whose key has not come in time. It may still come: then the message follows as Received."""

    room_id: str
    event_id: str
    sender: str
    sent_at: datetime


Arrival = Received | Unencrypted | MembershipChange | SettingChange | Undecryptable

_EVENT_ID = re.compile(r"\$[\x21-\x7e]{1,254}")
