"""What cannot be understood is answered clearly, changes nothing, and is never repeated back."""

from __future__ import annotations

import asyncio
import gzip
from uuid import uuid4

import pytest

from tests.served import ServedApi
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_api",)

MARK = "CANARY"


LEVELS: list[tuple[object, str]] = [
    ({"level": "high", MARK: 1}, "unknown field"),
    ({"level": "high", f"x` - at `$.{MARK}": 1}, "unknown field"),
    ({"level": "high", "x` - at `$.level": 1}, "The field level"),
    ({"level": MARK}, "The field level is not as expected."),
    ({"level": 3}, "The field level is not as expected."),
    ({"level": None}, "The field level is not as expected."),
    ({}, "The field level is missing."),
    ([], "unknown field, lacks one"),
    (MARK, "unknown field, lacks one"),
    ({"level": "high", "assessed_at": MARK}, "The field assessed_at"),
    ({"level": "high", "assessed_at": "2026-03-01T10:00:00"}, "The field assessed_at"),
    ({"level": "high", "assessed_at": 12}, "The field assessed_at"),
    ({"level": "high", "assessed_at": "0001-01-01T00:00:00+14:00"}, "not in this century"),
    ({"level": "high", "assessed_at": "9999-12-31T23:59:59-14:00"}, "not in this century"),
    ({"level": "high", "assessed_at": "1970-01-01T00:00:00Z"}, "not in this century"),
    ({"level": "high", "assessed_at": "2026-03-03T09:00:00Z"}, "cannot lie in the future"),
]
CASES: list[object] = [
    {"agencies": {MARK: "responder"}},
    {"agencies": {str(uuid4()): MARK}},
    {"agencies": {str(uuid4()): "informed" for _ in range(51)}},
    {"members": [str(uuid4()) for _ in range(51)]},
    {"members": [MARK]},
    {"members": MARK},
    {"deputy": MARK},
    {"language": "x" * 17},
    {"language": MARK},
]


async def test_a_body_that_is_not_as_expected(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    for body, detail in LEVELS:
        answer = await api.ask("PUT", f"/api/cases/{scene.case.id}/level", body, token=token)
        assert detail in answer.require_problem(400)["detail"]
        assert MARK.encode() not in answer.body
    assert (await api.ask("GET", "/api/reviews", token=token)).json == {"reviews": []}


async def test_a_case_that_cannot_be_opened(api: ServedApi) -> None:
    token = await api.token((await api.network.office()).worker)
    for body in CASES:
        answer = await api.ask("POST", "/api/cases", body, token=token)
        answer.require_problem(400)
        assert MARK.encode() not in answer.body
    assert (await api.ask("GET", "/api/cases", token=token)).json == {"cases": []}


async def test_a_body_that_is_not_json(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    for raw in [b"{", b"\xff\xfe", b'{"level":"\\ud800"}', b"[" * 50_000, b'{"level":' * 5_000, b"null", b"NaN", b'""']:
        (await api.ask("PUT", f"/api/cases/{scene.case.id}/level", raw=raw, token=token)).require_problem(400)


async def test_a_body_of_another_kind_is_refused(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    path = f"/api/cases/{scene.case.id}/level"
    form = await api.ask("PUT", path, raw=b"level=high", token=token, headers={"Content-Type": "text/plain"})
    form.require_problem(415)
    packed = gzip.compress(b'{"level":"high"}')
    bomb = await api.ask("PUT", path, raw=packed, token=token, headers={"Content-Encoding": "gzip"})
    bomb.require_problem(415)


async def test_a_body_where_none_belongs_is_refused(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    path = f"/api/cases/{scene.case.id}/closure"
    (await api.ask("POST", path, {"reason": MARK}, token=token)).require_problem(400)
    (await api.ask("POST", path + "?really=yes", token=token)).require_problem(400)
    assert (await api.ask("GET", f"/api/cases/{scene.case.id}", token=token)).json["closed_at"] is None
    assert (await api.ask("POST", path, token=token)).status == 204


async def test_an_oversized_body_is_refused_whether_announced_or_not(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    large = b'{"level":"' + b"x" * api.services.settings.body_limit + b'"}'
    path = f"/api/cases/{scene.case.id}/level"
    (await api.ask("PUT", path, raw=large, token=token)).require_problem(413)

    async def unannounced() -> object:
        for start in range(0, len(large), 4096):
            yield large[start : start + 4096]

    async with api.http.put(
        api.url + path,
        data=unannounced(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    ) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    "query", ["?ended=perhaps", "?ended=true&ended=false", f"?{MARK}=1", "?ended=true&x=y", "?ended="]
)
async def test_a_query_that_is_not_as_expected(api: ServedApi, query: str) -> None:
    token = await api.token((await api.network.office()).worker)
    answer = await api.ask("GET", "/api/alerts" + query, token=token)
    answer.require_problem(400)
    assert MARK.encode() not in answer.body


@pytest.mark.parametrize("where", ["after", "Last-Event-ID"])
@pytest.mark.parametrize("position", ["", "-1", "1.5", "9223372036854775808", "9" * 400, MARK, "0x10"])
async def test_a_position_that_cannot_be_one_opens_no_stream(api: ServedApi, where: str, position: str) -> None:
    token = await api.token((await api.network.office()).worker)
    if where == "after":
        answer = await api.ask("GET", f"/api/stream?after={position}", token=token)
    else:
        answer = await api.ask("GET", "/api/stream?after=0", token=token, headers={where: position})
    assert "after" in answer.require_problem(400)["detail"]
    assert MARK.encode() not in answer.body


@pytest.mark.parametrize(
    "words",
    [MARK, "0", "%00", "..%2f..%2fetc", "6d0f3f0e0d2b4b639a525a1b9f1c7e11"],
)
async def test_an_id_that_cannot_be_one_is_answered_as_an_unknown_one(api: ServedApi, words: str) -> None:
    token = await api.token((await api.network.office()).worker)
    unknown = (await api.ask("GET", f"/api/cases/{uuid4()}", token=token)).require_problem(404)
    strange = (await api.ask("GET", f"/api/cases/{words}", token=token)).require_problem(404)
    assert {**strange, "incident": ""} == {**unknown, "incident": ""}


async def test_an_unknown_address_or_method_is_a_problem_too(api: ServedApi) -> None:
    missing = await api.ask("GET", f"/api/{MARK}")
    assert missing.require_problem(404)["detail"] == "There is no such address. Check the path."
    assert MARK.encode() not in missing.body
    wrong = await api.ask("PATCH", "/api/cases")
    wrong.require_problem(405)
    assert wrong.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"CANARY\r\n\r\n",
        b"GET /api/me HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /api/me HTTP/1.1\r\nHost: x\r\nCANARY \x00: y\r\n\r\n",
        b"GET /api/me HTTP/1.1\r\nHost: x\r\nX-Long: " + b"CANARY" * 4000 + b"\r\n\r\n",
        b"GET /" + b"CANARY" * 4000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/me HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: CANARY\r\n" % i for i in range(200)) + b"\r\n",
        b"POST /api/cases HTTP/1.1\r\nHost: x\r\nContent-Length: CANARY\r\n\r\n",
        b"POST /api/cases HTTP/1.1\r\nHost: x\r\nExpect: CANARY\r\nConnection: close\r\n\r\n",
        b"POST /api/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_problem_without_an_echo(api: ServedApi, request_bytes: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.services.settings.api_port)
    writer.write(request_bytes)
    async with asyncio.timeout(PATIENCE_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert b"CANARY" not in head + body
