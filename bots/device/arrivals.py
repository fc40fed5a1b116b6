"""What a row of the inbox is to whoever handles it: an arrival, with what is known of its sender at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bots.device.received import Arrival, MembershipChange, Received, SettingChange, Undecryptable, Unencrypted
from bots.keys.key_directory import Believed, KeyDirectory
from bots.olm.inbox import InboxRow

_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def arrival_of(row: InboxRow, directory: KeyDirectory, *, patient: bool) -> Arrival | None:
    """Return what a row holds; while `patient`, nothing where the sender's keys are not known yet."""
    record = row.record
    if is_membership(row):
        return membership(row)
    if record["kind"] == "setting":
        common = _common(row)
        return SettingChange(
            event_id=row.event_id,
            room_id=common["room_id"],
            kind=record["setting"],
            key=record["key"],
            content=record["content"],
            sent_at=common["sent_at"],
        )
    if record["kind"] == "unencrypted":
        return Unencrypted(event_id=row.event_id, **_common(row))
    current = directory.keys_of(record["sender"]).current
    if patient and not current:
        return None
    believed = _believe(directory, record)
    return Received(
        event_id=row.event_id,
        event_type=record["event_type"],
        content=record["content"],
        sender_device_id=believed.device_id,
        sender_identity=believed.identity,
        bound=believed.bound,
        current=current,
        **_common(row),
    )


def is_membership(row: InboxRow) -> bool:
    """Whether a row says that somebody came or went."""
    return bool(row.record["kind"] == "membership")


def membership(row: InboxRow) -> MembershipChange:
    """Return who came or went."""
    common = _common(row)
    return MembershipChange(
        event_id=row.event_id,
        room_id=common["room_id"],
        user_id=row.record["user_id"],
        membership=row.record["membership"],
        by=common["sender"],
        sent_at=common["sent_at"],
    )


def undecryptable(row: InboxRow) -> Undecryptable:
    """Return what is said of a row that waits for its key."""
    return Undecryptable(event_id=row.event_id, **_common(row))


def _believe(directory: KeyDirectory, record: Mapping[str, Any]) -> Believed:
    """Return what is known of the sender, by the one of those who claim the session that is the sender's."""
    # A row of an earlier version names one device.
    claims = record.get("claims") or [(record["sender_key"], record["ed25519"])]
    believed = [directory.believe(record["sender"], *claim) for claim in claims]
    return max(believed, key=lambda each: (each.bound, each.device_id is not None))


def _common(row: InboxRow) -> dict[str, Any]:
    sent_at = datetime.fromtimestamp(min(row.record["sent_at"] / 1000, _LATEST), UTC)
    return {"room_id": row.record["room_id"], "sender": row.record["sender"], "sent_at": sent_at}
