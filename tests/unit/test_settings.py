"""Settings: every name known, every value of its type, secrets from files and never shown."""

from __future__ import annotations

import traceback
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.settings import PERSONAL, PREFIX, Secret, Settings, load

URL = "postgresql://streha:Zlatokrila@127.0.0.1/streha"
LEAST = {"STREHA_DATABASE_URL": URL}


def test_one_setting_is_enough() -> None:
    settings = load({**LEAST, "PATH": "/bin", "HOME": "/"})
    assert settings.database_url.reveal() == URL
    assert settings == Settings(database_url=Secret(URL))


def test_every_setting_has_its_variable(tmp_path: Path) -> None:
    of_type = {"int": "7", "float": "0.5", "str": "mreža", "Secret": "Zlatokrila"}
    written = {each.name: of_type.get(str(each.type), str(tmp_path)) for each in fields(Settings)}
    settings = load({PREFIX + name.upper(): value for name, value in written.items()})
    for each in fields(Settings):
        value = getattr(settings, each.name)
        shown = value.reveal() if isinstance(value, Secret) else str(value)
        assert shown == written[each.name], each.name
    # The same from files.
    environment = {}
    for name, text in written.items():
        path = tmp_path / f"{name}.file"
        path.write_text(text + "\n")
        environment[f"{PREFIX}{name.upper()}_FILE"] = str(path)
    assert load(environment) == settings
    assert load({**LEAST, "STREHA_API_PORT": "0"}).api_port == 0


@pytest.mark.parametrize("name", ["STREHA_DATABSE_URL", "STREHA_", "STREHA_database_url", "STREHA_NETWORK_FILE_FILE"])
def test_a_name_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        load({**LEAST, name: "Zlatokrila"})


def test_what_a_persons_own_command_reads_may_stand_beside() -> None:
    assert load({**LEAST, **dict.fromkeys(PERSONAL, "anything")})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidInput, match="STREHA_DATABASE_URL"):
        load({})


@pytest.mark.parametrize("name", ["DATABASE_URL", "NETWORK", "API_PORT"])
def test_a_value_comes_from_one_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("1")
    with pytest.raises(InvalidInput, match=f"STREHA_{name}"):
        load({**LEAST, f"STREHA_{name}": "1", f"STREHA_{name}_FILE": str(path)})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match="STREHA_MATRIX_PASSWORD"):
        load({**LEAST, "STREHA_MATRIX_PASSWORD_FILE": str(path)})


NUMBERS = [each.name for each in fields(Settings) if each.type in ("int", "float")]
NO_NUMBERS = ["", "many", "1,5", "0x10", "nan", "inf", "-inf", "-1", "1e400", "9" * 30, "1 2", "true"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_value_of_the_wrong_type_is_refused_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name.upper()) as refused:
        load({**LEAST, PREFIX + name.upper(): value})
    assert len(value) < 6 or value not in str(refused.value)


@pytest.mark.parametrize("name", sorted({*NUMBERS} - {"absence_after", "api_port", "metrics_port"}))
def test_nothing_is_no_number(name: str) -> None:
    with pytest.raises(InvalidInput, match=name.upper()):
        load({**LEAST, PREFIX + name.upper(): "0"})


@pytest.mark.parametrize(("name", "seconds"), [("sweep_interval", 5.0), ("proof_interval", 300.0)])
def test_no_setting_makes_streha_look_or_prove_itself_more_rarely_than_the_rules_say(name: str, seconds: float) -> None:
    assert getattr(Settings(database_url=Secret(URL)), name) == seconds
    assert getattr(load({**LEAST, PREFIX + name.upper(): str(seconds)}), name) == seconds
    with pytest.raises(InvalidInput, match=name.upper()):
        load({**LEAST, PREFIX + name.upper(): str(seconds + 0.1)})


@given(st.text(min_size=4))
def test_a_secret_shows_itself_only_when_asked(text: str) -> None:
    secret = Secret(text)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret])):  # noqa: UP031
        assert shown in ("Secret(hidden)", "[Secret(hidden)]")
    assert secret.reveal() == text
    assert secret
    assert not Secret("")


def test_settings_show_no_secret() -> None:
    environment = {**LEAST, "STREHA_MATRIX_PASSWORD": "Zlatokrila", "STREHA_MATRIX_STORE_KEY": "Zlatokrila"}
    settings = load(environment)
    assert "Zlatokrila" not in repr(settings) + str(settings)


def test_a_refused_secret_is_in_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"Zlatokrila\xff")
    with pytest.raises(InvalidInput) as refused:
        load({**LEAST, "STREHA_MATRIX_PASSWORD_FILE": str(path)})
    assert "Zlatokrila" not in "".join(traceback.format_exception(refused.value, limit=0))
