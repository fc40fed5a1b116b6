"""Use cases of devices that can only raise: they raise and ask how far that came; the operator adds and removes them.

A device is told what a raiser must know and nothing else: stored, delivered, accepted by whom, ended. No codename, no
id, nobody's name but of those who accepted. `client.device_raising` repeats one key until a named person has accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agencies import devices
from agencies import store as directory
from agencies.devices import ListedDevice
from agencies.model import AgencyId, DeviceId, Person, RaisingDevice
from agencies.service import NO_PERSON
from alerts import store
from alerts.calling import surroundings
from alerts.devices import places as device_places
from alerts.model import Press, State
from alerts.pressing import new_alert, take_up
from alerts.viewing import AlertView, view
from alerts.vocabulary import Event, Status, Through
from cases import store as case_store
from cases.model import Case, CaseId, Compartment, CompartmentId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.texts import mark
from crypto import tokens

log = logs.get(__name__)

NO_RAISE = mark("This device has raised nothing under this key.")
NO_PLACE = mark(
    "NOT raised: this device has no place to raise in any more. In danger ring the police now, and ring your "
    "colleagues. Whoever answers for your agency is being told."
)
NO_PLACE_UNTOLD = mark(
    "NOT raised: this device has no place to raise in any more, and nobody could be told. In danger ring the police "
    "now, and ring your colleagues."
)
NO_NEWS = mark("This device is told nothing more of that. In danger ring the police now, and ring your colleagues.")
NO_PLACE_TO_PRACTISE_IN = mark(
    "This device has no place to raise in any more, in earnest neither. Tell your colleagues and the operator today."
)
KEY_USED = mark("NOT raised: this key was used for something else. Raise again with a new key.")
NO_PLACE_FOR_IT = mark(
    "This device could raise nothing there. A person's needs the person in that channel, an agency's needs a part of "
    "the agency in the case; both must be open."
)
ENDS_BEFORE = mark("This moment is over already. Say a later one.")
SENT = "sent"


class Reached(StrEnum):
    """How far a raise of a device came."""

    STORED = "stored"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """What a device may know of its own raise. `rooms` is how many rooms the call was delivered to."""

    key: UUID
    status: Status
    sent: datetime
    state: Reached
    rooms: int
    accepted_by: tuple[str, ...]


class DeviceRaises:
    """What a device itself does; who asks is the device of a token."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_token(self, token: bytes, *, urgent: bool = False) -> RaisingDevice:
        """Return the device whose token this is; `urgent` where it raises."""
        async with self._database.reading(urgent=urgent) as tx:
            return await devices.of_token(tx, token, self._clock.now())

    async def raise_(self, device: RaisingDevice, key: UUID, *, status: Status = Status.ACTUAL) -> DeviceView:
        """Raise a panic, or an exercise of one, once per key; never anything else, and nowhere but in its place.

        Without a place its agency is rung instead, and it is refused in words that are the same for every reason.
        """
        async with self._database.transaction(urgent=True) as tx:
            now = self._clock.now()
            found = await store.alert_of_key(tx, key, CompartmentId(device.compartment_id), status)
            if found.raised is not None:
                return await self._own(tx, device, key, NO_NEWS, status)
            try:
                case, compartment = await self._place(tx, device)
            except NotFound:
                refusal = await self._without_place(tx, device, status, now)
            else:
                press = Press(person_id=device.person_id, at=now, device=device)
                alert = new_alert(key, case, compartment, press, Event.PANIC, status, Through.DEVICE)
                seen = await take_up(tx, alert, case, compartment, found.open)
                await devices.note_use(tx, device.id, now)
                return _as_told(key, seen)
        # What was left for others to hear is kept: the refusal comes after.
        raise NotFound(refusal)

    async def see(self, device: RaisingDevice, key: UUID) -> DeviceView:
        """Return how far a device's own raise came, while it may still raise there."""
        async with self._database.reading() as tx:
            return await self._own(tx, device, key, NO_RAISE)

    async def _own(
        self, tx: Reading, device: RaisingDevice, key: UUID, refusal: str, status: Status | None = None
    ) -> DeviceView:
        alert_id = await store.pressed_with(tx, key, device.id)
        if alert_id is None:
            raise NotFound(refusal)
        alert = await store.alert(tx, alert_id)
        case = await case_store.case(tx, alert.case_id)
        try:
            device_places.place_of(case, device)
        except NotFound:
            raise NotFound(refusal) from None
        if status not in (None, alert.status):
            raise Conflict(KEY_USED)
        return _as_told(key, await view(tx, alert, await surroundings(tx, case, alert, self._clock.now())))

    async def _without_place(self, tx: Transaction, device: RaisingDevice, status: Status, now: datetime) -> str:
        """Have those told who must hear that a device calls and raises nothing; return what it is told itself."""
        if status is Status.EXERCISE:
            return NO_PLACE_TO_PRACTISE_IN
        await devices.note_use(tx, device.id, now)
        await ledger.record(
            tx,
            ledger.Act(
                act="raising_device_unheard", at=now, actor_kind="device", object_id=device.id, facts=device.facts
            ),
        )  # fmt: skip
        if await device_places.tell(tx, device, now):
            log.warning("device_without_place", device_id=device.id, agency_id=device.agency_id)
            return NO_PLACE
        log.error("device_heard_by_nobody", device_id=device.id, agency_id=device.agency_id)
        return NO_PLACE_UNTOLD

    async def _place(self, tx: Transaction, device: RaisingDevice) -> tuple[Case, Compartment]:
        case = await case_store.case_of_compartment(tx, CompartmentId(device.compartment_id))
        return case, device_places.place_of(case, device)


