"""The console on somebody's phone, in Chromium, against the town's real API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from client import key_file
from client.api import ApiClient
from tests.acceptance.conftest import Town
from tests.console.browsers import PHONE, start_chromium
from tests.console.screen import Screen
from tests.console.watching import Watch


@asynccontextmanager
async def phone_of(town: Town, name: str) -> AsyncIterator[Screen]:
    """Open the console on somebody's phone, signed in as they are; it must have done nothing that it must not."""
    async with ApiClient(key_file.load(town.accounts[name].key_file)) as api:
        link, home = await api.sign_in_link(), f"{api.key.origin}/console/"
    async with start_chromium() as chromium:
        context = await chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="en")
        watch = Watch(context, town.network.api_url)
        await watch.begin()
        phone = Screen(page=await context.new_page(), watch=watch, home=home, language="en")
        await phone.open(f"{home}#{link.code}")
        await phone.until_live()
        yield phone
        await watch.look()
    assert watch.faults == []
