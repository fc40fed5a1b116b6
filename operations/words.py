"""What people call the states and steps of an operation, in general words: what a step means here tells the brief."""

from __future__ import annotations

from core.texts import mark
from operations.model import Despite, HandOver, Happening, MilestoneKind, Missing, OperationStatus, Refusal

STEPS: dict[str, str] = {
    MilestoneKind.READY: mark("ready to go"),
    MilestoneKind.DEPARTED: mark("departed"),
    MilestoneKind.WAYPOINT: mark("on the way, at the point that was agreed"),
    MilestoneKind.INSIDE: mark("inside"),
    MilestoneKind.CLEARED: mark("out again, nobody follows"),
    MilestoneKind.ARRIVED: mark("arrived"),
    MilestoneKind.HOME_SAFE: mark("everybody home and safe"),
    MilestoneKind.DEBRIEFED: mark("talked about afterwards"),
}
STATUSES: dict[str, str] = {
    OperationStatus.PLANNED: mark("planned, to be approved"),
    OperationStatus.APPROVED: mark("approved"),
    OperationStatus.GO: mark("go: it begins"),
    OperationStatus.IN_PROGRESS: mark("under way"),
    OperationStatus.DIVERTED: mark("diverted, under way"),
    OperationStatus.COMPLETED: mark("everybody is home"),
    OperationStatus.CLOSED: mark("closed"),
    OperationStatus.ABORTED: mark("ended early"),
    OperationStatus.POSTPONED: mark("postponed"),
}
MISSING: dict[str, str] = {
    Missing.NOT_JOINED: mark("not in the channel: they open the app and accept the invitation"),
    Missing.NO_DEVICE: mark("no device that counts: they sign in and verify it"),
    Missing.NO_KEY: mark("the key of the channel has not come: they open the app"),
    Missing.AWAY: mark("away on that day: name somebody else"),
    Missing.NO_TELEPHONE: mark("no telephone that rings: have the number entered"),
    Missing.NOT_SEEN: mark("not seen for a day: ring them"),
    Missing.NOT_KNOWN: mark("nobody can tell who reads the channel: the bot is not at work"),
    Missing.NOBODY_ON_DUTY: mark("at some time of the way nobody is on duty at any desk: fill the roster"),
    Missing.CUSTODY: mark("custody was not confirmed in time: it counts as ended"),
    Missing.LEVEL: mark("the risk is not assessed, or not in time: assess it"),
    Missing.NO_CARD: mark("a duty desk that would be called has no emergency card of this circle: put one"),
}
REFUSALS: dict[str, str] = {
    Refusal.NO_PLACE: mark("there is no place"),
    Refusal.NOT_AGREED: mark("nobody announced it here"),
    Refusal.SOMEBODY_ELSE: mark("it is not who was announced"),
    Refusal.NOT_SAFE_HERE: mark("it is not safe here now"),
    Refusal.OTHER_CARE: mark("other care is needed first"),
    Refusal.PAPERS: mark("papers are missing"),
}
HAND_OVERS: dict[str, str] = {
    HandOver.AWAITED: mark("not taken over yet: whoever brings them answers for them"),
    HandOver.REFUSED: mark("REFUSED: whoever brought them still answers for them"),
    HandOver.ACCEPTED: mark("taken over: whoever receives answers for them"),
    HandOver.OVER: mark("ended before anybody was taken over: whoever brings them answers for them"),
}
DESPITE: dict[str, str] = {
    Despite.SUMMONED: mark("summoned, and must appear"),
    Despite.NO_OTHER_DAY: mark("there is no other day"),
    Despite.STAYING_IS_WORSE: mark("staying is more dangerous"),
    Despite.SEEN_TO: mark("seen to otherwise, by telephone"),
}
HAPPENED: dict[str, str] = {
    Happening.PLANNED: mark("planned"),
    Happening.APPROVED: mark("approved"),
    Happening.GONE: mark("go"),
    Happening.POSTPONED: mark("postponed"),
    Happening.CLOSED: mark("closed"),
    Happening.RECEIVER_NAMED: mark("somebody else receives"),
    Happening.CONFIRMED: mark("confirmed"),
    Happening.LATE: mark("LATE: people were called"),
    Happening.DELAYED: mark("delayed"),
    Happening.DARK: mark("telephones off"),
    Happening.DIVERTED: mark("diverted"),
    Happening.ABORTED: mark("ended early"),
    Happening.RECEIVED: mark("taken over"),
    Happening.REFUSED: mark("NOT taken over"),
    Happening.CALL_PLANNED: mark("expected to be heard from"),
    Happening.HEARD: mark("heard from"),
    Happening.CALL_LATE: mark("NOT heard from: people were called"),
    Happening.CALL_OVER: mark("nobody is expected any more"),
}
