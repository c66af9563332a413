"""Collects the facts of a review from the mirror, the score history and the previous review (SPEC 6.3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

from accounts.models import Account, CoachingStep, HealthScore, PropertyMapping, SyncRun
from accounts.scoring import explain
from accounts.scoring.bands import Band
from accounts.scoring.signals import INPUT_NAMES, HealthSignals
from accounts.selectors import earlier, inputs
from csm_portal.ports.workspace import ACCOUNT_FIELDS
from qbr import catalogue, quarters
from qbr.facts import Fact, FactSheet, FactValue
from qbr.models import QBR, Commitment, Outcome
from qbr.quarters import Quarter
from qbr.selectors import roi

STALE_AFTER: Final = timedelta(days=7)
"""A mirror that was read longer ago than this is out of date."""
LEAST_PEERS: Final = 10
"""A median over fewer accounts says nothing (SPEC 1)."""
NEAR: Final = timedelta(days=14)
"""How far from an end of the quarter a score may lie and still speak for it."""
DRIVERS: Final = 5
WEEKS: Final = 14
MOST_STEPS: Final = 12
"""So many steps of adoption plans are looked back on."""

_FIRST_STEP, _SECOND_STEP, _AFTER_THE_QUARTER = timedelta(days=14), timedelta(days=30), timedelta(days=13)
_FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "last_interaction_days": ("last_interaction_on",),
    "renewal_days_out": ("renewal_on",),
    "seats_utilization": ("seats_used", "seats_purchased"),
}
_DEFAULT_NAMES: Final = {spec.name: spec.property_names[0] for spec in ACCOUNT_FIELDS}
_BAND_IDS: Final = {Band.GREEN: "green", Band.AMBER: "amber", Band.RED: "red"}

Known = FactValue | int | float | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every fact of one review is made from. ``as_of`` is the last day that the review looks at."""

    account: Account
    currency: str
    quarter: Quarter
    as_of: date
    today: date
    read_on: date
    names: Mapping[str, str]
    scores: Sequence[HealthScore]

    @property
    def is_to_date(self) -> bool:
        return self.as_of == self.today

    @property
    def is_stale(self) -> bool:
        return self.today - self.read_on > STALE_AFTER

    def source(self, *fields: str) -> str:
        named = [self.names.get(field) or _DEFAULT_NAMES.get(field, field) for field in fields]
        return f"Notion: {', '.join(dict.fromkeys(named))}"

    def score_near(self, day: date) -> HealthScore | None:
        """Return the last score up to a day, or the first one soon after it; None where there is none near."""
        before = [one for one in self.scores if day - NEAR <= one.scored_on <= day]
        if before:
            return before[-1]
        after = [one for one in self.scores if day < one.scored_on <= min(day + NEAR, self.as_of)]
        return after[0] if after else None


def quarter_of(qbr: QBR) -> Quarter:
    """Return the quarter that a review covers."""
    return quarters.from_label(qbr.quarter_label)


def collect(account: Account, *, quarter: Quarter, today: date) -> FactSheet:
    """Return every fact of the catalogue that the portal holds for an account and a quarter.

    ``today`` is a day in the tenant's zone; a quarter that is over is looked at as of its last day. A fact
    that was looked for and is not known has no value. Seven queries, whatever the account.
    """
    tenant = account.tenant
    as_of = min(today, quarter.last_day)
    ground = _Ground(
        account=account,
        currency=account.currency or tenant.currency,
        quarter=quarter,
        as_of=as_of,
        today=today,
        read_on=_read_on(account, tenant.zone),
        names=dict(PropertyMapping.objects.exclude(property_id="").values_list("field", "property_name")),
        scores=_scores(account, quarter, as_of),
    )
    return FactSheet(
        [
            *_who(ground),
            *_when(ground),
            *_health(ground),
            *_history(ground),
            *_inputs(ground),
            *_contract(ground),
            *_benchmark(ground),
            *_features(ground),
            *_coached(ground),
            *_roi(ground),
            *_agreed(ground),
        ]
    )


def _read_on(account: Account, zone: ZoneInfo) -> date:
    finished = (
        SyncRun.objects.exclude(finished_at=None)
        .filter(pages_read__gt=0)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
    )
    return max(finished or account.synced_at, account.synced_at).astimezone(zone).date()


