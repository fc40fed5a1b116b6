"""One Matrix device of the bot: the whole of what the rest of `bots` needs to know of encryption.

Owns the device's life (first sign-in, restart, keys, close) and joins the parts: `bots.device.intake` takes in what
comes, `bots.device.backfill` fetches what an answer left out, `bots.olm.key_upkeep` says when fresh keys are needed,
`bots.keys.key_directory` knows whose keys are whose, `bots.keys.sharing` gives room keys out,
`bots.olm.room_sessions` seals. It knows no case and no database: what comes is handed over until it is `done`,
what goes is sealed first and put afterwards, as often as needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Self

import aiohttp
from peewee import PeeweeException

from agencies.attestation import Attestation
from bots.account.credentials import Credentials, confirm, signed_in
from bots.account.identity import Identity
from bots.account.own_keys import OwnKeys
from bots.device.arrivals import arrival_of, is_membership, membership, undecryptable
from bots.device.backfill import Backfill, Older
from bots.device.intake import FILTER, Intake
from bots.device.received import Arrival, MembershipChange
from bots.keys.attested import Attestations, everybody
from bots.keys.key_directory import KeyDirectory
from bots.keys.sharing import PATIENCE, KeySharing, Sharing
from bots.olm.key_upkeep import held_of, wanted
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import RoomSessions, Sealed
from bots.olm.store_lock import StoreLock
from bots.wire.guard import alone
from bots.wire.homeserver import Homeserver
from bots.wire.identifiers import is_token
from core import logs, metrics
from core.clock import Clock
from core.errors import DeliveryError, Permanent, Temporary, Unavailable
from core.texts import mark
from crypto import cross_signing

log = logs.get(__name__)

ENCRYPTED = "m.room.encrypted"
# How long a message waits for its sender's keys before it is handed over without them.
PATIENCE_FOR_KEYS = timedelta(seconds=10)
# How long a message waits for its room key before it is reported as unreadable.
PATIENCE_FOR_ROOM_KEY = timedelta(seconds=30)
FALLBACK_MADE_AT = "fallback key made at"
# What a homeserver answers when it does not know the place in its stream. Once may be somebody's mistake on the way.
PLACE_REFUSED = frozenset({"M_UNKNOWN", "M_UNKNOWN_POS", "M_INVALID_PARAM"})
REFUSALS_MEANT = 3


class MatrixDevice:
    """A signed-in, cross-signed device with a store of its own."""

    def __init__(
        self, homeserver: Homeserver, machine: OlmMachine, credentials: Credentials, clock: Clock,
        resources: AsyncExitStack,
    ) -> None:  # fmt: skip
        self.homeserver = homeserver
        self.credentials = credentials
        self._machine = machine
        self._store: OlmStore = machine.store
        self._clock = clock
        self._resources = resources
        self._directory = KeyDirectory(self._store, machine.device_store, clock)
        self._sessions = RoomSessions(self._store, clock, machine.device_id, machine.curve25519)
        self._sharing = KeySharing(homeserver, machine, self._directory, self._sessions)
        self._directory.watch_losses(self._sessions.reader_lost)
        self._intake = Intake(machine, self._directory, self._sessions, clock)
        self._backfill = Backfill(homeserver, self._store, clock, self._take_in_older)
        self._refusals = 0
        self._store_failed = False

    @classmethod
    async def open(
        cls,
        *,
        homeserver_url: str,
        user_id: str,
        password: str,
        directory: Path,
        store_secret: bytes,
        clock: Clock,
        display_name: str = "Streha",
        signing_seed: bytes | None = None,
    ) -> Self:
        """Sign in for the first time, or go on as the device whose store lies in the directory.

        The directory holds `device/`, never to be restored from a backup (its ratchets would run backwards:
        remove it and open again for a new device), and `identity/`, which outlives devices. A new device is signed with
        the seed that rests there, or with `signing_seed` where it was taken offline; else DeviceUnsigned is raised.
        """
        async with AsyncExitStack() as resources:
            lock = StoreLock(directory / "device")
            resources.callback(lock.release)
            session = await resources.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
            )
            anonymous = Homeserver(homeserver_url, session)
            credentials = Credentials(directory / "device", store_secret)
            homeserver = await signed_in(
                anonymous, credentials, user_id=user_id, password=password, display_name=display_name
            )
            full_user_id, device_id, _token = credentials.load()
            store = OlmStore(full_user_id, device_id, directory / "device", store_secret)
            resources.callback(store.close)
            machine = OlmMachine(full_user_id, device_id, store)
            device = cls(homeserver, machine, credentials, clock, AsyncExitStack())
            identity = Identity(directory / "identity", store_secret)
            if not machine.account.shared:
                identity.sign_first(machine, signing_seed)
                await device._publish_keys(held=0, fallback_needed=True)
            await identity.establish(homeserver, machine, user_id=full_user_id, signing_seed=signing_seed)
            if device._intake.is_new:
                await device.sync_once(0)
            device._resources = resources.pop_all()
            return device

    async def close(self) -> None:
        """Let the store and the connections go."""
        await self._resources.aclose()

    @property
    def user_id(self) -> str:
        """The account."""
        return str(self._machine.user_id)

    @property
    def device_id(self) -> str:
        """The device."""
        return str(self._machine.device_id)

    @property
    def fingerprint(self) -> str:
        """The device's public Ed25519 key, for comparing by eye."""
        return self._machine.ed25519

    @property
    def curve25519(self) -> str:
        """The device's public identity key, under which one-to-one messages are addressed to it."""
        return self._machine.curve25519

    def is_signed_by(self, shown: OwnKeys) -> bool:
        """Tell whether the signing key that is shown has signed this device, as kept here or as published."""
        keys = self._machine.device_keys
        kept = cross_signing.is_signed(keys, self.user_id, shown.signing or "")
        return kept or shown.signature_on(keys, self.device_id) is not None

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many events were thrown away since the start, by reason."""
        return dict(self._intake.dropped)

    # What comes -------------------------------------------------------------------------------------

    async def sync_once(self, wait: float = 30.0, heard: Callable[[], None] = lambda: None) -> None:
        """Ask for news, wait for some on the homeserver's side, and store all of it before returning.

        `heard` is called as soon as that is stored: what is still to be asked of the homeserver keeps no panic waiting.
        Raises Temporary or Permanent when the homeserver did not answer; then nothing was stored.
        """
        self._require_store()
        since = self._intake.token
        answer = await self._news(since, wait)
        older = {} if since is None else await self._backfill.at_once(answer, since)
        with self._storing():
            self._intake.take_in(answer, older)
        heard()
        await self._follow_up(answer)

    async def require_known(self) -> None:
        """Raise DeviceLost where the homeserver says that it does not know this device."""
        await confirm(self.homeserver, self.user_id, self.device_id)

    async def fill_gaps(self, heard: Callable[[], None]) -> NoReturn:
        """Go on fetching what answers left out, for ever, beside the sync; call `heard` whenever some has come."""
        await self._backfill.run(heard)

    def pending(self) -> list[Arrival]:
        """Return what has come and is not `done`, oldest first; the same again until then.

        It is so much at once as is bounded; what calls for help is among it whatever else there is.
        """
        self._require_store()
        now = self._clock.now()
        arrivals: list[Arrival] = []
        for row in self._store.inbox(ready=True):
            waited = now.timestamp() - row.received_at
            arrival = arrival_of(row, self._directory, patient=waited < PATIENCE_FOR_KEYS.total_seconds())
            if arrival is not None:
                arrivals.append(arrival)
        late = now - PATIENCE_FOR_ROOM_KEY
        arrivals += [undecryptable(row) for row in self._store.inbox(ready=False, before=late.timestamp())]
        return arrivals

    def done(self, event_id: str) -> None:
        """Forget an arrival that was handled."""
        self._require_store()
        self._store.finish(event_id)

    def done_before(self, moment: datetime, *, calls_before: datetime) -> int:
        """Forget all that came before a moment; what calls for help or may be a sentence before another, earlier one.

        Of sentences beyond their bound the oldest are forgotten too; returned is how many those are.
        """
        self._require_store()
        with self._storing(), self._store.transaction():
            return self._store.finish_before(moment.timestamp(), calls_before=calls_before.timestamp())

    def calls_before(self, moment: datetime) -> list[str]:
        """Return the events that call for help, came before a moment and are not `done`."""
        self._require_store()
        return self._store.calls_before(moment.timestamp())

    def moved_after(self, position: int) -> tuple[list[MembershipChange], int]:
        """Return who came and went after a place in the inbox, and where the next ones begin; of many, the first."""
        self._require_store()
        rows = self._store.came_after(position)
        return [membership(row) for row in rows if is_membership(row)], rows[-1].position if rows else position

    # What goes --------------------------------------------------------------------------------------

    async def share_keys(self, room_id: str, user_ids: Collection[str]) -> Sharing:
        """See to it that the signed devices of exactly these users, as far as linked, hold the room's current key."""
        return (await self.share_keys_many({room_id: user_ids}))[room_id]

    async def share_keys_many(
        self, rooms: Mapping[str, Collection[str]], *, ahead: bool = False, patience: float = PATIENCE
    ) -> dict[str, Sharing]:
        """Do the same for many rooms in few requests; with `ahead`, before a key is worn."""
        self._require_store()
        return await self._sharing.share(rooms, ahead=ahead, patience=patience)

    @property
    def keys(self) -> KeySharing:
        """Who holds keys already, and what is to be noticed about that."""
        return self._sharing

    def attest(self, standing: Mapping[str, Attestation], vouched: Callable[[Attestation], bool] = everybody) -> None:
        """Take in whose identity is confirmed now: keys go to these people alone, and only their words are bound.

        Whoever is confirmed no more is in no later message: the keys they hold end here.
        """
        self._require_store()
        with self._storing():
            self._directory.attest(standing, vouched)

    @property
    def attestations(self) -> Attestations:
        """Whose identity is confirmed, as last heard, and what is to be done about it."""
        return self._directory.attestations

    def rotate(self, room_id: str) -> None:
        """Speak with a new key from now on; keys must be shared before the next message."""
        self._sessions.rotate(room_id)

    def forget_rooms(self, room_ids: Collection[str]) -> None:
        """Forget with which keys anything was said in rooms that are left for good."""
        self._require_store()
        with self._storing(), self._store.transaction():
            self._store.forget_room_keys_of(room_ids)
            for room_id in room_ids:
                self._sessions.forget(room_id)
                self._store.close_gap(room_id)

    def encrypt(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> Sealed:
        """Seal an event for those who hold the room's key. Nothing leaves; raises KeysNotShared."""
        return self._sessions.encrypt(room_id, event_type, content)

    async def put(self, sealed: Sealed) -> str:
        """Send a sealed event and return its id; repeated, it stays one event."""
        if sealed.device_id != self.device_id:
            raise Permanent("This message was sealed by another device.", code="other_device")
        return await self.homeserver.put_event(sealed.room_id, ENCRYPTED, sealed.transaction_id, sealed.content)

    # Inside -----------------------------------------------------------------------------------------

    def _require_store(self) -> None:
        if self._store_failed:
            raise Unavailable(mark("The Matrix device's store cannot be written. Free its disk and restart."))

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Whatever cannot be written ends the device's work: what is only in memory would be lost."""
        try:
            yield
        except PeeweeException as error:
            self._store_failed = True
            log.failure("device_store_failed", error)
            self._require_store()

    async def _news(self, since: str | None, wait: float) -> dict[str, Any]:
        """Ask what is new; where the homeserver does not know any more where we are, begin anew next time."""
        try:
            answer = await self.homeserver.sync(since=since, wait=wait, sync_filter=FILTER)
        except Permanent as error:
            self._refusals = self._refusals + 1 if since is not None and error.code in PLACE_REFUSED else 0
            if self._refusals >= REFUSALS_MEANT:
                self._begin_anew(error.code)
            raise
        self._refusals = 0
        if not is_token(answer.get("next_batch")):
            raise Temporary("The homeserver's answer lacks a part.", code="incomplete")
        return answer

    def _begin_anew(self, why: str) -> None:
        log.error("sync_begun_anew", error=why)
        with self._storing():
            self._intake.begin_anew()
        self._refusals = 0

    def _take_in_older(self, room_id: str, older: Older) -> None:
        with self._storing():
            self._intake.take_in_older(room_id, older)

    async def _follow_up(self, answer: Mapping[str, Any]) -> None:
        """Do on the network what the news ask for, each step by itself; what fails is tried after the next sync."""
        senders = {row.record["sender"] for row in self._store.inbox(ready=True)}
        steps = (partial(self._keep_keys_up, answer), partial(self._sharing.refresh, senders), self._sharing.mend)
        for step in steps:
            with self._storing(), alone(_not_kept_up):
                await step()

    async def _keep_keys_up(self, answer: Mapping[str, Any]) -> None:
        held = held_of(answer.get("device_one_time_keys_count"))
        if held is None:
            # The homeserver did not say how many it holds: ask, rather than believe it has enough.
            held = held_of(await self.homeserver.upload_keys({}))
        if held is None:
            raise Temporary("The homeserver's answer lacks a part.", code="incomplete")
        metrics.KEYS_HELD.set(held)
        needed = wanted(
            held=held,
            most=self._machine.account.max_one_time_keys,
            unused_fallback=answer.get("device_unused_fallback_key_types"),
            fallback_made_at=float(self._store.value(FALLBACK_MADE_AT) or 0.0),
            now=self._clock.now().timestamp(),
        )
        if needed:
            await self._publish_keys(held=held, fallback_needed=needed.fallback_key)

    async def _publish_keys(self, *, held: int, fallback_needed: bool) -> None:
        content = self._machine.keys_to_publish(held, fallback_needed=fallback_needed)
        if content:
            await self.homeserver.upload_keys(content)
            self._machine.keys_published()
            if fallback_needed:
                self._store.keep_value(FALLBACK_MADE_AT, self._clock.now().timestamp())


def _not_kept_up(error: BaseException) -> None:
    metrics.KEY_FAILURES.count()
    if isinstance(error, DeliveryError):
        log.warning("keys_not_kept_up", error=error.code)
    else:
        log.failure("keys_not_kept_up", error)
