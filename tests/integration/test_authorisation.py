"""Every operation of the OpenAPI document, asked by every kind of asker: each gets what the table says.

An operation whose rule the table does not know, or which nobody here knows how to ask for, fails.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from agencies.model import DeskId
from agencies.trust import offers
from agencies.trust.deeds import Revoke
from agencies.trust.offers import Offer
from cases.model import CompartmentId
from cases.trust.grants import HistoryGrant, write_history_grant
from core.database import Database
from crypto import desk_key, sentence_seal
from crypto.vault.bundle import BUNDLE_BYTES
from server.api.access import Access
from server.api.routes import ROUTES
from server.api.wire.directory import token_bytes, token_text
from tests import authorisation
from tests.asked import World
from tests.askers import (
    FETCHED,
    SENTENCE_KEY,
    Surroundings,
    invitation_of,
    link_code,
    safe_call_of,
    signed_challenge,
    way_of,
)
from tests.authenticator import Authenticator, client_data
from tests.authorisation import ASK, DONE, PAGE, SIGNED_OUT, TOLD, Answer, Asker, answer_of, operations, page
from tests.carried import NUMBER
from tests.people import NETWORK
from tests.sealing import seal_to
from tests.served import Answered
from tests.vault_clients import Circle, Founded, text
from tests.with_passkeys import challenge, host_of, passkey_of

pytest_plugins = ("tests.fixtures_askers",)

STATUSES = {Answer.ASK: 409, Answer.ABSENT: 404, Answer.SIGN_IN: 401}
# These differ from one answer to the next, whatever is asked.
OF_THE_MOMENT = {"Date"}
# Asked for without one.
NO_SESSION = {Access.ANYBODY, Access.DEVICE}


# How each operation is asked for --------------------------------------------------------------------

Body = Callable[[World, Mapping[str, UUID]], Awaitable[object]]


def saying(**fields: object) -> Body:
    """Return a body that holds these fields; what is a word of the path's is its id."""

    async def body(_world: World, ids: Mapping[str, UUID]) -> object:
        return {name: ids.get(str(each), each) for name, each in fields.items()}

    return body


async def nothing(_world: World, _ids: Mapping[str, UUID]) -> object:
    return None


async def planned_way(served: World, _ids: Mapping[str, UUID]) -> object:
    people = served.around.people
    return way_of(people[Asker.COORDINATOR], people[Asker.DEPUTY], people[Asker.MEMBER], people[Asker.RAISER])


async def planned_safe_call(served: World, _ids: Mapping[str, UUID]) -> object:
    people = served.around.people
    return safe_call_of(people[Asker.DEPUTY], people[Asker.MEMBER], people[Asker.RAISER])


async def rightly_signed(served: World, _ids: Mapping[str, UUID]) -> object:
    return await signed_challenge(served.api, served.around.newcomer)


async def code_of_link(served: World, _ids: Mapping[str, UUID]) -> object:
    return {"code": token_text(await link_code(served.api, served.around.newcomer))}


async def answer_of_passkey(served: World, _ids: Mapping[str, UUID]) -> object:
    kept = await passkey_of(served.api, served.around.newcomer)
    return kept.authenticator.answer(await challenge(served.api), served.api.url)


async def new_passkey(served: World, _ids: Mapping[str, UUID]) -> object:
    """Return a passkey that an authenticator made for whoever asks; whoever is not signed in was asked for none."""
    authenticator = Authenticator(host=host_of(served.api))
    signed = served.around.signed[served.asker]
    if served.asker in SIGNED_OUT:
        return {"client_data": b"none", "attestation": authenticator.make()}
    person = served.around.people[served.asker]
    asked = await served.api.services.passkeys.ask(person, token_bytes(signed.token))
    said = client_data("create", asked.challenge, served.api.url)
    return {"client_data": said, "attestation": authenticator.make()}