def _scores(account: Account, quarter: Quarter, as_of: date) -> list[HealthScore]:
    return list(
        HealthScore.objects.filter(
            account=account, is_of_day=True, scored_on__gte=quarter.start - NEAR, scored_on__lte=as_of
        )
        .select_related("policy")
        .order_by("scored_on")
    )


def _mirrored(ground: _Ground, fact_id: str, value: Known, *fields: str, **more: Any) -> Fact:
    return catalogue.fact(
        fact_id,
        value,
        source=ground.source(*fields),
        as_of=ground.read_on,
        source_url=ground.account.url,
        is_stale=ground.is_stale,
        **more,
    )


def _portal(fact_id: str, value: Known, *, source: str, as_of: date, **more: Any) -> Fact:
    return catalogue.fact(fact_id, value, source=source, as_of=as_of, **more)


def _who(ground: _Ground) -> Iterator[Fact]:
    account = ground.account
    owner = account.owner.name if account.owner is not None else account.owner_name
    yield _mirrored(ground, "account.name", account.name, "name")
    yield _mirrored(ground, "account.segment", account.segment, "segment")
    yield _mirrored(ground, "account.lifecycle_stage", account.lifecycle_stage, "lifecycle_stage")
    yield _mirrored(ground, "owner.name", owner, "owner")
    for number, name in enumerate(account.primary_contacts, start=1):
        yield _mirrored(ground, f"contact.{number}.name", name, "primary_contacts")


def _when(ground: _Ground) -> Iterator[Fact]:
    quarter, source = ground.quarter, "Calendar"
    ahead = quarters.quarter_of(ground.today)
    for fact_id, value in (
        ("quarter.label", quarter.label),
        ("quarter.next_label", quarter.next.label),
        ("quarter.start", quarter.start),
        ("quarter.last_day", quarter.last_day),
        ("quarter.as_of", ground.as_of),
    ):
        yield _portal(fact_id, value, source=source, as_of=ground.as_of)
    for fact_id, day in (
        ("plan.first_step_by", ground.today + _FIRST_STEP),
        ("plan.second_step_by", ground.today + _SECOND_STEP),
        ("plan.next_review_on", ahead.end + _AFTER_THE_QUARTER),
    ):
        yield _portal(fact_id, _working_day(day), source="Proposed by the portal", as_of=ground.today)


