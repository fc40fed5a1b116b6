"""`streha contact`, and what check-config and doctor say of being called beside Matrix, as operators run them."""

from __future__ import annotations

import pytest

from core.database import Database
from crypto import webhook_signature
from tests.carried import KEY
from tests.commands import streha
from tests.people import Scene

NUMBER, MAIL = "+381611111111", "duty@example.org"


@pytest.fixture
def operator(database_url: str) -> dict[str, str]:
    """Return the operator's environment."""
    return {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}


async def notes(operator: dict[str, str], check: str = "people can be called beside Matrix") -> str:
    """Return what the doctor has to say of being called beside Matrix, or of another check."""
    found = (await streha("doctor", "--json", environment=operator)).json["checks"]
    (told,) = [each for each in found if each["check"] == check]
    return str(told["todo"] or told["note"])


async def test_contacts_are_noted_tried_and_removed(scene: Scene, operator: dict[str, str], database: Database) -> None:
    assert "Duty desks that no telephone wakes: 5" in await notes(operator)
    officer, agency = scene.police.officer.name, scene.police.agency.name
    added = await streha("contact", "add", "voice", NUMBER, "--person", officer, environment=operator)
    assert (added.code, "streha contact test" in added.out) == (0, True), added
    desk = await streha("contact", "add", "email", MAIL, "--desk", agency, "--json", environment=operator)
    assert desk.code == 0, desk
    listed = await streha("contact", "list", environment=operator)
    assert all(each in listed.out for each in (NUMBER, MAIL, officer, agency, "duty desk"))
    assert "STREHA_GATEWAY_URL" in await notes(operator)
    operator["STREHA_GATEWAY_URL"] = "https://gateway.example/calls"
    operator["STREHA_GATEWAY_KEY"] = webhook_signature.new_key()
    assert "STREHA_SMTP_HOST" in await notes(operator)

    way_in = "people can raise and accept by telephone"
    assert "STREHA_GATEWAY_INWARD_KEY" in await notes(operator, way_in)
    operator["STREHA_GATEWAY_INWARD_KEY"] = webhook_signature.new_key()
    assert await notes(operator, way_in) == "None"

    tried = await streha("contact", "test", desk.json["contact_id"], environment=operator)
    assert tried.code == 0, tried
    async with database.reading() as reading:
        assert await reading.value("SELECT count(*) FROM outbox WHERE template = 'contact_test'") == 1
    removed = await streha("contact", "remove", desk.json["contact_id"], "--yes", environment=operator)
    assert removed.code == 0, removed
    assert "Duty desks that no telephone wakes: 4" in await notes(operator)
    for act in (("test",), ("remove", "--yes")):
        gone = await streha("contact", *act, desk.json["contact_id"], environment=operator)
        assert (gone.code, "no such contact" in gone.err) == (1, True), gone


async def test_what_cannot_be_noted_is_said_in_one_line(scene: Scene, operator: dict[str, str]) -> None:
    officer = scene.police.officer.name
    for arguments, words in (
        (("voice", "0600", "--person", officer), "begins with + and the country"),
        (("email", "nobody", "--person", officer), "not a mail address"),
        (("voice", NUMBER), "either --person or --desk"),
        (("voice", NUMBER, "--person", officer, "--desk", "x"), "either --person or --desk"),
        (("voice", NUMBER, "--person", "Nobody Known"), "no such person"),
        (("voice", NUMBER, "--desk", scene.elsewhere.agency.name + "x"), "no such agency"),
    ):
        ran = await streha("contact", "add", *arguments, environment=operator)
        assert (ran.code != 0, words in ran.err, ran.err.count("\n")) == (True, True, 1), ran
        assert NUMBER not in ran.err
    unknown = await streha("contact", "remove", "not-an-id", "--yes", environment=operator)
    assert (unknown.code, "no such contact" in unknown.err) == (1, True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"STREHA_GATEWAY_URL": "http://gateway.example"}, "must begin with https"),
        ({"STREHA_GATEWAY_URL": "https://gateway.example"}, "not a key"),
        ({"STREHA_GATEWAY_URL": "https://gateway.example", "STREHA_GATEWAY_KEY": "whsec_AAAA"}, "not a key"),
        ({"STREHA_GATEWAY_INWARD_KEY": "whsec_AAAA"}, "STREHA_GATEWAY_INWARD_KEY is not a key"),
        (
            {
                "STREHA_GATEWAY_URL": "https://gateway.example",
                "STREHA_GATEWAY_KEY": KEY,
                "STREHA_GATEWAY_INWARD_KEY": KEY,
            },
            "is the same as STREHA_GATEWAY_KEY",
        ),
        ({"STREHA_SMTP_HOST": "mail.example"}, "not a mail address"),
        ({"STREHA_CERTIFICATES_FILE": "/nowhere/certificates.pem"}, "cannot be read"),
        ({"STREHA_CERTIFICATES_FILE": __file__}, "holds no certificate"),
    ],
)
async def test_settings_that_would_leave_people_uncalled_are_refused(
    operator: dict[str, str], settings: dict[str, str], words: str
) -> None:
    ran = await streha("check-config", environment={**operator, **settings})
    assert (ran.code, words in ran.err) == (2, True), ran


async def test_a_new_key_is_one(operator: dict[str, str]) -> None:
    made = await streha("contact", "new-key", environment=operator)
    assert webhook_signature.read_key(made.out.strip())
    ran = await streha(
        "check-config",
        environment={
            **operator, "STREHA_GATEWAY_URL": "https://gateway.example/calls", "STREHA_GATEWAY_KEY": made.out.strip(),
        },
    )  # fmt: skip
    assert (ran.code, made.out.strip() in ran.out) == (0, False)
