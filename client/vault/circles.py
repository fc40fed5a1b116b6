"""Who is in a compartment: opened, added, proposed, approved, removed, excluded, led and closed by signed entries.

Each act is one entry of the members' log (`cases.trust.deeds`), judged before it is sent. Whoever changes the members
begins the next epoch at once, where their machine holds a key; else the next who writes does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from cases.trust.deeds import Deed, Exclude, Open, Remove
from client.vault import refusals
from client.vault.epochs import NO_KEY_YET, EpochKeys
from client.vault.reading import NOT_OPEN, Reader, View
from client.vault.saying import TOO_BUSY, Prepared, member_entry, said
from core.errors import Conflict, InvalidInput, NotFound, StrehaError
from core.texts import mark
from crypto.vault import reason as reasons
from crypto.vault.failures import Refused
from crypto.vault.log import Kind
from crypto.vault.statement import hash_of

OPEN_ALREADY = mark("This compartment has a vault already. See: streha compartment show")
NO_REASON = mark(
    "An exclusion needs a reason of at most {most} bytes; only the coordinator and the deputy can read it. Nothing was "
    "done."
)
NOT_IN_NETWORK = mark(
    "{count} of the people are not in the directory of the network: an administrator attests them first."
)
EPOCH_WAITS = mark(
    "Done, but the compartment has no new key yet: somebody who holds the last one is to run streha compartment keys"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided: the hash of its entry, how all stands then, and whether the key is with just the members.

    `stopped` is what came after the decision and has to be told: the decision stands, the next key was not begun.
    """

    hash: bytes
    view: View
    keyed: bool
    stopped: StrehaError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAway:
    """Somebody whom the server says it lets in no more, and what would be signed about them.

    `known` says that the verified directory has them no more, or their agency suspended: then it is no news.
    """

    person: bytes
    deed: Exclude | Remove
    known: bool


