"""The way in for telephones as somebody finds it who has no key, an old letter, or nothing but noise; and outages."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core import database as databases
from core.database import Database
from core.settings import Secret, Settings
from crypto import webhook_signature
from deploy.gateway_inward import PATH, Inward, Said
from tests.carried import KEY as OUTWARD
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.scraped import counted
from tests.served import serve_api
from tests.telephoned import INWARD, OTHER, STRANGE, Line, line_over
from tests.tunnel import tunnel

pytest_plugins = ("tests.fixtures_telephoned",)


@pytest.fixture
async def number(scene: Scene, line: Line) -> str:
    return (await line.of(scene.member))[0]


async def alerts(database: Database) -> int:
    async with database.reading() as reading:
        return int(await reading.value("SELECT count(*) FROM alerts"))


@pytest.mark.parametrize("key", [OTHER, OUTWARD])
async def test_another_key_opens_nothing(database: Database, line: Line, number: str, key: str) -> None:
    answered = await line.post(line.body(number, "panika"), key=webhook_signature.read_key(key))
    answered.require_problem(401)
    assert await alerts(database) == 0


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
async def test_an_old_letter_and_one_of_tomorrow_are_refused(
    database: Database, clock: MovableClock, line: Line, number: str, seconds: int
) -> None:
    moment = int(clock.now().timestamp()) + seconds
    (await line.post(line.body(number, "panika"), moment=moment)).require_problem(401)
    assert await alerts(database) == 0
    for near in (-300, 300):
        moment = int(clock.now().timestamp()) + near
        assert (await line.post(line.body(number, "panika"), moment=moment)).status == 200


async def test_a_letter_that_was_listened_to_has_no_second_effect(
    database: Database, clock: MovableClock, line: Line, number: str
) -> None:
    body, moment = line.body(number, "panika"), int(clock.now().timestamp())
    first = await line.post(body, moment=moment)
    for _ in range(3):
        assert (await line.post(body, moment=moment)).body == first.body
    async with database.reading() as reading:
        assert await reading.value("SELECT count(*) FROM alert_raises") == 1
    clock.move(timedelta(minutes=5, seconds=1))
    (await line.post(body, moment=moment)).require_problem(401)
    # What is not signed cannot be changed: neither the id nor the moment nor a byte.
    signed = webhook_signature.sign(line.key, "msg_1", moment, body)
    for change in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(moment + 301)}, {}):
        given = {"webhook-id": "msg_1", "webhook-timestamp": str(moment), "webhook-signature": signed, **change}
        answered = await line.api.ask("POST", PATH, raw=body + (b"" if change else b" "), headers=given)
        answered.require_problem(401)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": ""}, {"webhook-signature": "v1,"}, {"webhook-signature": "v1,\u00e9"},
        {"webhook-timestamp": "now"}, {"webhook-timestamp": ""}, {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "-1"}, {"webhook-id": ""}, {"Origin": "https://elsewhere.example"},
        {"Authorization": "Bearer " + "A" * 43, "webhook-signature": ""},
    ],
)  # fmt: skip
async def test_noise_instead_of_a_signature(
    database: Database, line: Line, number: str, headers: dict[str, str]
) -> None:
    (await line.post(line.body(number, "panika"), headers=headers)).require_problem(401)
    assert await alerts(database) == 0


async def test_none_of_the_headers_may_be_left_out_or_stand_twice(line: Line, number: str) -> None:
    body, moment = line.body(number, "panika"), str(int(line.clock.now().timestamp()))
    right = {
        "webhook-id": "msg_1", "webhook-timestamp": moment,
        "webhook-signature": webhook_signature.sign(line.key, "msg_1", int(moment), body),
    }  # fmt: skip
    for name, value in right.items():
        without = {each: kept for each, kept in right.items() if each != name}
        (await line.api.ask("POST", PATH, raw=body, headers=without)).require_problem(401)
        twice = [*right.items(), (name, value), ("Content-Type", "application/json")]
        async with line.api.http.post(line.api.url + PATH, data=body, headers=twice) as answered:
            assert answered.status == 401, name
    # Two signatures in one header: while a key is changed.
    both = {**right, "webhook-signature": f"v1,bm90aGluZw== {right['webhook-signature']}"}
    assert (await line.api.ask("POST", PATH, raw=body, headers=both)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"\xff\xfe", 400), (b"[]", 400), (b"null", 400), (b"{}", 400), (b"[" * 10_000, 400),
        (b'{"from":"+381600000000","means":"fax","text":"panika","received":"2031-05-14T09:30:00Z"}', 400),
        (b'{"from":"+381600000000","means":"text","text":"panika","received":"2031-05-14T09:30:00"}', 400),
        (b'{"from":"+381600000000","means":"text","text":"panika","received":"2031-05-14T09:30:00Z","to":""}', 400),
        (b'{"from":"' + b"1" * 65 + b'","means":"text","text":"panika","received":"2031-05-14T09:30:00Z"}', 400),
        (b" " * 65_537, 413), (b" " * 70_000, 413),
    ],
    ids=range(13),
)  # fmt: skip
async def test_what_the_gateway_signs_by_mistake_is_refused_plainly(
    database: Database, line: Line, body: bytes, status: int
) -> None:
    (await line.post(body)).require_problem(status)
    assert await alerts(database) == 0


@pytest.mark.parametrize("id_", ["a b", "a.b", "é", "x" * 129])
async def test_an_id_that_could_be_mistaken_is_refused(line: Line, number: str, id_: str) -> None:
    answered = await line.post(line.body(number, "panika"), id_=id_)
    assert answered.status in {400, 401}


@pytest.mark.parametrize("caller", ["anonymous", "", "+", "112", "+381 (60) 000-00.00", "' OR 1=1 --", "\u0000"])
async def test_a_caller_without_a_number_is_answered(line: Line, caller: str) -> None:
    assert await line.say(caller, "panika") == "not_raised"


async def test_who_tries_keys_is_limited_and_the_gateway_is_not(
    network: Network, settings: Settings, scene: Scene, clock: MovableClock, tmp_path: Path
) -> None:
    few = replace(settings, requests_per_minute=10)
    async with line_over(network, few, clock, tmp_path) as line:
        number, _ = await line.of(scene.member)
        wrong = webhook_signature.read_key(OTHER)
        tried = [(await line.post(line.body(number, "panika"), key=wrong)).status for _ in range(15)]
        assert tried == [401] * 10 + [429] * 5
        assert await line.say(number, "panika") == "raised"


async def test_without_a_key_there_is_no_way_in(network: Network, settings: Settings, tmp_path: Path) -> None:
    for key in ("", "whsec_AAAA"):
        without = replace(settings, gateway_inward_key=Secret(key))
        async with serve_api(network, without, tmp_path) as api:
            (await api.ask("POST", PATH, {})).require_problem(404)


async def test_the_example_gateway_hands_on_and_says_back(line: Line, clock: MovableClock, number: str) -> None:
    said = Said(number=number, text="panika", received=clock.now())
    known, unknown = (Inward(line.api.url, key, clock, line.api.http) for key in (INWARD, OUTWARD))
    assert await known.hand_on(said) == "Podignuto. Ljudi se pozivaju. Opasnost po život: pozovite 192."
    status, words = await unknown.once(said)
    assert (status, "signature is not right" in words) == (401, True)


async def test_an_outage_is_told_as_such_and_the_same_words_count_afterwards(
    database_url: str, settings: Settings, clock: MovableClock, scene: Scene, tmp_path: Path
) -> None:
    parts = urlsplit(database_url)
    async with tunnel(parts.hostname or "", parts.port or 0) as cable:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{cable.port}").geturl()
        async with (
            databases.connect(through, connections=3, urgent_connections=2) as database,
            line_over(Network(database, clock), settings, clock, tmp_path) as line,
        ):
            number, _ = await line.of(scene.member)
            before, body = counted(), line.body(number, "panika")
            cable.cut()
            answered = await line.post(body)
            detail = answered.require_problem(503)["detail"]
            assert all(each in detail for each in ("NOT raised", "NOT accepted", "192"))
            assert int(answered.headers["Retry-After"]) > 0
            assert counted().since(before, "streha_alert_raises_not_stored_total", through="telephone") == 1
            cable.mend()
            assert (await line.post(body)).json["outcome"] == "raised"
            assert await alerts(database) == 1


async def test_no_number_and_no_word_stands_in_the_log(
    line: Line, number: str, logged: io.StringIO, scene: Scene
) -> None:
    marked = "Kanarinac"
    for text in (f"panika {marked}", f"{marked} 481207", "999999", f"999998 {marked}"):
        for whose in (number, STRANGE):
            await line.say(whose, text, id_=f"msg_{abs(hash((text, whose)))}")
    (await line.post(line.body(number, marked), key=webhook_signature.read_key(OTHER))).require_problem(401)
    (await line.post(b'{"from": "' + number.encode() + b'", "Kanarinac": 1}')).require_problem(400)
    written = logged.getvalue()
    assert "words_from_unknown_number" in written
    for secret in (number, number[1:], STRANGE, marked.casefold(), "999999", scene.member.name, line.key.hex()):
        assert secret not in written.casefold()
