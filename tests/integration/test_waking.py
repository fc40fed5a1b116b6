"""Who is called beside Matrix, when, and who not any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from agencies.contacts import ContactId, Contacts, Means
from agencies.model import Person
from alerts import reaching, waking
from alerts.calling import surroundings
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status
from core import outbox
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.outbox import Claimed, Lane
from tests.clock import MovableClock
from tests.linked import link_everybody
from tests.people import Network, Office, Scene

# Of a message that does not ring: then it is for the present step.
KEY = "alert:of-some-kind:details:1:room"
SHOWN = frozenset({"alert_ring", "drill_ring"})


class Book:
    """Notes contacts and tells which were called."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.contacts = Contacts(database, clock)
        self._database = database
        self._clock = clock
        self._numbers = iter(range(600_000_000, 600_001_000))

    async def of(self, person: Person, means: Means = Means.VOICE) -> ContactId:
        """Note a new contact of a person."""
        return await self.contacts.add(person.id, means, self._address(means), of_desk=False)

    async def of_desk(self, office: Office, means: Means = Means.VOICE) -> ContactId:
        """Note a new contact of an agency's desk."""
        assert office.desk_id is not None
        return await self.contacts.add(office.desk_id, means, self._address(means), of_desk=True)

    async def calls(self) -> list[tuple[UUID, str]]:
        """Return what was left for contacts so far: which, and what is said."""
        async with self._database.reading() as tx:
            rows = await tx.rows("SELECT target_id, template FROM outbox WHERE target_kind = 'contact'")
        return sorted((row["target_id"], row["template"]) for row in rows)

    async def claimed(self) -> list[Claimed]:
        """Claim what waits for contacts, as a carrier does."""
        async with self._database.transaction() as tx:
            return [
                each
                for mail in (False, True)
                for each in await outbox.claim_letters(tx, self._clock.now(), 100, Lane.ALERT, mail=mail)
            ]

    async def wanted(self, claimed: Claimed) -> bool:
        """Tell whether a call would still leave."""
        async with self._database.reading() as tx:
            found = await reaching.wanted(tx, claimed.message, claimed.created_at, self._clock.now())
            return found is not None and not await reaching.overtaken(tx, claimed)

    def _address(self, means: Means) -> str:
        number = next(self._numbers)
        return f"duty{number}@example.org" if means is Means.EMAIL else f"+381{number}"


@pytest.fixture
async def book(database: Database, clock: MovableClock, scene: Scene) -> Book:
    del scene
    await link_everybody(database, clock.now())
    return Book(database, clock)


def ring(*contacts: ContactId, template: str = "alert_ring") -> list[tuple[UUID, str]]:
    return sorted((each, template) for each in contacts)


async def test_an_extreme_alert_wakes_whoever_it_rings_at_once(network: Network, scene: Scene, book: Book) -> None:
    desk, officer = await book.of_desk(scene.police), await book.of(scene.police.officer)
    leader, mail = await book.of(scene.coordinator, Means.TEXT), await book.of(scene.coordinator, Means.EMAIL)
    await book.of(scene.member)
    await book.of(scene.stranger)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    # Once each, in however many rooms they ring; never the raiser, nor anybody who is not called.
    assert await book.calls() == ring(desk, officer, leader, mail)
    # Further presses call again once a minute, as they ring in rooms.
    for _ in range(3):
        await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    assert await book.calls() == ring(*2 * [desk, officer, leader, mail])


async def test_a_severe_one_wakes_those_who_stay_silent_and_writes_to_all(
    network: Network, scene: Scene, database: Database, clock: MovableClock, book: Book
) -> None:
    desk, mail = await book.of_desk(scene.police), await book.of(scene.police.officer, Means.EMAIL)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    assert await book.calls() == ring(mail)
    clock.move(timedelta(minutes=10))
    assert await escalate_due(database, clock) == 1
    assert await book.calls() == ring(desk, mail, mail)


async def test_an_alert_whose_owner_falls_silent_wakes_people_at_once(
    network: Network, scene: Scene, database: Database, clock: MovableClock, book: Book
) -> None:
    desk = await book.of_desk(scene.police)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    for office in (scene.police, scene.shelter, scene.welfare):
        await network.alerts.acknowledge(office.officer, view.alert.id)
    # The question wakes nobody; its end without an answer does.
    clock.move(timedelta(minutes=30))
    await escalate_due(database, clock)
    assert await book.calls() == []
    clock.move(timedelta(minutes=10))
    await escalate_due(database, clock)
    assert await book.calls() == ring(desk)


