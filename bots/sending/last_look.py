"""The last look before a message leaves: it is still wanted, all in its room may hear it, and it is ours to send.

Asked in one statement right before each PUT, the first and every repetition: whoever was removed a moment ago must not
hear it, nor whoever is not confirmed any more, and a bot that another has replaced must not speak.
"""

from __future__ import annotations

from bots.account.lease import Lease
from bots.sending.preparation import Ready
from bots.statements import SQL
from core.database import Database
from core.errors import Temporary


class LastLook:
    """Looks for one active bot."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease

    async def require(self, ready: Ready) -> None:
        """Refuse what may not leave as it is; it is made ready again."""
        target, sealed = ready.claimed.message.target, ready.sealed
        async with self._database.reading(urgent=True) as look:
            may_leave = await look.value(
                SQL["may_leave"], ready.claimed.id, target.kind, target.id, sealed.room_id, ready.version,
                self._lease.holder, self._lease.fence,
            )  # fmt: skip
        if not may_leave:
            raise Temporary("Something has changed since the message was sealed.", code="changed_meanwhile")
