"""Invitations: under a token from paper, once, somebody new offers their keys; an administrator looks and attests.

What is stored proves nothing of who came: whoever has the paper may offer. Only the code that two people compare by
voice makes an offer somebody's (docs/protocol.md, *Invitations*). Unknown, used, taken-back and expired tokens are all
one: no such invitation. Nothing of the directory but its own word for a network is told to who shows a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agencies import store
from agencies.model import AgencyId, Person, PersonId, Role
from agencies.service import NO_AGENCY, clean_name
from agencies.store import SQL
from agencies.trust import offers
from agencies.trust.deeds import Attest, Join
from agencies.trust.directory import Proposal
from agencies.trust.offers import Offered
from agencies.vault.keeping import KeptNetwork
from agencies.vault.refusals import told
from core import ledger
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.settings import Settings
from core.texts import mark
from crypto.tokens import token_hash
from crypto.vault.failures import Refused

LASTS = timedelta(hours=72)
LONGEST = timedelta(days=14)
# So long an offer waits to be attested, whenever its invitation would have ended.
OFFER_WAITS = timedelta(days=14)
# Of one agency, whether or not anything was offered.
MOST = 50
NO_INVITATION = mark(
    "This invitation opens nothing: it was used, taken back, has ended, or never was. Ring whoever gave it to you, by "
    "a number you know. If you have NOT used it, tell them so: somebody else may have."
)
NOT_ADMINISTRATOR = mark("Only an administrator of an agency can do this. Ask them.")
OF_ANOTHER = mark("That agency has administrators of its own. They invite its people.")
FIRST_ADMINISTERS = mark("Whoever joins first for a new agency administers it. Use --role administrator")
NOT_AS_INVITED = mark("These keys were offered for another agency or role than the invitation is for. Begin anew.")
TOKEN_TWICE = mark("There is an invitation with this token already. Make another.")
TOO_MANY = mark("Your agency has {limit} invitations open already. Take one back first: streha attest waiting")
TOO_LONG = mark("An invitation lasts from one hour to {days} days.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation, and what was offered under it, if anything was."""

    id: UUID
    agency_id: AgencyId
    name: str
    role: Role
    made_by: PersonId
    expires_at: datetime
    offer: bytes | None = None
    offered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What whoever shows a token is told: nothing of it is proven.

    `network` is the hash of the genesis, of 32 bytes, as it stands on the paper. What else the paper says (the role, a
    head of the directory) is not told: whoever finds one learns nothing of the directory by it.
    """

    network: bytes
    agency_id: AgencyId
    expires_at: datetime
    service: str
    police_number: str


class Invitations:
    """Keeps invitations and what is offered under them."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, network: KeptNetwork) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._network = network

    async def invite(
        self, actor: Person, hashed: bytes, *, name: str, role: Role, agency_id: AgencyId | None, lasts: timedelta
    ) -> Invitation:
        """Keep an invitation to the actor's agency, or to one that is to join the network; of its token the hash."""
        _require_administrator(actor)
        if not timedelta(hours=1) <= lasts <= LONGEST:
            raise InvalidInput(TOO_LONG, days=LONGEST.days)
        now = self._clock.now()
        made = Invitation(
            id=new_id(), agency_id=agency_id or actor.agency_id, name=clean_name(name), role=role, made_by=actor.id,
            expires_at=now + lasts,
        )  # fmt: skip
        async with self._database.transaction() as tx:
            directory = (await self._network.now(tx)).now
            if made.agency_id != actor.agency_id:
                await _require_agency(tx, made.agency_id)
                if made.agency_id.bytes in directory.agencies:
                    raise Conflict(OF_ANOTHER)
                if role is not Role.ADMINISTRATOR:
                    raise InvalidInput(FIRST_ADMINISTERS)
            # Of the agency, not of the actor: two of its administrators would both find the last place free.
            await tx.run(SQL["lock_agency"], actor.agency_id)
            count = await tx.value(SQL["count_invitations"], actor.agency_id, now)
            if isinstance(count, int) and count >= MOST:
                raise Conflict(TOO_MANY, limit=MOST)
            if not await tx.run(
                SQL["add_invitation"], made.id, hashed, made.agency_id, made.name, made.role, actor.id, now,
                made.expires_at,
            ):  # fmt: skip
                raise Conflict(TOKEN_TWICE)
            await _record(tx, "invitation_made", made.id, now, by=actor.id)
        return made

    async def waiting(self, actor: Person) -> list[Invitation]:
        """Return what the administrators of the actor's agency have made, with what was offered."""
        _require_administrator(actor)
        async with self._database.reading() as tx:
            rows = await tx.rows(SQL["invitations_of_agency"], actor.agency_id, self._clock.now())
        return [_invitation(row) for row in rows]

    async def take_back(self, actor: Person, invitation_id: UUID) -> None:
        """Destroy an invitation of the actor's agency, and what was offered under it; to others there is none."""
        if actor.role is not Role.ADMINISTRATOR:
            raise NotFound(NO_INVITATION)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if not await tx.run(SQL["take_invitation"], invitation_id, actor.agency_id, now):
                raise NotFound(NO_INVITATION)
            await _record(tx, "invitation_taken_back", invitation_id, now, by=actor.id)

    async def open(self, token: bytes) -> Opened:
        """Tell whoever shows a token what it is for, while nothing was offered under it."""
        async with self._database.transaction() as tx:
            found = await self._held(tx, token)
            if found.offer is not None:
                raise NotFound(NO_INVITATION)
            network = await self._network.now(tx)
        return Opened(
            network=network.id, agency_id=found.agency_id, expires_at=found.expires_at, service=self._settings.network,
            police_number=self._settings.police_number,
        )  # fmt: skip

    async def offer(self, token: bytes, offer: bytes) -> None:
        """Keep what is offered under a token, once. Just the same offer again is answered as at first."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            found = await self._held(tx, token)
            if found.offer is not None:
                if found.offer == offer:
                    return
                raise NotFound(NO_INVITATION)
            offered = _read(offer, (await self._network.now(tx)).id).offer
            if (offered.agency, offered.role) != (found.agency_id.bytes, found.role):
                raise InvalidInput(NOT_AS_INVITED)
            await tx.run(SQL["put_offer"], found.id, offer, now, now + OFFER_WAITS)
            await _record(tx, "keys_offered", found.id, now)

    async def _held(self, tx: Transaction, token: bytes) -> Invitation:
        row = await tx.row(SQL["hold_invitation"], token_hash(token), self._clock.now())
        if row is None:
            raise NotFound(NO_INVITATION)
        return _invitation(row)


async def keep_while_waiting(
    tx: Transaction, network: bytes, proposal: Proposal, agency_id: AgencyId, now: datetime
) -> None:
    """Keep what was offered for as long as a proposal about it waits for others to agree: they need the offer as well.

    `network` is its 32 bytes, `agency_id` the agency of whoever has just proposed.
    """
    match proposal.deed:
        case Attest(person=person, signing_key=key):
            about = {(person, key)}
        case Join(people=people):
            about = {(each.person, each.signing_key) for each in people}
        case _:
            return
    # What a proposal says of its end is its author's word; nothing waits longer than an offer may.
    seconds = min(proposal.deed.until - int(now.timestamp()), int(OFFER_WAITS.total_seconds()))
    for row in await tx.rows(SQL["invitations_of_agency"], agency_id, now):
        kept = _invitation(row)
        if kept.offer is None:
            continue
        offered = _read(kept.offer, network)
        if (offered.offer.person, offered.signing_key) in about:
            await tx.run(SQL["keep_invitation"], kept.id, now + timedelta(seconds=seconds))


def _require_administrator(actor: Person) -> None:
    if actor.role is not Role.ADMINISTRATOR:
        raise Conflict(NOT_ADMINISTRATOR)


async def _require_agency(tx: Transaction, agency_id: AgencyId) -> None:
    if not await store.agencies(tx, [agency_id]):
        raise InvalidInput(NO_AGENCY)


def _read(offer: bytes, network: bytes) -> Offered:
    try:
        return offers.read(offer, network)
    except Refused as refused:
        raise told(refused) from refused


def _invitation(row: Row) -> Invitation:
    offer = row["offer"]
    return Invitation(
        id=row["id"], agency_id=AgencyId(row["agency_id"]), name=row["name"], role=Role(row["role"]),
        made_by=PersonId(row["made_by"]), expires_at=row["expires_at"],
        offer=None if offer is None else bytes(offer), offered_at=row["offered_at"],
    )  # fmt: skip


async def _record(tx: Transaction, act: str, object_id: UUID, now: datetime, *, by: PersonId | None = None) -> None:
    await ledger.record(tx, ledger.Act(act=act, at=now, person_id=by, actor_kind="system", object_id=object_id))
