"""The homeserver client against a server that answers badly: every failure is named, none hangs or tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bots.wire import transport
from bots.wire.homeserver import Homeserver
from bots.wire.transport import AuthenticationWanted
from core.errors import DeliveryError, Permanent, Temporary

Answer = Callable[[asyncio.StreamWriter], None]


def plain(status: int, body: bytes, *, length: int | None = None) -> Answer:
    """Return an answer, which may promise more than it holds."""
    promised = len(body) if length is None else length
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n"
    return lambda writer: writer.write(head.encode() + body)


@asynccontextmanager
async def answering(answer: Answer | None, *, patience: float = 5.0) -> AsyncIterator[Homeserver]:
    """Serve one answer to every request; None is to say nothing at all."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await done.wait()
        else:
            answer(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, aiohttp.ClientSession() as session:
        yield Homeserver(f"http://{host}:{port}", session, "a-token", patience=patience)
        done.set()


@pytest.mark.parametrize(
    ("answer", "kind", "code", "retry_after"),
    [
        (plain(429, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}'), Temporary, "M_LIMIT_EXCEEDED", 1.5),
        (plain(429, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":"soon"}'), Temporary, "M_LIMIT_EXCEEDED", None),
        (plain(429, b'{"retry_after_ms":1e12}'), Temporary, "HTTP_429", 3600.0),
        (plain(500, b'{"errcode":"M_UNKNOWN"}'), Temporary, "M_UNKNOWN", None),
        (plain(502, b"<html>marked</html>"), Temporary, "HTTP_502", None),
        (plain(408, b""), Temporary, "HTTP_408", None),
        (plain(403, b'{"errcode":"M_FORBIDDEN","error":"marked"}'), Permanent, "M_FORBIDDEN", None),
        (plain(403, b'{"errcode":["marked"]}'), Permanent, "HTTP_403", None),
        (plain(404, b"marked"), Permanent, "HTTP_404", None),
        (plain(302, b""), Permanent, "HTTP_302", None),
        (plain(200, b""), Temporary, "unreadable", None),
        (plain(200, b'{"event_id":'), Temporary, "unreadable", None),
        (plain(200, b"[]"), Temporary, "unreadable", None),
        (plain(200, b"\xff\xfe"), Temporary, "unreadable", None),
        (plain(200, b"{}"), Temporary, "incomplete", None),
        (plain(200, b'{"event_id":5}'), Temporary, "incomplete", None),
        (plain(200, b'{"event_id":"$1"}', length=99), Temporary, "ClientPayloadError", None),
        (lambda writer: writer.close(), Temporary, "ServerDisconnectedError", None),
        (lambda writer: writer.write(b"nonsense\r\n\r\n"), Temporary, None, None),
    ],
)
async def test_a_bad_answer_is_named(
    answer: Answer, kind: type[DeliveryError], code: str | None, retry_after: float | None
) -> None:
    async with answering(answer) as homeserver:
        with pytest.raises(DeliveryError) as failed:
            await homeserver.put_event("!room:x", "m.room.encrypted", "t", {"marked": 1})
    assert type(failed.value) is kind
    assert code in (None, failed.value.code)
    assert failed.value.retry_after == retry_after
    assert "marked" not in str(failed.value)


async def test_silence_ends() -> None:
    async with answering(None, patience=0.2) as homeserver:
        with pytest.raises(Temporary) as failed:
            await homeserver.whoami()
    assert failed.value.code == "TimeoutError"


async def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1000)
    async with answering(plain(200, b"[" + b"1," * 5000)) as homeserver:
        with pytest.raises(Temporary) as failed:
            await homeserver.whoami()
    assert failed.value.code == "too_large"


async def test_a_wish_for_the_password_is_its_own_refusal() -> None:
    answer = plain(401, b'{"flows":[{"stages":["m.login.password"]}],"session":"s"}')
    async with answering(answer) as homeserver:
        with pytest.raises(AuthenticationWanted) as failed:
            await homeserver.upload_cross_signing_keys({})
        assert failed.value.session == "s"
        # Asked again with the password, a homeserver that still wants it ends the attempt.
        with pytest.raises(AuthenticationWanted):
            await homeserver.upload_cross_signing_keys({}, user_id="@bot:x", password="invented")


@pytest.mark.parametrize(
    "body", [b"{}", b'{"joined":5,"chunk":5}', b'{"joined":[],"chunk":{}}', b'{"joined":null,"chunk":null}']
)
async def test_an_answer_that_does_not_say_who_is_there_does_not_say_that_nobody_is(body: bytes) -> None:
    async with answering(plain(200, body)) as homeserver:
        for asking in (homeserver.joined_members, homeserver.memberships):
            with pytest.raises(Temporary) as failed:
                await asking("!room:x")
            assert failed.value.code == "incomplete"


@pytest.mark.parametrize(
    "body", [b'{"joined":{},"chunk":[]}', b'{"joined":{"5":1},"chunk":[5,{"state_key":1}],"joined_rooms":7}']
)
async def test_odd_members_are_nobody(body: bytes) -> None:
    async with answering(plain(200, body)) as homeserver:
        assert await homeserver.joined_members("!room:x") == frozenset()
        assert await homeserver.memberships("!room:x") == {}
        assert await homeserver.joined_rooms() == []
        assert await homeserver.claim_keys({}) == {}


async def test_names_that_can_be_nobody_s_are_left_out_and_not_asked_for() -> None:
    bad = ["\ud800", "@\ud800:x", "@a", "@a b:x", "@a\0:x", "", "@" + "a" * 255 + ":x"]
    members = [{"state_key": name, "content": {"membership": "join"}} for name in [*bad, 5, "@ana:x"]]
    rooms = [name.replace("@", "!") for name in bad if name != "@a"]
    joined: dict[str, object] = {name: {} for name in [*bad, "@ana:x"]}
    body = {"joined": joined, "chunk": members, "joined_rooms": [*rooms, 5, "!room"]}
    async with answering(plain(200, json.dumps(body).encode())) as homeserver:
        assert await homeserver.joined_members("!room:x") == {"@ana:x"}
        assert await homeserver.memberships("!room:x") == {"@ana:x": "join"}
        assert await homeserver.joined_rooms() == ["!room"]
        for asking in (homeserver.joined_members, homeserver.leave, homeserver.memberships):
            with pytest.raises(Permanent):
                await asking("!\ud800:x")


async def test_one_absurd_number_hides_no_answer() -> None:
    async with answering(plain(200, b'{"event_id":"$1","age":' + b"9" * 5000 + b"}")) as homeserver:
        assert await homeserver.put_event("!room:x", "m.room.encrypted", "t", {}) == "$1"
