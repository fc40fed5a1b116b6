"""What is kept so that words have one effect, forgotten by the engine when nobody repeats them any more."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from core import once
from core.database import Database
from core.settings import Settings
from server.engine import Engine
from tests.clock import MovableClock
from tests.people import Scene
from tests.telephoned import Line

pytest_plugins = ("tests.fixtures_telephoned",)


async def kept(database: Database) -> dict[str, int]:
    """Return how much is kept."""
    async with database.reading() as look:
        return {
            table: int(await look.value(f"SELECT count(*) FROM {table}"))  # noqa: S608 (own tables)
            for table in ("telephone_answers", "telephone_tries", "done_once")
        }


async def test_words_are_forgotten_when_nobody_repeats_them_any_more(
    scene: Scene, database: Database, settings: Settings, clock: MovableClock, line: Line
) -> None:
    engine = Engine(database, clock, settings)
    number, _ = await line.of(scene.member)
    old, new = uuid4(), uuid4()

    async def word(key: UUID) -> bool:
        async with database.transaction() as tx:
            return await once.first(tx, key, clock.now())

    assert await word(old)
    assert await line.say(number, "hello") == "unclear"
    assert await line.say(number, "481207") == "wrong"
    before = await kept(database)
    assert before == {"telephone_answers": 2, "telephone_tries": 1, "done_once": 2}
    clock.move(once.KEPT - timedelta(days=1))
    assert await word(new)
    await engine.sweep()
    # A wrong number counts for an hour alone.
    assert await kept(database) == {"telephone_answers": 2, "telephone_tries": 0, "done_once": 3}
    assert not await word(old)
    clock.move(timedelta(days=1, seconds=1))
    await engine.sweep()
    assert await kept(database) == {"telephone_answers": 0, "telephone_tries": 0, "done_once": 1}
    assert not await word(new)


async def test_wrong_numbers_of_this_hour_are_not_forgotten(
    scene: Scene, database: Database, settings: Settings, clock: MovableClock, line: Line
) -> None:
    number, _ = await line.of(scene.member)
    for _ in range(5):
        assert await line.say(number, "481207") == "wrong"
    clock.move(timedelta(minutes=59))
    await Engine(database, clock, settings).sweep()
    assert await line.say(number, "481207") == "refused"
