"""Marked names go through every route and every command; no log, problem or header may hold one of them."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from typer.main import get_command

from agencies.contacts import Contacts, Means
from agencies.model import Agency, AgencyKind, Person, Role
from alerts.devices.service import Devices
from cases.model import Part
from core import logs
from core.clock import SystemClock
from core.database import Database
from core.settings import Secret, Settings
from crypto import desk_key, signing
from crypto.sentence_seal import KEY_BYTES, SEALED_BYTES
from crypto.vault import invitation
from crypto.vault.invitation import Invitation
from safety_plans.model import Level
from server.api.credentials import DEVICE_PREFIX
from server.api.routes import ROUTES
from server.api.wire import Nothing
from server.api.wire.absences import PutAbsence
from server.api.wire.alerts import EndAlert, ListAlerts, NoteConversation, NoteEmergencyCall, RaiseAlert
from server.api.wire.browser import BrowserSessionRequest
from server.api.wire.cards import PutCard, PutDeskKey
from server.api.wire.cases import NameLeaders, OpenCase, OpenCompartment, SetPart
from server.api.wire.clocks import SetDate, WindClock
from server.api.wire.devices import RaiseByDevice
from server.api.wire.directory import ChallengeRequest, SessionRequest, token_text
from server.api.wire.incidents import AddFact
from server.api.wire.invitations import OpenInvitation, PutInvitation, PutOffer
from server.api.wire.matrix import ClaimDevice, ConfirmDevice, EndLink
from server.api.wire.operations import DecideOperation, ListOperations, NameReceiver, PlanOperation, TellPassage
from server.api.wire.passkeys import AddPasskey, PasskeySignInRequest
from server.api.wire.reviews import NoteEvent, SetLevel
from server.api.wire.safe_calls import PlanSafeCall, TellHeard
from server.api.wire.sentences import SealedSentences
from server.api.wire.stream import FollowStream
from server.api.wire.telephone import HearTelephone
from server.api.wire.timeline import ListTimeline
from server.api.wire.vault_acts import ActsQuery
from server.api.wire.vault_contents import GrantQuery, HistoryQuery, PutExport, PutHistory, VersionsQuery
from server.api.wire.vault_keys import PutBundle
from server.api.wire.vault_logs import DirectoryQuery, LogsQuery, PutEntry, PutMemberEntry, PutRecordEntry
from streha.cli import application
from streha.processes import exposition
from tests.askers import safe_call_of, way_of
from tests.carried import KEY, carry
from tests.clock import MovableClock
from tests.commands import streha
from tests.court_calendars import calendar, entry
from tests.passphrases import OWN, with_passphrases
from tests.scraped import unknown_labels
from tests.served import Answered, ServedApi

pytest_plugins = ("tests.fixtures_api",)

MARK = "kanarinac"
# Marked as well: it is searched for like a secret.
NUMBER = "+381698877665"
# Stands in an emergency card.
CARD_MARK = "tajnarec"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Collect every log line that this process writes, libraries' included, at the finest level."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure("debug", stream)
    root.setLevel(logging.DEBUG)
    yield stream
    logs.configure("info")
    root.handlers[:], root.level = before[0], before[1]


class Marked:
    """Two agencies and their people, all of whose names are marked, and one case with a marked codename."""

    agency: Agency
    other_agency: Agency
    leader: Person
    member: Person
    officer: Person
    leaver: Person
    desk_id: UUID
    ids: dict[str, UUID]

    async def fill(self, api: ServedApi) -> None:
        network = api.network
        self.agency, self.other_agency = [
            await network.agencies.add_agency(
                name=f"{MARK.title()} agency {number}", kind=AgencyKind.NGO, country="RS", language="en"
            )
            for number in (1, 2)
        ]
        self.leader, self.member, self.officer, self.leaver = [
            await self._person(api, name, agency)
            for name, agency in (
                ("leader", self.agency), ("member", self.agency),
                ("officer", self.other_agency), ("leaver", self.other_agency),
            )
        ]  # fmt: skip
        desk_id = await network.agencies.open_desk(self.other_agency.id, always_staffed=True)
        await network.agencies.seat(desk_id, self.officer.id)
        self.desk_id = desk_id
        await self.fresh_case(api)

    async def fresh_case(self, api: ServedApi) -> None:
        """Open a case, since some routes end what others need."""
        services = api.services
        case = await services.cases.open(
            self.leader,
            agencies={self.other_agency.id: Part.RESPONDER},
            deputy_id=self.member.id,
        )
        review = await services.reviews.set_level(self.leader, case.id, Level.HIGH)
        codename = f"{MARK}-{uuid4()}"
        async with api.network.database.transaction() as tx:
            await tx.run("UPDATE cases SET codename = $2 WHERE id = $1", case.id, codename)
            await tx.run("UPDATE compartments SET codename = $2 WHERE case_id = $1", case.id, codename)
        circle = await services.cases.open_compartment(self.leader, case.id, [])
        alert = await services.alerts.raise_(self.leader, circle.id, uuid4())
        self.ids = {
            "case": case.id,
            "compartment": circle.id,
            "alert": alert.alert.id,
            "review": review.review.id,
            "person": self.member.id,
            "agency": self.other_agency.id,
            "raise": uuid4(),
            "desk": self.desk_id,
            "ring": uuid4(),
            "call": uuid4(),
            "passkey": uuid4(),
            "version": uuid4(),
            "bundle": uuid4(),
            "invitation": uuid4(),
            "operation": uuid4(),
            "safe_call": uuid4(),
        }
        self.codename = codename

    async def device(self, api: ServedApi) -> str:
        """Add a device of a marked label that can only raise; return what it shows."""
        devices = Devices(api.network.database, api.network.clock)
        _, token = await devices.add(MARK, self.other_agency.id, str(self.ids["case"]))
        return DEVICE_PREFIX + token_text(token)

    async def _person(self, api: ServedApi, name: str, agency: Agency) -> Person:
        seed = signing.new_seed()
        person = await api.network.agencies.add_person(
            agency_id=agency.id,
            name=f"{MARK.title()} {name}",
            role=Role.PRACTITIONER,
            matrix_user=f"@{MARK}-{name}:streha.test",
            signing_key=signing.public_key(seed),
        )
        api.network.seeds[person.id] = seed
        return person


async def test_no_route_lets_a_marked_name_out(api: ServedApi, log: io.StringIO, settings: Settings) -> None:
    marked = Marked()
    await marked.fill(api)
    person, token = await api.token(marked.leader), ""
    officer = await api.token(marked.officer)
    device = await marked.device(api)
    headers = {
        "Origin": api.url,
        "User-Agent": MARK,
        "Accept-Language": MARK,
        "X-Request-Id": MARK,
        "Referer": f"http://{MARK}/",
    }
    answers: list[Answered] = []

    async def ask(method: str, path: str, body: object, **more: Any) -> None:
        answers.append(await api.ask(method, path, body, headers=headers, **more))

    for route in ROUTES:
        await marked.fresh_case(api)
        path = route.path.format(**marked.ids)
        token = device if route.by_device else person
        if path.endswith("/current"):
            await ask(route.method, path, None, token=await api.token(marked.member))
        else:
            # Rightly; then with marks in every place where there could be one.
            await ask(route.method, path, right_body(route.takes, marked), token=token)
            await ask(route.method, path, right_body(route.takes, marked), token=officer)
            await ask(route.method, path, {MARK: MARK}, token=token)
            await ask(route.method, path, MARK, token=token)
            await ask(route.method, f"{path}?{MARK}={MARK}", None, token=token)
            await ask(route.method, path, None, token=MARK)
        for body in wrong_bodies(route.takes):
            await ask(route.method, path, body, token=token)
        if "{" in route.path:
            await ask(route.method, route.path.format(**dict.fromkeys(marked.ids, MARK)), None, token=token)
    await ask("GET", f"/api/{MARK}", None)
    await ask("PATCH", f"/api/cases/{MARK}", None)
    await ask(MARK.upper(), "/api/cases", None)
    async with api.network.database.transaction() as tx:
        await tx.run("ALTER TABLE risk_levels RENAME TO kept")
    await ask("PUT", f"/api/cases/{marked.ids['case']}/level", {"level": "low"}, token=person)
    problem = answers[-1].require_problem(500)
    assert problem["title"] == "Fault in Streha"

    statuses = {each.status for each in answers}
    assert statuses >= {200, 201, 204, 400, 401, 404, 405, 409, 500}
    for each in answers:
        assert MARK not in str(each.headers).lower()
        if each.status >= 400:
            assert MARK.encode() not in each.body.lower(), each
    written = log.getvalue()
    # One of them was not even HTTP. A stream is logged when it is over, which some of them are by now.
    streams = sum(each.headers["Content-Type"].startswith("text/event-stream") for each in answers if each.body)
    logged = [line for line in written.splitlines() if '"event": "request"' in line]
    over = sum('"/api/stream"' in line and '"status": 200' in line for line in logged)
    assert len(logged) - over == len(answers) - streams - 1
    assert problem["incident"] in written
    secrets = {
        person,
        device.removeprefix(DEVICE_PREFIX),
        officer,
        password_of(settings),
        *(base64.b64encode(each).decode() for each in api.network.seeds.values()),
        *(each.json["code"] for each in answers if each.status == 201 and "code" in each.json),
    }
    assert len(secrets) > len(api.network.seeds) + 3
    require_clean(written, secrets)
    await require_clean_metrics(api, secrets)


async def test_no_command_lets_a_marked_name_out(
    api: ServedApi, clock: MovableClock, log: io.StringIO, settings: Settings, tmp_path: Path
) -> None:
    marked = Marked()
    await marked.fill(api)
    lasting = marked.codename
    await marked.fresh_case(api)
    operator = {
        "STREHA_DATABASE_URL": settings.database_url.reveal(),
        "STREHA_NETWORK": settings.network,
        "STREHA_PUBLIC_ORIGIN": api.url,
        "STREHA_MATRIX_PASSWORD": f"{MARK}-secret",
    }
    leader, officer = api.key_path(marked.leader), api.key_path(marked.officer)
    case, agency, other = marked.codename, marked.agency.name, marked.other_agency.name
    person = marked.member.matrix_user
    # A device is signed for by the clock of the person's machine.
    clock.set(SystemClock().now())
    session_key = base64.b64encode(bytes(range(32))).decode()
    soon = [(clock.now() + timedelta(hours=each)).strftime("%Y-%m-%d %H:%M") for each in (24, 36)]
    roster = tmp_path / "roster.csv"
    roster.write_text(f"person,begins,ends\n{marked.leader.name},{soon[0]},{soon[1]}\n{MARK} nobody,{MARK},{soon[1]}\n")
    # A marked word stands in the card, and nowhere else: nobody is told it but who opens the card.
    card, desk_file = tmp_path / "card.txt", tmp_path / "desk.key"
    card.write_text(f"who: {CARD_MARK}\nring: {CARD_MARK} {NUMBER}\nrules: {CARD_MARK}\n")
    made = await streha("card", "key", desk_file, "--key", officer)
    assert made.code == 0, made
    personal: list[tuple[object, ...]] = [
        ("case", "open", "--agency", f"{other}=informed"),
        ("case", "list"),
        ("case", "show", case),
        ("case", "timeline", case),
        ("case", "show", f"{MARK}-none"),
        ("case", "keys", case, "--now"),
        ("case", "part", case, other, "responder"),
        ("case", "member", "remove", case, marked.officer.name),
        ("case", "member", "add", case, marked.officer.name),
        ("case", "compartment", "open", case, "--member", person),
        ("case", "compartment", "close", marked.ids["compartment"], "--yes"),
        ("case", "leaders", case, "--coordinator", marked.leader.name, "--deputy", person),
        ("review", "level", case, "very_high"),
        ("review", "list"),
        ("review", "done", case),
        ("away", "from", "2031-05-14", "2031-05-20"),
        ("away", "from", "2031-05-14", "2031-05-20", "--person", marked.officer.name),
        ("away", "end"),
        ("away", "show"),
        ("review", "organisation"),
        ("review", "organisation", "--done"),
        ("clock", "done", case, "custody", "--owner", marked.officer.name),
        ("clock", "date", case, "2031-05-14T09:30:00Z"),
        ("clock", "date", case, "2031-05-14T09:30:00Z", "--off"),
        ("clock", "list", case),
        ("clock", "end", case, "custody"),
        (
            "operation",
            "plan",
            case,
            "court_testimony",
            "--begins",
            "2031-05-14T09:30:00Z",
            "--confirm",
            marked.leader.name,
            "--confirm",
            marked.member.name,
            "--buddy",
            marked.officer.name,
        ),
        (
            "operation",
            "plan",
            case,
            "court_testimony",
            "--begins",
            "2031-05-14T09:30:00Z",
            "--confirm",
            MARK,
            "--buddy",
            MARK,
        ),
        ("operation", "list"),
        *(
            ("operation", each, f"{MARK}-none")
            for each in ("show", "ready", "approve", "go", "ok", "divert", "abort", "postpone", "close", "received")
        ),
        (
            "safe-call",
            "plan",
            case,
            "--by",
            "2031-05-14T18:00:00Z",
            "--listen",
            marked.leader.name,
            "--listen",
            marked.member.name,
            "--buddy",
            marked.officer.name,
        ),
        (
            "operation",
            "drill",
            case,
            "--confirm",
            marked.leader.name,
            "--confirm",
            marked.member.name,
            "--buddy",
            marked.officer.name,
        ),
        ("operation", "drilled", f"{MARK}-none"),
        ("safe-call", "list"),
        ("safe-call", "heard", f"{MARK}-none"),
        ("safe-call", "off", f"{MARK}-none"),
        ("operation", "refused", f"{MARK}-none", "no_place"),
        ("operation", "receiver", f"{MARK}-none", MARK),
        ("operation", "delayed", f"{MARK}-none", "20"),
        ("operation", "dark", f"{MARK}-none", "60"),
        ("card", "list"),
        ("card", "put", case, "--file", card),
        ("card", "put", case, "--file", card, "--yes"),
        ("card", "trust", other, MARK),
        ("card", "show", case, "--desk-key", desk_file),
        ("card", "key", tmp_path / "own.key", "--desk", other),
        ("alert", "raise", case, "--once"),
        ("alert", "list", "--ended"),
        ("alert", "show", case),
        ("alert", "spoke", case, marked.officer.name),
        ("alert", "police", case, marked.officer.name),
        ("alert", "police", case, MARK),
        ("incident", "add", case, "immediate", "data_may_have_leaked"),
        ("incident", "show", case),
        ("review", "event", case, "2h"),
        ("case", "exclude", case, person, "--yes"),
        ("alert", "stand-down", case, "--reason", "safe"),
        ("case", "close", case, "--yes"),
        ("matrix", "link", "--device", MARK, "--session-key", session_key),
        ("matrix", "list"),
        ("matrix", "pending"),
        ("matrix", "confirm", marked.leader.name, "--code", session_key[:16]),
        ("matrix", "refuse", person),
        ("matrix", "end", "--reason", "reset"),
        ("sentences", "show"),
        ("sentences", "clear", "--yes"),
        ("sentences", "set"),
        ("console",),
    ]
    contacts = Contacts(api.network.database, clock)
    contact = await contacts.add(marked.leader.id, Means.TEXT, NUMBER, of_desk=False)
    operators: list[tuple[object, ...]] = [
        ("check-config",),
        ("migrate",),
        ("agency", "add", f"{MARK} agency 3", "--kind", "ngo", "--country", "RS"),
        ("agency", "add", f"{MARK} agency 3", "--kind", "ngo", "--country", "RS"),
        ("agency", "list"),
        ("agency", "desk", agency, "--seat", marked.leader.name, "--covered-by", other),
        ("duty", "hours", agency, "mon-fri 08:00-20:00"),
        ("duty", "hours", agency, f"mon {MARK}"),
        ("duty", "add", agency, marked.leader.name, *soon),
        ("duty", "rotate", agency, marked.leader.name, "--begins", soon[0], "--length", "12h", "--count", 2),
        ("duty", "import", agency, roster),
        ("duty", "list", agency),
        ("duty", "gaps"),
        ("duty", "now"),
        ("duty", "remove", agency, "--all", "--yes"),
        ("person", "add", f"{MARK} new", "--agency", agency, "--matrix", f"@{MARK}-new:x.test", "--key-file",
         tmp_path / "new.key"),
        ("person", "add", f"{MARK} new", "--agency", agency, "--matrix", f"{MARK}", "--key-file", tmp_path / "b.key"),
        ("person", "list"),
        ("person", "unlink", marked.leaver.name, "--reason", "compromised", "--yes"),
        ("person", "leave", marked.leaver.name, "--yes"),
        ("network", "install", roster),
        ("network", "install", tmp_path / MARK),
        ("instrument", "list"),
        ("instrument", "show", MARK),
        ("instrument", "check", roster),
        ("operation", "brief", "court_testimony", "--out", tmp_path / "brief.txt"),
        ("assess", "template", "victim", "--out", tmp_path / "risk.json"),
        ("assess", "check", roster),
        ("assess", "answers", roster, roster),
        ("taskforce", "check", roster),
        ("plan", "template", MARK, "--out", tmp_path / "plan.json"),
        ("plan", "schema", MARK),
        ("plan", "check", roster),
        ("plan", "measures", roster, roster, "--out", tmp_path / "plan.json"),
        ("plan", "print", roster, "--out", tmp_path / "plan.html"),
        ("alert", "drills"),
        ("rooms", "list"),
        ("rooms", "invite", marked.leader.name),
        ("rooms", "renew", "--case", "no-such-case", "--yes"),
        ("contact", "add", "email", f"{MARK}@example.org", "--person", marked.leader.name),
        ("contact", "add", "email", f"{MARK}@example.org", "--person", marked.leader.name),
        ("contact", "add", "voice", NUMBER, "--desk", other),
        ("contact", "add", "text", MARK, "--desk", agency),
        ("contact", "list"),
        ("contact", "test", contact),
        ("contact", "test", MARK),
        ("contact", "remove", MARK, "--yes"),
        ("contact", "new-key"),
        ("device", "add", "door-2", "--agency", agency, "--case", lasting, "--file", tmp_path / "door-2.device"),
        ("device", "add", MARK, "--person", marked.leader.name, "--case", lasting, "--file", tmp_path / "d.device"),
        ("device", "add", f"{MARK} door", "--agency", agency, "--case", lasting, "--file", tmp_path / "e.device"),
        ("device", "list"),
        ("device", "remove", MARK, "--yes"),
        ("raise", "--device-token-file", tmp_path / "d.device"),
        ("ledger", "verify"),
        ("ledger", "list"),
        ("network", "install", tmp_path / "network.genesis"),
        ("doctor",),
        ("resume", "--yes"),
        ("identity", "show"),
        ("identity", "seed-offline"),
        ("identity", "check-seed", "master"),
        ("identity", "sign-device"),
        ("identity", "restore"),
        ("identity", "replace", "--yes"),
        ("identity", "sign-out", "DEVICE", "--yes"),
    ]  # fmt: skip
    told = ""
    for arguments in personal:
        ran = await streha(*arguments, "--key", leader)
        assert ran.code in (0, 1), (arguments, ran)
        told += ran.out + ran.err
        if arguments[:2] == ("alert", "show"):
            accepted = await streha("alert", "ack", case, "--key", officer)
            assert accepted.code == 0
            told += accepted.out + accepted.err
            shown = await streha("card", "show", case, "--desk-key", desk_file, "--key", officer)
            assert (shown.code, shown.out.count(CARD_MARK)) == (0, 3), shown
    for arguments in operators:
        ran = await streha(*arguments, environment=operator)
        assert ran.code in (0, 1, 2), (arguments, ran)
        told += ran.out + ran.err
    # Nothing answers there: what was to leave is put off, and told of.
    nowhere = replace(
        settings, gateway_url=f"http://127.0.0.1:9/{MARK}", gateway_key=Secret(KEY), smtp_host="127.0.0.1", smtp_port=9,
        mail_sender=f"{MARK}@example.org",
    )  # fmt: skip
    clock.set(SystemClock().now())
    await carry(api.network.database, clock, nowhere)
    assert "carrying_put_off" in log.getvalue()
    # It goes on until whoever watches is signed in no more; this one has left.
    watched = await streha("watch", "--key", api.key_path(marked.leaver))
    assert watched.code == 1
    told += watched.out + watched.err
    # Keys and passphrases: of somebody who has no more part in anything.
    own, offer = api.key_path(marked.member), tmp_path / "own.offer"
    listed = tmp_path / "agencies.json"
    listed.write_bytes((await streha("agency", "list", "--json", environment=operator)).out.encode())
    locked: list[tuple[object, ...]] = [
        ("keys", "seal", "--key", own),
        ("keys", "show", "--key", own),
        ("keys", "upload", "--key", own),
        ("keys", "devices", "--key", own),
        ("keys", "lost", uuid4(), "--yes", "--key", own),
        ("keys", "passphrase", "--key", own),
        ("keys", "new", tmp_path / "fresh.key", "--api", api.url, "--network", settings.network),
        ("keys", "offer", offer, "--name", f"{MARK} founder", "--agency", marked.agency.id, "--matrix",
         f"@{MARK}-founder:x.test", "--key", own),
        ("network", "init", tmp_path / "network.genesis", "--name", f"{MARK} network", "--agencies", listed,
         "--offer", offer, "--page", tmp_path / "network.html", "--yes", "--key", own),
        ("keys", "trust", "00" * 32, "--key", own),
        ("attest", "list", "--key", own),
        ("attest", "offer", offer, "--code", MARK, "--yes", "--key", own),
        ("attest", "identity", MARK, "--code", MARK, "--yes", "--key", own),
        ("attest", "approve", MARK, "--yes", "--key", own),
        ("attest", "withdraw", MARK, "--yes", "--key", own),
        ("attest", "revoke", marked.member.id, "--yes", "--key", own),
        ("attest", "suspend", marked.other_agency.id, "--yes", "--key", own),
        ("attest", "waiting", "--key", own),
        ("attest", "person", MARK, "--key", own),
        ("attest", "dismiss", MARK, "--key", own),
        ("attest", "join-agency", marked.agency.name, "--key", own),
        ("invite", f"{MARK} newcomer", "--key", own),
        ("join", tmp_path / "joining.key", "--paper", paper_of(api.url, tmp_path), "--name", MARK, "--matrix", MARK),
        ("unlock", "--key", own),
        *in_the_vault(marked, own, tmp_path),
        ("lock",),
    ]  # fmt: skip
    for arguments in locked:
        ran = await with_passphrases((OWN, OWN), *arguments)
        assert ran.code in (0, 1, 2), (arguments, ran)
        assert OWN not in ran.out + ran.err
        told += ran.out + ran.err
    everything = [*personal, *operators, *locked, ("alert", "ack"), ("watch",)]
    commands = leaves(get_command(application()))
    assert commands - {("run",), ("demo",)} == {
        path for each in everything for path in (each[:1], each[:2], each[:3]) if path in commands
    }

    require_clean(log.getvalue(), {password_of(settings), NUMBER, CARD_MARK, OWN})
    assert CARD_MARK not in told
    stored = await all_rows(api.network.database)
    assert MARK in stored
    assert not [each for each in (CARD_MARK, CARD_MARK.encode().hex()) if each in stored]
    await require_clean_metrics(api, {password_of(settings), NUMBER})
    # A person reads names there, and never a secret.
    secrets = [password_of(settings), f"{MARK}-secret", signing_seed(leader), signing_seed(tmp_path / "new.key")]
    secrets += [raising_token(tmp_path / name) for name in ("door-2.device", "d.device")]
    assert not [each for each in secrets if each in told]


def paper_of(address: str, folder: Path) -> Path:
    """Return the file of an invitation that nobody has made, for an address."""
    path = folder / "invitation.txt"
    path.write_text(
        invitation.text(
            Invitation(
                role="practitioner",
                genesis=bytes(32),
                head=bytes(32),
                token=MARK.encode().ljust(16)[:16],
                address=address,
            )
        )
    )
    return path


def right_body(takes: type, marked: Marked) -> object:
    key = desk_key.public_key(bytes(range(32)))
    bodies: dict[type, object] = {
        PutDeskKey: {"key": key, "signed_at": "2031-05-14T09:30:00Z", "signature": bytes(64)},
        PutCard: {"number": 1, "sealed": [{"desk": marked.desk_id, "sealed": bytes(3402)}]},
        Nothing: None,
        ListAlerts: None,
        ListOperations: None,
        ListTimeline: None,
        FollowStream: None,
        ChallengeRequest: {"person": marked.leader.id},
        SessionRequest: {"person": marked.leader.id, "nonce": bytes(32), "signature": bytes(64)},
        BrowserSessionRequest: {"code": "A" * 43},
        PasskeySignInRequest: {
            "credential": bytes(32),
            "client_data": MARK.encode(),
            "authenticator_data": bytes(37),
            "signature": bytes(70),
            "handle": bytes(32),
        },
        AddPasskey: {"client_data": MARK.encode(), "attestation": MARK.encode()},
        OpenCase: {"agencies": {marked.other_agency.id: "responder"}},
        NameLeaders: {"coordinator": marked.leader.id, "deputy": marked.member.id},
        SetPart: {"part": "responder"},
        WindClock: {"kind": "contact"},
        PlanOperation: way_of(marked.leader, marked.officer, marked.leader, marked.member),
        DecideOperation: {"decision": "go", "despite": "summoned"},
        TellPassage: {"key": uuid4(), "word": "dark", "minutes": 60},
        PlanSafeCall: safe_call_of(marked.officer, marked.leader, marked.member),
        TellHeard: {},
        NameReceiver: {"receiver": marked.member.id},
        PutAbsence: {"first": "2031-05-14", "last": "2031-05-20"},
        SetDate: {"at": "2031-05-14T09:30:00Z"},
        OpenCompartment: {"members": [marked.member.id]},
        ClaimDevice: {
            "device": MARK,
            "key": bytes(32),
            "signed_at": "2031-05-14T09:30:00Z",
            "signature": bytes(64),
        },
        ConfirmDevice: {"code": MARK},
        EndLink: {"reason": "reset"},
        SetLevel: {"level": "low"},
        RaiseByDevice: {"status": "Exercise"},
        RaiseAlert: {"compartment": marked.ids["compartment"]},
        EndAlert: {"reason": "safe"},
        HearTelephone: {"from": NUMBER, "means": "text", "text": MARK, "received": "2031-05-14T09:30:00Z"},
        NoteConversation: {"person": marked.officer.id},
        NoteEmergencyCall: {"called": True},
        AddFact: {"section": "immediate", "fact": "data_may_have_leaked"},
        NoteEvent: {"within": "24h"},
        SealedSentences: {"public_key": bytes(KEY_BYTES), "sealed": bytes(SEALED_BYTES)},
        DirectoryQuery: None,
        LogsQuery: None,
        ActsQuery: None,
        GrantQuery: None,
        HistoryQuery: None,
        VersionsQuery: None,
        PutEntry: {"entry": MARK.encode()},
        PutMemberEntry: {"entry": MARK.encode(), "grants": [], "wraps": []},
        PutRecordEntry: {"entry": MARK.encode(), "content": MARK.encode(), "wrap": bytes(81)},
        PutHistory: {"member": marked.member.id, "statement": MARK.encode()},
        PutExport: {"versions": [uuid4()]},
        PutInvitation: {"token_hash": bytes(32), "name": MARK},
        OpenInvitation: {"token": bytes(16)},
        PutOffer: {"token": bytes(16), "offer": MARK.encode()},
        PutBundle: {"kind": 1, "bundle": b"\x01\x01" + MARK.encode().ljust(128)},
    }
    return bodies[takes]


def wrong_bodies(takes: Any) -> list[object]:
    """Return a body for every field of a request, with a mark in that field."""
    return [{name: value} for name in takes.__struct_fields__ for value in (MARK, [MARK], {MARK: MARK})]


def in_the_vault(marked: Marked, own: object, folder: Path) -> list[tuple[object, ...]]:
    """Return every command of compartments and records, with marked texts and people."""
    text, where, key = folder / "marked.txt", marked.codename, ("--key", own)
    text.write_text(f"{CARD_MARK} {MARK}")
    court = folder / "marked.ics"
    hearing = entry(
        f"{CARD_MARK}-{MARK}", f"SUMMARY:{CARD_MARK}", f"LOCATION:{CARD_MARK}", at="DTSTART:20310514T073000Z"
    )
    court.write_bytes(calendar(hearing, entry(CARD_MARK, at=f"DTSTART:{CARD_MARK}")))
    goes = ("--confirm", marked.member.name, "--confirm", marked.officer.name, "--buddy", marked.leader.name)
    person, record = marked.member.id, uuid4()
    return [
        ("compartment", "open", where, "--yes", *key),
        ("compartment", "show", where, *key),
        *(
            ("compartment", verb, where, person, *key)
            for verb in ("add", "propose", "approve", "withdraw", "remove", "readmit", "succeed")
        ),
        ("compartment", "add-to", person, where, "--yes", *key),
        ("compartment", "exclude", where, person, "--reason-file", text, *key),
        ("compartment", "lead", where, person, person, *key),
        ("compartment", "keys", where, *key),
        ("compartment", "keep", where, "2081-05-14", "--yes", *key),
        ("compartment", "hold", where, *key),
        ("compartment", "release", where, *key),
        ("compartment", "release", where, "--approve", "--yes", *key),
        ("compartment", "close", where, "--yes", *key),
        ("compartment", "forget", where, "--yes", *key),
        ("taskforce", "pack", "--month", MARK, *key),
        ("taskforce", "pack", "--out", folder / "pack.html", *key),
        ("known", where, *key),
        ("known", where, "--out", folder / "known.streha", "--reason-file", text, *key),
        ("record", "put", where, "--file", text, *key),
        ("record", "list", where, *key),
        ("operation", "import", where, court, *goes, *key),
        ("operation", "import", where, court, "--entry", "1", *goes, *key),
        ("operation", "places", where, *key),
        (
            "operation", "plan", where, "court_other", "--begins", "2031-05-14T09:00:00Z", *goes, "--places", where,
            "--place-file", text, *key,
        ),
        *(("record", verb, where, record, *key) for verb in ("get", "history", "diff")),
        ("record", "share", where, record, person, *key),
        ("record", "export", where, record, "--out", folder / "export.streha", "--reason-file", text, *key),
        ("assess", "put", where, text, *key),
        ("assess", "show", where, "victim", *key),
        ("assess", "countersign", where, "victim", "--yes", *key),
        ("taskforce", "template", where, "--out", folder / "meeting.json", *key),
        ("taskforce", "decide", where, text, *key),
        ("taskforce", "decisions", where, *key),
        ("plan", "put", where, text, *key),
        ("plan", "get", where, "victim", *key),
        ("plan", "due", where, *key),
        ("record", "erase", where, record, "--yes", *key),
        ("record", "verify", text, "--network", "00" * 32),
    ]  # fmt: skip


def leaves(command: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    commands = getattr(command, "commands", None)
    if commands is None:
        return {path}
    return {leaf for name, each in commands.items() for leaf in leaves(each, (*path, name))}


async def all_rows(database: Database) -> str:
    """Return all that is stored, as PostgreSQL writes it: bytes in hexadecimal."""
    async with database.transaction() as tx:
        tables = [
            row["tablename"] for row in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        rows = [row["line"] for each in tables for row in await tx.rows(f"SELECT t::text AS line FROM {each} AS t")]  # noqa: S608 (own tables)
    return "\n".join(rows).lower()


def password_of(settings: Settings) -> str:
    return settings.database_url.reveal().partition("://")[2].partition("@")[0].partition(":")[2]


def signing_seed(path: Path) -> str:
    seed: str = msgspec.json.decode(path.read_bytes())["signing_seed"]
    return seed


def raising_token(path: Path) -> str:
    token: str = msgspec.json.decode(path.read_bytes())["raising_token"]
    return token


def require_clean(written: str, secrets: set[str]) -> None:
    assert written
    for line in written.splitlines():
        assert MARK not in line.lower(), line
        assert not [each for each in secrets if each in line], line
        msgspec.json.decode(line)


async def require_clean_metrics(api: ServedApi, secrets: set[str]) -> None:
    """Ask for the metrics as they are after all that: no mark, no secret, no id, no label that is on no list."""
    told = exposition(api.network.clock)
    told.reads(api.network.database)
    text = (await told.text()).decode()
    assert "streha_http_requests_total{" in text
    assert MARK not in text.lower()
    assert not [each for each in secrets if each in text]
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)
    assert list(unknown_labels()) == []
