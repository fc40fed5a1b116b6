"""Open streams never take the last open files: somebody may have to raise an alert."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from server.live.room import room_for


@pytest.fixture(autouse=True)
def limits() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_as_far_as_needed(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    assert room_for(100) == 100
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
    assert room_for(250) == 250
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (500, hard)


def test_where_the_system_gives_less_there_are_fewer_streams(limits: tuple[int, int]) -> None:
    _, hard = limits
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system has no hard limit")
    assert room_for(hard) == hard // 2
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
