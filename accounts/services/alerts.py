"""Raises alerts from what a scan found, keeps them in step with it, and hands the most urgent over (SPEC 4.2)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Account, Alert, AlertPlace, ChurnAssessment, HealthScore
from accounts.models.alerts import A_DAY
from accounts.scoring import alerts as rules
from accounts.scoring.alert_states import LIVE, AlertState
from accounts.scoring.alerts import Case, Cause, Reason, Seen, Severity
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.churn_facts import Fact, FactCode, FactKind
from accounts.scoring.currencies import Rates
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import currencies
from accounts.selectors.inputs import Snapshot
from accounts.services import alert_delivery, snoozes
from csm_portal.core import bulk
from csm_portal.core.models import Tenant
from csm_portal.core.scope import current_tenant_id

FLAPS_WITHIN: Final = timedelta(days=7)
"""A cause that comes back so soon after it went is the same story: its alert opens again instead of a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One account as a scan left it: what the rules of the alerts are asked about."""

    snapshot: Snapshot
    score: HealthScore
    assessment: ChurnAssessment
    policy: HealthPolicy
    is_frozen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a scan did to the alerts. ``alerted`` are the accounts that have one which was raised or opened again."""

    raised: int = 0
    reopened: int = 0
    closed: int = 0
    alerted: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What ARR is weighed by: the admin's rates, and the usual ARR in the tenant's currency for one that is not known."""

    rates: Rates
    usual: Decimal


def scale() -> Scale:
    """Return what the tenant's accounts are weighed by: the usual ARR is the median of those that can be compared.

    Where none can, it is 1: then severity and nearness alone decide. Three queries.
    """
    rates = currencies.rates()
    known = Account.objects.current().filter(arr__isnull=False).order_by().values_list("arr", "currency")
    counted = sorted(
        amount for arr, currency in known if (amount := rates.in_base(arr, currency)) is not None
    )
    return Scale(rates=rates, usual=counted[len(counted) // 2] if counted else Decimal(1))


def keep_in_step(found: Sequence[Found], *, weighed_by: Scale, as_of: date, now: datetime) -> Changes:
    """Raise, refresh, open again and close the alerts of accounts that were just scored and assessed.

    Call it in the scan's transaction, which holds the tenant's row: two scans of one tenant come one after the other.
    The same findings a second time change nothing. Two queries to read, two statements to write.
    """
    standing = _standing([one.snapshot.account_id for one in found], now=now)
    step = _Step(weighed_by=weighed_by, as_of=as_of, now=now)
    for one in found:
        step.take(one, standing.get(one.snapshot.account_id, {}))
    bulk.write(step.raised)
    bulk.update(step.moved, fields=[*_FIGURES, *_STATE])
    bulk.update(step.refreshed, fields=_FIGURES)
    bulk.update(step.reworded, fields=_WORDS)
    return Changes(
        raised=len(step.raised),
        reopened=sum(alert.ended_at is None for alert in step.moved),
        closed=sum(alert.ended_at is not None for alert in step.moved),
        alerted=tuple(step.alerted),
    )


_FIGURES: Final = (
    "severity",
    "headline",
    "facts",
    "action",
    "until",
    "urgency",
    "arr",
    "arr_is_assumed",
    "has_no_rate",
    "rate",
    "currency",
    "severity_weight",
    "nearness",
    "checked_on",
    "seen",
    "is_waiting",
)
# All that a day usually changes: "silent for 41 days" is 42 on the next.
_WORDS: Final = ("headline", "facts", "checked_on")
_STATE: Final = (
    "state",
    "state_at",
    "state_by",
    "note",
    "snoozed_until",
    "reopened_at",
    "reopened_because",
    "ended_at",
    "ended_because",
    "due_on",
    "version",
    "held_back_on",
)


def _standing(account_ids: Collection[UUID], *, now: datetime) -> dict[UUID, dict[Reason, Alert]]:
    """Return the alert that stands for each account and reason, else the one that ended lately. Locks them."""
    stands = Q(ended_at=None) | Q(ended_at__gt=now - FLAPS_WITHIN)
    alerts = Alert.objects.filter(stands, account_id__among=account_ids).select_for_update().order_by("pk")
    standing: dict[UUID, dict[Reason, Alert]] = {}
    # The one that runs comes last, and so stands before those that ended.
    for alert in sorted(alerts, key=lambda one: (one.ended_at is None, one.ended_at or now)):
        standing.setdefault(alert.account_id, {})[Reason(alert.reason)] = alert
    return standing


class _Step:
    """What becomes of the alerts of one batch of accounts. Writes nothing by itself."""

    def __init__(self, *, weighed_by: Scale, as_of: date, now: datetime) -> None:
        self._scale = weighed_by
        self._as_of = as_of
        self._now = now
        self.raised: list[Alert] = []
        self.moved: list[Alert] = []
        self.refreshed: list[Alert] = []
        self.reworded: list[Alert] = []
        self.alerted: list[UUID] = []

    def take(self, one: Found, standing: Mapping[Reason, Alert]) -> None:
        case = _case(one)
        since = {reason: alert.raised_on for reason, alert in standing.items() if alert.ended_at is None}
        causes = rules.causes(case, policy=one.policy, since=since)
        changed = len(self.raised) + len(self.moved)
        for cause in causes:
            alert = standing.get(cause.reason)
            if alert is None:
                self.raised.append(self._new(cause, one))
            elif alert.ended_at is not None:
                self._came_back(alert, cause, one)
            else:
                self._still_there(alert, cause, one)
        if len(self.raised) + len(self.moved) > changed:
            self.alerted.append(one.snapshot.account_id)
        told = {cause.reason for cause in causes}
        for reason, alert in standing.items():
            if alert.ended_at is None and reason not in told:
                self._is_over(alert, rules.why_over(reason, case, causes))

    def _new(self, cause: Cause, one: Found) -> Alert:
        alert = Alert(
            account_id=one.snapshot.account_id,
            reason=cause.reason,
            raised_on=self._as_of,
            raised_at=self._now,
            state_at=self._now,
            due_on=rules.due_on(cause.severity, as_of=self._as_of),
            seen=_stored(rules.seen(cause, until=one.assessment.until)),
        )
        self._figures(alert, cause, one)
        return alert

    def _still_there(self, alert: Alert, cause: Cause, one: Found) -> None:
        before = _told(alert)
        now = rules.seen(cause, until=one.assessment.until)
        worse = rules.what_is_worse(_read(alert.seen), now)
        self._figures(alert, cause, one)
        is_awake = alert.state == AlertState.SNOOZED and _is_over(alert.snoozed_until, self._as_of)
        if worse or is_awake:
            alert.seen = _stored(now)
            if alert.state != AlertState.OPEN:
                self._open(alert, worse or snoozes.OVER)
                return
            alert.is_waiting = True
        changed = {name for name, was, now in zip(_FIGURES, before, _told(alert), strict=True) if was != now}
        if changed:
            (self.reworded if changed.issubset(_WORDS) else self.refreshed).append(alert)

    def _came_back(self, alert: Alert, cause: Cause, one: Found) -> None:
        """Open an alert again whose cause was gone for a few days; it is told again only if it is worse."""
        now = rules.seen(cause, until=one.assessment.until)
        was_told = alert.handed_over_at is not None
        is_worse = bool(rules.what_is_worse(_read(alert.seen), now))
        self._figures(alert, cause, one)
        alert.ended_at, alert.ended_because = None, ""
        if is_worse:
            alert.seen = _stored(now)
        self._open(alert, "The cause is back.", tell=is_worse or not was_told)

    def _open(self, alert: Alert, because: str, *, tell: bool = True) -> None:
        alert.state = AlertState.OPEN
        alert.state_at, alert.state_by, alert.note = self._now, None, ""
        alert.snoozed_until = None
        alert.reopened_at, alert.reopened_because = self._now, because[:300]
        alert.due_on = rules.due_on(Severity(alert.severity), as_of=self._as_of)
        alert.is_waiting = tell
        alert.held_back_on = None
        alert.version += 1
        self.moved.append(alert)

    def _is_over(self, alert: Alert, because: str) -> None:
        end(alert, because, now=self._now)
        self.moved.append(alert)

    def _figures(self, alert: Alert, cause: Cause, one: Found) -> None:
        weighed = rules.urgency(
            arr=one.snapshot.arr,
            currency=one.snapshot.currency,
            rates=self._scale.rates,
            usual_arr=self._scale.usual,
            severity=cause.severity,
            until=one.assessment.until,
            as_of=self._as_of,
            policy=one.policy,
        )
        alert.severity = cause.severity
        alert.headline = cause.headline[:400]
        alert.facts = [_fact(fact) for fact in cause.facts]
        alert.action = cause.action[:300]
        alert.until = one.assessment.until
        alert.urgency = weighed.value
        alert.arr = weighed.arr
        alert.arr_is_assumed = weighed.arr_is_assumed
        alert.has_no_rate = weighed.has_no_rate
        alert.rate = weighed.rate
        alert.currency = one.snapshot.currency
        alert.severity_weight = weighed.severity_weight
        alert.nearness = weighed.nearness
        alert.checked_on = self._as_of


def end(alert: Alert, because: str, *, now: datetime) -> None:
    """Let an alert's cause be gone, in memory; one that a person resolved stays resolved."""
    alert.ended_at, alert.ended_because = now, because[:300]
    alert.is_waiting = False
    alert.held_back_on = None
    alert.version += 1
    if alert.state in LIVE:
        alert.state = AlertState.CLOSED
        alert.state_at, alert.state_by = now, None
        alert.snoozed_until = None