async def own_device(served: World, _ids: Mapping[str, UUID]) -> object:
    network, device, key = served.api.network, "GHTYAJCE", bytes(range(32))
    person = served.around.people.get(served.asker, served.around.people[Asker.COORDINATOR])
    at = network.clock.now().replace(microsecond=0)
    return {"device": device, "key": key, "signed_at": at, "signature": network.word(person, device, key, at)}


async def sealed_sentences(served: World, _ids: Mapping[str, UUID]) -> object:
    person = served.around.people.get(served.asker, served.around.people[Asker.COORDINATOR])
    sealed = sentence_seal.seal(SENTENCE_KEY, person.id.bytes, "all is well with me", "somebody forces me now")
    return {"public_key": SENTENCE_KEY, "sealed": sealed}


async def code_of_device(served: World, _ids: Mapping[str, UUID]) -> object:
    return {"code": served.around.code}


async def own_desk_key(served: World, ids: Mapping[str, UUID]) -> object:
    """Return a fresh key for the desk that is asked about, signed by whoever asks."""
    network, key = served.api.network, desk_key.public_key(desk_key.new_secret())
    person = served.around.people.get(served.asker, served.around.people[Asker.COORDINATOR])
    at = network.clock.now().replace(microsecond=0)
    signature = desk_key.sign(
        network.seeds[person.id], network=NETWORK, person=person.id.bytes, desk=ids["desk"].bytes, key=key,
        at=int(at.timestamp()),
    )  # fmt: skip
    return {"key": key, "signed_at": at, "signature": signature}


async def sealed_card(served: World, ids: Mapping[str, UUID]) -> object:
    """Return the next card of the compartment that is asked about."""
    around, desk = served.around, DeskId(ids["desk"])
    writer = around.people[Asker.COORDINATOR]
    sealed = seal_to(served.api.network, writer, ids["compartment"], 2, {desk: around.desk_key})
    return {"number": 2, "sealed": [{"desk": desk, "sealed": sealed[desk]}]}


async def spoken_with(served: World, _ids: Mapping[str, UUID]) -> object:
    other = Asker.CALLED if served.asker is Asker.RAISER else Asker.RAISER
    return {"person": served.around.people[other].id}


# Of the vault: as whoever asks would write it, on what its coordinator is shown.


def founded_in(served: World) -> Founded:
    """Return the network, with the session that the coordinator has already."""
    around = served.around
    founded = Founded(api=served.api, genesis=around.vault.genesis, secrets=around.vault.secrets)
    founded.tokens[around.people[Asker.COORDINATOR].id] = around.signed[Asker.COORDINATOR].token
    return founded


async def in_vault(served: World, ids: Mapping[str, UUID]) -> Circle:
    """Return the compartment as its coordinator has it, for whoever asks to write on."""
    around, founded = served.around, founded_in(served)
    circle = await founded.circle(around.people[Asker.COORDINATOR], CompartmentId(around.vault_place))
    circle.person = around.people.get(served.asker, around.people[Asker.COORDINATOR])
    circle.id = CompartmentId(ids["compartment"])
    return circle


async def next_record(served: World, ids: Mapping[str, UUID]) -> object:
    return (await in_vault(served, ids)).version(served.around.epoch_key, b"Quiet Heron").body


async def next_epoch(served: World, ids: Mapping[str, UUID]) -> object:
    circle = await in_vault(served, ids)
    entry, more = circle.epoch(bytes(32))
    records = circle.logs.records
    wraps = [
        {"version": str(UUID(bytes=records.versions[each].write.version)), "wrap": text(circle.any_wrap())}
        for hashes in records.current.values()
        for each in hashes
    ]
    return {"entry": text(entry), **more, "wraps": wraps}


async def past_versions(served: World, ids: Mapping[str, UUID]) -> object:
    circle, member = await in_vault(served, ids), served.around.ids["person"]
    said = HistoryGrant(
        log=circle.id.bytes, member=member.bytes, by=circle.person.id.bytes, at=circle.founded.now,
        versions=[served.around.written.version.bytes], grant=b"sealed",
    )  # fmt: skip
    seed = served.api.network.seeds[circle.person.id]
    return {"member": member, "statement": text(write_history_grant(seed, circle.founded.id, said))}


