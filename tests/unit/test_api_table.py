"""The route table is whole, and both ends of the wire agree on it."""

from __future__ import annotations

import re

import msgspec
import pytest

from client import answers
from core.errors import LimitReached
from server.api.decoding import ABSENT
from server.api.limits import Buckets, network_of
from server.api.problems import KINDS, OF_HTTP, UNEXPECTED
from server.api.route import Limit
from server.api.routes import ROUTES
from server.api.wire import Nothing
from server.api.wire import alerts as alerts_wire
from server.api.wire import browser as browser_wire
from server.api.wire import cases as cases_wire
from server.api.wire import devices as devices_wire
from server.api.wire import directory as directory_wire
from server.api.wire import matrix as matrix_wire
from server.api.wire import reviews as reviews_wire


def test_every_route_is_one_row_that_says_what_it_is() -> None:
    assert len({(each.method, each.path) for each in ROUTES}) == len(ROUTES)
    for route in ROUTES:
        assert route.path.startswith("/api/")
        assert route.summary
        assert set(re.findall(r"\{(\w+)\}", route.path)) <= ABSENT.keys()
        assert (route.gives is Nothing) == (route.status == 204 or route.live)
        assert issubclass(route.takes, msgspec.Struct)


def test_only_raising_and_accepting_are_without_limit() -> None:
    free = {(each.method, each.path) for each in ROUTES if each.limit is Limit.NEVER}
    assert free == {
        ("PUT", "/api/alerts/{alert}"),
        ("POST", "/api/alerts/{alert}/acknowledgement"),
        ("POST", "/api/desk-calls/{call}/acknowledgement"),
        ("PUT", "/api/device/raises/{raise}"),
    }


def test_a_session_that_has_lapsed_calls_for_help_or_ends_and_does_nothing_else() -> None:
    lapsed = {(each.method, each.path) for each in ROUTES if each.lapsed}
    assert lapsed == {("PUT", "/api/alerts/{alert}"), ("DELETE", "/api/sign-in/sessions/current")}


def test_every_status_is_used_for_one_kind_of_error() -> None:
    assert {kind.status for kind in KINDS.values()} == {400, 401, 404, 409, 429, 503}
    assert {kind.status for kind in OF_HTTP.values()} == {404, 405, 408, 413, 415}
    assert UNEXPECTED.status == 500


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (directory_wire.ChallengeAnswer, answers.Challenge),
        (directory_wire.SessionAnswer, answers.Session),
        (browser_wire.LinkAnswer, answers.SignInLink),
        (directory_wire.PersonAnswer, answers.Person),
        (directory_wire.PeopleAnswer, answers.People),
        (directory_wire.AgencyAnswer, answers.Agency),
        (directory_wire.AgenciesAnswer, answers.Agencies),
        (matrix_wire.ClaimAnswer, answers.DeviceClaim),
        (matrix_wire.ClaimsAnswer, answers.DeviceClaims),
        (matrix_wire.MatrixLinkAnswer, answers.MatrixLink),
        (matrix_wire.MatrixLinksAnswer, answers.MatrixLinks),
        (cases_wire.CompartmentAnswer, answers.Compartment),
        (cases_wire.CaseAnswer, answers.Case),
        (cases_wire.CasesAnswer, answers.Cases),
        (reviews_wire.ReviewAnswer, answers.Review),
        (reviews_wire.ReviewsAnswer, answers.Reviews),
        (alerts_wire.AgencyInAlert, answers.AgencyInAlert),
        (alerts_wire.RecipientAnswer, answers.Recipient),
        (alerts_wire.DeliveryAnswer, answers.Delivery),
        (alerts_wire.RaisedWith, answers.RaisedWith),
        (alerts_wire.AlertAnswer, answers.Alert),
        (alerts_wire.AlertsAnswer, answers.Alerts),
        (devices_wire.DeviceRaiseAnswer, answers.DeviceRaise),
    ],
)
def test_what_is_sent_is_what_is_read(sent: type[msgspec.Struct], read: type[msgspec.Struct]) -> None:
    assert sent.__struct_fields__ == read.__struct_fields__


class Seconds:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_holds_a_minutes_allowance_and_refills_evenly() -> None:
    seconds = Seconds()
    buckets = Buckets(6, now=seconds)
    for _ in range(6):
        buckets.take("ana")
    with pytest.raises(LimitReached, match="Wait 10 seconds"):
        buckets.take("ana")
    buckets.take("boris")
    seconds.now += 9
    assert buckets.empty("ana")
    seconds.now += 1
    buckets.take("ana")
    seconds.now += 3600
    for _ in range(6):
        buckets.take("ana")
    with pytest.raises(LimitReached):
        buckets.require("ana")


def test_the_number_of_buckets_is_bounded_and_the_oldest_goes_first() -> None:
    buckets = Buckets(1, keys=2, now=Seconds())
    for key in ("a", "b", "c"):
        buckets.take(key)
    assert not buckets.empty("a")
    assert buckets.empty("b")
    assert buckets.empty("c")


def test_an_address_stands_for_its_network() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of(None) == network_of("not an address") == ""
