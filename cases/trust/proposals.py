"""What waits in a compartment for somebody of another agency to agree to it.

Who may propose and approve is for `cases.trust.membership`.
"""

from __future__ import annotations

from dataclasses import dataclass

from agencies.trust.waiting import Waiting
from cases.trust.deeds import AddInEmergency, Propose, Release, Succeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What waits for somebody of another agency: an addition, a succession, or the end of a hold."""

    hash: bytes
    deed: Propose | AddInEmergency | Succeed | Release
    by: bytes

    @property
    def about(self) -> bytes:
        """Who would be a member, or the deputy; of the end of a hold, who proposed it."""
        if isinstance(self.deed, Release):
            return self.by
        return self.deed.deputy if isinstance(self.deed, Succeed) else self.deed.person

    @property
    def concerns(self) -> frozenset[bytes]:
        """Those with whose membership it falls."""
        return frozenset((self.by, self.about))


def without_releases(proposals: Waiting[Proposal]) -> Waiting[Proposal]:
    """Return what waits still when a hold has ended: nothing that would end a later one."""
    for each in tuple(proposals.values()):
        if isinstance(each.deed, Release):
            proposals = proposals.without(each.hash)
    return proposals
