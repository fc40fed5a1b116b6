"""The feed itself: readers that are ahead, behind, slow or gone, and entries that cannot be judged."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies import sign_in as sessions
from agencies.model import Person
from agencies.sign_in import SignIn
from alerts.service import AlertView
from cases import ledger
from core import database as databases
from core.database import Database
from core.errors import Unavailable
from core.settings import Settings
from server.live.events import AccessChanged, Alive, Changed, Ending, Event, Packet, Reset
from server.live.feed import AT_ONCE, Feed
from server.live.place import Place
from server.live.subscription import Limits, Subscription
from tests.clock import MovableClock
from tests.following import restore, touch
from tests.people import Network, Scene
from tests.waiting import until, until_somebody_waits

TOKEN = bytes(32)


class Heap:
    """A connection that takes what it is told to take."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gone = False
        self.unread = 0
        self.taken = 0

    def write(self, packet: Packet) -> None:
        self.events += packet.events

    @property
    def assured(self) -> list[int | None]:
        return [None if each.place is None else each.place.position for each in self.events if isinstance(each, Alive)]

    @property
    def positions(self) -> list[int]:
        return [each.position for each in self.events if isinstance(each, Changed | AccessChanged)]


@pytest.fixture
def feed(database: Database, network: Network, settings: Settings) -> Feed:
    """Return a feed that looks only when it is told to."""
    return Feed(database, network.clock, SignIn(database, network.clock, settings))


@pytest.fixture
async def alert(network: Network, scene: Scene) -> AlertView:
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await ledger.sequence_all(network.database)
    return raised


async def opened(
    feed: Feed, person: Person, after: int | Place | None = None, token: bytes = TOKEN
) -> tuple[Subscription, Heap]:
    place = Place(after) if isinstance(after, int) else after
    subscription, heap = await feed.follow(person.id, token, place), Heap()
    subscription.open(heap)
    return subscription, heap


async def test_a_reader_that_knows_more_than_this_process_hears_nothing_twice(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    last = await touch(network, scene, alert, 5)
    _, ahead = await opened(feed, scene.coordinator, last - 2)
    await feed.look(chain=False)
    assert ahead.positions == [last - 1, last]
    # Nor is it sent back by a sign of life: where it is ahead, none tells a position.
    assert ahead.assured == [last - 2]
    await touch(network, scene, alert)
    await feed.look()
    assert ahead.positions[-1] == last + 1


async def test_a_sign_of_life_never_sends_anybody_back(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    key_of_session = await session_of(network, scene.coordinator)
    await feed.look()
    feed.following = True
    last = await touch(network, scene, alert, 3)
    subscription = await feed.follow(scene.coordinator.id, key_of_session, Place(last))
    heap = Heap()
    subscription.open(heap)
    await feed.assure()
    assert heap.assured == [last, None]
    await feed.look(chain=False)
    await feed.assure()
    assert isinstance(heap.events[-1], Alive)
    assert heap.events[-1].place == await here(network)


async def test_what_happens_while_a_reader_is_told_what_it_missed_comes_after(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    last = await touch(network, scene, alert, 3)
    await feed.look(chain=False)
    subscription = await feed.follow(scene.coordinator.id, TOKEN, Place(last - 2))
    await touch(network, scene, alert, 2)
    await feed.look()
    heap = Heap()
    subscription.open(heap)
    assert heap.positions == list(range(last - 1, last + 3))


async def test_whoever_begins_while_it_is_judged_who_may_know_misses_nothing(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    _, heap = await opened(feed, scene.coordinator)
    async with asyncio.TaskGroup() as tasks:
        async with network.database.transaction() as tx:
            await tx.run("LOCK TABLE compartment_members")
            last = await touch(network, scene, alert)
            looking = tasks.create_task(feed.look())
            await until_somebody_waits(tx)
            _, newcomer = await opened(feed, scene.member)
            _, stranger = await opened(feed, scene.stranger)
        await looking
    assert heap.positions == newcomer.positions == [last]
    assert stranger.positions == []


async def test_a_reader_that_takes_nothing_is_dropped_and_delays_nobody(
    database: Database, network: Network, scene: Scene, alert: AlertView, settings: Settings
) -> None:
    limits = Limits(unread_bytes=1000, stalled_seconds=0)
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings), limits)
    await feed.look()
    (full, full_heap), (stuck, stuck_heap), (fine, heap) = [await opened(feed, scene.coordinator) for _ in range(3)]
    full_heap.unread = 1001
    stuck_heap.unread = 1
    first = await touch(network, scene, alert)
    await feed.look()
    assert (full.reason, stuck.reason, fine.reason) == (Ending.SLOW, None, None)
    stuck.look()
    assert stuck.reason is Ending.SLOW
    # One that takes something, however little, is not stuck.
    heap.unread = 1
    for taken in (1, 2):
        heap.taken = taken
        fine.look()
    assert fine.reason is None
    assert heap.positions == stuck_heap.positions == [first]
    assert full_heap.positions == []
    assert (feed.streams, feed.counts.ended[Ending.SLOW]) == (1, 2)
    heap.gone = True
    fine.look()
    assert (feed.streams, fine.reason) == (0, None)


async def test_what_gathers_for_a_reader_that_does_not_come_is_bounded(
    database: Database, network: Network, scene: Scene, alert: AlertView, settings: Settings
) -> None:
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings), Limits(held=3))
    await feed.look()
    subscription = await feed.follow(scene.coordinator.id, TOKEN, None)
    for count in range(1, 5):
        assert subscription.reason is None, count
        await touch(network, scene, alert)
        await feed.look()
    assert subscription.reason is Ending.SLOW
    assert await subscription.over() is Ending.SLOW


