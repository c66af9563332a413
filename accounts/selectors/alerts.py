"""Alerts as pages show them: the list, one of them, those of an account, and how useful each rule is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.models import Account, Alert, AlertAct, AlertPlace
from accounts.models.alerts import A_DAY
from accounts.scoring import alert_states, wording
from accounts.scoring import alerts as rules
from accounts.scoring.alert_states import Action, AlertState
from accounts.scoring.alerts import Reason, Severity
from accounts.scoring.churn_facts import FactCode
from accounts.selectors import portfolio_filters, tallies
from accounts.selectors.account_detail import Fact, fact
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.tallies import Choice
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import AuditEvent, Membership, Role

PAGE_SIZE: Final = 50
HELD_BACK: Final = "held_back"
TABS: Final[Mapping[str, str]] = {
    "": "Open",
    AlertState.ACKNOWLEDGED: "Acknowledged",
    AlertState.SNOOZED: "Snoozed",
    HELD_BACK: "Held back",
    AlertState.RESOLVED: "Resolved",
    AlertState.CLOSED: "Closed by itself",
}
"""What the list can show: the word in the address, and what it is called."""

_BY_TIME: Final = frozenset({AlertState.RESOLVED.value, AlertState.CLOSED.value})
JUDGED_OVER: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert of a list. ``may_act`` says whether the reader looks after the account."""

    alert_id: UUID
    version: int
    account_id: UUID
    account: str
    owner: str
    reason: str
    reason_label: str
    severity: str
    state: str
    headline: str
    action: str
    until: date | None
    due_on: date
    raised_on: date
    urgency: Decimal
    why_here: str
    arr: Decimal | None
    currency: str
    reopened_because: str
    note: str
    snoozed_until: date | None
    state_at: datetime
    state_by: str
    ended_because: str
    held_back: str
    is_late: bool
    may_act: bool
    actions: tuple[Action, ...]

    @property
    def ticked(self) -> str:
        """What a tick in front of the row says."""
        return f"{self.alert_id}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPage:
    """All that the list shows. ``counts`` holds how many each tab has, under the other filters."""

    rows: tuple[AlertRow, ...]
    counts: Mapping[str, int]
    owners: tuple[Choice, ...]
    state: str
    severity: str
    reason: str
    filters: Filters
    previous: str
    next: str
    today: date
    notes: tuple[str, ...] = ()

    @property
    def matching(self) -> int:
        return self.counts[self.state]

    @property
    def narrows(self) -> bool:
        return bool(self.severity or self.reason or self.filters.narrows)

    @property
    def can_act(self) -> bool:
        return any(row.may_act and row.actions for row in self.rows)

    @property
    def shows_owner(self) -> bool:
        return self.filters.scope is Scope.ALL

    @property
    def summary(self) -> str:
        """Say how much of what is shown: ``50 of 63 alerts, the most urgent first``."""
        shown = "" if len(self.rows) == self.matching else f"{len(self.rows):,} of "
        order = "the latest first" if self.state in _BY_TIME else "the most urgent first"
        return f"{shown}{self.matching:,} {'alert' if self.matching == 1 else 'alerts'}, {order}"


def page(
    membership: Membership,
    *,
    filters: Filters,
    state: str = "",
    severity: str = "",
    reason: str = "",
    mark: str = "",
    today: date,
    size: int = PAGE_SIZE,
) -> AlertsPage:
    """Return one page of the alerts that this member may read. Three queries however many there are."""
    notes: list[str] = []

    def one_of(value: str, allowed: Any, what: str) -> str:
        if value and value not in allowed:
            notes.append(f"“{value[:40]}” is no {what}, so the list is not narrowed by it.")
            return ""
        return value

    state = one_of(state, TABS, "state of an alert")
    severity = one_of(severity, list(Severity), "severity")
    reason = one_of(reason, list(Reason), "reason for an alert")
    asked = _narrowed(membership, filters, severity=severity, reason=reason)
    part = Part(rows=shown(_of_tab(asked, state), today=today), columns=_order(state))
    order = f"alerts-{state}"
    try:
        found = keyset.page([part], order=order, mark=mark, fields=FIELDS, size=size)
    except keyset.UnknownPlace:
        notes.append("The address names a page that is not there any more, so this is the first one.")
        found = keyset.page([part], order=order, mark="", fields=FIELDS, size=size)
    visible = Account.objects.visible_to(membership).current()
    return AlertsPage(
        rows=tuple(row(values, membership, today=today) for values in found.rows),
        counts=_counts(asked),
        owners=tallies.owners(
            tallies.fetch(tallies.counted(visible, "owner", by="owner_id", label="owner__name"))
        )
        if filters.scope is Scope.ALL
        else (),
        state=state,
        severity=severity,
        reason=reason,
        filters=filters,
        previous=found.previous,
        next=found.next,
        today=today,
        notes=tuple(notes),
    )


