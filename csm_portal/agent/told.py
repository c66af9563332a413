"""What a run answered, in a few lines that a person reads before they open the JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from csm_portal.agent.results import (
    AccountHealthAnswer,
    ChurnAlertAnswer,
    ChurnRiskResult,
    CoachingAnswer,
    ExpansionAnswer,
    PortfolioHealthAnswer,
    ProfileAnswer,
    QBRAnswer,
    TaskAnswer,
    TaskFailure,
    checked,
)
from csm_portal.agent.tasks import TaskType
from csm_portal.core.models import AgentRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The lines, and where to look further ("" where nowhere)."""

    lines: tuple[str, ...]
    url: str = ""
    link: str = ""


def told(run: AgentRun, *, account_id: UUID | None = None) -> Told | None:
    """Return what a run answered in words, None where it failed or answered in a form of an earlier release.

    ``account_id`` is the portal's own id of the account that it was about, where that is still known.
    """
    try:
        answer = checked(TaskType(run.task_type), run.result.get("result", {}))
    except ValueError:
        return None
    if isinstance(answer, TaskFailure):
        return None
    words = _BY_FORM[type(answer)](answer)
    if isinstance(answer, CoachingAnswer) and account_id is not None:
        return replace(words, url=reverse("coaching", args=[account_id]), link="Open the plan")
    return words


def _health(answer: AccountHealthAnswer) -> Told:
    health = answer.health
    before = "" if health.previous_score is None else f" It was {health.previous_score} before."
    share = f"{answer.coverage:.0%}".replace("%", " %")
    return Told(
        lines=(f"Score {health.score}, {health.rag_status}.{before}", f"{share} of the signals were known.")
    )


def _portfolio(answer: PortfolioHealthAnswer) -> Told:
    bands = ", ".join(f"{count:,} {band}" for band, count in answer.bands.items() if count)
    return Told(
        lines=(
            f"{answer.scored:,} accounts scored: {bands or 'none'}.",
            f"{answer.alerts_raised:,} alerts raised, {answer.alerts_closed:,} closed, {answer.alerts_handed_over:,} "
            "handed over.",
        )
    )


def _risk(answer: ChurnRiskResult) -> Told:
    actions = [f"To do: {action}" for action in answer.recommended_actions]
    return Told(lines=(f"Churn risk: {answer.churn_risk_level}.", answer.risk_narrative, *actions))


def _review(answer: QBRAnswer) -> Told:
    page = answer.qbr
    was_there = "It was there already." if answer.was_there else f"Drafted by {page.author}."
    open_figures = (
        f"{page.open_findings} figures to be looked at." if page.open_findings else "Every figure is traced."
    )
    return Told(
        lines=(f"{page.title}: {page.status.replace('_', ' ')}. {was_there}", open_figures),
        url=reverse("qbr", args=[answer.review_id]),
        link="Open the review",
    )


def _expansion(answer: ExpansionAnswer) -> Told:
    request = answer.request
    return Told(
        lines=("With Sales.", *request.opportunity.evidence),
        url=reverse("opportunity", args=[request.request_id]),
        link="Open the opportunity",
    )


def _coaching(answer: CoachingAnswer) -> Told:
    was_there = "The plan was there already:" if answer.was_there else "A plan was made:"
    return Told(lines=(was_there, *(step.title for step in answer.steps)))


_TELLING: Final[Mapping[str, str]] = {
    "delivered": "The alert went out.",
    "already_delivered": "The alert had gone out before.",
    "held_back": "The alert is held back: the five of the day are out. It competes again tomorrow.",
    "no_alert": "Nothing at the account calls for an alert.",
}


def _alert(answer: ChurnAlertAnswer) -> Told:
    due = _by(answer.due_on)
    channels = [f"{one.channel}: {one.state}" for one in answer.channels]
    lines = [_TELLING[answer.status]]
    if answer.headline:
        lines.append(f"{answer.headline}{due}")
    if channels:
        lines.append(f"When it was asked: {', '.join(channels)}.")
    return Told(lines=tuple(lines))


def _by(day: date | None) -> str:
    return "" if day is None else f" Look by {day:%-d %B %Y}."


def _profile(answer: ProfileAnswer) -> Told:
    made = "The page was made." if answer.made else "The page was there."
    changed = f"{answer.added} blocks added, {answer.changed} changed, {answer.removed} removed."
    return Told(lines=(made, changed))


_BY_FORM: Final[Mapping[type[TaskAnswer], Callable[[Any], Told]]] = {
    AccountHealthAnswer: _health,
    PortfolioHealthAnswer: _portfolio,
    ChurnRiskResult: _risk,
    QBRAnswer: _review,
    ExpansionAnswer: _expansion,
    CoachingAnswer: _coaching,
    ChurnAlertAnswer: _alert,
    ProfileAnswer: _profile,
}
