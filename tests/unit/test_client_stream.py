"""What a listener makes of a stream, in whatever pieces it comes and however strange it is."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.answers import Change
from client.stream import LARGEST_EVENT, Event, EventReader, Tidings, Told

CASE = UUID(int=7)
WRITTEN = (
    b'event: alive\nid: 12.5f3a9c01\ndata: {"at":"2031-05-14T09:30:00Z"}\n\n'
    b": a comment\n\n"
    b'event: change\r\nid: 13\r\ndata: {"act":"case_opened","object":"case","id":null,"case":"%b","soon":1}\r\n\r\n'
    b"event: access\rid: 14\rdata: {}\r\r"
    b"id: 15\nevent:reset\ndata:{}\n\n"
    b"event: nothing to tell\n\n"
    b'data: {"two":\ndata: "lines"}\nunknown: field\n\n'
    b'event: ended\ndata: {"reason":"too_many"}\n\n'
    b"event: change\ndata: not whole"
) % str(CASE).encode()


def events(pieces: list[bytes]) -> list[Event]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_every_event_is_read_as_it_is_written() -> None:
    found = events([WRITTEN])
    assert [(each.name, each.id) for each in found] == [
        ("alive", "12.5f3a9c01"), ("change", "13"), ("access", "14"), ("reset", "15"), ("message", None),
        ("ended", None),
    ]  # fmt: skip
    assert [each.told() for each in found] == [
        None,
        Told(tidings=Tidings.CHANGE, place="13", change=Change(act="case_opened", object="case", id=None, case=CASE)),
        Told(tidings=Tidings.ACCESS, place="14"),
        Told(tidings=Tidings.RESET, place="15"),
        None,
        None,
    ]
    assert found[4].data == b'{"two":\n"lines"}'
    assert found[5].ended_with("too_many")
    assert not found[5].ended_with("slow")


@given(st.lists(st.integers(min_value=1, max_value=len(WRITTEN))))
def test_it_does_not_matter_where_it_is_cut(cuts: list[int]) -> None:
    ends = sorted({*cuts, len(WRITTEN)})
    pieces = [WRITTEN[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    assert events(pieces) == events([WRITTEN])


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"act":"x"}', b'{"act":1,"object":"case"}', b"\xff"])
def test_a_change_that_cannot_be_read_has_everything_loaded_anew(data: bytes) -> None:
    (event,) = events([b"event: change\nid: 9\ndata: " + data + b"\n\n"])
    assert event.told() == Told(tidings=Tidings.RESET, place="9")
    assert not Event(name="ended", id=None, data=data).ended_with("slow")


@pytest.mark.parametrize("id_", [b"", b"1 2", b"1\x00", b"9" * 101, "٣".encode()])
def test_an_id_that_no_header_could_hold_is_none(id_: bytes) -> None:
    (event,) = events([b"event: access\nid: " + id_ + b"\ndata: {}\n\n"])
    assert event.id is None


def test_an_event_of_endlessly_many_lines_is_not_kept() -> None:
    reader, line = EventReader(), b"data: " + b"x" * 10_000 + b"\n"
    # Each event alone may be as large as any; what never ends may not.
    for _ in range(LARGEST_EVENT // len(line) - 1):
        assert list(reader.feed(line)) == []
    assert [each.name for each in reader.feed(b"\n")] == ["message"]
    many = line * (LARGEST_EVENT // len(line) + 1)
    with pytest.raises(ValueError, match="endless"):
        list(reader.feed(many))


def test_an_endless_event_is_not_kept() -> None:
    reader = EventReader()
    half = b"x" * (LARGEST_EVENT // 2 + 1)
    assert list(reader.feed(half)) == []
    with pytest.raises(ValueError, match="endless"):
        list(reader.feed(half))