def _is_over(snoozed_until: date | None, as_of: date) -> bool:
    return snoozed_until is None or snoozed_until < as_of


def _told(alert: Alert) -> tuple[Any, ...]:
    return tuple(getattr(alert, name) for name in _FIGURES)


def _case(one: Found) -> Case:
    score, assessment = one.score, one.assessment
    return Case(
        score=score.score,
        band=Band(score.effective_band),
        previous_band=Band(score.previous_band) if score.previous_band else None,
        previous_score=score.previous_score,
        level=RiskLevel(assessment.level),
        facts=tuple(_read_fact(fact) for fact in assessment.facts),
        until=assessment.until,
        actions=tuple(assessment.actions),
        payment_current=one.snapshot.signals.payment_current,
        as_of=score.scored_on,
        is_last_known=score.is_last_known,
        is_frozen=one.is_frozen,
        band_reason=score.band_reason,
    )


def _fact(fact: Fact) -> dict[str, Any]:
    return {"code": fact.code, "kind": fact.kind, "sentence": fact.sentence, "on": fact.on.isoformat()}


def _read_fact(stored: Mapping[str, Any]) -> Fact:
    sentence = stored["sentence"]
    return Fact(
        code=FactCode(stored["code"]),
        kind=FactKind(stored["kind"]),
        clause=f"{sentence[:1].lower()}{sentence[1:]}".removesuffix("."),
        on=date.fromisoformat(stored["on"]),
    )


