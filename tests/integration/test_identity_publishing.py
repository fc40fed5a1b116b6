"""The bot's first start at a homeserver that does not say what is there: the true identity is never replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bots import identity
from bots.homeserver import Homeserver
from bots.identity import MASTER_SEED_FILE, SEALED_FILE, Identity, IdentityMissing
from bots.olm_machine import OlmMachine
from bots.olm_store import OlmStore
from deploy import ports

BOT = "@streha:streha.localhost"
SECRET = b"an invented store key of 32 bytes"


@dataclass(slots=True)
class Account:
    """An account at a homeserver, of which the homeserver may say nothing although it is there."""

    published: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False
    asked_for_password: int = 0
    uploads: list[dict[str, Any]] = field(default_factory=list)

    async def query(self, _request: web.Request) -> web.Response:
        """Answer whose keys are whose."""
        shown = {} if self.hidden else self.published
        answer = {f"{name}s": {BOT: key} for name, key in shown.items()}
        return web.json_response(answer)

    async def publish(self, request: web.Request) -> web.Response:
        """Take an identity; another one than is there only with the password, as a homeserver does."""
        content = await request.json()
        self.uploads.append(content)
        keys = {name: key for name, key in content.items() if name != "auth"}
        if self.published and keys != self.published and "auth" not in content:
            self.asked_for_password += 1
            return web.json_response({"flows": [{"stages": ["m.login.password"]}], "session": "s"}, status=401)
        self.published = keys
        return web.json_response({})

    async def sign(self, _request: web.Request) -> web.Response:
        """Take signatures."""
        return web.json_response({})


@asynccontextmanager
async def homeserver_of(account: Account) -> AsyncIterator[Homeserver]:
    app = web.Application()
    app.router.add_post("/_matrix/client/v3/keys/query", account.query)
    app.router.add_post("/_matrix/client/v3/keys/device_signing/upload", account.publish)
    app.router.add_post("/_matrix/client/v3/keys/signatures/upload", account.sign)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = ports.choose(requested=None, remembered=None)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Homeserver(f"http://127.0.0.1:{port}", http, "a-token")
    finally:
        await runner.cleanup()


def machine(directory: Path) -> OlmMachine:
    directory.mkdir()
    return OlmMachine(BOT, "BOTDEVICE", OlmStore(BOT, "BOTDEVICE", directory, SECRET))


async def established(account: Account, directory: Path, olm: OlmMachine) -> None:
    async with homeserver_of(account) as homeserver:
        await Identity(directory, SECRET).establish(homeserver, olm, user_id=BOT)


async def test_the_first_identity_is_published_without_the_password(tmp_path: Path) -> None:
    account, olm = Account(), machine(tmp_path / "device")
    assert not identity.rests_in(tmp_path / "identity")
    await established(account, tmp_path / "identity", olm)
    assert identity.rests_in(tmp_path / "identity")
    assert len(account.uploads) == 1
    assert "auth" not in account.uploads[0]
    # Again, with what is there: nothing is published a second time.
    await established(account, tmp_path / "identity", olm)
    assert len(account.uploads) == 1
    olm.store.close()


async def test_one_answer_without_the_identity_does_not_replace_it(tmp_path: Path) -> None:
    account, first, second = Account(), machine(tmp_path / "first"), machine(tmp_path / "second")
    await established(account, tmp_path / "identity", first)
    true = account.published
    account.hidden = True
    with pytest.raises(IdentityMissing):
        await established(account, tmp_path / "elsewhere", second)
    assert account.published == true
    assert account.asked_for_password == 1
    assert all("auth" not in each for each in account.uploads)
    # What was made in vain does not stand in the way of the true one, which is brought here as the page says.
    assert not identity.rests_in(tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere" / MASTER_SEED_FILE).exists()
    account.hidden = False
    (tmp_path / "elsewhere" / SEALED_FILE).write_bytes((tmp_path / "identity" / SEALED_FILE).read_bytes())
    await established(account, tmp_path / "elsewhere", second)
    first.store.close()
    second.store.close()


async def test_the_identity_that_is_here_outlives_an_answer_without_it(tmp_path: Path) -> None:
    account, olm = Account(), machine(tmp_path / "device")
    await established(account, tmp_path / "identity", olm)
    true = account.published
    account.hidden = True
    await established(account, tmp_path / "identity", olm)
    assert account.published == true
    # A homeserver that has another one now is not given what would replace it, and what is here stays.
    account.published = {"master_key": {"user_id": BOT}}
    with pytest.raises(IdentityMissing):
        await established(account, tmp_path / "identity", olm)
    assert identity.rests_in(tmp_path / "identity")
    olm.store.close()
