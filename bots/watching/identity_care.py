"""What an operator does for the bot's identity on the machine where it rests: look, take offline, sign, restore.

Each act is one method, and whatever changes the device or the identity holds the device's lock, so that no bot works in
the directory meanwhile. `bots.account.identity` and `bots.account.identity_files` own the steps;
`streha.commands.identity` asks and answers. What is returned holds public keys only, except for `seeds`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bots.account.credentials import Credentials, DeviceLost, signed_in
from bots.account.identity import NOT_THE_MASTER_SEED, NOT_THE_SIGNING_SEED, Identity
from bots.account.identity_files import IdentityFiles
from bots.account.own_keys import OwnDevice, read
from bots.device.device import MatrixDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.store_lock import StoreLock
from bots.wire import delayed_events
from bots.wire.homeserver import Homeserver
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound, Permanent, Temporary, Unavailable
from core.settings import Settings
from core.texts import mark
from crypto import cross_signing
from crypto.paper import Kind

NOT_SET = mark("The bot needs STREHA_HOMESERVER_URL, STREHA_MATRIX_USER and STREHA_MATRIX_STORE_KEY.")
NO_DEVICE = mark("The bot has no device on this machine: the homeserver cannot be asked from here.")
NO_IDENTITY = mark("No identity of the bot rests on this machine.")
NO_SEED = mark("No seed of the bot's identity rests on this machine.")
PASSWORD_REFUSED = mark("The homeserver does not accept the password. STREHA_MATRIX_PASSWORD must be the account's.")
NO_ANSWER = mark("The homeserver does not answer as it should. What was begun can be repeated.")
REFUSED = mark("The homeserver refused, with the code {code}. What was begun can be repeated.")
UNFINISHED = mark("New keys of the identity were begun here and never finished. Repeat what was begun first.")
UNREADABLE = mark("The file of the master seed cannot be read. Nothing was removed; look at it before you go on.")
NOT_ON_PAPER = mark(
    "The seeds on this machine are not the ones on your papers any more. Nothing was removed; begin anew."
)
OTHER_SEED = mark("The master seed on this machine belongs to another identity than the one that is kept here.")


def require_fit(kind: Kind, seed: bytes, public_keys: Mapping[Kind, str | None]) -> None:
    """Raise InvalidInput unless this is the seed of one of these keys."""
    if cross_signing.public_key(seed) != public_keys[kind]:
        raise InvalidInput(NOT_THE_MASTER_SEED if kind is Kind.MASTER else NOT_THE_SIGNING_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """What is on this machine: never a secret."""

    master: str | None
    signing: str | None
    master_seed: bool
    signing_seed: bool
    offline_at: datetime | None
    unfinished: bool
    device_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """One device of the bot's account."""

    device: OwnDevice
    here: bool
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot's account as the homeserver shows it."""

    master: str | None
    signing: str | None
    devices: list[ListedDevice]

    @property
    def unsigned(self) -> list[ListedDevice]:
        """The devices that the identity has not signed: somebody's who has the password, or left over."""
        return [each for each in self.devices if not each.device.signed]


