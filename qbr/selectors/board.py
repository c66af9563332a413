"""The quarter at a glance: how far each CSM's reviews are, which are late, what the drafts cost (SPEC 6.4, 8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast

from accounts.models import Account, HealthScore
from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import Membership, ModelCall
from qbr import deadlines, quarters
from qbr.models import QBR
from qbr.quarters import Quarter
from qbr.workflow import State

PAGE_SIZE: Final = 50
ORDER: Final = "board"


class Standing(StrEnum):
    """How far an account's review of the quarter is."""

    NOT_STARTED = "not_started"
    DRAFTING = "drafting"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    LATE = "late"

    @property
    def label(self) -> str:
        return {
            "not_started": "Not started",
            "drafting": "Drafting",
            "in_review": "In review",
            "approved": "Approved",
            "published": "Published",
            "late": "Late",
        }[self.value]


_OF_STATE: Final = {
    State.DRAFT: Standing.DRAFTING,
    State.IN_REVIEW: Standing.IN_REVIEW,
    State.APPROVED: Standing.APPROVED,
    State.PUBLISHING: Standing.APPROVED,
    State.PUBLISHED: Standing.PUBLISHED,
}
_STATES: Final = {
    Standing.DRAFTING: (State.DRAFT,),
    Standing.IN_REVIEW: (State.IN_REVIEW,),
    Standing.APPROVED: (State.APPROVED, State.PUBLISHING),
    Standing.PUBLISHED: (State.PUBLISHED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which quarter, and which part of it. ``csm`` is a user's id, "none" for accounts that nobody looks after."""

    quarter: Quarter
    standing: Standing | None = None
    csm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One CSM's accounts, or those that nobody looks after (``csm`` is "none"), by how far their reviews are."""

    csm: str
    name: str
    counts: dict[Standing, int]

    @property
    def accounts(self) -> int:
        return sum(count for standing, count in self.counts.items() if standing is not Standing.LATE)

    @property
    def cells(self) -> list[tuple[Standing, int]]:
        return [(standing, self.counts.get(standing, 0)) for standing in Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One account of the quarter. Tokens and cost are those of all drafts of its review, None where none is known."""

    account_id: UUID
    account: str
    csm: str
    standing: Standing
    is_late: bool
    is_at_risk: bool
    due_on: date | None
    qbr_id: UUID | None
    version: int
    tokens: int | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """The board of a quarter. ``drafts`` is how many reviews a model was asked for, of which the sums are."""

    filters: Filters
    books: tuple[Book, ...]
    total: Book
    rows: tuple[Row, ...]
    matching: int
    previous: str
    next: str
    drafts: int
    tokens: int
    cost: Decimal | None
    quarters: tuple[Quarter, ...]

    @property
    def cost_each(self) -> Decimal | None:
        return None if self.cost is None or not self.drafts else self.cost / self.drafts


def page(
    membership: Membership, *, filters: Filters, today: date, mark: str = "", size: int = PAGE_SIZE
) -> BoardPage:
    """Return the board of a quarter. Eight queries however many accounts there are.

    A review that nobody has begun is due as one that the schedule began (``deadlines.expected_on``), where the portal
    was at work before that day. What the address of a page that is gone asks for is the first one.
    """
    due = _unbegun_due(filters.quarter)
    books = _books(membership, filters.quarter, today, due)
    rows = _narrowed(
        _with_lateness(_accounts(membership, filters.quarter), filters.quarter, due, today), filters
    )
    parts = [
        Part(rows=rows.filter(is_late=True), columns=(Column(by="due", read=keyset.day), _PK)),
        Part(rows=rows.filter(is_late=False), columns=(Column(by="name", read=keyset.words), _PK)),
    ]
    try:
        found = keyset.page(parts, order=ORDER, mark=mark, fields=_FIELDS, size=size)
    except keyset.UnknownPlace:
        found = keyset.page(parts, order=ORDER, mark="", fields=_FIELDS, size=size)
    shown = [dict(zip(_FIELDS, values, strict=True)) for values in found.rows]
    spent = _spent(row["review_id"] for row in shown if row["review_id"])
    whole = _whole(filters.quarter)
    return BoardPage(
        filters=filters,
        books=books,
        total=_total(books),
        rows=tuple(_row(row, spent) for row in shown),
        matching=rows.count(),
        previous=found.previous,
        next=found.next,
        drafts=whole["drafts"],
        tokens=(whole["read"] or 0) + (whole["written"] or 0),
        cost=whole["cost"],
        quarters=_offered(today, filters.quarter),
    )


def not_started(membership: Membership, filters: Filters) -> QuerySet[Account]:
    """Return the accounts of a part of the board that have no review of its quarter yet."""
    rows: QuerySet[Account] = _of_csm(
        _accounts(membership, filters.quarter).filter(review_id=None), filters.csm
    )
    return rows


def _accounts(membership: Membership, quarter: Quarter) -> Any:
    review = QBR.objects.filter(account=OuterRef("pk"), quarter_start=quarter.start)
    return (
        Account.objects.current()
        .visible_to(membership)
        .annotate(
            review_id=Subquery(review.values("pk")[:1]),
            review_state=Subquery(review.values("state")[:1]),
            review_due=Subquery(review.values("due_on")[:1]),
            review_mode=Subquery(review.values("mode")[:1]),
            review_version=Subquery(review.values("version")[:1]),
        )
    )


def _unbegun_due(quarter: Quarter) -> date | None:
    """Return when a review of the quarter that nobody has begun is due at the latest; None where none could be begun.

    One query, which stops at the first row that it looks for.
    """
    due = deadlines.after_quarter(quarter.end)
    was_at_work = HealthScore.objects.filter(scored_on__lte=due - deadlines.LEAST).exists()
    # Nobody is late with a review of a time when the portal knew nothing of anybody.
    return due if was_at_work else None


def _with_lateness(rows: Any, quarter: Quarter, due: date | None, today: date) -> Any:
    """Add when each review is due, begun or not, and whether it is late: ``deadlines``, said as a query."""
    cases = [When(review_id__isnull=False, then=F("review_due"))]
    if due is not None:
        before_renewal = Q(
            renewal_on__gte=quarter.start + deadlines.RENEWAL_WINDOW,
            renewal_on__lt=due + deadlines.BEFORE_RENEWAL,
        )
        ahead = Cast(F("renewal_on") - Value(deadlines.BEFORE_RENEWAL), DateField())
        cases.append(When(before_renewal, then=ahead))
    otherwise = Value(due, output_field=DateField())
    is_open = Q(review_id__isnull=True) | ~Q(review_state=State.PUBLISHED)
    return rows.annotate(due=Case(*cases, default=otherwise, output_field=DateField())).annotate(
        is_late=Case(
            When(Q(due__lt=today) & is_open, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    )


def _is_unbegun_and_late(quarter: Quarter, due: date | None, today: date) -> Q:
    """Say of accounts without a review whether it is late."""
    if due is None:
        return Q(pk__in=[])
    if due < today:
        return Q()
    return Q(
        renewal_on__gte=quarter.start + deadlines.RENEWAL_WINDOW,
        renewal_on__lt=today + deadlines.BEFORE_RENEWAL,
    )


def _narrowed(rows: Any, filters: Filters) -> Any:
    rows = _of_csm(rows, filters.csm)
    match filters.standing:
        case None:
            return rows
        case Standing.NOT_STARTED:
            return rows.filter(review_id=None)
        case Standing.LATE:
            return rows.filter(is_late=True)
        case standing:
            return rows.filter(review_state__in=_STATES[standing])


def _of_csm(rows: Any, csm: str) -> Any:
    if csm == "none":
        return rows.filter(owner=None)
    return rows.filter(owner_id=csm) if csm else rows


def _books(membership: Membership, quarter: Quarter, today: date, due: date | None) -> tuple[Book, ...]:
    accounts = Account.objects.current().visible_to(membership)
    begun = QBR.objects.filter(account=OuterRef("pk"), quarter_start=quarter.start)
    is_late = ~Exists(begun) & _is_unbegun_and_late(quarter, due, today)
    found: dict[str, Book] = {}
    for owner, name, count, late in (
        accounts.order_by()
        .values_list("owner_id", "owner__name")
        .annotate(n=Count("pk"), late=Count("pk", filter=is_late))
    ):
        key = "none" if owner is None else str(owner)
        counts = {Standing.NOT_STARTED: count, Standing.LATE: late}
        found[key] = Book(csm=key, name=name or "No CSM of the portal", counts=counts)
    reviews = (
        QBR.objects.visible_to(membership)
        .filter(quarter_start=quarter.start, account__in=accounts)
        .values_list("account__owner_id", "state")
        .annotate(n=Count("pk"), late=Count("pk", filter=Q(due_on__lt=today)))
    )
    for owner, state, count, late in reviews:
        counts = found["none" if owner is None else str(owner)].counts
        counts[Standing.NOT_STARTED] -= count
        standing = _OF_STATE[State(state)]
        counts[standing] = counts.get(standing, 0) + count
        if standing is not Standing.PUBLISHED:
            counts[Standing.LATE] = counts.get(Standing.LATE, 0) + late
    return tuple(
        sorted(found.values(), key=lambda book: (book.csm == "none", book.name.casefold(), book.csm))
    )


def _total(books: Iterable[Book]) -> Book:
    counts: dict[Standing, int] = {}
    for book in books:
        for standing, count in book.counts.items():
            counts[standing] = counts.get(standing, 0) + count
    return Book(csm="", name="All", counts=counts)


def _spent(ids: Iterable[Any]) -> dict[str, dict[str, Any]]:
    rows = (
        ModelCall.objects.filter(about__in=[f"{QBR._meta.label_lower}:{one}" for one in ids])
        .values("about")
        .annotate(read=Sum("prompt_tokens"), written=Sum("completion_tokens"), cost=Sum("cost_usd"))
    )
    return {row["about"].rpartition(":")[2]: row for row in rows}


def _whole(quarter: Quarter) -> dict[str, Any]:
    """Return the sums of all drafts of the quarter that a model was asked for."""
    return QBR.objects.filter(quarter_start=quarter.start, revisions__prompt_tokens__isnull=False).aggregate(
        drafts=Count("revisions"),
        read=Sum("revisions__prompt_tokens"),
        written=Sum("revisions__completion_tokens"),
        cost=Sum("revisions__cost_usd"),
    )


def _row(row: dict[str, Any], spent: dict[str, dict[str, Any]]) -> Row:
    state = None if row["review_state"] is None else State(row["review_state"])
    calls = spent.get(str(row["review_id"]), {})
    read, written = calls.get("read"), calls.get("written")
    return Row(
        account_id=row["pk"],
        account=row["name"],
        csm=row["owner__name"] or row["owner_name"] or "Nobody",
        standing=Standing.NOT_STARTED if state is None else _OF_STATE[state],
        is_late=row["is_late"],
        is_at_risk=row["review_mode"] == "at_risk",
        due_on=row["due"],
        qbr_id=row["review_id"],
        version=row["review_version"] or 0,
        tokens=None if read is None and written is None else (read or 0) + (written or 0),
        cost=calls.get("cost"),
    )


def _offered(today: date, chosen: Quarter) -> tuple[Quarter, ...]:
    running = quarters.quarter_of(today)
    offered = [running, running.previous, running.previous.previous, running.previous.previous.previous]
    return tuple(offered) if chosen in offered else (*offered, chosen)


_PK: Final = Column(by="pk", read=keyset.key)
_FIELDS: Final = (
    "pk",
    "name",
    "owner__name",
    "owner_name",
    "review_id",
    "review_state",
    "due",
    "is_late",
    "review_mode",
    "review_version",
)
