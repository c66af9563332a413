"""The three answers that an account's page gives first: why it has its band, since when, and what would lift it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from accounts.models import HealthScore
from accounts.scoring import bands, changes, explain, health, what_if, wording
from accounts.scoring.bands import Band
from accounts.scoring.changes import Change
from accounts.scoring.health import Evaluation, UnknownEngine
from accounts.scoring.policy import PolicyError
from accounts.scoring.segments import STANDARD, NoSuchSegment
from accounts.scoring.signals import INPUT_BY_NAME, HealthSignals, Rag
from accounts.scoring.what_if import Way
from accounts.selectors import earlier
from accounts.selectors.account_history import History

DRIVERS: Final = 3
_AT_LEVEL: Final = ", login frequency "
CAUSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whole sentences, ready to be shown.

    ``goal`` is the band that ``way`` leads to; ``lift`` says why that one, or what stands in the way where there is no
    way. ``settings`` names the segment that chose the policy and its rule, empty for the standard.
    """

    why: tuple[str, ...]
    since: str
    lift_title: str
    lift: str
    goal: Rag | None
    way: Way | None
    settings: str


def answer(latest: HealthScore, evaluation: Evaluation, history: History, *, today: date) -> Answer:
    """Answer for the latest score, which comes with its policy. One query where the band changed within the year."""
    lift_title, lift, goal, way = _lift(latest, evaluation)
    return Answer(
        why=_why(latest, evaluation),
        since=_since(latest, history, today=today),
        lift_title=lift_title,
        lift=lift,
        goal=goal,
        way=way,
        settings=_settings(latest),
    )


def _why(latest: HealthScore, evaluation: Evaluation) -> tuple[str, ...]:
    told = [latest.band_reason]
    rows = {row.input: row for row in explain.rows(evaluation)}
    drivers = explain.top_drivers(evaluation.points, DRIVERS)
    told += [rows[driver.input].sentence for driver in drivers]
    rest = sum(evaluation.penalties) - sum(driver.points for driver in drivers)
    if rest:
        told.append(f"The other inputs cost {wording.points(rest)} together.")
    return tuple(told)


def _since(latest: HealthScore, history: History, *, today: date) -> str:
    since, band = history.band_since, latest.effective_band
    if since is None:
        return ""
    if history.reaches_back:
        return f"{band} for as long as this year of history goes back, since {wording.day(since)} or longer."
    days = (today - since).days
    long = f", {wording.counted(days, 'day')}" if days > 0 else ", today"
    if not history.band_before or history.day_before is None:
        return f"{band} since its first score on {wording.day(since)}{long}."
    told = f"{band} since {wording.day(since)}{long}; {history.band_before} before."
    return " ".join([told, *_turn(latest, since, history.day_before)])


_SEVERITY: Final[Mapping[str, int]] = {Band.RED: 0, Band.AMBER: 1, Band.UNKNOWN: 2, Band.GREEN: 3}
_LIMITS: Final[Mapping[str, str]] = {
    "red_threshold": "calls Red under {} (before: {})",
    "amber_threshold": "calls Green from {} (before: {})",
    "minimum_coverage": "asks for {} % of the weight (before: {} %)",
}


def _turn(latest: HealthScore, since: date, day_before: date) -> list[str]:
    """Say in sentences what moved the band on the day on which it began; nothing where it cannot be told."""
    ends = HealthScore.objects.filter(
        account_id=latest.account_id, is_of_day=True, scored_on__in=(day_before, since)
    )
    pair = list(ends.select_related("policy").order_by("scored_on"))
    if len(pair) != 2:
        return []
    before, after = pair
    try:
        comparison = changes.compare(_replayed(before), _replayed(after))
        by_limits = _limits(before, after)
    except UnknownEngine:
        return []
    is_worse = _SEVERITY[after.effective_band] < _SEVERITY[before.effective_band]
    if by_limits and (
        comparison.points * (-1 if is_worse else 1) < 0
        or health.band_of(before.score, after.applied()) == after.effective_band
    ):
        # The points went the other way, or would have left the account where the limits put it.
        return [by_limits]
    along = [change for change in comparison.changes if change.points * comparison.points > 0]
    causes = [_told(change) for change in along[:CAUSES]]
    told = []
    if causes:
        if len(comparison.changes) > len(causes):
            # The points that are listed are not the whole way of the score.
            causes.append("others")
        told.append(f"{'What took it there' if is_worse else 'What lifted it'}: {wording.listed(causes)}.")
    if by_limits:
        told.append(by_limits)
    return told


