"""The accounts that may leave: who, why and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import Account, ChurnAssessment
from accounts.scoring.churn import RiskLevel
from accounts.selectors import portfolio_filters, tallies
from accounts.selectors.account_detail import Fact, fact
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.tallies import Choice, Sums
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import Membership
from csm_portal.core.scope import current_tenant_id

PAGE_SIZE: Final = 50
FACTS_SHOWN: Final = 2
LEVELS: Final[Mapping[str, str]] = {
    RiskLevel.CRITICAL: "Critical",
    RiskLevel.HIGH: "High",
    RiskLevel.MEDIUM: "Medium",
    RiskLevel.LOW: "Low",
}
TRIGGERS: Final[Mapping[str, str]] = {
    "contract_proximity": "the contract",
    "behavioral": "the behaviour",
    "combined": "the behaviour and the contract",
}
# An account without a date comes after those that have one, whatever their date.
_NO_DATE: Final = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    """One account that may leave. ``until_is`` says which date counts: notice or renewal."""

    account_id: UUID
    name: str
    segment: str
    owner: str
    owner_is_user: bool
    level: str
    trigger: str
    facts: tuple[Fact, ...]
    until: date | None
    until_is: str
    score: int
    band: str
    is_last_known: bool
    arr: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFigures:
    """How many accounts a level holds, and their ARR by currency, each account counted once."""

    level: str
    label: str
    count: int
    arr: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPage:
    """All that the page shows. ``visible`` counts the accounts that the reader may see at all."""

    rows: tuple[RiskRow, ...]
    figures: tuple[LevelFigures, ...]
    matching: int
    owners: tuple[Choice, ...]
    visible: int
    filters: Filters
    level: str
    previous: str
    next: str
    today: date
    notes: tuple[str, ...] = ()

    @property
    def shows_owner(self) -> bool:
        """Whether the owner tells anything: in one's own accounts it is always oneself."""
        return self.filters.scope is Scope.ALL

    @property
    def summary(self) -> str:
        """Say how much of what is shown: ``50 of 63 accounts at risk, the most urgent first``."""
        noun = "account" if self.matching == 1 else "accounts"
        shown = "" if len(self.rows) == self.matching else f"{len(self.rows):,} of "
        risk = "at low risk" if self.level == RiskLevel.LOW else "at risk"
        return f"{shown}{self.matching:,} {noun} {risk}, the most urgent first"


def page(
    membership: Membership,
    *,
    filters: Filters,
    level: str = "",
    mark: str = "",
    today: date,
    size: int = PAGE_SIZE,
) -> RiskPage:
    """Return one page of the accounts at risk, by level and then by date, overdue ones first.

    Without a ``level`` those of low risk are left out. Three queries however many accounts there are.
    """
    notes: list[str] = []
    if level and level not in LEVELS:
        notes.append(f"“{level[:40]}” is no level of risk, so every level is shown.")
        level = ""
    visible = Account.objects.visible_to(membership).current()
    asked = portfolio_filters.narrow(visible, filters, reader_id=membership.user_id, today=today)
    figures, owners, count = _figures(asked, visible)
    part = Part(
        rows=_at_risk(asked, level),
        columns=(
            Column(by="health__churn_rank", read=keyset.integer, is_descending=True),
            Column(by="by_date", read=keyset.day),
            Column(by="health__account", read=keyset.key),
        ),
    )
    try:
        found = keyset.page([part], order="risk", mark=mark, fields=_FIELDS, size=size)
    except keyset.UnknownPlace:
        notes.append("The address names a page that is not there any more, so this is the first one.")
        found = keyset.page([part], order="risk", mark="", fields=_FIELDS, size=size)
    return RiskPage(
        rows=_rows(found.rows),
        figures=figures,
        matching=sum(one.count for one in figures if _is_asked(one.level, level)),
        owners=owners,
        visible=count,
        filters=filters,
        level=level,
        previous=found.previous,
        next=found.next,
        today=today,
        notes=tuple(notes),
    )


