"""Emergency cards on a person's own machine: written and sealed here, opened here. The server sees sealed bytes.

A card is sealed to a desk only where its key is the one that was met before, or is met for the first time: a changed
key is refused until somebody has compared its fingerprint (`client.known_keys`). Opened is only what was made for this
alert's compartment, this desk and this number, and is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from agencies.trust.directory import Directory
from client import desk_vouching
from client.card_answers import CardOfAlert, CardOfCompartment, DeskInCard
from client.desk_key_file import DeskKeyFile
from client.key_file import KeyFile
from client.known_keys import KnownKeys, Met
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto import desk_key, emergency_card
from crypto.emergency_card import CardBroken, Place

EMPTY = mark("The card is empty. Write at least who it is about and whom to ring.")
TOO_LONG = mark("The card is longer than one page. Shorten it by about {count} letters.")
NOT_PRINTABLE = mark("The card holds characters that cannot be shown. Write it as plain text.")
KEY_CHANGED = mark(
    "The key of the duty desk of {agency} is not the one you sealed to before. NOTHING was sealed. Ring the desk, have "
    "the fingerprint read to you, and say: streha card trust"
)
KEY_UNUSABLE = mark("The key of the duty desk of {agency} cannot be used. NOTHING was sealed. Tell the operator.")
NO_KEYS = mark("No duty desk of this case has a key yet: nobody could open the card. Have them run: streha card key")
NOT_OF_THIS_DESK = mark(
    "No card is sealed to the desk of this key file. Use the file of the desk where you accepted the alert."
)
FORMER_KEY = mark(
    "The card is sealed to a key that this file does not hold. Use the desk's newest key file; else ring {author}, or "
    "whoever leads the case."
)
BROKEN = mark(
    "The card cannot be opened: it was altered, or it belongs to something else. Do not look for another. Ring whoever "
    "leads the case, by a number you know, and tell the operator."
)
_CONTROL = frozenset({"\n", "\t"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """What stands in an emergency card, in the writer's words."""

    who: str
    where: str
    ring: str
    rules: str

    @property
    def fields(self) -> tuple[str, str, str, str]:
        """The four fields in their order."""
        return self.who, self.where, self.ring, self.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCard:
    """A card that was opened: which number it has, who signed it with which key, and whether that was met before."""

    text: CardText
    number: int
    author: UUID
    author_name: str
    author_key: bytes
    met: Met
    written_at: datetime
    former_key: bool
    # With the directory at hand: whether the author is of the network now, with the key that signed.
    stands: bool = True


def checked(fields: Sequence[str]) -> CardText:
    """Return a card's text without surplus lines, or say what is wrong with it."""
    who, where, ring, rules = (each.strip().replace("\r\n", "\n") for each in fields)
    text = CardText(who=who, where=where, ring=ring, rules=rules)
    if not who or not ring:
        raise InvalidInput(EMPTY)
    if any(not letter.isprintable() and letter not in _CONTROL for each in text.fields for letter in each):
        raise InvalidInput(NOT_PRINTABLE)
    over = sum(len(each.encode()) for each in text.fields) - emergency_card.ROOM_FOR_TEXT
    if over > 0:
        raise InvalidInput(TOO_LONG, count=over)
    return text


def require_known(
    card: CardOfCompartment, known: KnownKeys, agency_name: Callable[[UUID], str], *,
    network: str = "", directory: Directory | None = None,
) -> list[DeskInCard]:  # fmt: skip
    """Return the desks that can be sealed to, before anybody writes: refuse where a key has changed unseen.

    With the network's directory at hand none is believed at first sight: `client.desk_vouching`.
    """
    found = [each for each in card.desks if each.key is not None]
    if not found:
        raise Conflict(NO_KEYS)
    for each in found:
        agency = agency_name(each.agency) if directory is None else desk_vouching.agency_name(directory, each)
        try:
            desk_key.require_usable(each.key or b"")
        except desk_key.KeyUnusable:
            raise Conflict(KEY_UNUSABLE, agency=agency) from None
        if directory is not None:
            desk_vouching.require_vouched(directory, network, each, known, agency)
        elif known.desk(each.desk, each.agency, each.key or b"") is Met.CHANGED:
            raise Conflict(KEY_CHANGED, agency=agency)
    return found


def seal(
    key: KeyFile, card: CardOfCompartment, desks: Sequence[DeskInCard], text: CardText, at: datetime
) -> dict[UUID, bytes]:
    """Return the next card of a compartment, sealed to each of these desks."""
    return {
        each.desk: emergency_card.seal(
            key.seed,
            Place(
                network=key.network,
                compartment=card.compartment.bytes,
                number=card.number + 1,
                desk=each.desk.bytes,
                key=each.key or b"",
            ),
            author=key.person_id.bytes,
            written_at=int(at.timestamp()),
            fields=text.fields,
        )
        for each in desks
    }


def _harmless(field: str) -> str:
    """Return what another's client wrote without what could steer a terminal or turn a number round."""
    return "".join(each if each.isprintable() or each in _CONTROL else "\N{REPLACEMENT CHARACTER}" for each in field)


def open_given(
    given: CardOfAlert, compartment: UUID, network: str, desk: DeskKeyFile, known: KnownKeys,
    directory: Directory | None = None,
) -> OpenedCard:  # fmt: skip
    """Open the card that was given for an alert of a compartment, with the key file of the desk.

    With the directory at hand its author is who it says, by the directory's name: also by a key that they have no more,
    for the card may be older; then it does not stand any more, and the reader has to hear so.
    """
    envelope = next((each.sealed for each in given.sealed if each.desk == desk.desk_id), None)
    if envelope is None:
        raise NotFound(NOT_OF_THIS_DESK)
    try:
        sealed_to = emergency_card.key_of(envelope)
        secret = desk.secret_of(sealed_to)
        if secret is None:
            raise NotFound(FORMER_KEY, author=given.author)
        place = Place(
            network=network,
            compartment=compartment.bytes,
            number=given.number,
            desk=desk.desk_id.bytes,
            key=sealed_to,
        )  # fmt: skip
        page = emergency_card.open_(secret, envelope, place)
        author = UUID(bytes=page.author)
        if author != given.written_by or desk.network != network:
            raise emergency_card.OfAnotherPlace
    except CardBroken:
        raise Conflict(BROKEN) from None
    who, where, ring, rules = map(_harmless, page.fields)
    met, name, stands = known.author(author, page.author_key), given.author, True
    if directory is not None:
        met = Met.SAME if directory.keys.get(page.author_key) == page.author else Met.CHANGED
        name, stands = _attested(directory, page.author, page.author_key)
    return OpenedCard(
        text=CardText(who=who, where=where, ring=ring, rules=rules),
        number=given.number,
        author=author,
        author_name=name,
        author_key=page.author_key,
        met=met,
        written_at=datetime.fromtimestamp(page.written_at, UTC),
        former_key=sealed_to != desk.key,
        stands=stands,
    )


def _attested(directory: Directory, author: bytes, key: bytes) -> tuple[str, bool]:
    """Return who somebody is by the directory, with their agency; and whether they are it now, with this key."""
    member = directory.people.get(author)
    if member is None:
        return str(UUID(bytes=author))[:8], False
    agency = directory.agencies[member.agency]
    return f"{member.name}, {agency.name}", member.signing_key == key and not agency.suspended
