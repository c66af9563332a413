"""The fixed sentences of adoption coaching: evidence for colleagues, steps that a customer may read (SPEC 4.4)."""

from datetime import date
from typing import Final

from accounts.scoring import wording

OVERALL: Final = "Overall adoption"
LOGINS: Final = "Logins"
SEATS: Final = "Seats"
SPONSOR: Final = "Sponsor"
SUPPORT: Final = "Support"

_LONGEST_NAME: Final = 80


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def feature_idle(name: str) -> str:
    return f"“{_short(name)}” is licensed and not among the features used."


def feature_of_others(name: str, *, used: int, licensed: int) -> str:
    return f"{used} of {licensed} other accounts of the segment that license “{_short(name)}” use it."


def feature_step(name: str, *, others: tuple[int, int] | None) -> tuple[str, str]:
    """Return title and why of the step for one idle feature."""
    title = f"Show “{_short(name)}” on real work to the people it is for"
    why = f"“{_short(name)}” is part of the licence and not in use yet."
    if others is not None and others[0] * 2 >= others[1]:
        why += f" {others[0]} of {others[1]} comparable customers who have it use it."
    return title, why


def below_median(rate: float, median: float, *, accounts: int, segment: str) -> str:
    there = f"{accounts} accounts of the segment {_short(segment)}"
    return f"Feature adoption is {wording.percent(rate)}; the median of {there} is {wording.percent(median)}."


def below_asked(rate: float, asked: int) -> str:
    return f"Feature adoption is {wording.percent(rate)}, under the {asked} % that the thresholds ask for."


def fell(before: float, rate: float, *, since: date) -> str:
    was, now = wording.percent(before), wording.percent(rate)
    return f"Feature adoption fell from {was} on {wording.day(since)} to {now}."


def overall_step(rate: float, *, median: tuple[float, int] | None, names_features: bool) -> tuple[str, str]:
    """Return title and why of the step where no single feature can be named."""
    title = "Go through the product together: what is used, what is not, and what stands in the way"
    why = f"Overall adoption is {wording.percent(rate)}"
    if median is not None:
        why += f"; comparable customers are at {wording.percent(median[0])} (median of {median[1]})"
    why += ". "
    why += (
        "Every licensed feature is in use, so the question is by how many people."
        if names_features
        else "Which features lie idle is not recorded, so this speaks of adoption as a whole."
    )
    return title, why


def logins(level: float, asked: int) -> str:
    return f"Login frequency is {wording.percent(level)}, under the {asked} % that the thresholds ask for."


def usage_step(level: float | None, *, is_declining: bool) -> tuple[str, str]:
    who = "logs in less than before" if is_declining else "does not log in"
    title = f"Find out together who {who}, and what they use instead"
    why = "Usage is declining." if is_declining else ""
    if level is not None:
        why += f"{' ' if why else ''}Login frequency is {wording.percent(level)}."
    return title, why


def seats(used: int, purchased: int) -> str:
    return f"{used:,} of {purchased:,} seats are in use."


def seats_step(used: int, purchased: int) -> tuple[str, str]:
    idle = wording.counted(max(0, purchased - used), "unused seat")
    return f"Name who gets the {idle}, and when they start", seats(used, purchased)


def engagement(level: float, asked: int) -> str:
    return f"Stakeholder engagement is {wording.percent(level)}, under the {asked} % that the thresholds ask for."


def sponsor_step() -> tuple[str, str]:
    return (
        "Agree on one goal that management has asked for, and tie this plan to it",
        "A plan lasts when somebody who decides has asked for it.",
    )


def complaint_step(tickets: float | None) -> tuple[str, str]:
    title = "Go through the open tickets with support, and say what happens when"
    why = "Training does not stick while something is broken."
    if tickets:
        verb = "is" if tickets == 1 else "are"
        why = f"{wording.counted(tickets, 'ticket')} {verb} open. {why}"
    return title, why


def look_back() -> tuple[str, str]:
    return (
        "Look at the figures together: adoption, logins and seats, before and after",
        "So that both sides see what the plan has changed.",
    )


def scope(
    *,
    names_features: bool,
    rate: float | None,
    benchmark: tuple[float, int, str] | None,
    has_segment: bool,
    is_empty: bool,
) -> str:
    """Say what was compared with what, and where nothing is recommended, why."""
    parts = []
    if not names_features:
        parts.append(
            "Notion does not name the licensed and the used features of this account, so this speaks of overall adoption."
        )
    if rate is None:
        parts.append("Its feature adoption is not known.")
    elif benchmark is not None:
        median, accounts, segment = benchmark
        parts.append(
            f"Feature adoption is {wording.percent(rate)}; the median of the segment {_short(segment)} is "
            f"{wording.percent(median)} (n = {accounts})."
        )
    else:
        reason = "fewer than 10 accounts of its segment have one" if has_segment else "it has no segment"
        parts.append(f"Feature adoption is {wording.percent(rate)}; there is no median to compare: {reason}.")
    if is_empty:
        parts.append("Nothing calls for coaching.")
    return " ".join(parts)
