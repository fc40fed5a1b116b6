"""What a person is told of their passkeys, alone with the bot: whoever did not do it finds out here.

Each message rings with a neutral sentence of its own, because a passkey that somebody else added signs them in until it
is removed.
"""

from __future__ import annotations

from collections.abc import Sequence

from agencies.model import PasskeyId, PersonId
from core.outbox import Lane, Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "passkey_ring": mark("Streha: open the app"),
    "passkey_added": mark(
        "A passkey was added for you: Streha {number}. Whoever has it can sign in to the console as you. If it was not "
        "you, remove it in the console, under This device, and ring an administrator."
    ),
    "passkey_removed": mark(
        "Your passkey Streha {number} was removed, and signs nobody in any more. If it was not you, look in the "
        "console, under This device, at which are left, and ring an administrator."
    ),
    "passkey_went_back": mark(
        "Somebody was refused who signed in with your passkey Streha {number}: it may have been copied. Remove it in "
        "the console, under This device, and ring an administrator."
    ),
}


def number_of(passkey_id: PasskeyId) -> str:
    """Return the four digits by which a passkey is told from a person's others, here and at the authenticator."""
    return str(1000 + passkey_id.int % 9000)


def told(person_id: PersonId, passkey_id: PasskeyId, template: str, cause: str) -> Sequence[Message]:
    """Return what rings the person and says what became of a passkey; the cause makes it one."""
    room = Target(kind=TargetKind.PERSON, id=person_id)
    key = f"{template}:{passkey_id}:{cause}"
    ring = Message(key=f"{key}:ring", target=room, template="passkey_ring", mentions=[person_id], lane=Lane.ALERT)
    words = Message(
        key=key, target=room, template=template, parameters={"number": number_of(passkey_id)}, lane=Lane.ALERT
    )
    return [ring, words]
