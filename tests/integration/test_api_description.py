"""The document and its page as they are served, and our own client held against them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from agencies.attestation import EndReason, code_of
from agencies.model import Role
from alerts.devices.service import Devices
from alerts.duress import own
from alerts.incidents.rules import Fact, Section
from alerts.vocabulary import StandDownReason, Status
from cases.model import Part
from client.api import ApiClient
from client.device_api import PREFIX, DeviceApi
from client.device_file import DeviceFile
from core.settings import Settings
from crypto import desk_key
from crypto.sentence_seal import SEALED_BYTES
from safety_plans.clocks.rules import ClockKind
from safety_plans.model import Level
from safety_plans.triggers import Within
from server.api.routes import ROUTES
from server.api.wire.directory import token_text
from tests.authorisation import operations
from tests.described import described
from tests.people import Network
from tests.sealing import seal_to
from tests.served import ServedApi, serve_api
from tests.telephoned import signature

pytest_plugins = ("tests.fixtures_api",)

# What is for browsers, the gateway, programs that watch, and readers of the description.
NOT_FOR_THE_CLIENT = {
    "begin_browser_session", "show_board", "check_alive", "check_ready", "show_document",
    "show_reference", "show_reference_style", "hear_telephone",
    # The vault's: `client.vault` and the console speak to them, each in tests of its own.
    "show_directory", "put_directory_entry", "show_logs", "put_member_entry", "put_record_entry", "show_grant",
    "show_versions", "show_version", "give_history", "show_history", "list_bundles", "put_bundle", "take_bundle",
    "fetch_bundle", "tell_export", "show_vault_acts", "tell_acts_export",
    "invite", "list_invitations", "take_back_invitation", "open_invitation", "offer_keys",
    "ask_passkey_challenge", "begin_passkey_session", "ask_new_passkey", "add_passkey", "list_passkeys",
    "remove_passkey",
    # `client.operations` speaks to them, in tests of its own (tests/integration/test_operation_commands.py).
    "list_operations", "show_operation", "show_readiness", "show_timeline", "plan_operation", "plan_operation_anew",
    "decide_operation", "tell_passage", "name_receiver",
    # `client.safe_calls` speaks to them (tests/integration/test_safe_call_commands.py).
    "list_safe_calls", "plan_safe_call", "tell_heard", "call_off",
    # Answered in a room, by telephone or in the console.
    "answer_ring", "take_call",
}  # fmt: skip


async def test_anybody_may_read_it(api: ServedApi) -> None:
    served = await api.ask("GET", "/api/openapi.json")
    assert (served.status, served.headers["Content-Type"]) == (200, "application/json")
    assert served.body == msgspec.json.encode(described())
    assert served.headers["Content-Security-Policy"].startswith("default-src 'none'; base-uri")
    again = await api.ask("GET", "/api/openapi.json", headers={"If-None-Match": served.headers["Etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_the_page_may_do_nothing_but_be_read(api: ServedApi) -> None:
    page = await api.ask("GET", "/api/reference")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert b"Raise an alert; the same key raises it once" in page.body
    style = await api.ask("GET", "/api/reference.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert b"prefers-color-scheme: dark" in style.body


async def test_the_client_does_what_is_described_and_all_of_it(api: ServedApi) -> None:
    scene = await api.network.scene()
    police = scene.police
    case_id, core_id, key = scene.case.id, scene.case.core.id, uuid4()
    administrator = await api.network.person(scene.shelter.agency, Role.ADMINISTRATOR)
    device, now = ("GHTYAJCE", bytes(range(32))), api.network.clock.now()
    assert police.desk_id is not None
    desk, public = police.desk_id, desk_key.public_key(desk_key.new_secret())
    sealed = seal_to(api.network, scene.coordinator, core_id, 1, {desk: public})
    async with api.network.database.transaction() as tx:
        await own.publish(tx, public, now)
    async with (
        api.client(scene.coordinator) as coordinator,
        api.client(police.officer) as officer,
        api.client(administrator) as confirming,
    ):
        await officer.claim_device(police.officer.matrix_user, *device, now)
        circle = await coordinator.open_compartment(case_id, [scene.member.id])
        review = await coordinator.set_level(case_id, Level.HIGH)
        opened = await coordinator.open_case(agencies={police.agency.id: Part.INFORMED}, deputy=None)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "me": coordinator.me,
            "agencies": coordinator.agencies,
            "people": coordinator.people,
            "claim_device": lambda: coordinator.claim_device(scene.coordinator.matrix_user, *device, now),
            "device_claims": confirming.device_claims,
            "confirm_device": lambda: confirming.confirm_device(scene.coordinator.id, code_of(device[1])),
            "refuse_device": lambda: confirming.refuse_device(police.officer.id),
            "matrix_links": confirming.matrix_links,
            "matrix_proofs": confirming.matrix_proofs,
            "end_matrix_link": lambda: coordinator.end_matrix_link(scene.coordinator.id, EndReason.RESET),
            "sign_in_link": coordinator.sign_in_link,
            "cases": coordinator.cases,
            "case": lambda: coordinator.case(case_id),
            "keys": lambda: coordinator.keys(case_id),
            "warm_keys": lambda: coordinator.warm_keys(case_id),
            "open_case": lambda: coordinator.open_case(agencies={}, members=[scene.shelter.workers[1].id]),
            "name_leaders": lambda: coordinator.name_leaders(case_id, scene.coordinator.id, scene.deputy.id),
            "set_part": lambda: coordinator.set_part(case_id, police.agency.id, Part.RESPONDER),
            "exclude": lambda: coordinator.exclude(case_id, police.workers[1].id),
            "open_compartment": lambda: coordinator.open_compartment(case_id, [scene.member.id]),
            "add_member": lambda: coordinator.add_member(circle.id, scene.shelter.workers[1].id),
            "remove_member": lambda: coordinator.remove_member(circle.id, scene.member.id),
            "close_compartment": lambda: coordinator.close_compartment(circle.id),
            "set_level": lambda: coordinator.set_level(opened.id, Level.LOW),
            "reviews": coordinator.reviews,
            "absence": coordinator.absence,
            "put_absence": lambda: coordinator.put_absence(now.date(), now.date() + timedelta(days=9)),
            "organisation_review": coordinator.organisation_review,
            "complete_organisation_review": confirming.complete_organisation_review,
            "clocks": lambda: coordinator.clocks(case_id),
            "wind_clock": lambda: coordinator.wind_clock(case_id, ClockKind.CUSTODY, owner=scene.deputy.id),
            "set_date": lambda: coordinator.set_date(case_id, now + timedelta(days=9)),
            "complete_review": lambda: coordinator.complete_review(review.id),
            "desk_keys": officer.desk_keys,
            "give_desk_key": lambda: officer.give_desk_key(desk, public, now),
            "card": lambda: coordinator.card(core_id),
            "put_card": lambda: coordinator.put_card(core_id, 1, {each: sealed[each] for each in sealed}),
            "sentences": coordinator.sentences,
            "set_sentences": lambda: coordinator.set_sentences(public, bytes(SEALED_BYTES)),
            "clear_sentences": coordinator.clear_sentences,
            "raise_alert": lambda: coordinator.raise_alert(core_id, key),
            "alerts": lambda: officer.alerts(ended=True),
            "alert": lambda: officer.alert(key),
            "acknowledge": lambda: officer.acknowledge(key),
            "card_of_alert": lambda: officer.card_of_alert(key),
            "note_conversation": lambda: officer.note_conversation(key, scene.coordinator.id),
            "note_emergency_call": lambda: officer.note_emergency_call(key, called=True, by=scene.coordinator.id),
            "incident": lambda: officer.incident(key),
            "add_fact": lambda: officer.add_fact(key, Section.IMMEDIATE, Fact.POLICE_CAME),
            "note_event": lambda: coordinator.note_event(opened.id, Within.THREE_DAYS),
            "stand_down": lambda: officer.stand_down(key, StandDownReason.SAFE),
            "drills": lambda: confirming.drills(scene.shelter.agency.id),
            "close_case": lambda: coordinator.close_case(opened.id),
            "follow": lambda: first_told(coordinator),
            "sign_out": coordinator.sign_out,
        }
        methods = {name for name, _ in inspect.getmembers(ApiClient, inspect.isfunction) if not name.startswith("_")}
        assert calls.keys() == methods
        for call in calls.values():
            await call()
    _, secret = await Devices(api.network.database, api.network.clock).add(
        "door-2", scene.shelter.agency.id, scene.case.codename
    )
    async with DeviceApi(DeviceFile(label="door-2", api_url=api.url, token=secret)) as button:
        await button.look((await button.raise_alert(uuid4(), Status.EXERCISE)).id)
    everything = {operation["operationId"] for *_, operation in operations()}
    assert api.observer.used(by_client=True) == everything - NOT_FOR_THE_CLIENT
    assert {each.status for each in api.observer.exchanges} == {200, 201, 204}


async def first_told(client: ApiClient) -> object:
    async with aclosing(client.follow()) as told:
        return await anext(told)


async def test_every_refusal_that_is_described_is_given(
    api: ServedApi, network: Network, settings: Settings, tmp_path: Path
) -> None:
    """What the document says of requests that are wrong in themselves; for 404 and 409 see the authorisation table."""
    person, scene = (await api.network.office()).worker, await network.scene()
    token = await api.token(person)
    _, secret = await Devices(network.database, network.clock).add(
        "door-2", scene.shelter.agency.id, scene.case.codename
    )
    button = PREFIX + token_text(secret)
    origin = {"Origin": api.url}
    packed, usual = {"Content-Encoding": "gzip"}, api.services.settings.body_limit
    longest = {each.call.__name__: each.longest_body or usual for each in ROUTES}
    async with serve_api(network, replace(settings, requests_per_minute=1), tmp_path) as hurried:
        tired = await hurried.token(person)
        await hurried.ask("GET", "/api/me", token=tired)
        await hurried.ask("GET", f"/api/device/raises/{uuid4()}", token=button)
        await hurried.ask("POST", "/api/sign-in/challenges", {"person": person.id})
        await hurried.ask("POST", "/api/sign-in/sessions", {})
        for method, path, operation in operations():
            if operation["tags"] == ["service"]:
                # These take whatever is sent.
                continue
            ids = {each["name"]: each["example"] for each in operation["parameters"] if each["in"] == "path"}
            path = path.format(**ids)  # noqa: PLW2901 (with its ids)
            large = b" " * (longest[operation["operationId"]] + 1)
            # Rightly made, and proving nothing.
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            shown, by = [origin] * 3, (button, button) if operation["tags"] == ["devices"] else (token, tired)
            if operation["tags"] == ["telephone"]:
                # The gateway shows who asks by what it signs.
                shown = [signature(settings, network.clock, each) | origin for each in (b"", large, b"{}")]
            given = {
                "400": await api.ask(method, f"{path}?no-such=field", token=by[0], headers=shown[0]),
                "401": await api.ask(method, path, body, headers=origin),
                "413": await api.ask(method, path, raw=large, token=by[0], headers=shown[1]),
                "415": await api.ask(method, path, raw=b"{}", token=by[0], headers={**shown[2], **packed}),
                "429": await hurried.ask(method, path, token=by[1], headers={"Origin": hurried.url}),
            }
            for status, answered in given.items():
                described_ = status in operation["responses"]
                assert described_ == (str(answered.status) == status), (operation["operationId"], status)


async def test_an_exchange_that_is_not_as_described_is_found(api: ServedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watching itself: each thing that could be otherwise than the document says is told."""
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    observer = api.observer

    async def complaint(path: str, *, method: str = "GET", body: object = None) -> str:
        await api.ask(method, path, body, token=token)
        told, observer.complaints = observer.complaints, []
        return "\n".join(told)

    assert await complaint("/api/me") == ""
    changed = msgspec.json.decode(msgspec.json.encode(described()))
    me = changed["paths"]["/api/me"]["get"]
    monkeypatch.setattr("tests.described.described", lambda: changed)
    me["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "object", "required": ["shoe_size"]}
    assert "'shoe_size' is a required property" in await complaint("/api/me")
    me["responses"]["200"]["headers"] = {"X-Colour": {"schema": {"type": "string"}}}
    assert "the header X-Colour is missing" in await complaint("/api/me")
    me["responses"]["200"]["content"] = {"text/plain": {}}
    assert "application/json is not described" in await complaint("/api/me")
    del me["responses"]["200"]
    assert "this status is not described" in await complaint("/api/me")
    del changed["paths"]["/api/me"]
    assert "this is not in the document" in await complaint("/api/me")
    changed["paths"]["/api/alerts"]["get"]["parameters"] = []
    assert "the query ended is not described" in await complaint("/api/alerts?ended=true")
    level = changed["paths"]["/api/cases/{case}/level"]["put"]["requestBody"]["content"]["application/json"]
    level["schema"] = {"properties": {"level": {"const": "low"}}}
    told = await complaint(f"/api/cases/{scene.case.id}/level", method="PUT", body={"level": "high"})
    assert "$.level: 'low' was expected" in told
