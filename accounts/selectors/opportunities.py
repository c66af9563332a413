"""Opportunities as the pages show them: the list, one of them, those of an account, and what Sales answered lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Account, Opportunity
from accounts.scoring import expansion_sizing, expansion_states, wording
from accounts.scoring.expansion import OpportunityType
from accounts.scoring.expansion_states import ANSWERED, LABELS, OpportunityState, Step
from accounts.selectors import currencies, portfolio_filters, tallies
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.tallies import Choice
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import AuditEvent, Membership, Role

PAGE_SIZE: Final = 50
TURNED_DOWN: Final = "turned_down"
OVER: Final = "over"
TABS: Final[Mapping[str, str]] = {
    "": "Found",
    OpportunityState.DISPATCHED: "With Sales",
    OpportunityState.ACCEPTED: "Accepted",
    OpportunityState.WON: "Won",
    TURNED_DOWN: "Declined or lost",
    OVER: "Dismissed or withdrawn",
}
"""What the list can show: the word in the address, and what it is called."""
SALES_TABS: Final[Mapping[str, str]] = {
    OpportunityState.DISPATCHED: "To answer",
    OpportunityState.ACCEPTED: "Accepted",
    OpportunityState.WON: "Won",
    TURNED_DOWN: "Declined or lost",
    OVER: "Withdrawn",
}
_STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "": (OpportunityState.FOUND,),
    OpportunityState.DISPATCHED: (OpportunityState.DISPATCHED,),
    OpportunityState.ACCEPTED: (OpportunityState.ACCEPTED,),
    OpportunityState.WON: (OpportunityState.WON,),
    TURNED_DOWN: (OpportunityState.DECLINED, OpportunityState.LOST),
    OVER: (OpportunityState.DISMISSED, OpportunityState.WITHDRAWN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityRow:
    """One opportunity of a list. ``steps`` are what the reader may do with it."""

    opportunity_id: UUID
    version: int
    account_id: UUID
    account: str
    owner: str
    kind: str
    kind_label: str
    thing: str
    headline: str
    confidence: str
    amount: Decimal | None
    currency: str
    arithmetic: str
    state: str
    state_label: str
    state_at: datetime
    state_by: str
    note: str
    barred_because: str
    news: str
    won_amount: Decimal | None
    won_currency: str
    found_on: date
    dispatched_at: datetime | None
    dispatched_by: str
    taken_by: str
    steps: tuple[Step, ...]

    @property
    def what_happened(self) -> str:
        """Say who brought it into its state, as a line under it: ``Sam declined it: “No budget this year.”``"""
        who = self.state_by or "The portal"
        done = {
            OpportunityState.DISPATCHED: "handed it over",
            OpportunityState.ACCEPTED: "accepted it",
            OpportunityState.DECLINED: "declined it",
            OpportunityState.WON: "won it",
            OpportunityState.LOST: "lost it",
            OpportunityState.DISMISSED: "dismissed it",
            OpportunityState.WITHDRAWN: "withdrew it",
        }.get(OpportunityState(self.state))
        if done is None:
            return self.news
        if self.state == OpportunityState.WITHDRAWN:
            return f"{who} {done}. {self.note}"
        return f"{who} {done}: “{self.note}”" if self.note else f"{who} {done}."

    @property
    def won_apart(self) -> str:
        """Say that it was won in another currency than the account's, where it was."""
        is_won = self.state == OpportunityState.WON
        return expansion_sizing.kept_apart(self.won_currency, self.currency) if is_won else ""

    @property
    def may_dispatch(self) -> bool:
        return Step.DISPATCH in self.steps

    @property
    def may_dismiss(self) -> bool:
        return Step.DISMISS in self.steps

    @property
    def may_answer(self) -> bool:
        return bool(expansion_states.BY_SALES & set(self.steps))


FIELDS: Final = (
    "pk", "version", "account_id", "account__name", "account__owner_id", "account__owner__name", "account__owner_name",
    "kind", "subject", "seats", "headline", "confidence", "amount", "currency", "arithmetic", "state", "state_at",
    "state_by__name", "note", "barred_because", "news", "won_amount", "won_currency", "found_on", "dispatched_at",
    "dispatched_by__name", "taken_by__name",
)  # fmt: skip


