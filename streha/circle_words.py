"""A vault's members as people read them, and as programs do."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from cases.trust.deeds import Release
from cases.trust.membership import Circle
from cases.trust.proposals import Proposal
from client.vault.circles import reason_of
from client.vault.reading import View
from core.texts import mark
from streha import terminal
from streha.terminal import say
from streha.vault_names import all_described, described, moment_text, name_of
from streha.vault_place import say_age

HAS_RETURNED = mark(
    "{who} has other keys than when they were let in, or was away meanwhile. Ring them, by a number you know, and ask "
    "whether the keys are theirs."
)
HELD = mark("Under legal hold: nothing here can be erased, and it cannot be closed, until two agencies release it.")
KEPT = mark("What is sealed here is kept until {time} at least.")
KEPT_NO_LONGER = mark("What was sealed here was kept until {time}. It is erased, or will be thirty days after the end.")
NO_DATE = mark("Nobody has said until when what is sealed here is kept. Whoever led says so: streha compartment keep")
RELEASE_WAITS = mark(
    "Waits until {time} for a member of another agency: the end of the legal hold, proposed by {author}. To agree: "
    "streha compartment release --approve"
)
LET_IN_AGAIN = mark("Let them in again, with the keys of now?")


def print_circle(view: View, now: int, *, remembered: bool) -> None:
    """Print who is in a vault, and what waits."""
    if remembered:
        say_age(view, now)
    circle = view.circle
    standing = circle.standing(view.directory, now)
    returned = [each for each in circle.members if circle.has_returned(each, view.directory)]
    rows = [
        (name_of(view, each), _agency(view, each), _part(view, each, standing))
        for each in sorted(circle.members, key=lambda each: (each not in circle.leaders, name_of(view, each)))
    ]
    terminal.table([mark("Member"), mark("Agency"), mark("Part")], rows)
    if circle.sensitive:
        terminal.line(mark("Sensitive: whoever comes in needs a second person, of another agency."))
    if circle.ends_at:
        terminal.line(mark("Ends by itself: {time}"), time=moment_text(circle.ends_at))
    if not circle.is_open(now):
        terminal.line(mark("Closed: nothing is written here any more."))
    elif returned:
        terminal.line(
            mark("Has other keys, or was away meanwhile: {people}. Ring them, then: streha compartment add"),
            people=all_described(view, returned),
        )
    elif circle.epoch_is_due(view.directory, now):
        terminal.line(mark("A new key is due. Somebody who holds the last one runs: streha compartment keys"))
    _print_waiting(view, now)
    for person in sorted(circle.excluded):
        terminal.line(mark("Excluded: {person}"), person=described(view, person))
        reason = reason_of(view, person)
        if reason:
            terminal.plain("  " + reason)


def _print_waiting(view: View, now: int) -> None:
    circle = view.circle
    if circle.held:
        terminal.line(HELD)
    if circle.may_be_erased(now):
        terminal.line(KEPT_NO_LONGER, time=moment_text(circle.keep_until))
    elif circle.keep_until:
        terminal.line(KEPT, time=moment_text(circle.keep_until))
    elif not circle.is_open(now):
        terminal.line(NO_DATE)
    for each in releases(view, now):
        terminal.line(RELEASE_WAITS, time=moment_text(each.deed.until), author=described(view, each.by))
    for each in additions(circle):
        terminal.line(
            mark("Waits until {time} for a member of another agency: {person}, proposed by {author}"),
            time=moment_text(each.deed.until), person=described(view, each.about), author=described(view, each.by),
        )  # fmt: skip


def print_members(view: View, people: Collection[bytes]) -> None:
    """Print who would be in a vault, as the directory attests them, beside the result."""
    for each in sorted(described(view, each) for each in people):
        terminal.aside("  {who}", who=each)


def agreed_to_return(view: View, person: bytes, *, yes: bool) -> bool:
    """Whether somebody has returned to a vault, or has other keys; then whoever lets them in has to have rung them."""
    if not view.circle.has_returned(person, view.directory):
        return False
    terminal.aside(HAS_RETURNED, who=described(view, person))
    terminal.require_agreed(LET_IN_AGAIN, yes=yes)
    return True


def as_plain(view: View, now: int) -> dict[str, object]:
    """Return who is in a vault, and what waits, for programs."""
    circle = view.circle
    return {
        "coordinator": UUID(bytes=circle.coordinator),
        "deputy": UUID(bytes=circle.deputy),
        "members": sorted(UUID(bytes=each) for each in circle.standing(view.directory, now)),
        "excluded": sorted(UUID(bytes=each) for each in circle.excluded),
        "returned": sorted(UUID(bytes=each) for each in circle.members if circle.has_returned(each, view.directory)),
        "proposed": sorted(UUID(bytes=each.about) for each in additions(circle)),
        "held": circle.held,
        "keep_until": _moment_plain(circle.keep_until),
        "releasing": sorted(UUID(bytes=each.by) for each in releases(view, now)),
        "sensitive": circle.sensitive,
        "open": circle.is_open(now),
        "epoch": circle.epoch,
        "epoch_is_due": circle.epoch_is_due(view.directory, now),
        "refreshed_at": datetime.fromtimestamp(view.refreshed, UTC),
    }


def _moment_plain(seconds: int) -> datetime | None:
    """Return a moment of a log for programs; none where none was said, or none that is a date."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _part(view: View, person: bytes, standing: frozenset[bytes]) -> str:
    circle = view.circle
    if circle.has_returned(person, view.directory):
        return say(mark("out until let in again: other keys, or away meanwhile"))
    if person not in standing:
        return say(mark("no more of the network, or lapsed"))
    if person == circle.coordinator:
        return say(mark("coordinator"))
    if person == circle.deputy:
        return say(mark("deputy"))
    if person in circle.lapses:
        return say(mark("in an emergency, until {time}"), time=moment_text(circle.lapses[person]))
    return say(mark("member"))


def _agency(view: View, person: bytes) -> str:
    member = view.directory.people.get(person)
    return "" if member is None else view.directory.agencies[member.agency].name


def additions(circle: Circle) -> list[Proposal]:
    """Return what waits about somebody who would be a member, or the deputy."""
    return [each for each in circle.proposals.values() if not isinstance(each.deed, Release)]


def releases(view: View, now: int) -> list[Proposal]:
    """Return what waits about the end of a legal hold and can still be agreed to: whoever proposed it leads still."""
    circle = view.circle
    leading = circle.standing(view.directory, now).intersection(circle.leaders)
    return [
        each
        for each in circle.proposals.values()
        if isinstance(each.deed, Release) and now < each.deed.until and each.by in leading
    ]
