"""The list of reviews: what waits for its reader first, then the latest changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from csm_portal.core import keyset
from csm_portal.core.keyset import Column, Part
from csm_portal.core.models import Membership, Role, User
from qbr import quarters
from qbr.models import QBR, QBRRevision, Transition
from qbr.selectors import deputies
from qbr.workflow import EDITS, STATE_LABELS, Action, State

PAGE_SIZE: Final = 50
ORDER: Final = "waiting-first"
_LONGEST_SEARCH: Final = 200


class Scope(StrEnum):
    """Which reviews: everybody's, those that wait for the reader, those of the reader's accounts."""

    ALL = "all"
    WAITING = "waiting"
    MINE = "mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked for; empty means no limit. ``quarter`` is the first day of one."""

    scope: Scope = Scope.ALL
    state: str = ""
    quarter: date | None = None
    words: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        return bool(self.state or self.quarter or self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One review. ``next_is`` says who has it next, ``is_urgent`` that it waits for the reader's decision."""

    qbr_id: UUID
    account: str
    account_id: UUID
    quarter: str
    state: str
    next_is: str
    is_waiting: bool
    is_urgent: bool
    has_trouble: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of reviews, how many each part of the list holds, and the quarters that there are."""

    rows: tuple[ListRow, ...]
    filters: Filters
    visible: int
    waiting: int
    mine: int
    matching: int
    quarters: tuple[date, ...]
    previous: str
    next: str
    notes: tuple[str, ...] = ()


def read_filters(given: Mapping[str, str]) -> tuple[Filters, tuple[str, ...]]:
    """Read the filters of an address, and a sentence for each value that is none."""
    notes: list[str] = []
    scope, state, quarter = Scope.ALL, given.get("state", ""), None
    if given.get("scope"):
        try:
            scope = Scope(given["scope"])
        except ValueError:
            notes.append(f"“{given['scope'][:40]}” is no part of this list, so it shows every review.")
    if state and state not in set(State):
        notes.append(f"“{state[:40]}” is no state of a review, so the list is not narrowed by it.")
        state = ""
    if given.get("quarter"):
        try:
            quarter = quarters.from_label(given["quarter"]).start
        except ValueError:
            notes.append(f"“{given['quarter'][:40]}” is no quarter, so the list is not narrowed by it.")
    words = tuple(given.get("q", "").replace("\0", "")[:_LONGEST_SEARCH].lower().split())
    return Filters(scope=scope, state=state, quarter=quarter, words=words), tuple(notes)


def page(
    membership: Membership,
    *,
    filters: Filters,
    mark: str = "",
    size: int = PAGE_SIZE,
    today: date | None = None,
) -> ListPage:
    """Return one page of the reviews that a member may read. Three queries however many there are, four for no manager.

    On ``today``, a local day, what waits for managers whose deputy the member is waits for the member too.
    """
    managers = _stood_in_for(membership, today)
    visible = _for(
        QBR.objects.visible_to(membership), membership, managers=[manager.pk for manager in managers]
    )
    rows = _narrowed(visible, filters, reader_id=membership.user_id)
    counts = _counts(visible, rows, filters, membership)
    parts = [
        # Of a book nearly all reviews are published: what can wait is found without a look at those.
        Part(rows=rows.filter(is_urgent=True, state__in=_CAN_WAIT), columns=_COLUMNS),
        Part(rows=rows.filter(is_urgent=False), columns=_COLUMNS),
    ]
    notes: tuple[str, ...] = ()
    try:
        found = keyset.page(parts, order=ORDER, mark=mark, fields=_FIELDS, size=size)
    except keyset.UnknownPlace:
        notes = ("The address names a page that is not there any more, so this is the first one.",)
        found = keyset.page(parts, order=ORDER, mark="", fields=_FIELDS, size=size)
    return ListPage(
        rows=tuple(_row(values, membership, managers) for values in found.rows),
        filters=filters,
        visible=counts.visible,
        waiting=counts.waiting,
        mine=counts.mine,
        matching=counts.matching,
        quarters=counts.quarters,
        previous=found.previous,
        next=found.next,
        notes=notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    visible: int = 0
    waiting: int = 0
    mine: int = 0
    matching: int = 0
    quarters: tuple[date, ...] = ()


def _counts(visible: QuerySet[Any], rows: QuerySet[Any], filters: Filters, membership: Membership) -> _Counts:
    """Count the parts of the list, and name the quarters that there are. One query.

    All reviews are counted by quarter, in an index alone; what else is counted stands beside that, once for all of them.
    """
    is_whole = filters.scope is Scope.ALL and not filters.narrows
    beside = {
        "waiting": _how_many(visible.filter(is_waiting=True, state__in=_CAN_WAIT)),
        "mine": _how_many(visible.filter(account__owner_id=membership.user_id)),
        **({} if is_whole else {"matching": _how_many(rows)}),
    }
    found = list(
        QBR.objects.visible_to(membership)
        .order_by("-quarter_start")
        .values("quarter_start")
        .annotate(visible=Count("pk"), **beside)
    )
    if not found:
        return _Counts()
    total = sum(row["visible"] for row in found)
    return _Counts(
        visible=total,
        waiting=found[0]["waiting"] or 0,
        mine=found[0]["mine"] or 0,
        matching=total if is_whole else found[0]["matching"] or 0,
        quarters=tuple(row["quarter_start"] for row in found),
    )


def _how_many(reviews: QuerySet[Any]) -> Subquery:
    """Return how many there are as a column: of none it is empty."""
    counted = reviews.order_by().values(one=Value(1)).annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _stood_in_for(membership: Membership, today: date | None) -> tuple[User, ...]:
    """Return the managers in whose place a member decides; a manager decides in nobody's place."""
    if today is None or Role.MANAGER in membership.roles:
        return ()
    return deputies.stood_in_for(membership, on=today)


_MOST_WAITING: Final = 500
_CAN_WAIT: Final = (State.DRAFT, State.IN_REVIEW, State.APPROVED)


def waiting(membership: Membership, *, today: date) -> tuple[ListRow, ...]:
    """Return the reviews that wait for a member on a local day, those for their decision first.

    What waits for managers whose deputy they are waits for them too. Two queries at most, of which none looks at a review that
    waits for nobody: of a book, nearly all are published.
    """
    managers = _stood_in_for(membership, today)
    open_ones = QBR.objects.visible_to(membership).filter(state__in=_CAN_WAIT)
    marked = _for(open_ones, membership, managers=[manager.pk for manager in managers])
    found = marked.filter(is_waiting=True).order_by("-is_urgent", "-updated_at", "pk")
    rows = found.values_list(*_FIELDS)[:_MOST_WAITING]
    return tuple(_row(values, membership, managers) for values in rows)


def _edited_by(person_id: UUID) -> Exists:
    """Say whether a person has changed a review since it was last approved."""
    # No version and no number is below zero. Saying so leads SQLite to the index of one review's rows; without
    # statistics it takes that of the tenant, and reads every review's rows for each review.
    return Exists(
        Transition.objects.filter(
            qbr=OuterRef("pk"),
            actor_id=person_id,
            action__in=EDITS,
            version__gte=0,
            version__gt=Coalesce(
                Subquery(
                    Transition.objects.filter(qbr=OuterRef("qbr"), action=Action.APPROVE)
                    .order_by("-version")
                    .values("version")[:1]
                ),
                Value(-1),
            ),
        )
    )


def _for(reviews: QuerySet[Any], membership: Membership, *, managers: Sequence[UUID] = ()) -> QuerySet[Any]:
    """Mark the reviews that wait for a member, and those of them that only need a decision.

    The rule of four eyes is that of ``qbr.workflow``, said once more as a query: a test holds one against the other.
    """
    reviews = reviews.annotate(
        edited_by_me=_edited_by(membership.user_id),
        has_text=Exists(QBRRevision.objects.filter(qbr=OuterRef("pk"), number__gte=0)),
    )
    decide, work = Q(pk__in=[]), Q(pk__in=[])
    if Role.MANAGER in membership.roles:
        decide |= Q(state=State.IN_REVIEW, edited_by_me=False) & ~Q(requested_by_id=membership.user_id)
        decide |= Q(state=State.APPROVED, account__owner=None)
        work |= Q(state=State.DRAFT, has_text=True, account__owner=None)
    elif managers:
        decide |= _as_deputy(membership, managers)
    if Role.CSM in membership.roles:
        decide |= Q(state=State.APPROVED, account__owner_id=membership.user_id)
        work |= Q(state=State.DRAFT, has_text=True, account__owner_id=membership.user_id)
    marked: QuerySet[Any] = reviews.annotate(is_urgent=_flag(decide), is_waiting=_flag(decide | work))
    return marked


def _as_deputy(membership: Membership, managers: Sequence[UUID]) -> Q:
    """Return what a deputy decides on: other people's work, where one of the managers could have decided."""
    allowed = Q(pk__in=[])
    for manager in managers:
        allowed |= ~Q(requested_by_id=manager) & ~Q(_edited_by(manager))
    me = membership.user_id
    barred = Q(edited_by_me=True)
    for column in ("requested_by_id", "submitted_by_id", "account__owner_id"):
        barred |= Q(**{column: me, f"{column}__isnull": False})
    return Q(state=State.IN_REVIEW) & allowed & ~barred


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _narrowed(reviews: QuerySet[Any], filters: Filters, *, reader_id: UUID) -> QuerySet[Any]:
    if filters.scope is Scope.WAITING:
        reviews = reviews.filter(is_waiting=True)
    elif filters.scope is Scope.MINE:
        reviews = reviews.filter(account__owner_id=reader_id)
    if filters.state:
        reviews = reviews.filter(state=filters.state)
    if filters.quarter:
        reviews = reviews.filter(quarter_start=filters.quarter)
    for word in filters.words:
        reviews = reviews.filter(account__search_text__contains=word)
    return reviews


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


_COLUMNS: Final = (
    Column(by="updated_at", read=_moment, is_descending=True),
    # Upwards, as in the index.
    Column(by="pk", read=keyset.key),
)
_FIELDS: Final = (
    "pk",
    "account__name",
    "account_id",
    "quarter_label",
    "state",
    "account__owner_id",
    "account__owner__name",
    "account__owner_name",
    "has_text",
    "is_waiting",
    "is_urgent",
    "trouble",
    "updated_at",
)


def _row(values: tuple[Any, ...], membership: Membership, managers: Sequence[User]) -> ListRow:
    (
        qbr_id,
        account,
        account_id,
        quarter,
        state,
        owner_id,
        user_name,
        owner_name,
        has_text,
        is_waiting,
        is_urgent,
        trouble,
        updated_at,
    ) = values
    is_manager = Role.MANAGER in membership.roles
    place = "" if is_manager else " or ".join(str(manager) for manager in managers)
    owner = "You" if owner_id == membership.user_id else user_name or owner_name or "A manager"
    return ListRow(
        qbr_id=qbr_id,
        account=account,
        account_id=account_id,
        quarter=quarter,
        state=state,
        next_is=_next(State(state), owner, has_text=has_text, is_urgent=is_urgent, place=place),
        is_waiting=is_waiting,
        is_urgent=is_urgent,
        has_trouble=bool(trouble),
        updated_at=updated_at,
    )


def _next(state: State, owner: str, *, has_text: bool, is_urgent: bool, place: str) -> str:
    match state:
        case State.DRAFT:
            return f"{owner}, to submit it" if has_text else "The portal drafts it"
        case State.IN_REVIEW:
            if not is_urgent:
                return "A manager, to approve it"
            return f"You, to approve it in the place of {place}" if place else "You, to approve it"
        case State.APPROVED:
            return f"{owner}, to publish it"
        case State.PUBLISHING:
            return "The portal publishes it"
        case State.PUBLISHED:
            return "Nobody"


STATES: Final[Mapping[str, str]] = {state.value: label for state, label in STATE_LABELS.items()}