def _working_day(day: date) -> date:
    """Return the day, or the Monday after it where it falls on a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def _health(ground: _Ground) -> Iterator[Fact]:
    now, start = ground.score_near(ground.as_of), ground.score_near(ground.quarter.start)
    if start is not None and now is not None and start.scored_on >= now.scored_on:
        # One score cannot stand at both ends.
        start = None
    yield from _scored("score_now", now, lambda one: one.score, ground)
    yield from _scored("band_now", now, lambda one: one.effective_band, ground)
    yield from _scored("coverage", now, lambda one: one.coverage, ground)
    yield from _scored("score_at_start", start, lambda one: one.score, ground)
    yield from _scored("band_at_start", start, lambda one: one.effective_band, ground)
    if now is not None and start is not None:
        yield from _scored("score_change", now, lambda one: one.score - start.score, ground)
    if now is None:
        return
    policy = now.applied()
    for name, threshold in (
        ("amber_threshold", policy.amber_threshold),
        ("red_threshold", policy.red_threshold),
    ):
        yield _portal(
            f"policy.{name}",
            threshold,
            source=f"Thresholds, version {now.policy.number}",
            as_of=now.scored_on,
        )
    for number, driver in enumerate(explain.top_drivers(now.points, DRIVERS), start=1):
        for part, value in (("name", driver.label), ("points", driver.points)):
            yield _portal(f"driver.{number}.{part}", value, source=_score_source(now), as_of=now.scored_on)


def _scored(name: str, score: HealthScore | None, value: Any, ground: _Ground) -> Iterator[Fact]:
    if score is None:
        yield _portal(f"health.{name}", None, source="Health score", as_of=ground.as_of)
    else:
        yield _portal(
            f"health.{name}",
            value(score),
            source=_score_source(score),
            as_of=score.scored_on,
            is_stale=ground.as_of - score.scored_on > STALE_AFTER and name.endswith(("_now", "coverage")),
        )


def _score_source(score: HealthScore) -> str:
    return f"Health score, thresholds version {score.policy.number}"


def _history(ground: _Ground) -> Iterator[Fact]:
    """Give the last score of each calendar week of the quarter, and how many weeks each band lasted."""
    by_week: dict[date, HealthScore] = {}
    for score in ground.scores:
        if score.scored_on >= ground.quarter.start:
            by_week[earlier.monday_of(score.scored_on)] = score
    if not by_week:
        return
    for number, score in enumerate(list(by_week.values())[-WEEKS:], start=1):
        for part, value in (("score", score.score), ("band", score.effective_band)):
            yield _portal(
                f"history.{number}.{part}", value, source=_score_source(score), as_of=score.scored_on
            )
    counted = dict.fromkeys(_BAND_IDS.values(), 0)
    for score in by_week.values():
        if (band := _BAND_IDS.get(Band(score.effective_band))) is not None:
            counted[band] += 1
    first, last = earlier.monday_of(ground.quarter.start), earlier.monday_of(ground.as_of)
    unknown = (last - first).days // 7 + 1 - sum(counted.values())
    for band, weeks in (*counted.items(), ("unknown", unknown)):
        yield _portal(f"health.weeks_{band}", weeks, source="Health score history", as_of=ground.as_of)


def _inputs(ground: _Ground) -> Iterator[Fact]:
    """Give the thirteen inputs at both ends of the quarter.

    Today's are the mirror's. Those of another day are what was kept with the score of that day, because the
    mirror holds the present only.
    """
    account = ground.account
    if ground.is_to_date:
        (snapshot,) = inputs.snapshots([account.pk], as_of=ground.as_of)
        now, now_on, last_on = snapshot.signals, ground.read_on, account.last_interaction_on
    else:
        kept = ground.score_near(ground.as_of)
        now = HealthSignals() if kept is None else HealthSignals.from_mapping(kept.inputs)
        now_on = ground.as_of if kept is None else kept.scored_on
        days = now.last_interaction_days
        last_on = None if days is None else now_on - timedelta(days=int(days))
    score = ground.score_near(ground.quarter.start)
    if score is not None and score.scored_on >= now_on:
        score = None
    start = HealthSignals() if score is None else HealthSignals.from_mapping(score.inputs)
    for name in INPUT_NAMES:
        fields = _FIELDS_OF.get(name, (name,))
        yield catalogue.fact(
            f"input.{name}.now",
            getattr(now, name),
            source=ground.source(*fields),
            as_of=now_on,
            source_url=account.url,
            is_stale=ground.is_stale,
        )
        yield catalogue.fact(
            f"input.{name}.at_start",
            getattr(start, name),
            source=f"{ground.source(*fields)}, as kept with the score",
            as_of=ground.quarter.start if score is None else score.scored_on,
        )
    yield catalogue.fact(
        "input.last_interaction_on",
        last_on,
        source=ground.source("last_interaction_on"),
        as_of=now_on,
        source_url=account.url,
        is_stale=ground.is_stale,
    )


def _contract(ground: _Ground) -> Iterator[Fact]:
    account = ground.account
    used, purchased = account.seats_used, account.seats_purchased
    unused = None if used is None or purchased is None else max(0, purchased - used)
    # What is still ahead is told from the day of writing, not from the last day of the quarter under review.
    to_notice = None if account.notice_on is None else (account.notice_on - ground.today).days
    to_renewal = None if account.renewal_on is None else (account.renewal_on - ground.today).days
    yield _mirrored(ground, "seats.used", used, "seats_used")
    yield _mirrored(ground, "seats.purchased", purchased, "seats_purchased")
    yield _mirrored(ground, "seats.unused", unused, "seats_used", "seats_purchased")
    yield _mirrored(ground, "contract.arr", account.arr, "arr", currency=ground.currency)
    yield _mirrored(ground, "contract.renewal_on", account.renewal_on, "renewal_on")
    yield _mirrored(ground, "contract.notice_on", account.notice_on, "notice_on")
    yield _mirrored(ground, "contract.days_to_notice", to_notice, "notice_on")
    yield _mirrored(ground, "contract.days_to_renewal", to_renewal, "renewal_on")


def _benchmark(ground: _Ground) -> Iterator[Fact]:
    """Give the median adoption of the segment, where it has accounts enough."""
    segment = ground.account.segment
    rates: list[Decimal] = []
    if segment:
        rates = list(
            Account.objects.current()
            .filter(segment=segment, feature_adoption_rate__isnull=False)
            .values_list("feature_adoption_rate", flat=True)
        )
    enough = len(rates) >= LEAST_PEERS
    source = f"Accounts of the segment {segment}" if segment else "Accounts of the same segment"
    for fact_id, value in (
        ("benchmark.adoption_median", median(rates) if enough else None),
        ("benchmark.accounts", len(rates) if enough else None),
    ):
        yield _portal(fact_id, value, source=source, as_of=ground.read_on, is_stale=ground.is_stale)


def _features(ground: _Ground) -> Iterator[Fact]:
    licensed, used = ground.account.features_licensed, ground.account.features_used
    yield _mirrored(ground, "features.licensed", licensed, "features_licensed")
    yield _mirrored(ground, "features.used", used, "features_used")
    if licensed is not None:
        yield _mirrored(ground, "features.licensed_count", len(licensed), "features_licensed")
    if used is not None:
        yield _mirrored(ground, "features.used_count", len(used), "features_used")
    if licensed is not None and used is not None:
        in_use = {name.strip().casefold() for name in used}
        unused = [name for name in licensed if name.strip().casefold() not in in_use]
        yield _mirrored(ground, "features.unused", unused, "features_licensed", "features_used")


def _coached(ground: _Ground) -> Iterator[Fact]:
    """Give the steps of adoption plans that were ticked off within the quarter, in the order in which they were done."""
    days = [ground.quarter.start, ground.as_of + timedelta(days=1)]
    since, until = (datetime.combine(day, time.min, ground.account.tenant.zone) for day in days)
    rows = (
        CoachingStep.objects.filter(plan__account=ground.account, done_at__gte=since, done_at__lt=until)
        .order_by("done_at", "position", "pk")
        .values_list("title", "done_at")
    )
    done = [(title, done_at) for title, done_at in rows[:MOST_STEPS] if done_at is not None]
    for number, (title, done_at) in enumerate(done, start=1):
        on = done_at.astimezone(ground.account.tenant.zone).date()
        for part, value in (("step", title), ("done_on", on)):
            yield _portal(f"coaching.{number}.{part}", value, source="Adoption plan", as_of=on)
    if done:
        yield _portal("coaching.done", len(done), source="Adoption plan", as_of=ground.as_of)


def _roi(ground: _Ground) -> Iterator[Fact]:
    for held in roi.values(ground.account.roi_facts):
        yield catalogue.fact(
            held.fact_id,
            held.value,
            label=held.label,
            kind=held.kind,
            unit=held.unit,
            currency=held.currency,
            period=held.period,
            source=f"Notion: {held.property_name}",
            as_of=ground.read_on,
            source_url=ground.account.url,
            is_stale=ground.is_stale,
        )


def _agreed(ground: _Ground) -> Iterator[Fact]:
    """Give the customer's goals, and what the last published review agreed with what became of it."""
    yield _mirrored(ground, "goals.text", ground.account.customer_goals, "customer_goals")
    rows = _last_commitments(ground.account, ground.quarter.start)
    for number, row in enumerate(rows, start=1):
        stem, source = f"commitment.{number}", f"QBR of {row.qbr.quarter_label}"
        on = row.qbr.quarter_end - timedelta(days=1)
        yield _portal(f"{stem}.text", row.text, source=source, as_of=on)
        yield _portal(f"{stem}.owner", row.owner_name, source=source, as_of=on)
        yield _portal(f"{stem}.due_on", row.due_on, source=source, as_of=on)
        yield _portal(f"{stem}.outcome", row.outcome, source=source, as_of=ground.today)
    if rows:
        kept = sum(row.outcome == Outcome.KEPT for row in rows)
        source = f"QBR of {rows[0].qbr.quarter_label}"
        yield _portal("commitments.total", len(rows), source=source, as_of=ground.today)
        yield _portal("commitments.kept", kept, source=source, as_of=ground.today)


def commitments_before(qbr: QBR) -> list[Commitment]:
    """Return what the last published review before this one agreed on, in order. One query."""
    return _last_commitments(qbr.account, qbr.quarter_start)


def _last_commitments(account: Account, before: date) -> list[Commitment]:
    rows = list(
        Commitment.objects.filter(qbr__account=account, qbr__quarter_start__lt=before)
        .select_related("qbr")
        .order_by("-qbr__quarter_start", "position")
    )
    return [row for row in rows if row.qbr_id == rows[0].qbr_id]