async def exported(served: World, _ids: Mapping[str, UUID]) -> object:
    return {"versions": [served.around.written.version]}


async def revoked(served: World, _ids: Mapping[str, UUID]) -> object:
    """Return a revocation of a colleague by whoever asks, who may be no administrator.

    Not of the newcomer: later operations ask with their keys.
    """
    around, founded = served.around, founded_in(served)
    kept = {around.newcomer.id.bytes}
    person = around.people.get(served.asker, around.people[Asker.COORDINATOR])
    network = await founded.directory(around.people[Asker.COORDINATOR])
    colleague = next(
        each for each in network.now.people.values()
        if each.agency == person.agency_id.bytes and each.id not in kept | {person.id.bytes}
    )  # fmt: skip
    return {"entry": text(founded.entry(person, Revoke(person=colleague.id), network))}


async def locked_keys(_world: World, _ids: Mapping[str, UUID]) -> object:
    return {"kind": 1, "bundle": text(b"\x01\x01" + bytes(BUNDLE_BYTES - 2))}


async def invited(_world: World, _ids: Mapping[str, UUID]) -> object:
    return {"token_hash": os.urandom(32), "name": "Vera Primer"}


async def token_of_paper(served: World, _ids: Mapping[str, UUID]) -> object:
    _made, token = await invitation_of(served.api, served.around.people[Asker.ADMINISTRATOR])
    return {"token": token}


async def offered_keys(served: World, _ids: Mapping[str, UUID]) -> object:
    """Return what a newcomer offers under a token of their own."""
    made, token = await invitation_of(served.api, served.around.people[Asker.ADMINISTRATOR])
    offer = Offer(
        person=uuid4().bytes, agency=made.agency_id.bytes, name="Vera Primer", role=made.role,
        matrix_user="@vera-joins:streha.test", box_key=bytes(32), at=0,
    )  # fmt: skip
    return {"token": token, "offer": offers.make(os.urandom(32), founded_in(served).id, offer)}


