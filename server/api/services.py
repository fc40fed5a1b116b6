"""What the HTTP side may use: the use cases of every domain, and nothing below them but readiness."""

from __future__ import annotations

from dataclasses import dataclass

from agencies.absences import Absences
from agencies.browser_sign_in import BrowserSignIn
from agencies.desk_keys import DeskKeys
from agencies.linking import Linking
from agencies.passkey_sign_in import PasskeySignIn
from agencies.passkeys import Passkeys
from agencies.service import Agencies
from agencies.sign_in import SignIn
from agencies.vault.bundles import Bundles
from agencies.vault.invitations import Invitations
from agencies.vault.keeping import KeptNetwork
from alerts.cards.service import Cards
from alerts.devices.service import DeviceRaises
from alerts.drills import Drills
from alerts.duress.own import Sentences
from alerts.incidents.records import Incidents
from alerts.police.emergency_calls import EmergencyCalls
from alerts.rung import Rung
from alerts.service import Alerts
from alerts.telephone.answer_numbers import key_of
from alerts.telephone.hearing import Telephone
from cases.asking import Asking
from cases.service import Cases
from cases.vault.directory import DirectoryLog
from cases.vault.fetching import Fetching
from cases.vault.inquiring import Inquiring
from cases.vault.keeping import KeptCompartments
from cases.vault.service import Vault
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from operations.closing import Closing
from operations.handing_over import HandingOver
from operations.safe_calls.service import SafeCalls
from operations.service import Operations
from operations.timeline import CaseTimeline
from operations.under_way import UnderWay
from safety_plans.clocks.service import CaseClocks, spans_of
from safety_plans.organisations.service import OrganisationReviews
from safety_plans.saving import Saving
from safety_plans.service import Reviews
from server.api.limits import Buckets
from server.board import Board
from server.live.feed import Feed

# So often somebody may answer or ask by telephone; a call for help counts for nothing.
WORDS_PER_MINUTE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The capabilities of one API process."""

    database: Database
    clock: Clock
    settings: Settings
    agencies: Agencies
    sign_in: SignIn
    browser_sign_in: BrowserSignIn
    passkeys: Passkeys
    passkey_sign_in: PasskeySignIn
    linking: Linking
    desk_keys: DeskKeys
    cases: Cases
    asking: Asking
    absences: Absences
    alerts: Alerts
    cards: Cards
    devices: DeviceRaises
    emergency_calls: EmergencyCalls
    incidents: Incidents
    sentences: Sentences
    rung: Rung
    telephone: Telephone
    words_of_numbers: Buckets
    # What the gateway signs with; without it nothing is heard by telephone.
    inward_key: bytes | None
    closing: Closing
    drills: Drills
    reviews: Reviews
    clocks: CaseClocks
    operations: Operations
    handing_over: HandingOver
    safe_calls: SafeCalls
    timeline: CaseTimeline
    under_way: UnderWay
    organisations: OrganisationReviews
    saving: Saving
    board: Board
    feed: Feed
    directory_log: DirectoryLog
    vault: Vault
    fetching: Fetching
    inquiring: Inquiring
    bundles: Bundles
    invitations: Invitations


def services(database: Database, clock: Clock, settings: Settings) -> Services:
    """Return the use cases over one database."""
    agencies, cases = Agencies(database, clock), Cases(database, clock)
    alerts, reviews = Alerts(database, clock), Reviews(database, clock, settings.time_zone)
    rung = Rung(database, clock)
    sign_in = SignIn(database, clock, settings)
    kept = KeptCompartments(KeptNetwork())
    vault = Vault(database, clock, kept)
    return Services(
        database=database,
        clock=clock,
        settings=settings,
        agencies=agencies,
        sign_in=sign_in,
        browser_sign_in=BrowserSignIn(database, clock, settings),
        passkeys=Passkeys(database, clock, settings),
        passkey_sign_in=PasskeySignIn(database, clock, settings),
        linking=Linking(database, clock, settings),
        desk_keys=DeskKeys(database, clock, settings),
        cases=cases,
        asking=Asking(database, clock),
        absences=Absences(database, clock, settings.time_zone),
        alerts=alerts,
        cards=Cards(database, clock),
        devices=DeviceRaises(database, clock),
        emergency_calls=EmergencyCalls(database, clock),
        incidents=Incidents(database, clock),
        sentences=Sentences(database, clock),
        rung=rung,
        telephone=Telephone(database, clock, settings),
        words_of_numbers=Buckets(WORDS_PER_MINUTE),
        inward_key=key_of(settings),
        closing=Closing(database, clock),
        drills=Drills(database, settings.time_zone),
        reviews=reviews,
        organisations=OrganisationReviews(database, clock, settings.time_zone),
        clocks=CaseClocks(database, clock, settings.time_zone, spans_of(settings)),
        operations=Operations(database, clock, settings.time_zone, spans_of(settings)),
        handing_over=HandingOver(database, clock, settings.time_zone),
        safe_calls=SafeCalls(database, clock, settings.time_zone),
        timeline=CaseTimeline(database, clock),
        under_way=UnderWay(database, clock, settings.time_zone),
        saving=Saving(vault, reviews, clock, settings.time_zone),
        board=Board(database, clock, agencies=agencies, cases=cases, alerts=alerts, reviews=reviews, rung=rung),
        feed=Feed(database, clock, sign_in),
        directory_log=DirectoryLog(database, clock, kept.network),
        vault=vault,
        fetching=Fetching(database, clock, kept),
        inquiring=Inquiring(database, clock, kept),
        bundles=Bundles(database, clock),
        invitations=Invitations(database, clock, settings, kept.network),
    )