def row(values: Sequence[Any], membership: Membership, *, for_sales: bool = False) -> OpportunityRow:
    """Return one opportunity as lists show it; ``values`` are its FIELDS."""
    given = dict(zip(FIELDS, values, strict=True))
    state = OpportunityState(given["state"])
    if for_sales:
        may_act = Role.SALES in membership.roles
    else:
        may_act = Role.MANAGER in membership.roles or (
            Role.CSM in membership.roles and given["account__owner_id"] == membership.user_id
        )
    steps = expansion_states.steps(state, of_sales=for_sales) if may_act else ()
    if given["barred_because"]:
        steps = tuple(step for step in steps if step is not Step.DISPATCH)
    return OpportunityRow(
        opportunity_id=given["pk"],
        version=given["version"],
        account_id=given["account_id"],
        account=given["account__name"],
        owner=given["account__owner__name"] or given["account__owner_name"],
        kind=given["kind"],
        kind_label=OpportunityType(given["kind"]).label,
        thing=_thing(given),
        headline=given["headline"],
        confidence=given["confidence"],
        amount=given["amount"],
        currency=given["currency"],
        arithmetic=given["arithmetic"],
        state=state,
        state_label=LABELS[state],
        state_at=given["state_at"],
        state_by=given["state_by__name"] or "",
        note=given["note"],
        barred_because=given["barred_because"],
        news=given["news"],
        won_amount=given["won_amount"],
        won_currency=given["won_currency"],
        found_on=given["found_on"],
        dispatched_at=given["dispatched_at"],
        dispatched_by=given["dispatched_by__name"] or ("The agent" if given["dispatched_at"] else ""),
        taken_by=given["taken_by__name"] or "",
        steps=steps,
    )


def _thing(given: Mapping[str, Any]) -> str:
    if given["kind"] != OpportunityType.SEATS:
        return str(given["subject"])
    return f"{given['seats']:,} more {'seat' if given['seats'] == 1 else 'seats'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunitiesPage:
    """All that the list shows. ``counts`` holds how many each tab has; ``sums`` the size of the tab's by currency."""

    rows: tuple[OpportunityRow, ...]
    counts: Mapping[str, int]
    sums: Mapping[str, Decimal]
    unsized: int
    owners: tuple[Choice, ...]
    state: str
    kind: str
    filters: Filters
    previous: str
    next: str
    not_compared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def matching(self) -> int:
        return self.counts[self.state]

    @property
    def narrows(self) -> bool:
        return bool(self.kind or self.filters.narrows)

    @property
    def shows_owner(self) -> bool:
        return self.filters.scope is Scope.ALL

    @property
    def can_act(self) -> bool:
        return any(one.steps for one in self.rows)

    @property
    def is_ended(self) -> bool:
        return self.state not in ("", OpportunityState.DISPATCHED, OpportunityState.ACCEPTED)

    @property
    def summary(self) -> str:
        """Say how much of what is shown: ``50 of 63 opportunities, the surest first, then the largest``."""
        shown = "" if len(self.rows) == self.matching else f"{len(self.rows):,} of "
        order = "the surest first, then the largest" if self.state == "" else "the latest first"
        noun = "opportunity" if self.matching == 1 else "opportunities"
        apart = f"; without a rate for {wording.listed(list(self.not_compared))}" if self.not_compared else ""
        return f"{shown}{self.matching:,} {noun}, {order}{apart}"


def page(
    membership: Membership,
    *,
    filters: Filters,
    state: str = "",
    kind: str = "",
    mark: str = "",
    size: int = PAGE_SIZE,
) -> OpportunitiesPage:
    """Return one page of the opportunities of the accounts that this member may read. Six queries however many."""
    notes: list[str] = []
    if state not in TABS:
        notes.append(f"“{state[:40]}” is no state of an opportunity, so the list shows what was found.")
        state = ""
    if kind and kind not in list(OpportunityType):
        notes.append(f"“{kind[:40]}” is no type of opportunity, so the list is not narrowed by it.")
        kind = ""
    asked = _narrowed(Opportunity.objects.visible_to(membership), membership, filters, kind=kind)
    visible = Account.objects.visible_to(membership).current()
    owners = (
        tallies.owners(tallies.fetch(tallies.counted(visible, "owner", by="owner_id", label="owner__name")))
        if filters.scope is Scope.ALL
        else ()
    )
    return _page(
        asked, membership, filters=filters, state=state, kind=kind, mark=mark, size=size, owners=owners, notes=notes
    )  # fmt: skip


