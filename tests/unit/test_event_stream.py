"""How events are written: one frame each, made once, chunked or not."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.api.event_stream import _written, frame
from server.api.wire.stream import EVENTS
from server.live.acts import Object
from server.live.events import AccessChanged, Alive, Changed, Ended, Ending, Event, Packet, Reset
from server.live.place import Place

ALERT, CASE = UUID(int=1), UUID(int=2)
AT = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
RAISED = f'{{"act":"alert_raised","object":"alert","id":"{ALERT}","case":"{CASE}"}}'
FRAMES: list[tuple[Event, str]] = [
    (
        Changed(Place(13, "5f3a9c01"), "alert_raised", Object.ALERT, ALERT, CASE),
        f"event: change\nid: 13.5f3a9c01\ndata: {RAISED}\n\n",
    ),
    (
        Changed(Place(14, "00000000"), "duty_taken", Object.DUTY, None, None),
        'event: change\nid: 14.00000000\ndata: {"act":"duty_taken","object":"duty","id":null,"case":null}\n\n',
    ),
    (AccessChanged(Place(15, "5f3a9c02")), "event: access\nid: 15.5f3a9c02\ndata: {}\n\n"),
    (Reset(Place(16, "5f3a9c03")), "event: reset\nid: 16.5f3a9c03\ndata: {}\n\n"),
    (Alive(AT, Place(17, "5f3a9c04")), 'event: alive\nid: 17.5f3a9c04\ndata: {"at":"2031-05-14T09:30:00Z"}\n\n'),
    (Alive(AT, None), 'event: alive\ndata: {"at":"2031-05-14T09:30:00Z"}\n\n'),
    (Ended(Ending.SLOW), 'event: ended\ndata: {"reason":"slow"}\n\n'),
]


@pytest.mark.parametrize(("event", "written"), FRAMES)
def test_every_event_has_its_frame(event: Event, written: str) -> None:
    assert frame(event).decode() == written
    assert written.partition("event: ")[2].partition("\n")[0] in EVENTS


def test_every_event_that_is_described_is_written() -> None:
    assert {written.partition("event: ")[2].partition("\n")[0] for _, written in FRAMES} == EVENTS.keys()


def test_a_packet_is_written_once_for_all_its_readers() -> None:
    packet = Packet([event for event, _ in FRAMES])
    plain = _written(packet, chunked=False)
    assert plain.decode() == "".join(written for _, written in FRAMES)
    chunked = _written(packet, chunked=True)
    assert chunked == f"{len(plain):x}\r\n".encode() + plain + b"\r\n"
    assert _written(packet, chunked=True) is chunked
    assert _written(packet, chunked=False) is plain


def test_a_reader_that_is_ahead_gets_only_what_is_new_to_it() -> None:
    packet = Packet(
        [Changed(Place(number, "5f3a9c01"), "level_set", Object.REVIEW, None, CASE) for number in (3, 4, 5)]
    )
    assert packet.after(2) is packet
    rest = packet.after(4)
    assert rest is not None
    assert rest.events == packet.events[2:]
    assert packet.after(5) is None
    # What is no news is for everybody.
    assert Packet([Reset(Place(1))]).after(5) is not None
    assert Packet([Alive(AT, Place(1))]).after(5) is not None