def _limits(before: HealthScore, after: HealthScore) -> str:
    """Name the limits without whose move the later score would not have its band; empty where there is none."""
    then, now = before.applied(), after.applied()
    moved = [name for name in _LIMITS if getattr(then, name) != getattr(now, name)]
    if not moved:
        return ""
    known = earlier.known_band(
        scored_on=before.scored_on,
        effective_band=before.effective_band,
        inputs=before.inputs,
        known=before.known,
    )
    signals = HealthSignals.from_mapping(after.inputs)

    def decide(*names: str) -> bool:
        try:
            settings = replace(now, **{name: getattr(then, name) for name in names})
        except PolicyError:
            return False
        evaluation = health.score_with(after.engine_version, signals, settings)
        band = bands.effective_band(evaluation, last_known=known, as_of=after.scored_on).band
        return band != after.effective_band

    if decide():
        # The rules alone do not give this band: a person decided.
        return ""
    # Two that move together may decide where neither does alone.
    deciding = [name for name in moved if decide(name)] or (moved if decide(*moved) else [])
    if not deciding:
        return ""
    told = [_LIMITS[name].format(getattr(now, name), getattr(then, name)) for name in deciding]
    by = f"Thresholds version {after.policy.number}"
    if after.policy_segment != before.policy_segment:
        by += f", {f'segment {after.policy_segment}' if after.policy_segment else 'standard settings'},"
    return f"{by} {wording.listed(told)}."


def _told(change: Change) -> str:
    points = f"{change.points:+d}".replace("-", "−")
    name = (
        change.label[0].lower() + change.label[1:] if change.label[:3] not in ("NPS", "TAM") else change.label
    )
    if change.cause is changes.Cause.POLICY_CHANGED:
        return f"{name} ({points}, because the thresholds changed)"
    value, with_level, level = change.after.partition(_AT_LEVEL)
    if with_level and change.before.startswith(value + _AT_LEVEL):
        # It reads the same, and costs something else at another login frequency.
        was = change.before.removeprefix(value + _AT_LEVEL)
        return f"{name} ({value}) at a login frequency of {level} instead of {was} ({points})"
    return f"{name} from {change.before} to {change.after} ({points})"


def _replayed(score: HealthScore) -> Evaluation:
    return health.score_with(score.engine_version, HealthSignals.from_mapping(score.inputs), score.applied())


def _lift(latest: HealthScore, evaluation: Evaluation) -> tuple[str, str, Rag | None, Way | None]:
    """Return the title, the sentence, the goal and the way to it."""
    policy = evaluation.policy
    if latest.effective_band == Band.UNKNOWN:
        return "What would give it a band", _unknown_inputs(evaluation), None, None
    if latest.is_last_known:
        return _lift_last_known(latest, evaluation)
    if latest.effective_band == Band.GREEN:
        left = latest.score - policy.amber_threshold + 1
        told = f"It is Green already. If it lost {wording.points(left)}, it would be Amber."
        return "What would make it Amber", told, None, None
    # Today's engine: what a person tries on the next page is scored by it too.
    found = what_if.goal(health.evaluate(evaluation.signals, policy), at_most=1)
    goal = found.band or Rag.GREEN
    return f"What would make it {goal}", found.why, found.band, found.ways[0] if found.ways else None


def _lift_last_known(latest: HealthScore, evaluation: Evaluation) -> tuple[str, str, Rag | None, Way | None]:
    title = "What would lift the mark “last known”"
    carried = (latest.known or {}).get("signals", {})
    lost = [INPUT_BY_NAME[name] for name in INPUT_BY_NAME if name in carried and name not in latest.inputs]
    if lost:
        signals = HealthSignals.from_mapping(carried)
        seen = [f"{spec.label} ({explain.shown(spec, signals)} when last seen)" for spec in lost]
        return (
            title,
            f"{wording.listed(seen)} must be read from Notion again. Until then "
            f"{'it costs' if len(lost) == 1 else 'they cost'} what {'it' if len(lost) == 1 else 'they'} did when last seen.",
            None,
            None,
        )
    if not evaluation.is_covered:
        return title, _unknown_inputs(evaluation), None, None
    return (
        title,
        "The score stands until its inputs can be read again; see the set-up page of Notion.",
        None,
        None,
    )


def _unknown_inputs(evaluation: Evaluation) -> str:
    """Name the inputs that would bring enough of the weight to call a band."""
    return (
        f"{wording.percent(evaluation.coverage)} of the weight is known, and {evaluation.policy.minimum_coverage} % is "
        f"asked. Fill in {wording.listed(what_if.missing(evaluation))} in Notion, and the next scan calls a band."
    )


def _settings(latest: HealthScore) -> str:
    if latest.policy_segment == STANDARD:
        return ""
    try:
        rule = latest.policy.book().segment(latest.policy_segment).rule
    except NoSuchSegment:
        return ""
    return (
        f"Scored by the settings of the segment {latest.policy_segment}, thresholds version {latest.policy.number}, "
        f"because its {rule.words}."
    )