class IdentityCare:
    """The identity of the bot whose settings these are."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        if not settings.homeserver_url or not settings.matrix_user or not settings.matrix_store_key:
            raise InvalidInput(NOT_SET)
        self._settings = settings
        self._clock = clock
        secret = settings.matrix_store_key.reveal().encode()
        self._directory: Path = settings.matrix_state_directory
        self._files = IdentityFiles(self._directory / "identity", secret)
        self._identity = Identity(self._directory / "identity", secret)
        self._credentials = Credentials(self._directory / "device", secret)
        self._secret = secret

    # Looking ----------------------------------------------------------------------------------------

    def resting(self) -> Resting:
        """Return what is on this machine."""
        kept = self._files.kept()
        return Resting(
            master=kept.master if kept else None,
            signing=kept.signing if kept else None,
            master_seed=bool(self._files.master_seed_files()),
            signing_seed=kept is not None and kept.self_signing is not None,
            offline_at=kept.offline_at if kept else None,
            unfinished=self._files.is_unfinished,
            device_id=self._credentials.load()[1] if self._credentials.exist else None,
        )

    async def account(self) -> Account:
        """Return what the homeserver shows of the account, asked with the token of the device here."""
        async with self._asking() as (homeserver, user_id, device_id):
            shown = read(await homeserver.query_keys([user_id]), user_id, None)
            seen = await homeserver.devices()
        listed = [
            ListedDevice(device=each, here=each.device_id == device_id, seen_at=_moment(seen.get(each.device_id)))
            for each in shown.listed(seen)
        ]
        return Account(master=shown.master, signing=shown.signing, devices=listed)

    async def is_limited(self) -> bool:
        """Tell whether the homeserver limits how fast the device here sends."""
        async with self._asking() as (homeserver, _user_id, _device_id):
            return await homeserver.is_limited()

    async def longest_delay(self) -> float:
        """Return for how many seconds the homeserver keeps what is to be sent later; 0 where it does not."""
        async with self._asking() as (homeserver, _user_id, _device_id):
            return await delayed_events.longest_delay(homeserver)

    async def public_keys(self) -> Mapping[Kind, str | None]:
        """Return the keys of the published identity, or else of the one kept here."""
        if self._credentials.exist:
            found = await self.account()
            return {Kind.MASTER: found.master, Kind.SIGNING: found.signing}
        kept = self._files.kept()
        if kept is None:
            raise NotFound(NO_IDENTITY)
        return {Kind.MASTER: kept.master, Kind.SIGNING: kept.signing}

    # The seeds that rest here -----------------------------------------------------------------------

    def seeds(self) -> Mapping[Kind, bytes]:
        """Return the seeds that rest here, to be written on paper."""
        if self._files.is_unfinished:
            raise Conflict(UNFINISHED)
        kept, master_seed = self._files.kept(), self._files.master_seed()
        if kept is None:
            raise NotFound(NO_IDENTITY)
        if self._files.master_seed_is_unreadable:
            raise Conflict(UNREADABLE)
        if master_seed is not None and cross_signing.public_key(master_seed) != kept.master:
            raise Conflict(OTHER_SEED)
        found = {Kind.MASTER: master_seed, Kind.SIGNING: kept.self_signing}
        seeds = {kind: seed for kind, seed in found.items() if seed is not None}
        if not seeds and not self._files.master_seed_files():
            raise NotFound(NO_SEED)
        return seeds

    def take_offline(self, copied: Mapping[Kind, bytes]) -> None:
        """Remove them, where they are still exactly what was copied to paper; the bot may be at work meanwhile."""
        with self._files.alone():
            if self.seeds() != copied:
                raise Conflict(NOT_ON_PAPER)
            self._files.take_offline(self._clock.now())

    # What needs the bot here to be stopped --------------------------------------------------------------

    async def require_ready(self) -> None:
        """Raise what would stop these acts anyway, before a person types a paper: a new device is signed in here."""
        async with self._changing():
            pass

    async def sign_device(self, signing_seed: bytes) -> str:
        """See to it that the device here is signed, a new one if there is none; return its id."""
        return await self._open(signing_seed)

    async def restore(self, master_seed: bytes) -> str:
        """Make new self-signing keys under the master key, and sign the device here with them; return its id."""
        async with self._changing() as (homeserver, user_id):
            with self._machine() as machine:
                await self._identity.restore(
                    homeserver, machine, user_id=user_id, password=self._password, master_seed=master_seed
                )
        return await self._open()

    async def make_anew(self) -> str:
        """Replace the identity by a new one, and sign the device here with it; return its id."""
        async with self._changing() as (homeserver, user_id):
            with self._machine() as machine:
                await self._identity.make_anew(homeserver, machine, user_id=user_id, password=self._password)
        return await self._open()

    async def remove_device(self, device_id: str) -> None:
        """Sign another device of the account out."""
        async with self._asking() as (homeserver, user_id, own):
            if device_id == own or device_id not in await homeserver.devices():
                raise NotFound(mark("The bot's account has no other device with this id."))
            await homeserver.remove_device(device_id, user_id=user_id, password=self._password)

    # Inside -----------------------------------------------------------------------------------------

    @property
    def _password(self) -> str:
        return self._settings.matrix_password.reveal()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[tuple[Homeserver, str, str]]:
        """Speak as the device here beside the bot that may be at work with it."""
        if not self._credentials.exist:
            raise NotFound(NO_DEVICE)
        user_id, device_id, token = self._credentials.load()
        with _in_words():
            async with aiohttp.ClientSession() as session:
                yield Homeserver(self._settings.homeserver_url, session, token), user_id, device_id

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[tuple[Homeserver, str]]:
        """Speak as the device here, a new one if there is none, while no bot works with it."""
        async with AsyncExitStack() as resources:
            resources.callback(StoreLock(self._directory / "device").release)
            resources.enter_context(_in_words())
            if not self._password and not self._credentials.exist:
                raise Conflict(PASSWORD_REFUSED)
            session = await resources.enter_async_context(aiohttp.ClientSession())
            homeserver = await signed_in(
                Homeserver(self._settings.homeserver_url, session),
                self._credentials,
                user_id=self._settings.matrix_user,
                password=self._password,
            )
            yield homeserver, self._credentials.load()[0]

    @contextmanager
    def _machine(self) -> Iterator[OlmMachine | None]:
        """Open what signs for the device here, where its keys are published already; while its lock is held."""
        user_id, device_id, _token = self._credentials.load()
        store = OlmStore(user_id, device_id, self._directory / "device", self._secret)
        try:
            machine = OlmMachine(user_id, device_id, store)
            yield machine if machine.account.shared else None
        finally:
            store.close()

    async def _open(self, signing_seed: bytes | None = None) -> str:
        """Open the device as the bot does, which signs it, and close it again."""
        with _in_words():
            device = await MatrixDevice.open(
                homeserver_url=self._settings.homeserver_url,
                user_id=self._settings.matrix_user,
                password=self._password,
                directory=self._directory,
                store_secret=self._secret,
                clock=self._clock,
                signing_seed=signing_seed,
            )
        try:
            return device.device_id
        finally:
            await device.close()


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in an operator's words what the homeserver's answers mean."""
    try:
        yield
    except Temporary as error:
        raise Unavailable(NO_ANSWER) from error
    except Permanent as error:
        if error.code == "M_UNKNOWN_TOKEN":
            raise DeviceLost from error
        if error.code in {"M_UNAUTHORIZED", "M_FORBIDDEN"}:
            raise Conflict(PASSWORD_REFUSED) from error
        raise Unavailable(REFUSED, code=error.code) from error


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(min(milliseconds / 1000, _LATEST), UTC)


_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
