"""What a channel is told of its vault: that another key is due. Nothing of what is written there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId
from core.outbox import Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "vault_ring": mark("Streha: reminder, open the app"),
    "vault_epoch_overdue": mark(
        "{codename}: somebody has left this circle, and since {time} another key of its records is due. Until a member "
        "opens the records with Streha, nobody can write there."
    ),
}


def epoch_overdue(
    case_id: CaseId, compartment_id: UUID, codename: str, since: datetime, mentions: Iterable[PersonId]
) -> list[Message]:
    """Return ring and words for the compartment's channel; since when it is due makes them one."""
    target, cause = Target(kind=TargetKind.COMPARTMENT, id=compartment_id), f"vault-epoch:{since.isoformat()}"
    return [
        Message(
            key=f"{cause}:ring:{compartment_id}", target=target, template="vault_ring", mentions=tuple(mentions),
            case_id=case_id,
        ),
        Message(
            key=f"{cause}:{compartment_id}", target=target, template="vault_epoch_overdue", case_id=case_id,
            parameters={"codename": codename, "time": since.isoformat()},
        ),
    ]  # fmt: skip
