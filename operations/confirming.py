"""A step is reached: kept, said in the channel, recorded; the same whoever says so."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agencies.model import Person, PersonId
from cases.model import Case, Compartment
from core import ledger, outbox
from core.database import Transaction
from operations import acting, messages, running
from operations.acting import Deed, OperationView
from operations.model import Operation, OperationStatus


async def confirm(
    tx: Transaction, deed: Deed, actor: Person, place: tuple[Case, Compartment, Operation], position: int,
    written_at: datetime, now: datetime, zone: ZoneInfo, *, heard_from: PersonId | None = None,
) -> OperationView:  # fmt: skip
    """Confirm a step of an operation that is held; said twice it changes nothing.

    The channel hears the deed's sentence; where somebody heard it by telephone, that with `_for` after its name.
    """
    case, circle, before = place
    operation = running.confirmed(before, position, actor.id, written_at, now, heard_from=heard_from)
    if operation == before:
        return acting.view(actor, (case, circle, before), now, known=True)
    await acting.keep(tx, case, operation, zone)
    step = next(each for each in operation.milestones if each.position == position)
    template = deed.template if heard_from is None else f"{deed.template}_for"
    more = {} if heard_from is None else {"other": str(heard_from)}
    said = [
        messages.told(operation, template, f"confirmed:{step.id}", actor.id, step=step, at=step.written_at, more=more)
    ]
    if operation.status is OperationStatus.COMPLETED and before.status is not OperationStatus.COMPLETED:
        said.append(messages.told(operation, "operation_completed", "completed"))
    await outbox.post(tx, said, now)
    await ledger.record(tx, acting.recorded(deed, actor, operation, now, {"position": position, "step": step.kind}))
    return acting.view(actor, (case, circle, operation), now)