def _narrowed(
    membership: Membership, filters: Filters, *, severity: str = "", reason: str = ""
) -> QuerySet[Alert]:
    alerts: QuerySet[Alert] = Alert.objects.visible_to(membership)
    if filters.scope is Scope.MINE:
        alerts = alerts.filter(account__owner_id=membership.user_id)
    elif filters.owner == portfolio_filters.NONE:
        alerts = alerts.filter(account__owner=None)
    elif filters.owner:
        alerts = alerts.filter(account__owner_id=UUID(filters.owner))
    for word in filters.words:
        alerts = alerts.filter(account__search_text__contains=word)
    if severity:
        alerts = alerts.filter(severity=severity)
    if reason:
        alerts = alerts.filter(reason=reason)
    return alerts


IS_HELD_BACK: Final = Q(is_waiting=True, ended_at=None, held_back_on__isnull=False)


def _of_tab(alerts: QuerySet[Alert], state: str) -> QuerySet[Alert]:
    if state == HELD_BACK:
        return alerts.filter(IS_HELD_BACK)
    return alerts.filter(state=state or AlertState.OPEN)


def _order(state: str) -> tuple[Column, ...]:
    if state in _BY_TIME:
        return (
            Column(by="state_at", read=datetime.fromisoformat, is_descending=True),
            Column(by="id", read=keyset.key),
        )
    return (
        Column(by="urgency", read=keyset.decimal, is_descending=True),
        Column(by="id", read=keyset.key),
    )


def _counts(alerts: QuerySet[Alert]) -> dict[str, int]:
    counted = alerts.aggregate(
        **{f"n_{name or 'open'}": Count("pk", filter=Q(state=name or AlertState.OPEN)) for name in TABS},
        waiting=Count("pk", filter=IS_HELD_BACK),
    )
    return {name: counted["waiting" if name == HELD_BACK else f"n_{name or 'open'}"] for name in TABS}


def shown(alerts: QuerySet[Alert], *, today: date) -> QuerySet[Any]:
    """Mark the alerts whose account took one of today's places: what ``row`` reads beside their own columns."""
    places = AlertPlace.objects.filter(account=OuterRef("account"), local_date=today)
    return alerts.annotate(account_was_told=Exists(places))


FIELDS: Final = (
    "pk",
    "version",
    "account_id",
    "account__name",
    "account__owner_id",
    "account__owner__name",
    "account__owner_name",
    "reason",
    "severity",
    "state",
    "headline",
    "action",
    "until",
    "facts",
    "account__notice_on",
    "account__renewal_on",
    "due_on",
    "raised_on",
    "urgency",
    "arr",
    "arr_is_assumed",
    "has_no_rate",
    "rate",
    "account__arr",
    "currency",
    "severity_weight",
    "nearness",
    "reopened_because",
    "note",
    "snoozed_until",
    "state_at",
    "state_by__name",
    "ended_because",
    "is_waiting",
    "held_back_on",
    "account_was_told",
)