def _is_asked(level: str, asked: str) -> bool:
    return level == asked if asked else level != RiskLevel.LOW


def _at_risk(accounts: QuerySet[Account], level: str) -> QuerySet[Account]:
    # Named, so that the walk starts in the health's own index, which begins with the tenant and the rank.
    accounts = accounts.filter(health__tenant=current_tenant_id())
    if level:
        accounts = accounts.filter(health__churn_level=level)
    else:
        accounts = accounts.filter(health__churn_rank__gt=0)
    return accounts.annotate(by_date=Coalesce("health__churn_until", Value(_NO_DATE)))


_FIELDS: Final = (
    "pk",
    "name",
    "segment",
    "owner__name",
    "owner_name",
    "arr",
    "currency",
    "renewal_on",
    "notice_on",
    "health__churn_level",
    "health__churn_trigger",
    "health__churn_until",
    "health__score",
    "health__effective_band",
    "health__is_last_known",
)


def _rows(found: Sequence[tuple[Any, ...]]) -> tuple[RiskRow, ...]:
    """Put the facts of the latest assessments beside the rows. One query, one more for each 500 rows of a file."""
    latest = ChurnAssessment.objects.filter(assessed_on=F("account__health__scored_on"))
    facts: dict[UUID, Any] = {}
    for start in range(0, len(found), 500):
        keys = [values[0] for values in found[start : start + 500]]
        facts.update(latest.filter(account_id__in=keys).values_list("account_id", "facts"))
    return tuple(_row(values, facts.get(values[0], [])) for values in found)


def _row(values: tuple[Any, ...], stored: Sequence[Any]) -> RiskRow:
    (
        account_id,
        name,
        segment,
        user_name,
        owner_name,
        arr,
        currency,
        renewal_on,
        notice_on,
        level,
        trigger,
        until,
        score,
        band,
        is_last_known,
    ) = values
    return RiskRow(
        account_id=account_id,
        name=name,
        segment=segment,
        owner=user_name or owner_name,
        owner_is_user=user_name is not None,
        level=level,
        trigger=TRIGGERS.get(trigger, ""),
        facts=_why(stored),
        until=until,
        until_is="" if until is None else _date_words(until, notice_on=notice_on, renewal_on=renewal_on),
        score=score,
        band=band,
        is_last_known=is_last_known,
        arr=arr,
        currency=currency,
    )


def _why(stored: Sequence[Any]) -> tuple[Fact, ...]:
    """Return the heaviest facts, those last that a column of its own tells already: the band and the date."""
    ordered = sorted(stored, key=_is_told)
    return tuple(fact(one) for one in ordered[:FACTS_SHOWN])


def _is_told(stored: Any) -> bool:
    return isinstance(stored, dict) and (stored.get("kind") == "contract" or stored.get("code") == "band")


def _date_words(until: date, *, notice_on: date | None, renewal_on: date | None) -> str:
    if until == renewal_on:
        return "Renewal"
    return "Notice" if until == notice_on else "Contract"


def _figures(
    asked: QuerySet[Account], visible: QuerySet[Account]
) -> tuple[tuple[LevelFigures, ...], tuple[Choice, ...], int]:
    """Count and sum what is asked for by level and currency, and name the owners there are. One query."""
    found = tallies.fetch(
        tallies.summed(asked, "level", by="shown_risk"),
        tallies.counted(visible, "owner", by="owner_id", label="owner__name"),
    )
    sums: dict[str, Sums] = {level: Sums() for level in LEVELS}
    for tally in found:
        if tally.kind == "level" and tally.value in sums:
            sums[tally.value].add(tally)
    figures = tuple(
        LevelFigures(level=level, label=LEVELS[level], count=one.count, arr=one.arr)
        for level, one in sums.items()
    )
    return figures, tallies.owners(found), tallies.total(found, "owner")
