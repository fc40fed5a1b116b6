"""What people are shown of moments that somebody else wrote into a log."""

from __future__ import annotations

import pytest

from streha.vault_names import moment_text


@pytest.mark.parametrize("seconds", [2**53 - 1, 253402300800, 10**12])
def test_a_moment_that_is_no_date_is_told_and_stops_nothing(seconds: int) -> None:
    assert moment_text(seconds) == "a time that is no date"


def test_a_moment_is_told() -> None:
    assert "2027" in moment_text(1_806_000_000)
