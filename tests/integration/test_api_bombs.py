"""Requests that are too much, do not end or are none: each is cut off, and panic goes through all the same."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest

from server.api import decoding, serving
from tests.served import ServedApi
from tests.waiting import until

pytest_plugins = ("tests.fixtures_api",)

MIB = 1024 * 1024
PATIENCE_SECONDS = 60.0
RAISES = 5


@dataclass(slots=True, kw_only=True)
class Line:
    """One raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def pour(self, piece: bytes, most: int) -> int:
        """Send the same again and again until the server has had enough; return how many bytes it took."""
        sent = 0
        with suppress(ConnectionError):
            while sent < most and not self.reader.at_eof():
                self.writer.write(piece)
                await self.writer.drain()
                sent += len(piece)
        return sent

    async def answer(self) -> bytes:
        """Return everything that the server still says, until it closes the connection."""
        received = bytearray()
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while data := await self.reader.read(64 * 1024):
                    received += data
            except ConnectionError:
                # Cut off while we were still sending; what came before that counts.
                received += self.reader._buffer  # type: ignore[attr-defined]
        return bytes(received)


@asynccontextmanager
async def line(api: ServedApi) -> AsyncIterator[Line]:
    """Open a raw connection to the API."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.services.settings.api_port)
    try:
        yield Line(reader=reader, writer=writer)
    finally:
        writer.transport.abort()


@pytest.fixture(autouse=True)
def short_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server take leave quickly of whoever still sends when it has answered."""
    monkeypatch.setattr(serving, "LINGER_SECONDS", 0.1)


@pytest.fixture
def short_idleness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it hang up soon on who says nothing; asked for before the API is."""
    monkeypatch.setattr(serving, "IDLE_SECONDS", 0.3)


def status(answered: bytes) -> int:
    return int(answered.split(b" ", 2)[1])


def head(method: str, path: str, *more: str, token: str = "") -> bytes:
    signed = [f"Authorization: Bearer {token}"] if token else []
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *signed, *more]
    return "\r\n".join([*lines, "", ""]).encode()


# What has no end ------------------------------------------------------------------------------------

BEGUN = b"GET /api/me HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"PUT /api/alerts/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "headers": (BEGUN, b"X-More: and more\r\n"),
    "a header": (BEGUN + b"X-Long: ", b"y" * 1024),
    "a header's name": (BEGUN, b"y" * 1024),
    "a method": (b"", b"G" * 1024),
    "an address": (b"GET /", b"y" * 1024),
    "a chunk's size": (CHUNKED, b"0" * 1024),
    "a chunk's extension": (CHUNKED + b"5;", b"y" * 1024),
    "trailers": (CHUNKED + b"0\r\n", b"X-More: and more\r\n"),
    "chunks": (CHUNKED, b"400\r\n" + b"y" * 1024 + b"\r\n"),
    "a body": (head("PUT", "/api/alerts/x", f"Content-Length: {2**40}"), b"y" * 1024),
    "bytes that are nothing": (b"\x16\x03\x01\x02\x00\x01", b"\x00\xff" * 512),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_has_no_end_is_cut_off(api: ServedApi, what: str) -> None:
    begin, piece = ENDLESS[what]
    async with line(api) as endless:
        endless.writer.write(begin)
        sent = await endless.pour(piece, 64 * MIB)
        answered = await endless.answer()
    assert sent < 64 * MIB
    assert status(answered) in (400, 401)
    assert (await api.ask("GET", "/healthz")).status == 200


async def test_a_body_without_end_of_somebody_signed_in_is_too_large(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    path = f"/api/cases/{scene.case.id}/level"
    async with line(api) as endless:
        endless.writer.write(head("PUT", path, "Transfer-Encoding: chunked", token=token))
        sent = await endless.pour(b"400\r\n" + b" " * 1024 + b"\r\n", 64 * MIB)
        answered = await endless.answer()
    assert sent < 64 * MIB
    assert status(answered) == 413


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    async with line(api) as announcing:
        announcing.writer.write(
            head("PUT", f"/api/cases/{scene.case.id}/level", f"Content-Length: {2**40}", token=token)
        )
        assert status(await announcing.answer()) == 413


@pytest.mark.usefixtures("short_idleness")
async def test_empty_lines_are_no_sign_of_life(api: ServedApi) -> None:
    """HTTP lets them stand before a request; they do not put off the hour at which one must have come."""
    async with line(api) as empty, asyncio.timeout(PATIENCE_SECONDS):
        await _drip(empty, b"\r\n" * 512)


# What never comes -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("short_idleness")
@pytest.mark.parametrize(
    "begun", [b"", b"G", BEGUN, BEGUN + b"X-More: an"], ids=["nothing", "a letter", "lines", "half a line"]
)
async def test_a_request_that_does_not_go_on_is_hung_up(api: ServedApi, begun: bytes) -> None:
    async with line(api) as silent:
        silent.writer.write(begun)
        assert await silent.answer() == b""


async def test_a_body_that_trickles_is_given_up_in_clear_words(api: ServedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BODY_SECONDS", 0.3)
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    path = f"/api/cases/{scene.case.id}/level"
    for announced, drop in (("Content-Length: 1000", b" "), ("Transfer-Encoding: chunked", b"1\r\n \r\n")):
        async with line(api) as trickling, asyncio.TaskGroup() as tasks:
            trickling.writer.write(head("PUT", path, announced, token=token))
            dripping = tasks.create_task(_drip(trickling, drop))
            answered = await trickling.answer()
            dripping.cancel()
        assert status(answered) == 408
        assert b"did not arrive whole in time" in answered
    assert (await api.ask("PUT", path, {"level": "low"}, token=token)).status == 200


async def test_whoever_does_not_take_an_answer_is_hung_up(api: ServedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large answers that nobody reads would else be kept for ever."""
    monkeypatch.setattr(serving, "ANSWER_SECONDS", 0.3)
    async with line(api) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own transport can
        deaf.writer.write(head("GET", "/api/openapi.json") * 200)
        with pytest.raises(ConnectionError):
            await _knock(deaf)
    assert (await api.ask("GET", "/healthz")).status == 200


