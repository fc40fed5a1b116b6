"""Words in a channel: answers in threads, questions back, and calls for help that came in clear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import pytest

from alerts.vocabulary import Status
from core import outbox
from core.outbox import Message, Target, TargetKind
from deploy.demo_people import CASES
from tests.acceptance.conftest import Town

pytestmark = pytest.mark.slow


class Plain:
    """Somebody's account without any encryption, as a careless program has it."""

    def __init__(self, http: aiohttp.ClientSession, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def put(self, room_id: str, body: str, number: int) -> None:
        """Send a message in clear."""
        url = f"/_matrix/client/v3/rooms/{quote(room_id)}/send/m.room.message/in-clear-{number}"
        content = {"msgtype": "m.text", "body": body}
        async with self._http.put(url, json=content, headers=self._headers) as answer:
            assert answer.status == 200

    async def in_thread(self, room_id: str, event_id: str) -> list[str]:
        """Return the events that the homeserver has in a thread."""
        url = f"/_matrix/client/v1/rooms/{quote(room_id)}/relations/{quote(event_id)}/m.thread"
        async with self._http.get(url, headers=self._headers) as answer:
            assert answer.status == 200
            return [each["event_id"] for each in (await answer.json())["chunk"]]


@asynccontextmanager
async def signed_in(town: Town, name: str) -> AsyncIterator[Plain]:
    account = town.accounts[name]
    identity = {"type": "m.id.user", "user": account.person.matrix_user}
    login = {"type": "m.login.password", "identifier": identity, "password": account.matrix_password}
    async with aiohttp.ClientSession(town.network.stack.addresses.homeserver_url) as http:
        async with http.post("/_matrix/client/v3/login", json=login) as answer:
            token = (await answer.json())["access_token"]
        try:
            yield Plain(http, token)
        finally:
            headers = {"Authorization": f"Bearer {token}"}
            async with http.post("/_matrix/client/v3/logout", json={}, headers=headers) as answer:
                assert answer.status == 200


async def test_words_in_a_channel_are_answered_where_they_belong(town: Town) -> None:
    case = await town.open_case(CASES[1])
    room = await town.channel(case)
    mila, nina = await town.witness("mila"), await town.witness("nina")
    for witness in (mila, nina):
        await witness.joined(room, mila.user_id, nina.user_id)
    async with signed_in(town, "mila") as plain:
        # Who is here is for whoever asks: in a thread, in the language of the case.
        question = await mila.send(room, "ko je tu")
        here = await mila.wait_for(lambda each: "U ovoj sobi" in each.body, room)
        assert (here.relation, here.related_event, here.shield) == ("m.thread", question, "none")
        assert town.person("mila").name in here.body
        assert here.event_id in await plain.in_thread(room, question)

        # Where the homeserver lets no thread begin, the answer stands among everything else.
        reaction = await mila.react(room, question, "👍")
        answer = Message(
            key=f"no thread:{reaction}", target=Target(kind=TargetKind.COMPARTMENT, id=case.core.id),
            template="reply_not_done", thread=reaction,
        )  # fmt: skip
        async with town.network.database.transaction() as tx:
            await outbox.post(tx, [answer], town.network.clock.now())
        alone = await mila.wait_for("Ništa nije urađeno.", room)
        assert await plain.in_thread(room, reaction) == []
        assert alone.shield == "none"

        # A word that is nearly a command asks, among everything else; nobody but its author can say yes.
        await mila.send(room, "vežbaa")
        asked = await mila.wait_for("Da li ste mislili: vežba?", room)
        assert (asked.relation, asked.mentions) == (None, (mila.user_id,))
        await nina.send(room, "da")
        await mila.send(room, "da")
        await nina.wait_for("Streha: vežba", room)
        (view,) = await town.alerts.open_for(town.person("nina"), [case.core.id])
        assert (view.alert.status, view.alert.raised_by) == (Status.EXERCISE, town.person("mila").id)
        await nina.send(room, "primam")
        await nina.send(room, "prestanak")
        await mila.wait_for("vežba je završena", room)

        # In clear anybody can have written it: nobody is called, and the room is told.
        await plain.put(room, "panika", 1)
        told = await nina.wait_for("NEŠIFROVAN", room)
        assert (told.encrypted, told.shield) == (True, "none")
        assert not await town.alerts.open_for(town.person("nina"), [case.core.id])
