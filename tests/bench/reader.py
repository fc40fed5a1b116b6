"""A strict client that reads what a measure has the bot say, and beside it bare events as the floor.

A bare event is encrypted by nobody: a script puts it by plain HTTP, and the same client sees it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from agencies.model import Person
from core.clock import SystemClock
from core.ids import new_id
from deploy.witness import Message, Witness, Witnesses
from tests.bench.bot_network import PASSWORD, BotNetwork
from tests.bench.row import Comparison, p50, p95, p99
from tests.evil_member import EvilMember

PATIENCE = 30.0
clock = SystemClock()


class Reader:
    """The client, and the script that writes into one of its rooms."""

    def __init__(self, client: Witness, script: EvilMember, room: str) -> None:
        self.client = client
        self._script = script
        self._room = room

    async def read(self, wanted: Callable[[Message], bool], room: str, before: int) -> float:
        """Return when the client had read a message, in seconds since 1970; `before` it had read so many."""
        return (await self.client.wait_for(wanted, room, PATIENCE, after=before)).at / 1000

    async def bare(self, count: int) -> list[float]:
        """Put so many bare events, one after the other; return how long it took until each was seen."""
        return [await self._put() for _ in range(count)]

    async def _put(self) -> float:
        before, body, put_at = len(self.client.messages), f"bare {new_id()}", clock.now().timestamp()
        await self._script.put(self._room, "m.room.message", {"msgtype": "m.text", "body": body})
        return await self.read(lambda message: message.body == body, self._room, before) - put_at


@asynccontextmanager
async def reading(
    directory: Path, running: BotNetwork, person: Person, writer: Person, rooms: Sequence[str]
) -> AsyncIterator[Reader]:  # fmt: skip
    """Let a person read in rooms, linked and met by the bot; bare events come into the first, from the writer."""
    async with AsyncExitStack() as resources:
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        script = await EvilMember.sign_in(homeserver, running.http, writer.matrix_user, PASSWORD)
        # Linked to nobody: a script keeps no keys, and what a member's device cannot read is said again.
        await script.join(rooms[0])
        client = await witnesses.add(person.matrix_user, person.matrix_user, PASSWORD)
        await running.link(person, client.device_id, await client.session_key())
        for room in rooms:
            await client.joined(room, client.user_id)
            # To say a word a strict client has to learn whose device the bot's is: what came before, it would refuse.
            await client.send(room, "Good morning")
        yield Reader(client, script, rooms[0])


def compared(measure: str, floor: str) -> tuple[Comparison, ...]:
    """Return the comparisons of what was read with bare events."""
    return tuple(Comparison(measure=each(measure), floor=each(floor)) for each in (p50, p95, p99))
