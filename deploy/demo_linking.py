"""Linking invented people to their Matrix identities by the real service, for the demo, its check and the tests.

Each step is one of `agencies.linking`: the person's own key signs the claim, an administrator confirms it, and the bot
follows the device to the identity. The one thing that no real network does is that nobody reads a code aloud: here one
program holds every key. Whoever signs in to a running demo is linked by `watch`, which believes the homeserver about
which device is theirs; a real administrator believes the person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from agencies import attestations
from agencies.attestation import AttestationId, LinkState, code_of, may_confirm, read_session_key
from agencies.linking import Linking
from agencies.model import Person, Role
from agencies.service import Agencies
from bots.keys.published_keys import UserKeys, read_user
from client import key_file
from core import settings
from core.errors import StrehaError
from crypto import device_claim
from deploy.demo_attesting import DemoAttesting
from deploy.demo_network import DemoAccount
from deploy.errors import StackError
from deploy.network import LocalNetwork

PATIENCE = 60.0
LOOK = 0.02
LOOK_FOR_DEVICES = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Somebody of the demo was linked, shows another identity than the one that was linked, or was attested."""

    name: str
    device_id: str
    changed: bool = False
    attested: bool = False


class DemoLinking:
    """Signs as whoever's seed it is given, and confirms as whichever administrator may."""

    def __init__(self, network: LocalNetwork) -> None:
        installation = settings.load(network.environment())
        self._database = network.database
        self._clock = network.clock
        self._stack = network.stack
        self._name = installation.network
        self._linking = Linking(network.database, network.clock, installation)
        self._agencies = Agencies(network.database, network.clock)

    async def link(self, person: Person, seed: bytes, device_id: str, session_key: str) -> None:
        """Claim a person's device, have it confirmed, and return once the bot gives keys to its identity."""
        await self.confirm(person, seed, device_id, session_key)
        await self.until_pinned(person)

    async def link_account(self, account: DemoAccount, device_id: str, session_key: str) -> None:
        """Do the same for somebody of the demo, with the person's key file."""
        await self.link(account.person, _seed_of(account), device_id, session_key)

    async def confirm(self, person: Person, seed: bytes, device_id: str, session_key: str) -> None:
        """Claim a person's device and have it confirmed."""
        key = read_session_key(session_key)
        signed_at = self._clock.now().replace(microsecond=0)
        signature = self._sign(person, seed, device_id, key, signed_at)
        await self._linking.claim(person, device_id, key, signed_at, signature)
        await self._linking.confirm(await self._administrator_for(person), person.id, code_of(key))

    async def until_pinned(self, person: Person) -> None:
        """Return once the bot has followed a person's device to an identity."""
        try:
            async with asyncio.timeout(PATIENCE):
                while await self.state(person) is not LinkState.LINKED:  # noqa: ASYNC110 (another process pins)
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise StackError("The bot did not link a device in time. Look at its log.") from None

    async def state(self, person: Person) -> LinkState:
        """Return how far a person is linked, claims aside."""
        async with self._database.reading() as reading:
            attestation = (await attestations.standing(reading)).get(person.matrix_user)
        return LinkState.NOT_LINKED if attestation is None else attestation.state

    async def watch(
        self, accounts: Mapping[str, DemoAccount], told: Callable[[Linked], None],
        attesting: DemoAttesting | None = None,
    ) -> NoReturn:  # fmt: skip
        """Link each account once, by the first device that sets up an identity; tell of it, and of changed ones.

        Whoever is linked has the identity attested as well, where the network goes by a signed directory.
        """
        attested: set[str] = set()
        by_user = {each.person.matrix_user: each for each in accounts.values()}
        met: set[str] = set()
        changed: set[AttestationId] = set()
        while True:
            # A part that has ended is told by the network itself; one that is slow is asked again.
            with suppress(StrehaError):
                async with self._database.reading() as reading:
                    standing = await attestations.standing(reading)
                met |= standing.keys()
                await self._link_newcomers([each for user_id, each in by_user.items() if user_id not in met], told)
                if attesting is not None:
                    for each in standing.values():
                        if each.master_key and each.matrix_user not in attested:
                            await self._attest(attesting, by_user.get(each.matrix_user), each.device_id, told)
                            attested.add(each.matrix_user)
                for user_id, each in standing.items():
                    if each.changed and each.id not in changed and user_id in by_user:
                        changed.add(each.id)
                        told(Linked(name=by_user[user_id].person.name, device_id=each.device_id, changed=True))
            await asyncio.sleep(LOOK_FOR_DEVICES)

    async def _attest(
        self, attesting: DemoAttesting, account: DemoAccount | None, device_id: str, told: Callable[[Linked], None]
    ) -> None:  # fmt: skip
        if account is not None and attesting.may(account) and await attesting.attest(account):
            told(Linked(name=account.person.name, device_id=device_id, attested=True))

    async def _link_newcomers(self, accounts: Sequence[DemoAccount], told: Callable[[Linked], None]) -> None:
        if not accounts:
            return
        now = self._clock.now().timestamp()
        answer = await self._stack.published_keys([each.person.matrix_user for each in accounts])
        for account in accounts:
            person = account.person
            keys = read_user(answer, person.matrix_user, UserKeys(user_id=person.matrix_user), now)
            device = next((each for each in keys.devices.values() if each.cross_signed and each.vouches), None)
            if device is not None:
                await self.confirm(person, _seed_of(account), device.device_id, device.ed25519)
                told(Linked(name=person.name, device_id=device.device_id))

    async def _administrator_for(self, person: Person) -> Person:
        administrators = [each for each in await self._agencies.all_staff() if each.role is Role.ADMINISTRATOR]
        own = [each.id for each in administrators if each.agency_id == person.agency_id]
        return next(each for each in administrators if may_confirm(each, person, own))

    def _sign(self, person: Person, seed: bytes, device_id: str, key: bytes, at: datetime) -> bytes:
        return device_claim.sign(
            seed,
            network=self._name,
            person=person.id.bytes,
            matrix_user=person.matrix_user,
            device=device_id,
            key=key,
            at=int(at.timestamp()),
        )


def _seed_of(account: DemoAccount) -> bytes:
    return key_file.load(account.key_file).seed