async def test_whom_no_room_reaches_is_woken_whatever_it_is(
    network: Network, scene: Scene, database: Database, book: Book
) -> None:
    reached, lost = await book.of(scene.police.officer), await book.of(scene.police.officers[1])
    async with database.transaction() as tx:
        await tx.run(
            "UPDATE matrix_attestations SET ended_at = now(), end_reason = 'lost' WHERE person_id = $1",
            scene.police.officers[1].id,
        )
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.THREAT_RECEIVED)
    assert await book.calls() == ring(lost)
    # And whoever turns out later not to read, once.
    for _ in range(2):
        async with database.transaction() as tx:
            await reaching.wake_unreached(tx, view.alert.id, [scene.police.officer.id], network.clock.now(), key=KEY)
    assert await book.calls() == ring(lost, reached)


async def test_an_exercise_says_so_here_too(network: Network, scene: Scene, book: Book) -> None:
    desk = await book.of_desk(scene.police)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), status=Status.EXERCISE)
    assert await book.calls() == ring(desk, template="drill_ring")
    assert all("exercise" in waking.SENTENCES[template].lower() for _, template in await book.calls())


async def test_nothing_leaves_that_is_not_wanted_any_more(network: Network, scene: Scene, book: Book) -> None:
    desk, officer = await book.of_desk(scene.police), await book.of(scene.police.officer)
    other, removed = await book.of(scene.welfare.officer), await book.of(scene.welfare.officer, Means.TEXT)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    claimed = {each.message.target.id: each for each in await book.claimed()}
    assert claimed.keys() == {desk, officer, other, removed}
    assert {each.message.template for each in claimed.values()} <= SHOWN

    async def wanted() -> set[UUID]:
        return {name for name, each in claimed.items() if await book.wanted(each)}

    await book.contacts.remove(removed)
    assert await wanted() == {desk, officer, other}
    await network.alerts.acknowledge(scene.police.officer, view.alert.id)
    assert await wanted() == {desk, other}
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.welfare.officer.id)
    assert await wanted() == {desk}
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officers[1].id)
    assert await wanted() == set()


async def test_nothing_leaves_after_the_end(network: Network, scene: Scene, book: Book) -> None:
    await book.of_desk(scene.police)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    (under_way,) = await book.claimed()
    await network.alerts.acknowledge(scene.police.officer, view.alert.id)
    await network.alerts.stand_down(scene.police.officer, view.alert.id, StandDownReason.SAFE)
    assert not await book.wanted(under_way)
    assert await book.claimed() == []


async def test_whoever_has_no_part_any_more_is_not_called(
    network: Network, scene: Scene, database: Database, book: Book
) -> None:
    unseated, seated = await book.of(scene.police.officers[1]), await book.of(scene.police.officer)
    member, desk = await book.of(scene.ngo.worker), await book.of_desk(scene.police)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    claimed = {each.message.target.id: each for each in await book.claimed()}
    assert claimed.keys() == {unseated, seated, member, desk}
    assert scene.police.desk_id is not None
    await network.agencies.unseat(scene.police.desk_id, scene.police.officers[1].id)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.ngo.worker.id)
    assert {name for name, each in claimed.items() if await book.wanted(each)} == {seated, desk}
    # Nor when the room, which they were removed from, does not reach them.
    async with database.transaction() as tx:
        gone = [scene.police.officers[1].id, scene.ngo.worker.id]
        await reaching.wake_unreached(tx, view.alert.id, gone, network.clock.now(), key=KEY.replace("details", "ring"))
    assert await book.calls() == ring(unseated, seated, member, desk)
    # A desk where nobody sits any more rings for nobody.
    await network.agencies.unseat(scene.police.desk_id, scene.police.officer.id)
    assert not await book.wanted(claimed[desk])


