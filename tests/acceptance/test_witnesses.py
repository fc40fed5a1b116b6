"""The witnesses themselves: two strict clients write to and read each other, and say what they cannot read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots.keys.published_keys import UserKeys, read_user
from bots.wire.homeserver import Homeserver
from deploy.stack import LocalStack
from deploy.witness import Witness, WitnessError, Witnesses
from tests.adverse_homeserver import AdverseHomeserver, Rule, What

pytestmark = pytest.mark.slow


async def test_two_witnesses_write_and_read(stack: LocalStack, tmp_path: Path) -> None:
    # A process of their own: nothing but what is done here may be in its log.
    log_file = tmp_path / "witnesses.log"
    async with Witnesses(stack.addresses.homeserver_url, log_file=log_file) as witnesses:
        users = {
            name: await stack.register(f"witnessed-{name}", f"{name}-password") for name in ("ana", "boris", "vesna")
        }
        ana = await witnesses.add("ana", users["ana"], "ana-password")
        boris = await witnesses.add("boris", users["boris"], "boris-password", autojoin=False)
        room = await ana.create("Quiet Heron", invite=(boris.user_id,))
        assert await boris.invited() == room
        await boris.join(room)
        await ana.joined(room, boris.user_id)
        await boris.joined(room, ana.user_id)
        assert await boris.members(room) == {ana.user_id, boris.user_id}
        assert await boris.state(room, "m.room.name") == {"name": "Quiet Heron"}
        encryption = await boris.state(room, "m.room.encryption")
        assert encryption is not None
        assert encryption["algorithm"] == "m.megolm.v1.aes-sha2"
        assert await boris.state(room, "m.room.topic") is None

        event_id = await ana.send(room, "Spremni smo", mentions=(boris.user_id,))
        read = await boris.wait_for("Spremni", room)
        assert (read.event_id, read.sender, read.encrypted) == (event_id, ana.user_id, True)
        assert (read.shield, read.shield_reason, read.identity_changed) == ("none", None, False)
        assert read.mentions == (boris.user_id,)
        await boris.react(room, event_id, "seen")
        reaction = await ana.wait_for(lambda message: message.key == "seen")
        assert (reaction.related_event, reaction.encrypted) == (event_id, False)

        with pytest.raises(WitnessError):
            await boris.wait_for("never said", room, 0.1)
        with pytest.raises(WitnessError, match="M_"):
            await boris.join("!nowhere:streha.localhost")

        # Who joins later sees that something was said, cannot read it, and says so.
        await ana.invite(room, users["vesna"])
        vesna = await witnesses.add("vesna", users["vesna"], "vesna-password")
        await vesna.joined(room)
        await vesna.wait_for_failure(event_id)
        await ana.joined(room, vesna.user_id)
        await ana.send(room, "Welcome")
        await vesna.wait_for("Welcome", room)
        assert vesna.rooms == (room,)

        # A new device with a new identity is what a thief's would look like.
        again = await witnesses.add("boris again", users["boris"], "boris-password")
        await again.joined(room)
        await again.send(room, "It is me")
        assert (await ana.wait_for("It is me", room)).identity_changed

        await boris.leave(room)
        await ana.left(room, boris.user_id)

        # One more device of the same identity is the same person; it is signed, and shows its key as clients do.
        phone = await witnesses.add("vesna's phone", users["vesna"], "vesna-password", identity_of=vesna)
        await phone.joined(room)
        await phone.send(room, "From my phone")
        read = await ana.wait_for("From my phone", room)
        assert (read.shield, read.identity_changed) == ("none", False)
        await ana.send(room, "To both of them")
        assert (await phone.wait_for("To both", room)).shield == "none"
        await vesna.wait_for("To both", room)
        published = await _published(stack, vesna, "vesna-password")
        for witness, has_signed_identity in ((vesna, True), (phone, False)):
            device = published.devices[witness.device_id]
            assert device.ed25519 == await witness.session_key()
            assert (device.cross_signed, device.vouches) == (True, has_signed_identity)

        # A reset leaves the other device behind; who signs out is forgotten.
        await phone.reset_identity()
        await vesna.log_out()
        new = await _published(stack, phone, "vesna-password")
        assert new.identity != published.identity
        assert vesna.device_id not in new.devices
        assert new.devices[phone.device_id].vouches
    assert log_file.read_text() == ""


async def _published(stack: LocalStack, witness: Witness, password: str) -> UserKeys:
    """Return what the homeserver tells of a witness's devices and identity, as far as it verifies."""
    async with aiohttp.ClientSession() as http:
        anonymous = Homeserver(stack.addresses.homeserver_url, http)
        _user, _device, token = await anonymous.login(witness.user_id, password, display_name="looking")
        answer = await anonymous.as_device(token).query_keys([witness.user_id])
    return read_user(answer, witness.user_id, UserKeys(user_id=witness.user_id), now=0.0)


async def test_a_lost_process_is_told_to_who_waits(tmp_path: Path) -> None:
    async with Witnesses("http://127.0.0.1:9", log_file=tmp_path / "witnesses.log") as witnesses:
        with pytest.raises(WitnessError):
            await witnesses.add("ana", "@ana:streha.localhost", "no homeserver answers")


async def test_a_witness_reads_what_the_homeserver_left_out_of_its_answers(stack: LocalStack, tmp_path: Path) -> None:
    """An answer holds so many events of a room at most: as any client does, it asks for those that stand before."""
    proxy = AdverseHomeserver(stack.addresses.homeserver_url)
    async with (
        proxy.serve() as address,
        Witnesses(address, log_file=tmp_path / "reader.log") as behind,
        Witnesses(stack.addresses.homeserver_url, log_file=tmp_path / "writer.log") as witnesses,
    ):
        writer, reader = [await stack.register(f"gap-{name}", "a password") for name in ("writer", "reader")]
        vera = await witnesses.add("vera", writer, "a password")
        boris = await behind.add("boris", reader, "a password")
        room = await vera.create("Quiet Heron", invite=(reader,))
        await boris.joined(room, writer)
        await vera.joined(room, reader)
        said = [await vera.send(room, "First")]
        await boris.wait_for("First", room)

        # Three answers that leave everything out, and a homeserver that does not answer the first question.
        for _ in range(3):
            left_out = Rule(part="sync", what=What.FORGE, forge=partial(_without_events, room))
            proxy.adopt(left_out, Rule(part="messages", what=What.STATUS))
            said.append(await vera.send(room, f"Message {len(said)}"))
            await boris.wait_for(f"Message {len(said) - 1}", room)
        assert sum(each.what is What.FORGE for each in proxy.deeds) == 3
        said.append(await vera.send(room, "Last"))
        await boris.wait_for("Last", room)
        assert [each.body for each in boris.messages] == ["First", "Message 1", "Message 2", "Message 3", "Last"]
        assert [each for each in await boris.timeline(room) if each in said] == said


def _without_events(room: str, answer: Any) -> Any | None:
    """Return the answer as a homeserver gives it that tells no more than that there is something in this room."""
    news = answer.get("rooms", {}).get("join", {}).get(room, {})
    if not news.get("timeline", {}).get("events"):
        return None
    news["timeline"] = {"events": [], "limited": True, "prev_batch": answer["next_batch"]}
    return answer