# In the order in which whoever may do all of them can. An alert is accepted before it is ended.
BODIES: dict[str, Body] = {
    "ask_challenge": saying(person="person"),
    "begin_session": rightly_signed,
    "make_link": nothing,
    "ask_passkey_challenge": nothing,
    "begin_passkey_session": answer_of_passkey,
    "ask_new_passkey": nothing,
    "add_passkey": new_passkey,
    "list_passkeys": nothing,
    "show_me": nothing,
    "list_agencies": nothing,
    "list_people": nothing,
    "claim_device": own_device,
    "list_claims": nothing,
    "list_links": nothing,
    "list_proofs": nothing,
    "confirm_device": code_of_device,
    "refuse_device": nothing,
    "end_link": saying(reason="lost_device"),
    "show_directory": nothing,
    "show_logs": nothing,
    "show_grant": nothing,
    "show_version": nothing,
    "show_versions": nothing,
    "give_history": past_versions,
    "show_history": nothing,
    "tell_export": exported,
    "show_vault_acts": nothing,
    "tell_acts_export": nothing,
    "put_record_entry": next_record,
    "put_member_entry": next_epoch,
    "fetch_bundle": nothing,
    "list_bundles": nothing,
    "put_bundle": locked_keys,
    "take_bundle": nothing,
    "invite": invited,
    "list_invitations": nothing,
    "open_invitation": token_of_paper,
    "offer_keys": offered_keys,
    "take_back_invitation": nothing,
    "list_cases": nothing,
    "list_reviews": nothing,
    "list_alerts": nothing,
    "show_board": nothing,
    "follow_stream": nothing,
    "check_alive": nothing,
    "check_ready": nothing,
    "show_document": nothing,
    "show_reference": nothing,
    "show_reference_style": nothing,
    "show_case": nothing,
    "show_keys": nothing,
    "warm_keys": nothing,
    "show_alert": nothing,
    "show_drills": nothing,
    "open_case": saying(),
    "hear_telephone": saying(**{"from": NUMBER}, means="text", text="panika", received="2031-05-14T09:30:00Z"),
    "list_desk_keys": nothing,
    "show_card": nothing,
    "put_card": sealed_card,
    "show_sentences": nothing,
    "set_sentences": sealed_sentences,
    "clear_sentences": nothing,
    "acknowledge": nothing,
    "answer_ring": nothing,
    "take_call": nothing,
    "give_card": nothing,
    "put_desk_key": own_desk_key,
    "note_conversation": spoken_with,
    "note_emergency_call": saying(called=False),
    "show_incident": nothing,
    "add_fact": saying(section="immediate", fact="police_came"),
    "stand_down": saying(reason="safe"),
    "raise_alert": saying(compartment="compartment"),
    "raise_with_device": saying(status="Exercise"),
    "show_raise": nothing,
    "complete_review": nothing,
    "set_level": saying(level="very_high"),
    "note_event": saying(within="24h"),
    "show_absence": nothing,
    "put_absence": nothing,
    "show_organisation": nothing,
    "complete_organisation": nothing,
    "show_clocks": nothing,
    "wind_clock": saying(kind="contact"),
    "set_date": saying(at="2031-05-14T09:30:00Z"),
    "list_operations": nothing,
    "show_operation": nothing,
    "show_readiness": nothing,
    "show_timeline": nothing,
    "plan_operation": planned_way,
    "tell_passage": saying(key=str(FETCHED), word="dark", minutes=60),
    "list_safe_calls": nothing,
    "plan_safe_call": planned_safe_call,
    "tell_heard": nothing,
    "call_off": nothing,
    "name_receiver": saying(receiver="person"),
    "decide_operation": saying(decision="go", despite="summoned"),
    "plan_operation_anew": planned_way,
    "set_part": saying(part="informed"),
    "name_leaders": saying(coordinator="coordinator", deputy="deputy"),
    "open_compartment": saying(members=[]),
    "add_member": nothing,
    "remove_member": nothing,
    "exclude": nothing,
    "close_compartment": nothing,
    "close_case": nothing,
    "put_directory_entry": revoked,
    "remove_passkey": nothing,
    "end_session": nothing,
    # Its session takes the place of the one with which it was asked for.
    "begin_browser_session": code_of_link,
}


IN_VAULT = {each.call.__name__ for each in ROUTES if each.access in {Access.IN_VAULT, Access.LEADS_IN_VAULT}}


def ids_for(operation_id: str, around: Surroundings) -> dict[str, UUID]:
    """Return what is asked about; some things are there to be changed by one operation only."""
    coordinator, deputy = around.leaders
    ids = {**around.ids, "coordinator": coordinator.id, "deputy": deputy.id}
    if operation_id in IN_VAULT:
        ids["compartment"] = around.vault_place
    match operation_id:
        case "raise_alert":
            # The key of a press.
            return {**ids, "alert": uuid4()}
        case "raise_with_device":
            ids["raise"] = uuid4()
        case "plan_operation" | "plan_safe_call":
            ids["operation" if operation_id == "plan_operation" else "safe_call"] = uuid4()
        case "put_bundle" | "take_bundle":
            # Whoever asks keeps one of their own, and takes it away.
            ids["bundle"] = ids["kept"]
        case "add_member":
            return {**ids, "person": around.newcomer.id}
        case "refuse_device":
            return {**ids, "person": around.newcomer.id}
        case "close_compartment":
            return {**ids, "compartment": around.side}
        case "close_case":
            return {**ids, "case": around.quiet_case}
    return ids


# The table is whole ---------------------------------------------------------------------------------


def test_every_rule_stands_in_the_table_and_every_operation_can_be_asked() -> None:
    assert DONE.keys() == set(Access)
    assert ASK.keys() <= DONE.keys()
    assert all(not ASK[each] & DONE[each] for each in ASK)
    assert all(not DONE[each] & SIGNED_OUT for each in Access if each not in NO_SESSION)
    assert BODIES.keys() == {operation["operationId"] for *_, operation in operations()}
    assert {each.call.__name__ for each in ROUTES} <= BODIES.keys()