def row(values: Sequence[Any], membership: Membership, *, today: date) -> AlertRow:
    """Return one alert as lists show it; ``values`` are the FIELDS of one that went through ``shown``."""
    given = dict(zip(FIELDS, values, strict=True))
    state = AlertState(given["state"])
    may_act = Role.MANAGER in membership.roles or (
        Role.CSM in membership.roles and given["account__owner_id"] == membership.user_id
    )
    return AlertRow(
        alert_id=given["pk"],
        version=given["version"],
        account_id=given["account_id"],
        account=given["account__name"],
        owner=given["account__owner__name"] or given["account__owner_name"],
        reason=given["reason"],
        reason_label=rules.LABELS[given["reason"]],
        severity=given["severity"],
        state=state,
        headline=given["headline"],
        action=given["action"],
        until=given["until"],
        due_on=given["due_on"],
        raised_on=given["raised_on"],
        urgency=given["urgency"],
        why_here=_why_here(given, today),
        arr=_own_arr(given),
        currency=given["currency"],
        reopened_because=given["reopened_because"] if state is AlertState.OPEN else "",
        note=given["note"],
        snoozed_until=given["snoozed_until"],
        state_at=given["state_at"],
        state_by=given["state_by__name"] or "",
        ended_because=given["ended_because"],
        held_back=_held_back(given, today=today),
        is_late=state is AlertState.OPEN and given["due_on"] < today,
        may_act=may_act,
        actions=alert_states.actions(state),
    )


def _why_here(given: Mapping[str, Any], today: date) -> str:
    """Say what the rank comes from: ``× 8 (critical) × 4 (notice in 12 days)``; the ARR stands before it.

    ``at 0.92`` stands first where an admin's rate brings the ARR into the tenant's currency. Where the ARR is not known, the median that it counts as is named; 1 says that nobody's is known.
    """
    is_median = given["arr_is_assumed"] and given["arr"] > 1
    assumed = f", counted as the median of {given['arr']:,.0f}" if is_median else ""
    if given["has_no_rate"]:
        assumed += f", because no rate for {given['currency']} is set"
    rate = "" if given["rate"] is None else f"at {_plain(given['rate'])} "
    factors = (
        f"{given['severity_weight']} ({given['severity']}) × {given['nearness']} ({_near(given, today)})"
    )
    return f"{rate}× {factors}{assumed}"


def _own_arr(given: Mapping[str, Any]) -> Decimal | None:
    """Return the account's own ARR, in its own currency: one that no rate leads from is known all the same."""
    if given["has_no_rate"]:
        return cast("Decimal | None", given["account__arr"])
    return None if given["arr_is_assumed"] else cast("Decimal", given["arr"])