class Circles:
    """Decides about the members of compartments, for one person."""

    def __init__(self, reader: Reader, keys: EpochKeys) -> None:
        self._reader = reader
        self._keys = keys

    async def open_(
        self, compartment: bytes, *, case: bytes, deputy: bytes, members: Collection[bytes], sensitive: bool = False,
        ends_at: int = 0,
    ) -> Decided:  # fmt: skip
        """Open a compartment's vault as its coordinator; a sensitive one begins with coordinator and deputy."""
        me = self._reader.person.person
        view = await self._reader.refresh(compartment)
        if view.compartment.is_open:
            raise Conflict(OPEN_ALREADY)
        missing = {each for each in (*members, deputy) if each not in view.directory.people}
        if missing:
            raise Conflict(NOT_IN_NETWORK, count=len(missing))
        deed = Open(
            case=case, sensitive=sensitive, coordinator=me, deputy=deputy,
            members=[] if sensitive else sorted({*members} - {me, deputy}), ends_at=ends_at,
        )  # fmt: skip

        def make(view: View, _at: int) -> Deed:
            if view.compartment.is_open:
                raise Conflict(OPEN_ALREADY)
            return deed

        return await self._decide(compartment, make)

    async def decide(
        self, compartment: bytes, make: Callable[[int], Deed], *, seen: View | None = None
    ) -> Decided:  # fmt: skip
        """Decide one thing; `make` gives the deed for a moment (seconds since 1970).

        `seen` is how it stood a moment ago, for whoever has just looked.
        """

        def made(view: View, at: int) -> Deed:
            if not view.compartment.is_open:
                raise Conflict(NOT_OPEN)
            return make(at)

        return await self._decide(compartment, made, seen)

    async def keep(self, compartment: bytes, make: Callable[[int], Deed]) -> Decided:
        """Decide how long what is sealed is kept, also of a compartment that has ended; no key follows from it."""
        hashed, view = await self._said(compartment, lambda _view, at: make(at))
        return Decided(hash=hashed, view=view, keyed=True)

    async def exclude(self, compartment: bytes, person: bytes, reason: str) -> Decided:
        """Bar somebody; the reason is for the coordinator and the deputy alone."""
        text = reason.strip().encode()
        if not 0 < len(text) <= reasons.LONGEST_TEXT:
            raise InvalidInput(NO_REASON, most=reasons.LONGEST_TEXT)

        def make(view: View, _at: int) -> Deed:
            leaders = [view.directory.people.get(each) for each in view.circle.leaders]
            keys = [each.box_key for each in leaders if each is not None]
            if len(keys) != reasons.LEADERS:
                # Somebody who leads is in the directory no more; the reason is for whoever is left.
                keys = keys * reasons.LEADERS
            try:
                sealed = reasons.seal(
                    text, keys, network=view.person.network, compartment=compartment, person=person
                )  # fmt: skip
            except Refused as refused:
                raise refusals.of_given(refused) from refused
            return Exclude(person=person, reason=sealed)

        return await self._decide(compartment, make)

    async def take_over_due(
        self, compartment: bytes, agrees: Callable[[View, TakeAway], bool]
    ) -> list[bytes]:  # fmt: skip
        """Write down, as a leader, whom the server lets in no more already; return them, empty where one leads not.

        That somebody is out is the server's word and signed by nobody. Where the directory does not show it, `agrees`
        is asked: whoever signs has to know whom they put out.
        """
        view = await self._reader.refresh(compartment)
        written = []
        for each in _take_aways(view):
            if not each.known and not agrees(view, each):
                continue
            view = (await self._said(compartment, _just(each.deed)))[1]
            written.append(each.person)
        return written

    async def _decide(
        self, compartment: bytes, make: Callable[[View, int], Deed], seen: View | None = None
    ) -> Decided:  # fmt: skip
        hashed, view = await self._said(compartment, make, seen)
        try:
            return Decided(hash=hashed, view=view, keyed=await self._keyed(view))
        except StrehaError as error:
            # What was decided stands; whatever is wrong with the rest is told beside it.
            return Decided(hash=hashed, view=view, keyed=False, stopped=error)

    async def _said(
        self, compartment: bytes, make: Callable[[View, int], Deed], seen: View | None = None
    ) -> tuple[bytes, View]:  # fmt: skip
        async def prepare(view: View) -> Prepared[bytes]:
            at = self._reader.now()
            entry = member_entry(view, make(view, at), at)
            return Prepared(
                entry=entry, send=lambda: self._reader.api.add_member_entry(view.id, entry, {}, {}), done=hash_of(entry)
            )  # fmt: skip

        return await said(self._reader, compartment, Kind.MEMBERSHIP, prepare, seen=seen)

    async def _keyed(self, view: View) -> bool:
        """Begin the epoch that is due after a change; whoever holds no key, or is out, leaves it to others."""
        now, circle = self._reader.now(), view.circle
        if not circle.is_open(now) or not circle.epoch_is_due(view.directory, now):
            return True
        if view.person.person not in circle.standing(view.directory, now):
            return False
        try:
            await self._keys.begin(view.compartment.id, seen=view)
        except (Conflict, NotFound) as refused:
            # Others hold the key, or are just writing, and will begin it. Nothing else is passed over.
            if refused.reason not in {NO_KEY_YET, TOO_BUSY}:
                raise
            return False
        return True


def _take_aways(view: View) -> Iterator[TakeAway]:
    """Return what the server says is due about people, as far as one could sign it as a leader; each person once."""
    circle, done = view.circle, set[bytes]()
    if view.person.person not in circle.leaders:
        return
    for each in view.due:
        person = b"" if each.person is None else each.person.bytes
        if not person or person in circle.leaders or person in done:
            continue
        if each.what == "exclude" and person not in circle.excluded:
            # An exclusion lasts, and says more than that somebody has left: never without being asked.
            yield TakeAway(person=person, deed=Exclude(person=person, reason=b""), known=False)
        elif each.what == "remove" and person in circle.members:
            yield TakeAway(person=person, deed=Remove(person=person), known=not _belongs(view, person))
        else:
            continue
        done.add(person)


def _belongs(view: View, person: bytes) -> bool:
    """Whether somebody is of the network, in an agency whose word counts."""
    member = view.directory.people.get(person)
    return member is not None and not view.directory.agencies[member.agency].suspended


def _just(deed: Deed) -> Callable[[View, int], Deed]:
    return lambda _view, _at: deed


def reason_of(view: View, person: bytes) -> str:
    """Return why somebody was excluded, for whoever it was sealed to; empty for everybody else."""
    sealed = view.known.reasons.get(person, b"")
    try:
        text = reasons.open_(
            view.person.keys.secret, sealed, network=view.person.network, compartment=view.compartment.id, person=person
        )
    except Refused:
        return ""
    return text.decode(errors="replace")
