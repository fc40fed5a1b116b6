"""What the API answers of how people's Matrix devices lead to their identities; nothing of it is checked yet."""

from __future__ import annotations

from uuid import UUID

from client.answers import Answer, Moment


class ProvenLink(Answer, frozen=True, kw_only=True):
    """What a person signed of their Matrix device, and how that is said to lead to a master key."""

    person: UUID
    matrix_user: str
    device: str
    key: bytes
    signed_at: Moment
    signature: bytes
    proof: bytes


class ProvenLinks(Answer, frozen=True, kw_only=True):
    """The proven links of an administrator's agency."""

    links: list[ProvenLink]