async def _drip(to: Line, drop: bytes) -> None:
    """Send a little now and then, as a bad line or a bad intention does."""
    with suppress(ConnectionError):
        while True:
            to.writer.write(drop)
            await to.writer.drain()
            await asyncio.sleep(0.02)


async def _knock(at: Line) -> None:
    """Send what means nothing between requests until nobody is there any more."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            at.writer.write(b"\r\n")
            await at.writer.drain()
            await asyncio.sleep(0.01)


# What is odd ----------------------------------------------------------------------------------------


async def test_a_body_that_is_no_body_is_malformed(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    begin = head("PUT", f"/api/cases/{scene.case.id}/level", "Transfer-Encoding: chunked", token=token)
    for later in (b"this is no size\r\n", b"-5\r\n", b"5\r\nmore than five\r\n"):
        async with line(api) as broken:
            broken.writer.write(begin + b"1\r\n{\r\n")
            await broken.writer.drain()
            broken.writer.write(later)
            assert status(await broken.answer()) == 400
    assert (await api.ask("GET", "/healthz")).status == 200


async def test_a_body_that_breaks_off_is_no_fault_of_ours(api: ServedApi, logged: io.StringIO) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    begin = head("PUT", f"/api/cases/{scene.case.id}/level", "Transfer-Encoding: chunked", token=token)
    async with line(api) as gone:
        gone.writer.write(begin + b"1\r\n{\r\n")
        await gone.writer.drain()
    await until(lambda: '"event": "request"' in logged.getvalue())
    assert '"status": 400' in logged.getvalue()
    assert "request_failed" not in logged.getvalue()


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b'{"level":"low","level":"high"}', "A field stands twice"),
        (b'{"level":"low","l\\u0065vel":"high"}', "A field stands twice"),
        (b'{"level":' + b"9" * 60_000 + b"}", "The field level"),
        (b'{"level":1e400}', "The field level"),
        (b'{"level":-0.0000000000000000000000000000001E-99999}', "The field level"),
        (b'{"level":"' + b"x" * 60_000 + b'"}', "The field level"),
        (b'{"level":"lo\\u0000w"}', "The field level"),
        (b'{"level":"low\x00"}', "not valid JSON"),
        (b'{"level":"low"}\x00', "not valid JSON"),
        (b'{"level":' * 6_000 + b"1" + b"}" * 6_000, "The field level"),
        (b'{"level":"low","x":' + b"[" * 60_000, "unknown field"),
        (b'{"' + b"x" * 60_000 + b'":1}', "unknown field"),
        (b'{"level":"low"' + b',"x":1' * 9_000 + b"}", "unknown field"),
        (b"\xef\xbb\xbf" + b'{"level":"low"}', "not valid JSON"),
        ('{"level":"low"}'.encode("utf-16"), "not valid JSON"),
    ],
)
async def test_a_body_that_is_odd_is_refused_clearly(api: ServedApi, raw: bytes, detail: str) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    answer = await api.ask("PUT", f"/api/cases/{scene.case.id}/level", raw=raw, token=token)
    assert detail in answer.require_problem(400)["detail"]
    assert (await api.ask("GET", "/api/reviews", token=token)).json == {"reviews": []}


async def test_an_agency_that_stands_twice_is_refused(api: ServedApi) -> None:
    """Which of the two parts was meant, nobody could say."""
    office = await api.network.office()
    token = await api.token(office.worker)
    agency = str(office.agency.id)
    raw = f'{{"agencies":{{"{agency}":"responder","{agency.upper()}":"informed"}}}}'.encode()
    answer = await api.ask("POST", "/api/cases", raw=raw, token=token)
    assert "A field stands twice" in answer.require_problem(400)["detail"]
    assert (await api.ask("GET", "/api/cases", token=token)).json == {"cases": []}


async def test_a_text_with_a_nul_is_refused(api: ServedApi) -> None:
    office = await api.network.office()
    token = await api.token(office.worker)
    for raw in (b'{"language":"\\u0000"}', b'{"language":"en\\u0000"}'):
        (await api.ask("POST", "/api/cases", raw=raw, token=token)).require_problem(400)
    (await api.ask("GET", "/api/alerts?ended=%00", token=token)).require_problem(400)
    code = await api.ask("POST", "/api/sign-in/browser", {"code": "\0" * 43}, headers={"Origin": api.url})
    code.require_problem(401)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity", "x"])
async def test_a_packed_body_is_refused_unopened(api: ServedApi, coding: str) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    headers = {"Content-Encoding": coding}
    raw = b'{"level":"low"}'
    answer = await api.ask("PUT", f"/api/cases/{scene.case.id}/level", raw=raw, token=token, headers=headers)
    answer.require_problem(415)


async def test_requests_in_one_go_are_answered_in_order(api: ServedApi) -> None:
    paths = ["/healthz", "/api/me", "/api/nothing"] * 20
    async with line(api) as pipe:
        whole = b"".join(head("GET", each) for each in paths) + head("GET", "/healthz", "Connection: close")
        pipe.writer.write(whole)
        answered = await pipe.answer()
    statuses = [part.split(b" ", 1)[0] for part in answered.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"401", b"404"] * 20 + [b"200"]


async def test_nothing_after_a_malformed_request_is_looked_at(api: ServedApi) -> None:
    async with line(api) as pipe:
        pipe.writer.write(head("GET", "/healthz"))
        await pipe.reader.readuntil(b'{"status":"alive"}')
        pipe.writer.write(b"NONSENSE\r\n\r\n" + head("GET", "/healthz"))
        answered = await pipe.answer()
    assert status(answered) == 400
    assert answered.count(b"HTTP/1.") == 1


# All at once ----------------------------------------------------------------------------------------


async def test_a_panic_goes_through_among_all_of_them(api: ServedApi) -> None:
    """Everything above at the same time, several times over, held open; and a raise, accepted, in the middle."""
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    officer = await api.token(scene.police.officer)
    unfinished = head("PUT", f"/api/cases/{scene.case.id}/level", "Content-Length: 9", token=token) + b"{"
    attacks = [*((begin, piece) for begin, piece in ENDLESS.values()), (unfinished, b"")]
    async with AsyncExitStack() as all_open:
        for begin, piece in attacks * 4:
            attack = await all_open.enter_async_context(line(api))
            attack.writer.write(begin + piece)
        for _ in range(RAISES):
            raised = await api.ask("PUT", f"/api/alerts/{uuid4()}", {"compartment": scene.case.core.id}, token=token)
            assert raised.status == 200, raised.body
            path = f"/api/alerts/{raised.json['id']}/acknowledgement"
            assert (await api.ask("POST", path, token=officer)).status == 200
        assert (await api.ask("GET", "/api/cases", token=token)).status == 200