def inbox(
    membership: Membership, *, state: str, mark: str = "", words: Sequence[str] = (), size: int = PAGE_SIZE
) -> OpportunitiesPage:
    """Return one page of what was handed over to Sales, for sales people. Three queries however many."""
    notes: list[str] = []
    if state not in SALES_TABS:
        if state:
            notes.append(f"“{state[:40]}” is no part of the inbox, so it shows what is to be answered.")
        state = OpportunityState.DISPATCHED
    filters = Filters(words=tuple(words))
    asked = _narrowed(Opportunity.objects.handed_over_to(membership), membership, filters)
    return _page(
        asked, membership, filters=filters, state=state, kind="", mark=mark, size=size, owners=(), notes=notes, for_sales=True
    )  # fmt: skip


def _page(
    asked: QuerySet[Opportunity],
    membership: Membership,
    *,
    filters: Filters,
    state: str,
    kind: str,
    mark: str,
    size: int,
    owners: tuple[Choice, ...],
    notes: list[str],
    for_sales: bool = False,
) -> OpportunitiesPage:
    of_tab = asked.filter(state__in=_STATES[state])
    rates = currencies.rates() if state == "" else None
    if rates is not None:
        # What has no size, or none that can be compared, comes last among the equally sure.
        of_tab = of_tab.annotate(worth=Coalesce(currencies.worth("amount", "currency", rates), Value(-1)))
    part = Part(rows=of_tab, columns=_order(state))
    order = f"{'sales' if for_sales else 'opportunities'}-{state}"
    try:
        found = keyset.page([part], order=order, mark=mark, fields=FIELDS, size=size)
    except keyset.UnknownPlace:
        notes.append("The address names a page that is not there any more, so this is the first one.")
        found = keyset.page([part], order=order, mark="", fields=FIELDS, size=size)
    is_won = state == OpportunityState.WON
    sums, unsized = _sums(
        of_tab, by="won_amount" if is_won else "amount", currency="won_currency" if is_won else "currency"
    )
    return OpportunitiesPage(
        rows=tuple(row(values, membership, for_sales=for_sales) for values in found.rows),
        counts=_counts(asked),
        sums=sums,
        unsized=unsized,
        not_compared=rates.missing(sums) if rates is not None else (),
        owners=owners,
        state=state,
        kind=kind,
        filters=filters,
        previous=found.previous,
        next=found.next,
        notes=tuple(notes),
    )


def _narrowed(
    opportunities: QuerySet[Opportunity], membership: Membership, filters: Filters, *, kind: str = ""
) -> QuerySet[Opportunity]:
    if filters.scope is Scope.MINE:
        opportunities = opportunities.filter(account__owner_id=membership.user_id)
    elif filters.owner == portfolio_filters.NONE:
        opportunities = opportunities.filter(account__owner=None)
    elif filters.owner:
        opportunities = opportunities.filter(account__owner_id=UUID(filters.owner))
    for word in filters.words:
        opportunities = opportunities.filter(account__search_text__contains=word)
    return opportunities.filter(kind=kind) if kind else opportunities


def _order(state: str) -> tuple[Column, ...]:
    if state == "":
        # "high" stands before "medium" in the alphabet too.
        return (
            Column(by="confidence", read=keyset.words),
            Column(by="worth", read=keyset.large, is_descending=True),
            Column(by="found_on", read=date.fromisoformat, is_descending=True),
            Column(by="id", read=keyset.key),
        )
    return (
        Column(by="state_at", read=datetime.fromisoformat, is_descending=True),
        Column(by="id", read=keyset.key),
    )