def _stored(seen: Seen) -> dict[str, Any]:
    return {
        "severity": seen.severity.value,
        "codes": sorted(seen.codes),
        "until": seen.until.isoformat() if seen.until else None,
    }


def _read(stored: Mapping[str, Any]) -> Seen:
    until = stored.get("until")
    return Seen(
        severity=Severity(stored["severity"]),
        codes=frozenset(stored["codes"]),
        until=date.fromisoformat(until) if until else None,
    )


@transaction.atomic
def close_of_gone_accounts(*, now: datetime) -> int:
    """Close the alerts of accounts that are archived or gone in Notion: nobody scores them any more."""
    current = Account.objects.current().filter(pk=OuterRef("account"))
    gone = Alert.objects.running().filter(~Exists(current)).select_for_update().order_by("pk")
    alerts = list(gone)
    for alert in alerts:
        end(alert, "The account is archived or gone in Notion.", now=now)
    bulk.update(alerts, fields=[*_FIGURES, *_STATE])
    return len(alerts)


@transaction.atomic
def hand_over_the_most_urgent(*, as_of: date, now: datetime, account_id: UUID | None = None) -> int:
    """Give the places of the local day that are free to the most urgent alerts that wait; return how many went out.

    An account takes one place a day, so that five messages tell of five accounts. The others are held back and compete
    again on the next day. With ``account_id`` only that account's compete. Handing over only writes the outbox: that and
    the place are one transaction, so that a crash between them neither loses nor doubles an alert.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    taken = dict(AlertPlace.objects.filter(local_date=as_of).values_list("number", "account_id"))
    free = [number for number in range(1, A_DAY + 1) if number not in taken]
    waiting = Alert.objects.filter(is_waiting=True, ended_at=None)
    if account_id is not None:
        waiting = waiting.filter(account_id=account_id)
    chosen = _chosen(waiting, count=len(free), told=set(taken.values()))
    places = [
        AlertPlace(local_date=as_of, number=number, alert=alert, account_id=alert.account_id, taken_at=now)
        for number, alert in zip(free, chosen, strict=False)
    ]
    AlertPlace.objects.bulk_create(places)
    Alert.objects.filter(pk__in=[alert.pk for alert in chosen]).update(
        is_waiting=False, held_back_on=None, handed_over_at=now
    )
    for alert in chosen:
        alert_delivery.hand_over(alert, now=now)
    waiting.exclude(held_back_on=as_of).update(held_back_on=as_of)
    return len(places)


def _chosen(waiting: Any, *, count: int, told: set[UUID]) -> list[Alert]:
    """Return the most urgent alert of each of the most urgent accounts. One query for each place at most."""
    chosen: list[Alert] = []
    ordered = waiting.select_related("account__owner").order_by("-urgency", "-severity_weight", "pk")
    while len(chosen) < count:
        alert = ordered.exclude(account_id__in=told).first()
        if alert is None:
            break
        chosen.append(alert)
        told.add(alert.account_id)
    return chosen
