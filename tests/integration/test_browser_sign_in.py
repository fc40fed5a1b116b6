"""A browser signs in by a link: once, in time, from our own page; and what its session may do, and for how long."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from agencies import store as directory
from agencies.browser_sign_in import LINK_LIFETIME, RAISES_AFTER_END
from agencies.model import Person
from core.settings import Settings
from crypto import tokens
from server.api.decoding import ABSENT
from server.api.routes import ROUTES
from server.api.wire.directory import token_text
from tests.browser_session import BrowserSession, browser_of, kept, link, open_link
from tests.clock import MovableClock
from tests.people import Network
from tests.served import Answered, ServedApi, serve_api
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_api",)

SECOND = timedelta(seconds=1)
RAISE_AND_SIGN_OUT = {("PUT", "/api/alerts/{alert}"), ("DELETE", "/api/sign-in/sessions/current")}


@pytest.fixture
async def ana(api: ServedApi) -> Person:
    """Add somebody to the staff."""
    return (await api.network.office()).worker


def lifetime(api: ServedApi) -> timedelta:
    return timedelta(seconds=api.services.settings.session_lifetime)


def without_incident(answer: Answered) -> dict[str, object]:
    return {**answer.require_problem(401), "incident": ""}


async def count(api: ServedApi, table: str) -> int:
    async with api.network.database.transaction() as tx:
        number: int = await tx.value(f"SELECT count(*) FROM {table}")  # noqa: S608 (names of ours)
        return number


# The link ----------------------------------------------------------------------------------------


async def test_a_link_signs_one_browser_in(api: ServedApi, ana: Person, clock: MovableClock) -> None:
    made = await api.ask("POST", "/api/sign-in/links", token=await api.token(ana))
    assert made.status == 201
    assert len(base64.urlsafe_b64decode(made.json["code"] + "=")) == tokens.TOKEN_BYTES
    assert datetime.fromisoformat(made.json["expires_at"]) == clock.now() + LINK_LIFETIME

    signed_in = await open_link(api, made.json["code"])
    assert signed_in.status == 200
    ends = clock.now() + lifetime(api)
    assert {name: datetime.fromisoformat(at) for name, at in signed_in.json.items()} == {
        "expires_at": ends, "raises_until": ends + RAISES_AFTER_END,
    }  # fmt: skip
    assert kept(signed_in).value.encode() not in signed_in.body
    browser = BrowserSession(api=api, cookie=kept(signed_in).value)
    assert (await browser.ask("GET", "/api/me")).json["id"] == str(ana.id)


async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(api: ServedApi, ana: Person) -> None:
    answer = await open_link(api, await link(api, ana))
    name, *flags = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-streha=")
    seconds = int((lifetime(api) + RAISES_AFTER_END).total_seconds())
    # A cookie named like this is taken only with Secure, with this path and without a domain.
    assert set(flags) == {"HttpOnly", "Secure", "SameSite=Strict", "Path=/", f"Max-Age={seconds}"}


async def test_whatever_is_no_fresh_link_is_refused_in_the_same_words(
    api: ServedApi, ana: Person, clock: MovableClock
) -> None:
    used, old = await link(api, ana), await link(api, ana)
    assert (await open_link(api, used)).status == 200
    clock.move(LINK_LIFETIME - SECOND)
    left = (await api.network.office(workers=2)).workers[1]
    of_somebody_who_left = await link(api, left)
    await api.network.depart(left)
    assert await count(api, "sign_in_links") == 1
    clock.move(SECOND)
    sessions = await count(api, "sessions")
    unknown, session = token_text(tokens.new_token()), await api.token(ana)
    codes = (used, old, of_somebody_who_left, unknown, session, "", "x", "č")
    told = [without_incident(await open_link(api, code)) for code in codes]
    assert told == [told[0]] * len(told)
    assert "streha console" in str(told[0]["detail"])
    (await open_link(api, "A" * 101)).require_problem(400)
    assert await count(api, "sessions") == sessions + 1  # the token that was tried as a code is a session's own


async def test_a_link_of_somebody_who_left_is_worth_nothing_even_if_it_is_still_there(
    api: ServedApi, ana: Person, clock: MovableClock
) -> None:
    await api.network.depart(ana)
    code = tokens.new_token()
    async with api.network.database.transaction() as tx:
        await tx.run(directory.SQL["add_link"], tokens.token_hash(code), ana.id, clock.now() + LINK_LIFETIME)
    (await open_link(api, token_text(code))).require_problem(401)
    assert await count(api, "sessions") == 0


async def test_a_link_used_many_times_at_once_gives_one_session(api: ServedApi, ana: Person) -> None:
    code = await link(api, ana)
    before = await count(api, "sessions")
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(open_link(api, code)) for _ in range(8)]
    statuses = sorted(each.result().status for each in answers)
    assert statuses == [200] + [401] * 7
    assert await count(api, "sessions") == before + 1


async def test_a_departure_and_a_link_at_once_leave_nobody_signed_in(api: ServedApi) -> None:
    office = await api.network.office(workers=6)
    for person in office.workers:
        code = await link(api, person)
        async with asyncio.TaskGroup() as tasks:
            opened = tasks.create_task(open_link(api, code))
            tasks.create_task(api.network.depart(person))
        assert opened.result().status in (200, 401)
        if opened.result().status == 200:
            browser = BrowserSession(api=api, cookie=kept(opened.result()).value)
            (await browser.ask("GET", "/api/me")).require_problem(401)
    assert await count(api, "sessions") == 0
    assert await count(api, "sign_in_links") == 0


async def test_only_a_key_makes_links(api: ServedApi, ana: Person) -> None:
    browser = await browser_of(api, ana)
    refused = await browser.ask("POST", "/api/sign-in/links")
    assert "key file" in refused.require_problem(401)["detail"]
    # Nor does it help to take the cookie out of the browser.
    (await api.ask("POST", "/api/sign-in/links", token=browser.cookie)).require_problem(401)
    (await api.ask("POST", "/api/sign-in/links")).require_problem(401)
    assert await count(api, "sign_in_links") == 0


async def test_neither_codes_nor_tokens_are_stored(api: ServedApi, ana: Person) -> None:
    code = await link(api, ana)
    cookie = (await browser_of(api, ana)).cookie
    async with api.network.database.transaction() as tx:
        stored = await tx.value(
            "SELECT string_agg(it::text, '') FROM (SELECT code_hash FROM sign_in_links UNION ALL "
            "SELECT token_hash FROM sessions UNION ALL SELECT facts::text::bytea FROM ledger) AS it"
        )
    for secret in (code, cookie):
        assert base64.urlsafe_b64decode(secret + "=").hex() not in stored
        assert secret.encode().hex() not in stored


async def test_the_ledger_tells_of_links_and_browsers(api: ServedApi, ana: Person) -> None:
    await browser_of(api, ana)
    async with api.network.database.transaction() as tx:
        rows = await tx.rows("SELECT act, facts FROM ledger WHERE actor_id = $1 ORDER BY entry", ana.id)
    assert [(row["act"], row["facts"]) for row in rows] == [
        ("signed_in", {}), ("link_made", {}), ("signed_in", {"through": "browser"}),
    ]  # fmt: skip


async def test_another_link_ends_the_session_before_and_one_that_is_refused_signs_nobody_out(
    api: ServedApi, ana: Person
) -> None:
    browser = await browser_of(api, ana)
    code = await link(api, ana)
    other = await browser_of(api, ana)
    assert (await browser.ask("POST", "/api/sign-in/browser", {"code": "A" * 43})).status == 401
    assert (await browser.ask("GET", "/api/me")).status == 200
    taken = await browser.ask("POST", "/api/sign-in/browser", {"code": code})
    assert taken.status == 200
    assert (await browser.ask("GET", "/api/me")).status == 401
    assert (await BrowserSession(api=api, cookie=kept(taken).value).ask("GET", "/api/me")).status == 200
    # Nobody else's, and nothing that is no token.
    assert (await other.ask("GET", "/api/me")).status == 200
    odd = BrowserSession(api=api, cookie="not-a-token")
    assert (await odd.ask("POST", "/api/sign-in/browser", {"code": await link(api, ana)})).status == 200


async def test_trying_codes_is_limited_by_address(network: Network, settings: Settings, tmp_path: Path) -> None:
    async with serve_api(network, replace(settings, requests_per_minute=10), tmp_path) as api:
        statuses = [(await open_link(api, "A" * 43)).status for _ in range(4)]
        assert statuses == [401, 401, 429, 429]


# Whose page asks ---------------------------------------------------------------------------------

ORIGINS = ("own", None, "null", "https://look-alike.example", "own/", "OWN", "own0")
SITES = ("same-origin", None, "same-site", "cross-site", "none", "")


def shown(api: ServedApi, origin: str | None, site: str | None) -> dict[str, str]:
    """Return what a browser would say of the page that asks."""
    own = {"own": api.url, "own/": api.url + "/", "OWN": api.url.upper(), "own0": api.url + "0"}
    headers = {} if origin is None else {"Origin": own.get(origin, origin)}
    return headers if site is None else {**headers, "Sec-Fetch-Site": site}


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_a_cookie_counts_only_from_our_own_page(api: ServedApi, method: str) -> None:
    scene = await api.network.scene()
    raised = await api.services.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    officer = scene.police.officer
    asked: dict[str, tuple[str, object]] = {
        "GET": ("/api/me", None),
        "PUT": (f"/api/alerts/{uuid4()}", {"compartment": scene.case.core.id}),
        "POST": (f"/api/alerts/{raised.alert.id}/acknowledgement", None),
        "DELETE": ("/api/sign-in/sessions/current", None),
    }
    path, body = asked[method]
    who = scene.coordinator if method == "PUT" else officer
    browser = await browser_of(api, who)
    presses, sessions = await count(api, "alert_raises"), await count(api, "sessions")
    for origin in ORIGINS:
        for site in SITES:
            if (origin == "own" or (origin is None and method == "GET")) and site in ("same-origin", None):
                continue
            refused = await browser.ask(method, path, body, headers=shown(api, origin, site))
            assert "did not come from Streha's own page" in refused.require_problem(401)["detail"], (origin, site)
            # A bearer's token is sent by nobody but the bearer: for it, none of this matters.
            if method == "GET":
                token = await api.token(who)
                assert (await api.ask("GET", path, token=token, headers=shown(api, origin, site))).status == 200
    async with api.network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_recipients WHERE acknowledged_at IS NOT NULL") == 0
    assert await count(api, "alert_raises") == presses
    assert await count(api, "sessions") >= sessions
    allowed = [("own", "same-origin"), ("own", None)] + ([(None, "same-origin"), (None, None)] * (method == "GET"))
    for origin, site in allowed:
        answer = await browser.ask(method, path, body, headers=shown(api, origin, site))
        assert answer.status in (200, 204), (origin, site)
        if method == "DELETE":
            browser = await browser_of(api, who)


async def test_two_origins_are_none(api: ServedApi, ana: Person) -> None:
    browser = await browser_of(api, ana)
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (
        "DELETE /api/sign-in/sessions/current HTTP/1.1", f"Host: {host}:{port}", f"Origin: {api.url}",
        "Origin: https://look-alike.example", f"Cookie: __Host-streha={browser.cookie}", "Connection: close", "", "",
    )  # fmt: skip
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.readline()).split()[1] in (b"400", b"401")
    writer.close()
    assert (await browser.ask("GET", "/api/me")).status == 200


async def test_no_other_page_signs_a_browser_in(api: ServedApi, ana: Person) -> None:
    code = await link(api, ana)
    for origin in ORIGINS:
        for site in SITES:
            if origin == "own" and site in ("same-origin", None):
                continue
            refused = await api.ask("POST", "/api/sign-in/browser", {"code": code}, headers=shown(api, origin, site))
            refused.require_problem(401)
            assert "Set-Cookie" not in refused.headers
    # And whatever was refused has used nothing up.
    assert (await open_link(api, code)).status == 200


async def test_a_token_in_the_header_comes_before_the_cookie(api: ServedApi, ana: Person) -> None:
    boris = (await api.network.office()).worker
    browser, token = await browser_of(api, ana), await api.token(boris)
    both = {"Cookie": f"__Host-streha={browser.cookie}", "Authorization": f"Bearer {token}"}
    assert (await api.ask("GET", "/api/me", headers=both)).json["id"] == str(boris.id)
    false = {**both, "Authorization": "Bearer " + "A" * 43}
    (await api.ask("GET", "/api/me", headers=false)).require_problem(401)
    # What a proxy may ask for besides is no token of ours.
    proxied = {**both, "Authorization": "Basic eDp5"}
    assert (await api.ask("GET", "/api/me", headers=proxied)).json["id"] == str(ana.id)


@pytest.mark.parametrize(
    "cookie", ["", "x", "A" * 43, "A" * 4000, '"', "\u00e9", "a=b; __Host-streha", "%00"], ids=lambda text: text[:9]
)
async def test_a_cookie_that_is_none_is_nobody(api: ServedApi, cookie: str) -> None:
    (await BrowserSession(api=api, cookie=cookie).ask("GET", "/api/me")).require_problem(401)


# The end of a session ----------------------------------------------------------------------------


async def test_a_session_that_has_lapsed_raises_and_does_nothing_else(api: ServedApi, clock: MovableClock) -> None:
    scene = await api.network.scene()
    browser = await browser_of(api, scene.coordinator)
    clock.move(lifetime(api))
    assert {(each.method, each.path) for each in ROUTES if each.lapsed} == RAISE_AND_SIGN_OUT
    absent = {name: uuid4() for name in ABSENT}
    for route in ROUTES:
        if route.signed_in and not route.lapsed and not route.by_device:
            answer = await browser.ask(route.method, route.path.format(**absent))
            assert answer.require_problem(401)["detail"] == "Sign in first."

    key = uuid4()
    body = {"compartment": scene.case.core.id}
    raised = await browser.ask("PUT", f"/api/alerts/{key}", body)
    assert raised.status == 200
    assert raised.json["raised_by"] == str(scene.coordinator.id)
    async with api.network.database.transaction() as tx:
        assert await tx.value("SELECT person_id FROM alert_raises WHERE key = $1", key) == scene.coordinator.id
        assert (
            await tx.value("SELECT actor_id FROM ledger WHERE act = 'alert_raised' ORDER BY entry DESC LIMIT 1")
            == scene.coordinator.id
        )
    (await browser.ask("GET", f"/api/alerts/{raised.json['id']}")).require_problem(401)

    clock.move(RAISES_AFTER_END - SECOND)
    assert (await browser.ask("PUT", f"/api/alerts/{uuid4()}", body)).status == 200
    clock.move(SECOND)
    (await browser.ask("PUT", f"/api/alerts/{uuid4()}", body)).require_problem(401)


async def test_a_keys_session_does_nothing_after_its_end(api: ServedApi, clock: MovableClock) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    clock.move(lifetime(api))
    body = {"compartment": scene.case.core.id}
    (await api.ask("PUT", f"/api/alerts/{uuid4()}", body, token=token)).require_problem(401)


async def test_a_session_that_has_lapsed_raises_only_where_the_person_may(api: ServedApi, clock: MovableClock) -> None:
    scene = await api.network.scene()
    stranger, member = await browser_of(api, scene.stranger), await browser_of(api, scene.member)
    clock.move(lifetime(api))
    body = {"compartment": scene.case.core.id}
    (await stranger.ask("PUT", f"/api/alerts/{uuid4()}", body)).require_problem(404)
    await api.services.cases.exclude(scene.coordinator, scene.case.id, scene.member.id)
    (await member.ask("PUT", f"/api/alerts/{uuid4()}", body)).require_problem(404)
    evil = await member.ask("PUT", f"/api/alerts/{uuid4()}", body, headers={"Origin": "https://look-alike.example"})
    evil.require_problem(401)
    assert await count(api, "alerts") == 0


@pytest.mark.parametrize("lapsed_for", [None, timedelta(0), RAISES_AFTER_END - SECOND])
async def test_signing_out_ends_everything_and_the_browser_forgets(
    api: ServedApi, clock: MovableClock, lapsed_for: timedelta | None
) -> None:
    scene = await api.network.scene()
    browser = await browser_of(api, scene.coordinator)
    if lapsed_for is not None:
        clock.move(lifetime(api) + lapsed_for)
    ended = await browser.ask("DELETE", "/api/sign-in/sessions/current")
    assert ended.status == 204
    name, *flags = ended.headers["Set-Cookie"].split("; ")
    assert name == '__Host-streha=""'
    assert set(flags) >= {"HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=0"}
    (await browser.ask("GET", "/api/me")).require_problem(401)
    body = {"compartment": scene.case.core.id}
    (await browser.ask("PUT", f"/api/alerts/{uuid4()}", body)).require_problem(401)
    (await browser.ask("DELETE", "/api/sign-in/sessions/current")).require_problem(401)


async def test_who_leaves_is_signed_out_of_every_browser(api: ServedApi, clock: MovableClock) -> None:
    scene = await api.network.scene()
    fresh, old = await browser_of(api, scene.member), await browser_of(api, scene.member)
    await link(api, scene.member)
    await api.network.depart(scene.member)
    body = {"compartment": scene.case.core.id}
    for browser in (fresh, old):
        (await browser.ask("GET", "/api/me")).require_problem(401)
        (await browser.ask("PUT", f"/api/alerts/{uuid4()}", body)).require_problem(401)
        clock.move(lifetime(api))
    assert await count(api, "sign_in_links") == 0
    async with api.network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM sessions WHERE person_id = $1", scene.member.id) == 0


async def test_what_has_run_out_is_forgotten_but_not_while_it_may_raise(
    api: ServedApi, ana: Person, clock: MovableClock
) -> None:
    await browser_of(api, ana)
    await link(api, ana)
    clock.move(LINK_LIFETIME - SECOND)
    await api.services.sign_in.forget_expired()
    assert await count(api, "sign_in_links") == 1
    clock.move(SECOND)
    await api.services.sign_in.forget_expired()
    assert await count(api, "sign_in_links") == 0
    assert await count(api, "sessions") == 3
    clock.move(lifetime(api))
    await api.services.sign_in.forget_expired()
    assert await count(api, "sessions") == 1
    clock.move(RAISES_AFTER_END)
    await api.services.sign_in.forget_expired()
    assert await count(api, "sessions") == 0