def test_the_page_for_people_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), f"run: python -m {authorisation.__name__}"


# The API keeps to it --------------------------------------------------------------------------------


@pytest.mark.parametrize("asker", Asker, ids=lambda asker: asker.name.lower())
async def test_every_operation_answers_as_the_table_says(served: World, asker: Asker) -> None:
    asked = sorted(operations(), key=lambda each: list(BODIES).index(each[2]["operationId"]))
    refused = [each for each in asked if answer_of(each[2], asker) is not Answer.DONE]
    allowed = [each for each in asked if answer_of(each[2], asker) is Answer.DONE]
    served.asker = asker
    before = await everything(served.api.network.database)
    async with asyncio.TaskGroup() as tasks:
        for method, path, operation in refused:
            tasks.create_task(require_refused(served, method, path, operation, asker))
    assert await everything(served.api.network.database) == before
    for method, path, operation in allowed:
        name = operation["operationId"]
        ids = ids_for(name, served.around)
        answered = await served.ask(method, path.format(**ids), await BODIES[name](served, ids), asker)
        assert answered.status < 300, (name, answered.body)


async def require_refused(served: World, method: str, path: str, operation: Mapping[str, Any], asker: Asker) -> None:
    """Ask for something; it must be refused as the table says, and as absent exactly as what is not there."""
    name = operation["operationId"]
    expected = answer_of(operation, asker)
    ids = ids_for(name, served.around)
    absent = {each: uuid4() for each in ids}
    body = await BODIES[name](served, ids)
    answered = await served.ask(method, path.format(**ids), body, asker)
    told = answered.require_problem(STATUSES[expected])
    if expected is Answer.ASK:
        assert "Ask them." in told["detail"], name
    elif expected is Answer.ABSENT:
        nowhere = await served.ask(method, path.format(**absent), await BODIES[name](served, absent), asker)
        assert unmistakable(answered) == unmistakable(nowhere), name


def unmistakable(answered: Answered) -> tuple[int, object, object]:
    """Return all of an answer by which it could be told from another."""
    headers = {name: value for name, value in answered.headers.items() if name not in OF_THE_MOMENT}
    return answered.status, headers, {**answered.json, "incident": ""}


async def test_whoever_has_no_part_lists_nothing(served: World) -> None:
    for asker in set(Asker) - SIGNED_OUT - DONE[Access.PART_IN_CASE] - TOLD:
        for path in ("/api/cases", "/api/reviews", "/api/operations", "/api/alerts?ended=true"):
            answered = await served.ask("GET", path, None, asker)
            assert list(answered.json.values()) == [[]], (asker, path)
        board = (await served.ask("GET", "/api/board", None, asker)).json
        assert board["alerts"] == board["reviews"] == board["channels"] == []


async def test_a_key_that_somebody_else_pressed_is_absent_too(served: World) -> None:
    """A raise says nothing of an alert, whether its key, its compartment or neither is there."""
    ids, told = served.around.ids, []
    for key, compartment in ((ids["alert"], ids["compartment"]), (ids["alert"], uuid4()), (uuid4(), uuid4())):
        answered = await served.ask("PUT", f"/api/alerts/{key}", {"compartment": compartment}, Asker.STRANGER)
        told.append(unmistakable(answered))
    assert told[0][0] == 404
    assert told == [told[0]] * 3


async def everything(database: Database) -> bytes:
    """Return all that could have been changed; that somebody barred asked is written down, and nothing else."""
    async with database.transaction() as tx:
        tables = [
            row["tablename"]
            for row in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        select = "SELECT t::text AS line FROM {table} AS t WHERE t::text NOT LIKE $1 ORDER BY 1"
        barred = "%asked_while_barred%"
        return msgspec.json.encode(
            {table: [row["line"] for row in await tx.rows(select.format(table=table), barred)] for table in tables}
        )
