"""What the ledger has of a compartment, as a server gave it: each act held against its own link of the chain.

The links between show that nothing of an act was altered since it was chained; what other acts of the network stand
between two of them is nobody's business here, so one that was left out is not seen by that. Three things find it out:
this machine remembers how far it has read and a hash of all of it, so what was there once cannot go
(`client.vault.memory`); every entry of the verified logs must have its act (`client.vault.knowing`); and an act that
names an entry which the logs do not have says that a log is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from client.vault import refusals
from client.vault.answers import VaultAct
from client.vault.memory import Memory
from client.vault.reading import Reader
from core.errors import Conflict, LimitReached
from core.texts import mark
from crypto import chain

LEDGER_ALTERED = mark(
    "Streha gave an act of the ledger that was altered or is of another place. Nothing of it is shown. Tell the "
    "operator, and ring whoever leads the case, by a number you know."
)
LEDGER_OTHER = mark(
    "Streha shows another ledger than this machine has read before, or less of it: it was altered, or the database was "
    "restored. Nothing of it is shown. Tell the operator, and ring whoever leads the case, by a number you know. Once "
    "it is cleared up: streha compartment forget"
)
TOO_MANY = mark("The ledger has more than {most} acts of this compartment. Ask the operator for streha ledger list.")
# Of one compartment: a busy one over many years.
MOST = 200_000
# So many of either an answer has at least that says there is more: else a server decides how long it is asked.
LEAST = 50


async def fetched(reader: Reader, compartment: bytes) -> tuple[list[VaultAct], list[bytes], int]:
    """Return all acts of a compartment in order, all history grants, and how many acts have no place yet.

    They are held against what was read before, and remembered.
    """
    place = UUID(bytes=compartment)
    acts: list[VaultAct] = []
    grants: dict[UUID, bytes] = {}
    after, history = 0, None
    while True:
        page = await reader.api.acts(place, after=after, history=history)
        if any(each.position <= after for each in page.acts[:1]) or any(each.id in grants for each in page.histories):
            raise refusals.altered("not-next")
        acts += page.acts
        grants |= {each.id: each.statement for each in page.histories}
        if len(acts) > MOST or len(grants) > MOST:
            raise LimitReached(TOO_MANY, most=MOST)
        if not page.more:
            break
        if max(len(page.acts), len(page.histories)) < LEAST:
            # It says that there is more, and gives none or hardly any of it.
            raise refusals.altered("not-next")
        after = acts[-1].position if acts else after
        history = page.histories[-1].id if page.histories else history
    require_whole(acts, place)
    require_known(reader.memory, compartment, acts)
    return acts, list(grants.values()), page.waiting


def require_whole(acts: Sequence[VaultAct], compartment: UUID) -> None:
    """Refuse acts that are out of order, of another compartment, or do not fit their own link."""
    last: VaultAct | None = None
    for each in acts:
        if each.compartment != compartment or len(each.before) != len(chain.START):
            raise Conflict(LEDGER_ALTERED)
        link = chain.act(
            each.before, position=each.position, at=each.at, actor_kind=each.actor_kind, actor_id=each.actor,
            act=each.act, case_id=each.case, object_id=each.compartment, facts=each.facts,
        )  # fmt: skip
        if link != each.hash:
            raise Conflict(LEDGER_ALTERED)
        if last is not None:
            follows = each.before == last.hash if each.position == last.position + 1 else each.position > last.position
            if not follows:
                raise Conflict(LEDGER_ALTERED)
        last = each


def require_known(memory: Memory, compartment: bytes, acts: Sequence[VaultAct]) -> None:
    """Hold acts against those that were read here before, and remember how far they go now."""
    known = memory.ledger(compartment)
    hashed = chain.START
    seen = known is None
    for each in acts:
        hashed = chain.link(hashed, [each.position, each.hash])
        if known is not None and each.position == known[0]:
            seen = hashed == known[1]
    if not seen:
        raise Conflict(LEDGER_OTHER)
    if acts:
        memory.remember_ledger(compartment, acts[-1].position, hashed)