def _counts(opportunities: QuerySet[Opportunity]) -> dict[str, int]:
    counted = opportunities.aggregate(
        **{f"n_{tab or 'found'}": Count("pk", filter=Q(state__in=states)) for tab, states in _STATES.items()}
    )
    return {tab: counted[f"n_{tab or 'found'}"] for tab in _STATES}


def _sums(opportunities: QuerySet[Opportunity], *, by: str, currency: str) -> tuple[dict[str, Decimal], int]:
    """Return the sums by currency, which are never added up, and how many have no size."""
    rows = opportunities.values(unit=F(currency)).annotate(
        total=Sum(by), empty=Count("pk", filter=Q(**{by: None}))
    )
    listed = list(rows.order_by("unit").values_list("unit", "total", "empty"))
    return {unit: total for unit, total, _ in listed if total is not None}, sum(empty for *_, empty in listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of an opportunity's history."""

    at: datetime
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityDetail:
    """One opportunity with all that is known of it."""

    row: OpportunityRow
    evidence: tuple[tuple[str, date], ...]
    talk_track: str
    talk_track_by_model: str
    talk_track_note: str
    checked_on: date
    history: tuple[Deed, ...]


_VERBS: Final[Mapping[str, str]] = {
    "expansion.dispatched": "handed it over to Sales",
    "expansion.dismissed": "dismissed it",
    "expansion.accepted": "accepted it for Sales",
    "expansion.declined": "declined it for Sales",
    "expansion.won": "recorded it as won",
    "expansion.lost": "recorded it as lost",
}


def detail(opportunity: Opportunity, membership: Membership, *, for_sales: bool = False) -> OpportunityDetail:
    """Gather what the page of one opportunity shows. Two queries.

    Once it was handed over, the words and facts are those that Sales was given.
    """
    values = Opportunity.objects.filter(pk=opportunity.pk).values_list(*FIELDS).get()
    by = opportunity.talk_track_by
    return OpportunityDetail(
        row=row(values, membership, for_sales=for_sales),
        evidence=tuple((one["sentence"], date.fromisoformat(one["on"])) for one in opportunity.evidence),
        talk_track=opportunity.talk_track,
        talk_track_by_model="" if by == "templates" else by,
        talk_track_note=opportunity.talk_track_note,
        checked_on=opportunity.checked_on,
        history=_history(opportunity),
    )


def _history(opportunity: Opportunity) -> tuple[Deed, ...]:
    deeds = [Deed(at=opportunity.found_at, sentence=f"A scan found it. {opportunity.news}".strip())]
    events = AuditEvent.objects.filter(object_id=str(opportunity.pk), verb__in=list(_VERBS))
    deeds += [
        Deed(at=at, sentence=f"{name} {_VERBS[verb]}.")
        for at, name, verb in events.order_by("at", "pk").values_list("at", "actor_name", "verb")
    ]
    if opportunity.state == OpportunityState.WITHDRAWN:
        deeds.append(Deed(at=opportunity.state_at, sentence=f"The portal withdrew it. {opportunity.note}"))
    return tuple(sorted(deeds, key=lambda one: one.at, reverse=True))


def of_account(account: Account, membership: Membership, *, most: int = 6) -> tuple[OpportunityRow, ...]:
    """Return an account's open opportunities, then the latest that were answered or dismissed. One query."""
    told = Opportunity.objects.visible_to(membership).filter(account=account)
    latest = told.exclude(state=OpportunityState.WITHDRAWN).order_by("-state_at", "pk").values_list(*FIELDS)
    rows = (row(values, membership) for values in latest[:most])
    return tuple(sorted(rows, key=lambda one: one.state not in expansion_states.OPEN))


def answered(
    membership: Membership, *, scope: Scope, since: datetime, most: int = 5
) -> tuple[OpportunityRow, ...]:
    """Return what Sales answered since a moment, the latest first: accepted, declined, won, lost. One query."""
    found = Opportunity.objects.visible_to(membership).filter(state__in=sorted(ANSWERED), state_at__gte=since)
    if scope is Scope.MINE:
        found = found.filter(account__owner_id=membership.user_id)
    return tuple(
        row(values, membership) for values in found.order_by("-state_at", "pk").values_list(*FIELDS)[:most]
    )
