"""`streha console --with-keys`: a browser's link that hands keys over, locked, behind the `#`."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from uuid import UUID

import pytest

from client import key_file
from client.vault import unlocking
from core.clock import SystemClock
from crypto.vault import bundle
from tests.clock import MovableClock
from tests.passphrases import OWN, with_passphrases
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import found

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    clock.set(SystemClock().now())
    return await api.network.scene()


async def test_a_link_hands_over_keys_that_open_with_the_passphrase_alone(api: ServedApi, town: Scene) -> None:
    founded = await found(api, town.shelter, town.police)
    person = town.coordinator
    keys = bundle.Keys(seed=founded.seed(person), secret=founded.secrets[person.id])
    locked = unlocking.sealed(api.key(person), keys, passphrase=OWN, words="", genesis=founded.id)
    path = api.directory / "coordinator.key"
    key_file.write_locked(path, locked, new=True)

    ran = await with_passphrases((OWN,), "console", "--with-keys", "--key", path)
    assert (ran.code, ran.err) == (0, ""), ran
    (handed,) = re.findall(rf"{re.escape(api.url)}/console/records/#[\w-]{{43}}\.([\w-]{{130}})", ran.out)
    data = urlsafe_b64decode(handed + "==")
    assert (data[:1], data[1:33], data[33:49]) == (b"\x01", founded.id, person.id.bytes)
    kept = await api.services.bundles.fetch(UUID(bytes=data[49:65]))
    whose = bundle.owner(keys, network=founded.id, person=person.id.bytes)
    opened = bundle.unlock(
        kept.bundle, whose, kind=bundle.Kind.DEVICE, passphrase=OWN, device_secret=data[65:]
    )  # fmt: skip
    assert opened == keys


async def test_keys_in_clear_are_not_handed_over(api: ServedApi, town: Scene) -> None:
    ran = await with_passphrases((OWN,), "console", "--with-keys", "--key", api.key_path(town.coordinator))
    assert ran.code == 2
    assert "streha keys seal" in ran.err
