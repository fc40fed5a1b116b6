"""Tokens of places: the same however a place is written, another on another day or with another secret."""

from __future__ import annotations

from datetime import date

import pytest

from crypto.place_token import SECRET_BYTES, named, token

DAY = date(2031, 5, 14)
SECRET = bytes(range(SECRET_BYTES))


@pytest.mark.parametrize(
    "written",
    [
        "Ulica Đorđa Primera 17, Šumograd",
        "ul. djordja primera 17   šumograd",
        "ŠUMOGRAD, Đorđa Primera br. 17",
        "улица Ђорђа Примера 17, Шумоград",
        "Djordja Primera 17 Sumograd",
    ],
)
def test_one_place_has_one_name_however_it_is_written(written: str) -> None:
    assert named(written) == named("Đorđa Primera 17, Šumograd") == "17 djordja primera sumograd"


def test_other_places_have_other_names() -> None:
    assert len({named(each) for each in ("Lipova 1, Šumograd", "Lipova 11, Šumograd", "Lipova 1, Novigrad")}) == 3
    assert named("ul. br.") == named(" ,.-") == ""


def test_place_day_and_secret_make_the_token() -> None:
    mine = token(SECRET, "Lipova 1, Šumograd", DAY)
    assert mine == token(SECRET, "Липова 1 Шумоград", DAY)
    others = {
        token(SECRET, "Lipova 1, Šumograd", date(2031, 5, 15)),
        token(SECRET, "Lipova 2, Šumograd", DAY),
        token(bytes(SECRET_BYTES), "Lipova 1, Šumograd", DAY),
    }
    assert len(others | {mine}) == 4
    with pytest.raises(ValueError, match="32 bytes"):
        token(b"short", "Lipova 1", DAY)