async def test_entries_that_cannot_be_judged_have_everybody_load_anew(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    _, heap = await opened(feed, scene.stranger)
    async with network.database.transaction() as tx:
        await tx.run(
            "INSERT INTO ledger (at, actor_kind, act, case_id, facts) VALUES ($1, 'system', 'duty_taken', $2, $3)",
            network.clock.now(), scene.case.id, {"person": "nobody's id"},
        )  # fmt: skip
    await feed.look()
    last = await ledger.position(network.database)
    assert heap.events[-1] == Reset(await here(network))
    await touch(network, scene, alert)
    _, hers = await opened(feed, scene.coordinator)
    await feed.look()
    assert hers.positions == [last + 1]
    # Nor is it a wall for whoever comes back from before it.
    _, back = await opened(feed, scene.coordinator, last - 1)
    assert back.events[1:] == [Reset(await here(network))]


async def test_an_act_that_this_version_does_not_know_has_the_case_load_anew(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    heaps = [(await opened(feed, each))[1] for each in (scene.coordinator, scene.member, scene.stranger)]
    last = await touch(network, scene, alert, act="something_of_the_next_version")
    await feed.look(chain=False)
    told = AccessChanged(await here(network))
    assert told.position == last
    assert [heap.events[1:] for heap in heaps] == [[told], [told], []]


async def test_a_ledger_that_went_back_has_everybody_load_anew(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    last = await touch(network, scene, alert, 3)
    await feed.look()
    _, heap = await opened(feed, scene.coordinator, last)
    await restore(network.database, last - 2)
    await feed.look()
    assert heap.events[-1] == Reset(await here(network))
    await touch(network, scene, alert)
    await feed.look()
    assert heap.positions == [last - 1]


@pytest.mark.parametrize("further", [0, 1, 5, ledger.BATCH + 5])
@pytest.mark.parametrize("chained_by_another", [True, False])
async def test_a_ledger_that_went_back_and_came_to_the_same_position_again_is_another(
    feed: Feed, network: Network, scene: Scene, alert: AlertView, clock: MovableClock, further: int,
    *, chained_by_another: bool,
) -> None:  # fmt: skip
    last = await touch(network, scene, alert, 3)
    await feed.look()
    known = await here(network)
    _, heap = await opened(feed, scene.coordinator, known)
    clock.move(timedelta(minutes=1))
    await restore(network.database, last - 3)
    await touch(network, scene, alert, 3)
    async with network.database.transaction() as tx:
        await touch(network, scene, alert, further, tx=tx)
    if chained_by_another:
        await ledger.sequence_all(network.database)
    # Before the feed knows of it too.
    _, back = await opened(feed, scene.coordinator, known)
    await feed.look()
    resets = [each for each in heap.events if isinstance(each, Reset)]
    assert len(resets) == 1
    assert resets[0].position >= last
    assert feed.position == await ledger.position(network.database) == last + further
    # What happens after it is told as ever.
    await touch(network, scene, alert)
    await feed.look()
    for each in (heap, back):
        assert each.positions == list(range(resets[0].position + 1, last + further + 2))
    _, again = await opened(feed, scene.coordinator, known)
    assert again.events[1:] == [Reset(await here(network))]


async def test_many_entries_at_once_are_handed_over_whole(
    feed: Feed, network: Network, scene: Scene, alert: AlertView
) -> None:
    await feed.look()
    _, heap = await opened(feed, scene.coordinator)
    before = await ledger.position(network.database)
    many = ledger.BATCH * 2 + 7
    async with network.database.transaction() as tx:
        await touch(network, scene, alert, many, tx=tx)
    await feed.look()
    assert heap.positions == list(range(before + 1, before + many + 1))


class Stopping(Heap):
    """A connection in whose turn the feed is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.looking: asyncio.Task[None] | None = None

    def write(self, packet: Packet) -> None:
        super().write(packet)
        if self.looking is not None:
            self.looking.cancel()
            self.looking = None


async def test_a_feed_that_is_stopped_when_some_have_heard_has_all_load_anew(
    database: Database, network: Network, scene: Scene, alert: AlertView, settings: Settings
) -> None:
    many = AT_ONCE + 5
    limits = Limits(per_person=many, per_session=many, alive_seconds=3600)
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings), limits)
    await feed.look()
    heaps: list[Heap] = [Stopping(), *(Heap() for _ in range(many - 1))]
    for each in heaps:
        (await feed.follow(scene.coordinator.id, TOKEN, None)).open(each)
    last = await touch(network, scene, alert, 1)
    async with asyncio.TaskGroup() as tasks:
        stopping = heaps[0]
        assert isinstance(stopping, Stopping)
        stopping.looking = tasks.create_task(feed.look())
    assert [each.positions for each in (heaps[0], heaps[-1])] == [[last], []]
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        await until(lambda: feed.following)
        running.cancel()
    for each in heaps:
        assert [type(event) for event in each.events].count(Reset) == 1
    assert feed.counts.resets == 1


async def test_too_many_streams(database: Database, network: Network, scene: Scene, settings: Settings) -> None:
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings))
    usual = [(await opened(feed, scene.coordinator, token=bytes([number]) * 32))[0] for number in range(9)]
    assert [each.reason for each in usual] == [Ending.TOO_MANY, *[None] * 8]
    windows = [(await opened(feed, scene.member))[0] for _ in range(5)]
    assert [each.reason for each in windows] == [Ending.TOO_MANY, Ending.TOO_MANY, None, None, None]
    limits = Limits(per_person=2, streams=3)
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings), limits)
    hers = [(await opened(feed, scene.coordinator))[0] for _ in range(4)]
    assert [each.reason for each in hers] == [Ending.TOO_MANY, Ending.TOO_MANY, None, None]
    other, _ = await opened(feed, scene.member)
    with pytest.raises(Unavailable):
        await opened(feed, scene.deputy)
    # A person who has some already loses the oldest, whatever the others have.
    replaced, _ = await opened(feed, scene.coordinator)
    assert [each.reason for each in (*hers[2:], replaced, other)] == [Ending.TOO_MANY, None, None, None]
    feed.close()
    assert {each.reason for each in (hers[3], replaced, other)} == {Ending.CLOSING}
    with pytest.raises(Unavailable):
        await opened(feed, scene.member)


async def test_a_reader_that_is_refused_leaves_nothing_behind(
    network: Network, scene: Scene, alert: AlertView, settings: Settings, database_url: str
) -> None:
    last = await touch(network, scene, alert, 3)
    async with databases.connect(database_url) as closed:
        feed = Feed(closed, network.clock, SignIn(closed, network.clock, settings))
        await feed.look()
    with pytest.raises(Unavailable):
        await feed.follow(scene.coordinator.id, TOKEN, Place(last - 1))
    assert feed.streams == 0


async def here(network: Network) -> Place:
    """Return the place of whoever knows everything."""
    return Place.at(await ledger.head(network.database))


async def session_of(network: Network, person: Person) -> bytes:
    """Begin a session without a signature, and return its token."""
    token = bytes([7]) * 32
    now = network.clock.now()
    async with network.database.transaction() as tx:
        session = sessions.Session(token=token, expires_at=now.replace(year=now.year + 1))
        await sessions.add_session(tx, person.id, session, now)
    return token
