"""What the ledger says of a compartment's vault, for those who lead it: who fetched what, exports, refusals.

Who *could* have known is not answered here: people's machines make it of the logs that they have verified
(`cases.trust.knowing`), and believe no server about it. That somebody asked is in the ledger too. An inquiry often
comes after the end: whoever led a compartment until it was closed may ask of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from agencies.model import Person
from cases import store
from cases.ledger import BEGINNING, Entry
from cases.model import Case, CompartmentId
from cases.vault.entering import recorded, require_leading, require_member
from cases.vault.keeping import KeptCompartments
from core import ledger
from core.clock import Clock
from core.database import Database, Row, Transaction

ACTS = (
    "vault_entry_taken", "vault_entry_refused", "grant_fetched", "record_fetched", "wraps_fetched", "record_exported",
    "history_granted", "history_fetched", "vault_acts_asked", "vault_acts_exported", "asked_while_barred",
)  # fmt: skip
# So many leave in one answer.
PAGE = 500
MOST_HISTORIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """A page of chained acts, each with the hash before it, and of history grants by id; how many acts wait."""

    acts: list[tuple[bytes, Entry]]
    histories: list[tuple[UUID, bytes]]
    # Whether it is worth asking again: that somebody asked is an act too, so there is always another.
    more: bool
    waiting: int


class Inquiring:
    """Answers those who lead a compartment what was done with its vault."""

    def __init__(self, database: Database, clock: Clock, compartments: KeptCompartments) -> None:
        self._database = database
        self._clock = clock
        self._compartments = compartments

    async def acts(
        self, actor: Person, compartment_id: CompartmentId, *, after: int = 0, history: UUID | None = None
    ) -> Acts:
        """Return acts after a position of the ledger and history grants after an id; all, whatever is asked of them."""
        async with self._database.transaction() as tx:
            case = await self._enter(tx, actor, compartment_id)
            rows = await tx.rows(
                store.SQL["vault_acts"], case.id, compartment_id, ACTS, after, PAGE, BEGINNING.hash
            )  # fmt: skip
            waiting = await tx.value(store.SQL["vault_acts_waiting"], case.id, compartment_id, ACTS)
            histories = await tx.rows(store.SQL["vault_histories"], compartment_id, history, MOST_HISTORIES)
            await self._record(tx, "vault_acts_asked", actor, case, compartment_id)
        return Acts(
            acts=[_act(row) for row in rows],
            histories=[(row["id"], bytes(row["statement"])) for row in histories],
            more=len(rows) == PAGE or len(histories) == MOST_HISTORIES,
            waiting=waiting,
        )

    async def tell_export(self, actor: Person, compartment_id: CompartmentId) -> None:
        """Write down that somebody takes an answer out, before they do, on their own machine."""
        async with self._database.transaction() as tx:
            case = await self._enter(tx, actor, compartment_id)
            await self._record(tx, "vault_acts_exported", actor, case, compartment_id)

    async def _enter(self, tx: Transaction, actor: Person, compartment_id: CompartmentId) -> Case:
        case, compartment = await recorded(tx, actor, compartment_id, closed=True)
        kept, _extents = await self._compartments.now(tx, compartment_id)
        require_member(actor, compartment, kept, int(self._clock.now().timestamp()))
        require_leading(actor, kept)
        return case

    async def _record(
        self, tx: Transaction, act: str, actor: Person, case: Case, compartment_id: CompartmentId
    ) -> None:
        said = ledger.Act(
            act=act, at=self._clock.now(), person_id=actor.id, case_id=case.id, object_id=compartment_id
        )  # fmt: skip
        await ledger.record(tx, said)


def _act(row: Row) -> tuple[bytes, Entry]:
    entry = Entry(
        position=row["position"], at=row["at"], actor_kind=row["actor_kind"], actor_id=row["actor_id"], act=row["act"],
        case_id=row["case_id"], object_id=row["object_id"], facts=row["facts"], hash=bytes(row["hash"]),
    )  # fmt: skip
    return bytes(row["before"]), entry
