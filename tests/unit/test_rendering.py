"""What stands in a room: the same words plain and marked up, no name is markup, and threads only where they can be."""

from __future__ import annotations

import html
import json
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.rooms.rooms import StoredSend
from bots.sending.preparation import STORED, _resealed
from bots.words.rendering import text_content
from tests.conftest import START


@given(st.text(max_size=200))
@example("<b>Ana</b> & \"Boris\" <script>alert('x')</script>")
@example("\N{RIGHT-TO-LEFT OVERRIDE}anA\n\n@room @ROOM {person}")
def test_both_bodies_say_the_same_and_neither_is_markup_or_calls_everybody(words: str) -> None:
    content = text_content(words, ["@boris:streha.localhost", "@ana:streha.localhost"])
    marked_up = content["formatted_body"].replace("<br>", "\n")
    assert html.unescape(marked_up) == content["body"]
    assert not set("<>") & set(marked_up)
    assert "@room" not in content["body"].lower()
    assert content["body"].replace("\N{WORD JOINER}", "") == words.replace("\N{WORD JOINER}", "")
    assert content["m.mentions"] == {"user_ids": ["@ana:streha.localhost", "@boris:streha.localhost"]}
    assert content["msgtype"] == "m.text"


@pytest.mark.parametrize("relation", [{"rel_type": "m.thread", "event_id": "$root"}, None])
def test_what_has_to_be_put_again_goes_without_its_thread(relation: dict[str, str] | None) -> None:
    outer = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "words"}
    content = outer if relation is None else {**outer, "m.relates_to": relation}
    stored = StoredSend(
        outbox_id=UUID(int=1), room_id="!room", device_id="DEVICE", transaction_id="once",
        content=json.dumps(content).encode(), membership_version=1, stored_at=START,
    )  # fmt: skip
    again = _resealed(stored)
    assert json.loads(again.content) == outer
    assert (again.transaction_id, again.device_id, again.message_index) == ("once", "DEVICE", STORED)