async def test_the_telephone_of_whoever_pressed_stays_silent(network: Network, scene: Scene, book: Book) -> None:
    hiding, officer = await book.of(scene.ngo.worker), await book.of(scene.police.officer)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    async with network.database.transaction() as tx:
        await reaching.wake_unreached(
            tx, (await network.alerts.open_for(scene.police.officer, []))[0].alert.id,
            [scene.ngo.worker.id, scene.police.officer.id], network.clock.now(), key=KEY,
        )  # fmt: skip
    claimed = {each.message.target.id: each for each in await book.claimed()}
    assert claimed.keys() == {hiding, officer}
    view = await network.alerts.raise_(scene.ngo.worker, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    assert not await book.wanted(claimed[hiding])
    # Where nobody was called who did not press, they may answer each other.
    (theirs,) = [each.contact for each in await book.contacts.all() if each.contact.id == hiding]
    async with network.database.reading() as tx:
        around = await surroundings(tx, scene.case, view.alert, network.clock.now())
    assert not reaching.may_ring(view.alert, around, theirs)
    alone = replace(view.alert, recipients=view.alert.called(scene.ngo.worker.id))
    assert reaching.may_ring(alone, around, theirs)
    await network.alerts.stand_down(scene.ngo.worker, view.alert.id, StandDownReason.SAFE)
    assert await book.wanted(claimed[hiding])


async def test_without_a_homeserver_whoever_waits_for_a_ring_is_called(
    network: Network, scene: Scene, database: Database, clock: MovableClock, book: Book
) -> None:
    officer, leader, desk = (
        await book.of(scene.police.officer),
        await book.of(scene.deputy),
        await book.of_desk(scene.ngo),
    )
    owner = await book.of(scene.police.officers[1])
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    assert await reaching.wake_waiting(database, clock) == 0
    clock.move(reaching.PATIENCE)
    assert await reaching.wake_waiting(database, clock) > 0
    called = await book.calls()
    assert {officer, leader, owner} <= {name for name, _ in called}
    assert desk not in {name for name, _ in called}, "it is only informed"
    # Once: what waits on is not looked at again.
    assert await reaching.wake_waiting(database, clock) == 0
    assert await book.calls() == called
    # Nobody is woken by what has left in time.
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'sent' WHERE target_kind <> 'contact'")
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'sent' WHERE target_kind <> 'contact'")
    clock.move(reaching.PATIENCE)
    assert await reaching.wake_waiting(database, clock) == 0


async def test_a_further_press_calls_whom_no_room_reaches_again(
    network: Network, scene: Scene, database: Database, clock: MovableClock, book: Book
) -> None:
    officer = await book.of(scene.police.officer)
    presses = [(scene.member, 1), (scene.coordinator, 2)]
    for person, letters in presses:
        view = await network.alerts.raise_(person, scene.case.core.id, new_id(), event=Event.BEING_FOLLOWED)
        async with database.reading() as reading:
            missed = await reading.value(
                "SELECT key FROM outbox WHERE cardinality(mentions) > 0 ORDER BY sequence DESC LIMIT 1"
            )
        for _ in range(2):
            async with database.transaction() as tx:
                await reaching.wake_unreached(tx, view.alert.id, [scene.police.officer.id], clock.now(), key=missed)
        assert await book.calls() == ring(*letters * [officer])
        clock.move(timedelta(minutes=5))
    first, second = await book.claimed()
    assert (await book.wanted(first), await book.wanted(second)) == (False, True)


async def test_one_telephone_of_a_desk_and_a_person_rings_once(network: Network, scene: Scene, book: Book) -> None:
    number, desk_id = "+381699999999", scene.police.desk_id
    assert desk_id is not None
    await book.contacts.add(desk_id, Means.VOICE, number, of_desk=True)
    person = await book.contacts.add(scene.police.officer.id, Means.VOICE, number, of_desk=False)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    assert await book.calls() == ring(person)


async def test_an_exercise_of_a_closed_case_rings_nobody(network: Network, scene: Scene, book: Book) -> None:
    await book.of(scene.police.officer)
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id(), status=Status.EXERCISE)
    (claimed,) = await book.claimed()
    assert await book.wanted(claimed)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    assert not await book.wanted(claimed)


async def test_the_contacts_of_whoever_leaves_are_removed(network: Network, scene: Scene, book: Book) -> None:
    await book.of(scene.ngo.worker)
    kept = await book.of(scene.police.officer)
    await network.depart(scene.ngo.worker)
    assert [each.contact.id for each in await book.contacts.all()] == [kept]
    async with network.database.reading() as reading:
        assert await reading.value("SELECT count(*) FROM contacts WHERE removed_at IS NULL") == 1
        assert await reading.value("SELECT count(*) FROM ledger WHERE act = 'contact_removed'") == 1


async def test_contacts_are_checked_and_known_once(scene: Scene, book: Book) -> None:
    contacts, person = book.contacts, scene.police.officer.id
    for means, address in (
        (Means.VOICE, "0600000000"), (Means.VOICE, "+38160 000 000"), (Means.TEXT, "+0"), (Means.EMAIL, "nobody"),
        (Means.EMAIL, "a@b"), (Means.EMAIL, "a..b@example.org"), (Means.EMAIL, "a@example.org\nBcc: b@example.org"),
        (Means.EMAIL, "x" * 300 + "@example.org"), (Means.VOICE, "\N{ARABIC-INDIC DIGIT ONE}23456789"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            await contacts.add(person, means, address, of_desk=False)
    added = await contacts.add(person, Means.VOICE, " +381600000000 ", of_desk=False)
    with pytest.raises(Conflict):
        await contacts.add(person, Means.VOICE, "+381600000000", of_desk=False)
    (listed,) = await contacts.all()
    assert (listed.contact.address, listed.person) == ("+381600000000", scene.police.officer.name)
    await contacts.remove(added)
    with pytest.raises(NotFound):
        await contacts.remove(added)
    with pytest.raises(NotFound):
        await contacts.remove(ContactId(uuid4()))
    await contacts.add(person, Means.VOICE, "+381600000000", of_desk=False)