class Devices:
    """What the operator does about devices. Each act is in the ledger, and told where the device raises."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, label: str, owner: AgencyId | Person, where: str, *, ends_at: datetime | None = None
    ) -> tuple[RaisingDevice, bytes]:
        """Add a device of an agency, or of a person, that raises in the compartment of a codename or id.

        Returned with it is its token, which is shown this once.
        """
        now, token = self._clock.now(), tokens.new_token()
        if ends_at is not None and ends_at <= now:
            raise InvalidInput(ENDS_BEFORE)
        async with self._database.transaction() as tx:
            case, compartment = await self._named(tx, where)
            person = owner if isinstance(owner, Person) else None
            if person is not None and not (await directory.people(tx, [person.id], share=True))[person.id].active:
                raise NotFound(NO_PERSON)
            device = RaisingDevice(
                id=DeviceId(new_id()),
                label=devices.checked_label(label),
                agency_id=owner.agency_id if isinstance(owner, Person) else owner,
                person_id=None if person is None else person.id,
                compartment_id=compartment.id,
            )
            try:
                device_places.place_of(case, device)
            except NotFound:
                raise InvalidInput(NO_PLACE_FOR_IT) from None
            await devices.add(tx, device, token, ends_at, now)
            await outbox.post(tx, device_places.notices("device_added", device, case, compartment), now)
            await ledger.record(
                tx,
                ledger.Act(
                    act="raising_device_added", at=now, actor_kind="operator", case_id=case.id, object_id=device.id,
                    facts=device.facts,
                ),
            )  # fmt: skip
        return device, token

    async def remove(self, device_id: DeviceId) -> RaisingDevice:
        """Let a device raise nothing any more, at once: it was lost, or is not needed."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            removed = await devices.in_use(tx, device_id)
            case = await case_store.case_of_compartment(tx, CompartmentId(removed.compartment_id))
            await devices.remove(tx, device_id, now)
            compartment = case.compartment(CompartmentId(removed.compartment_id))
            if compartment is not None and case.open:
                await outbox.post(tx, device_places.notices("device_removed", removed, case, compartment), now)
            await ledger.record(
                tx,
                ledger.Act(
                    act="raising_device_removed", at=now, actor_kind="operator", case_id=case.id,
                    object_id=removed.id, facts=removed.facts,
                ),
            )  # fmt: skip
        return removed

    async def all(self) -> list[tuple[ListedDevice, str | None]]:
        """Return every device that was not removed, by agency, each with the codename where it raises, if anywhere."""
        found = []
        async with self._database.transaction() as tx:
            for each in await devices.all_devices(tx):
                case = await case_store.case_of_compartment(tx, CompartmentId(each.device.compartment_id))
                try:
                    place = device_places.place_of(case, each.device).codename
                except NotFound:
                    place = None
                over = each.ends_at is not None and each.ends_at <= self._clock.now()
                found.append((each, None if over else place))
        return found

    async def _named(self, tx: Transaction, where: str) -> tuple[Case, Compartment]:
        wanted = where.strip().casefold()
        try:
            place = UUID(wanted)
        except ValueError:
            case = await case_store.case_by_codename(tx, wanted)
        else:
            try:
                case = await case_store.case_of_compartment(tx, CompartmentId(place))
            except NotFound:
                case = await case_store.case(tx, CaseId(place))
        found = [each for each in case.compartments if wanted in (each.codename, str(each.id))]
        return case, found[0] if found else case.core


def _as_told(key: UUID, seen: AlertView) -> DeviceView:
    """Return of an alert what a device may know."""
    alert = seen.alert
    names = {each.id: each.name for each in seen.people}
    accepted = sorted(
        (each.acknowledged_at, each.person_id) for each in alert.recipients if each.acknowledged_at is not None
    )
    rooms = len({each.target for each in seen.deliveries if each.state == SENT})
    if alert.state is State.STOOD_DOWN:
        state, accepted = Reached.ENDED, []
    elif accepted:
        state = Reached.ACCEPTED
    else:
        state = Reached.DELIVERED if rooms else Reached.STORED
    return DeviceView(
        key=key,
        status=alert.status,
        sent=alert.sent,
        state=state,
        rooms=rooms,
        accepted_by=tuple(names[each] for each in dict.fromkeys(person for _, person in accepted)),
    )
