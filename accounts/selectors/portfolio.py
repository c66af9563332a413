"""The list of accounts: one page of rows, and the figures over all that match."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower

from accounts.models import Account, BandOverride, Outcome, OutcomeKind
from accounts.models.health import BAND_PLACES
from accounts.scoring import wording
from accounts.scoring.bands import Band
from accounts.scoring.currencies import Rates
from accounts.selectors import currencies, portfolio_filters, tallies
from accounts.selectors.portfolio_filters import NONE, Filters, Scope
from accounts.selectors.tallies import Choice, Sums, Tally
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import Membership
from csm_portal.core.scope import current_tenant_id

PAGE_SIZE: Final = 50
DEFAULT_SORT: Final = "band"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the list: by a column of the account, or of its health; ``words`` are ascending, descending."""

    by: str
    read: Any
    is_health: bool = False
    words: tuple[str, str]


ORDERS: Final[Mapping[str, Order]] = {
    # The band that is shown, then the score: a last known Red is no Green, whatever is left of its score.
    "band": Order(
        by="health__worst_first", read=keyset.integer, is_health=True, words=("worst first", "best first")
    ),
    "score": Order(
        by="health__score",
        read=keyset.integer,
        is_health=True,
        words=("lowest score first", "highest score first"),
    ),
    "change": Order(
        by="health__change",
        read=keyset.integer,
        is_health=True,
        words=("largest fall first", "largest gain first"),
    ),
    "renewal": Order(
        by="renewal_on", read=keyset.day, words=("earliest renewal first", "latest renewal first")
    ),
    "arr": Order(by="arr", read=keyset.decimal, words=("smallest ARR first", "largest ARR first")),
    "name": Order(by="sorted_name", read=keyset.words, words=("A to Z", "Z to A")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRow:
    """One account as the list shows it. ``band`` is the effective one, empty where it was never scored.

    ``word`` is the band that a person stands for today, empty where nobody does; ``left_on`` the day of the outcome
    that is known last, where that is a loss.
    """

    account_id: UUID
    name: str
    segment: str
    stage: str
    owner: str
    owner_is_user: bool
    arr: Decimal | None
    currency: str
    renewal_on: date | None
    band: str
    is_last_known: bool
    score: int | None
    coverage: Decimal | None
    change: int | None
    sparkline: list[int | None]
    drivers: list[dict[str, Any]]
    scored_at: datetime | None
    word: str = ""
    left_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFigures:
    """How many accounts a band holds, and their ARR by currency, never added up (SPEC 1)."""

    band: str
    label: str
    count: int
    arr: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the list can be narrowed to, with how many of the reader's accounts each holds."""

    owners: tuple[Choice, ...]
    segments: tuple[Choice, ...]
    stages: tuple[Choice, ...]
    visible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPage:
    """All that the page shows. ``choices`` is None where only the table is asked for."""

    rows: tuple[PortfolioRow, ...]
    figures: tuple[BandFigures, ...]
    matching: int
    choices: Choices | None
    filters: Filters
    sort: str
    order_words: str
    previous: str
    next: str
    today: date
    notes: tuple[str, ...] = ()

    @property
    def shows_owner(self) -> bool:
        """Whether the owner tells anything: in one's own accounts it is always oneself."""
        return self.filters.scope is Scope.ALL

    @property
    def scored_at(self) -> datetime | None:
        """The latest scoring among the accounts that are shown."""
        return max((row.scored_at for row in self.rows if row.scored_at is not None), default=None)

    @property
    def summary(self) -> str:
        """Say how much of what is shown: ``50 of 84 accounts, worst first``."""
        noun = "account" if self.matching == 1 else "accounts"
        shown = "" if len(self.rows) == self.matching else f"{len(self.rows):,} of "
        return f"{shown}{self.matching:,} {noun}, {self.order_words}"


def page(
    membership: Membership,
    *,
    filters: Filters,
    sort: str = DEFAULT_SORT,
    mark: str = "",
    today: date,
    with_choices: bool = True,
    size: int = PAGE_SIZE,
) -> PortfolioPage:
    """Return one page of the accounts that this member may read and the filters ask for.

    ``sort`` is a key of ORDERS, with a minus for descending; ``mark`` the place from an earlier page's
    ``previous`` or ``next``. Two or three queries however many accounts there are: the figures, the rows with
    a value in this order, and those without where the page reaches them. By ARR in several currencies three more: the
    admin's rates, and the amounts that have none.
    """
    notes: list[str] = []
    order, is_descending = ORDERS.get(sort.removeprefix("-")), sort.startswith("-")
    if order is None:
        notes.append(f"“{sort[:40]}” is no column to sort by, so the worst accounts come first.")
        sort, order, is_descending, mark = DEFAULT_SORT, ORDERS[DEFAULT_SORT], False, ""
    visible = Account.objects.visible_to(membership).current()
    asked = portfolio_filters.narrow(
        visible, filters.without_band(), reader_id=membership.user_id, today=today
    )
    figures, choices = _figures(asked, visible if with_choices else None)
    rows = portfolio_filters.narrow(visible, filters, reader_id=membership.user_id, today=today)
    if order.by == "health__worst_first" and filters.band in BAND_PLACES:
        # Says nothing new, and lets the walk begin where the band does.
        begins = BAND_PLACES[filters.band]
        rows = rows.filter(health__worst_first__gte=begins, health__worst_first__lte=begins + 100)
    rows = rows.annotate(
        word_band=_word(today), last_outcome=_outcome("kind"), decided_on=_outcome("happened_on")
    )
    held = {currency for one in figures for currency in one.arr}
    # A book in one currency walks the index of the amounts; only several have to be made comparable first.
    rates = currencies.rates() if order.by == "arr" and len(held) > 1 else None
    # Whoever was scored has a band and a score: nobody is looked for where everybody was.
    are_all_scored = not any(one.count for one in figures if one.band == NONE)
    parts = _parts(
        rows,
        order,
        rates,
        is_descending=is_descending,
        are_all_known=are_all_scored and order.by in ("health__worst_first", "health__score"),
    )
    named = sort if rates is None else f"{sort} in {rates.base}"
    try:
        found = keyset.page(parts, order=named, mark=mark, fields=_FIELDS, size=size)
    except keyset.UnknownPlace:
        notes.append("The address names a page that is not there any more, so this is the first one.")
        found = keyset.page(parts, order=named, mark="", fields=_FIELDS, size=size)
    return PortfolioPage(
        rows=tuple(_row(values) for values in found.rows),
        figures=figures,
        matching=sum(one.count for one in figures if filters.band in ("", one.band)),
        choices=choices,
        filters=filters,
        sort=sort,
        order_words=order.words[is_descending] + (_compared(rates, held) if rates else ""),
        previous=found.previous,
        next=found.next,
        today=today,
        notes=tuple(notes),
    )


def _word(today: date) -> Subquery:
    """Return the band that a person stands for beside the score."""
    stands = BandOverride.objects.filter(account=OuterRef("pk"), ended_at=None, until__gte=today)
    return Subquery(stands.values("band")[:1])


def _outcome(column: str) -> Subquery:
    """Return it of what became of the account last."""
    return Subquery(
        Outcome.objects.filter(account=OuterRef("pk")).order_by("-happened_on").values(column)[:1]
    )


def _compared(rates: Rates, held: Iterable[str]) -> str:
    """Say in which currency amounts are compared, and which cannot be: ``, in EUR; without a rate for USD last``."""
    apart = rates.missing(held)
    return f", in {rates.base}" + (
        f"; {wording.listed(list(apart))} without a rate at the end" if apart else ""
    )


def _parts(
    rows: QuerySet[Account], order: Order, rates: Rates | None, *, is_descending: bool, are_all_known: bool
) -> list[Part]:
    """Split the rows into those with a value in this order and those without, which come last either way."""
    if order.by == "sorted_name":
        rows = rows.annotate(sorted_name=Lower("name"))
        return [_part(rows, order.by, "pk", order.read, is_descending=is_descending)]
    with_value: dict[str, Any] = {f"{order.by}__isnull": False}
    if rates is not None:
        comparable = ("", rates.base, *rates.per_unit)
        valued = rows.filter(**with_value)
        compared = valued.filter(currency__in=comparable).annotate(
            worth=currencies.worth("arr", "currency", rates)
        )
        known = [
            _part(compared, "worth", "pk", keyset.large, is_descending=is_descending),
            Part(
                rows=valued.exclude(currency__in=comparable),
                columns=(
                    Column(by="currency", read=keyset.words),
                    Column(by="arr", read=keyset.decimal, is_descending=is_descending),
                    Column(by="pk", read=keyset.key, is_descending=is_descending),
                ),
            ),
        ]
    elif order.is_health:
        # Named, so that the walk starts in the health's own index, which begins with the tenant.
        with_value["health__tenant"] = current_tenant_id()
        known = [
            _part(
                rows.filter(**with_value),
                order.by,
                "health__account",
                order.read,
                is_descending=is_descending,
            )
        ]
    else:
        known = [_part(rows.filter(**with_value), order.by, "pk", order.read, is_descending=is_descending)]
    unknown = Part(
        rows=rows.filter(**{f"{order.by}__isnull": True}).annotate(sorted_name=Lower("name")),
        columns=(Column(by="sorted_name", read=keyset.words), Column(by="pk", read=keyset.key)),
        is_empty=are_all_known,
    )
    return [*known, unknown]


def _part(rows: QuerySet[Account], by: str, key: str, read: Any, *, is_descending: bool) -> Part:
    return Part(
        rows=rows,
        columns=(
            Column(by=by, read=read, is_descending=is_descending),
            Column(by=key, read=keyset.key, is_descending=is_descending),
        ),
    )


_FIELDS: Final = (
    "pk",
    "name",
    "segment",
    "lifecycle_stage",
    "owner__name",
    "owner_name",
    "arr",
    "currency",
    "renewal_on",
    "health__effective_band",
    "health__is_last_known",
    "health__score",
    "health__coverage",
    "health__change",
    "health__sparkline",
    "health__drivers",
    "health__scored_at",
    "word_band",
    "last_outcome",
    "decided_on",
)


def _row(values: tuple[Any, ...]) -> PortfolioRow:
    (
        account_id,
        name,
        segment,
        stage,
        user_name,
        owner_name,
        arr,
        currency,
        renewal_on,
        band,
        is_last_known,
        score,
        coverage,
        change,
        sparkline,
        drivers,
        scored_at,
        word,
        outcome,
        decided_on,
    ) = values
    return PortfolioRow(
        account_id=account_id,
        name=name,
        segment=segment,
        stage=stage,
        owner=user_name or owner_name,
        owner_is_user=user_name is not None,
        arr=arr,
        currency=currency,
        renewal_on=renewal_on,
        band=band or "",
        is_last_known=bool(is_last_known),
        score=score,
        coverage=coverage,
        change=change,
        sparkline=sparkline or [],
        drivers=drivers or [],
        scored_at=scored_at,
        word=word or "",
        left_on=decided_on if outcome == OutcomeKind.CHURNED else None,
    )


def _figures(
    asked: QuerySet[Account], visible: QuerySet[Account] | None
) -> tuple[tuple[BandFigures, ...], Choices | None]:
    """Count and sum what is asked for by band and currency, and what could be asked for. One query."""
    bands = tallies.summed(asked, "band", by="shown_band")
    if visible is None:
        return _by_band(tallies.fetch(bands)), None
    found = tallies.fetch(
        bands,
        tallies.counted(visible, "owner", by="owner_id", label="owner__name"),
        tallies.counted(visible, "segment", by="segment", label="segment"),
        tallies.counted(visible, "stage", by="lifecycle_stage", label="lifecycle_stage"),
    )
    choices = Choices(
        owners=tallies.owners(found),
        segments=tallies.choices(found, "segment"),
        stages=tallies.choices(found, "stage"),
        visible=tallies.total(found, "owner"),
    )
    return _by_band(found), choices


def _by_band(found: Sequence[Tally]) -> tuple[BandFigures, ...]:
    """Return the figures worst first; "no score yet" only where there is one."""
    sums: dict[str, Sums] = {band: Sums() for band in (Band.RED, Band.AMBER, Band.UNKNOWN, Band.GREEN)}
    for tally in found:
        if tally.kind == "band":
            sums.setdefault(tally.value or NONE, Sums()).add(tally)
    return tuple(
        BandFigures(band=band, label=portfolio_filters.BANDS[band], count=one.count, arr=one.arr)
        for band, one in sums.items()
    )