def _plain(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def _near(given: Mapping[str, Any], today: date) -> str:
    """Name the date that counts and how far away it is: ``notice in 12 days``, ``contract date passed 3 days ago``."""
    until: date | None = given["until"]
    if until is None:
        return "no contract date"
    is_told = any(isinstance(one, dict) and one.get("code") == FactCode.NOTICE for one in given["facts"])
    # An alert of one fact, arrears say, does not tell which date it is; the account does.
    is_notice = is_told or (until == given["account__notice_on"] and until != given["account__renewal_on"])
    what, left = "notice" if is_notice else "contract", (until - today).days
    return f"{what} date passed {wording.away(left)}" if left < 0 else f"{what} {wording.away(left)}"


def _held_back(given: Mapping[str, Any], *, today: date) -> str:
    on: date | None = given["held_back_on"]
    if not given["is_waiting"] or on is None:
        return ""
    if on != today:
        return f"Held back on {wording.day(on)}; it competes again at the next scan."
    if given["account_was_told"]:
        return "Held back today, because another alert of this account went out. It competes again tomorrow."
    return f"Held back today, because {_FIVE} more urgent ones went out. It competes again tomorrow."


_FIVE: Final = {5: "five"}.get(A_DAY, str(A_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of an alert's history."""

    at: datetime
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """One alert with all that is known of it."""

    row: AlertRow
    facts: tuple[Fact, ...]
    checked_on: date
    meaning: str
    reopened_because: str
    was_useful: bool | None
    history: tuple[Deed, ...]
    went_out_on: tuple[date, ...]


_VERBS: Final[Mapping[str, str]] = {
    "alert.acknowledged": "acknowledged it",
    "alert.snoozed": "snoozed it",
    "alert.resolved": "resolved it",
    "alert.opened_again": "opened it again",
    "alert.undone": "undid what they had done",
    "alert.judged": "said whether it was useful",
}


def detail(alert: Alert, membership: Membership, *, today: date) -> AlertDetail:
    """Gather what the page of one alert shows. Four queries."""
    values = shown(Alert.objects.filter(pk=alert.pk), today=today).values_list(*FIELDS).get()
    places = list(
        AlertPlace.objects.filter(alert=alert).order_by("local_date").values_list("local_date", "taken_at")
    )
    return AlertDetail(
        row=row(values, membership, today=today),
        facts=tuple(fact(one) for one in alert.facts),
        checked_on=alert.checked_on,
        meaning=rules.MEANINGS[alert.reason],
        reopened_because=alert.reopened_because,
        was_useful=alert.was_useful,
        history=_history(alert, [taken_at for _, taken_at in places]),
        went_out_on=tuple(on for on, _ in places),
    )


def _history(alert: Alert, went_out: Sequence[datetime]) -> tuple[Deed, ...]:
    deeds = [Deed(at=alert.raised_at, sentence="A scan found the cause and raised the alert.")]
    deeds += [Deed(at=at, sentence="It went out to the account's CSM.") for at in went_out]
    acts = [str(pk) for pk in _acts_of(alert)]
    events = AuditEvent.objects.filter(
        Q(object_id=str(alert.pk)) | Q(object_id__in=acts), verb__in=list(_VERBS)
    ).order_by("at", "pk")
    deeds += [
        Deed(at=at, sentence=f"{name} {_VERBS[verb]}.")
        for at, name, verb in events.values_list("at", "actor_name", "verb")
    ]
    if alert.reopened_at is not None and not any(one.at == alert.reopened_at for one in deeds):
        deeds.append(Deed(at=alert.reopened_at, sentence=f"It opened again. {alert.reopened_because}"))
    if alert.ended_at is not None:
        deeds.append(Deed(at=alert.ended_at, sentence=f"It is over. {alert.ended_because}"))
    return tuple(sorted(deeds, key=lambda one: one.at, reverse=True))


def _acts_of(alert: Alert) -> list[UUID]:
    """Return the bulk acts that this alert was part of: an act of one is recorded on the alert itself."""
    acts = AlertAct.objects.filter(at__gte=alert.raised_at).annotate(text=Cast("entries", TextField()))
    return list(acts.filter(text__contains=str(alert.pk)).values_list("pk", flat=True))


def of_account(account: Account, membership: Membership, *, today: date) -> tuple[AlertRow, ...]:
    """Return the alerts of an account whose cause lasts, the most urgent first. One query."""
    running = shown(Alert.objects.running().filter(account=account), today=today)
    found = running.order_by("-urgency", "pk").values_list(*FIELDS)
    return tuple(row(values, membership, today=today) for values in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """How one rule did over the last 90 days. ``share`` is None without an answer."""

    reason: str
    label: str
    meaning: str
    raised: int
    went_out: int
    answered: int
    useful: int
    closed_by_itself: int
    live: int

    @property
    def share(self) -> float | None:
        return self.useful / self.answered if self.answered else None


def usefulness(*, now: datetime) -> tuple[RuleFigures, ...]:
    """Return the figures of each rule, in the order of the list. One query."""
    counted = {
        row["reason"]: row
        for row in Alert.objects.filter(raised_at__gte=now - JUDGED_OVER)
        .values("reason")
        .annotate(
            raised=Count("pk"),
            went_out=Count("pk", filter=Q(handed_over_at__isnull=False)),
            answered=Count("pk", filter=Q(was_useful__isnull=False)),
            useful=Count("pk", filter=Q(was_useful=True)),
            closed=Count("pk", filter=Q(state=AlertState.CLOSED)),
            live=Count("pk", filter=Q(state__in=sorted(alert_states.LIVE))),
        )
        .order_by()
    }
    empty = dict.fromkeys(("raised", "went_out", "answered", "useful", "closed", "live"), 0)
    return tuple(
        RuleFigures(
            reason=reason,
            label=rules.LABELS[reason],
            meaning=rules.MEANINGS[reason],
            raised=row["raised"],
            went_out=row["went_out"],
            answered=row["answered"],
            useful=row["useful"],
            closed_by_itself=row["closed"],
            live=row["live"],
        )
        for reason in Reason
        for row in [counted.get(reason.value, empty)]
    )
