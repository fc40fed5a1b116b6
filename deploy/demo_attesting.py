"""Attesting the demo's Matrix identities in the network's signed directory, as each agency's administrator would.

Each step is that of `streha attest identity`: what the server shows is followed link by link on the administrator's
side. What no real network does: one program holds every administrator's keys, and reads the code of a device, where
one is needed, from the homeserver and from nobody's mouth.
"""

from __future__ import annotations

from collections.abc import Mapping

from agencies.model import Role
from client import key_file
from client.api import ApiClient
from client.vault import identities
from client.vault.attesting import Attesting, or_agreed
from client.vault.memory import Memory
from deploy.demo_network import DemoAccount
from deploy.demo_vault import Founded
from deploy.network import LocalNetwork


class DemoAttesting:
    """Signs as the administrator of whichever agency it is about."""

    def __init__(self, network: LocalNetwork, accounts: Mapping[str, DemoAccount], founded: Founded) -> None:
        self._network = network
        self._accounts = accounts
        self._founded = founded

    def may(self, account: DemoAccount) -> bool:
        """Whether somebody's administrator is somebody else: nobody attests their own identity."""
        return account.person.role is not Role.ADMINISTRATOR

    async def attest(self, account: DemoAccount, code: str = "") -> bool:
        """Attest the identity to which somebody's linked device leads; tell whether that was news."""
        by = next(
            each for each in self._accounts.values()
            if each.agency == account.agency and each.person.role is Role.ADMINISTRATOR
        )  # fmt: skip
        memory = Memory(self._network.directory / "administrators" / by.account, self._founded.fingerprint)
        at = int(self._network.clock.now().timestamp())
        async with ApiClient(key_file.load(by.key_file)) as api:
            decider = Attesting(api.keys_of_vault, self._founded.unlocked(by), memory)
            directory = (await decider.network()).now
            links = identities.named(
                directory, account.agency.id.bytes, await api.matrix_proofs(), account.person.matrix_user
            )  # fmt: skip
            found, refused = identities.collected(directory, api.key.network, links, code)
            for error in refused:
                raise error
            for each in found:
                await decider.decide(or_agreed(each.deed(at), directory, at, decider.person), at)
        return bool(found)
