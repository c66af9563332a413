"""The team as a manager sees it: each CSM's book, what is open in it, and what nobody owns."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Count, Min, Q, Sum

from accounts.models import Account, Alert
from accounts.scoring.alert_states import AlertState
from accounts.scoring.alerts import Severity
from accounts.scoring.bands import Band
from accounts.scoring.currencies import Rates
from accounts.selectors import currencies
from csm_portal.core.models import Membership

_STRANGERS_SHOWN: Final = 5


@dataclass(slots=True, kw_only=True)
class Book:
    """One CSM's accounts and the alerts that are open in them. ``arr`` sums by currency.

    ``arr_in_base`` is the whole in the tenant's currency, None where a rate is missing. ``owner_id`` is None for what
    nobody owns.
    """

    owner_id: UUID | None
    owner: str
    accounts: int = 0
    red: int = 0
    amber: int = 0
    unknown: int = 0
    arr: dict[str, Decimal] = field(default_factory=dict)
    arr_in_base: Decimal | None = None
    open: int = 0
    critical: int = 0
    late: int = 0
    oldest_on: date | None = None

    @property
    def is_empty(self) -> bool:
        return not self.accounts and not self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """An owner as Notion names them, who is no user here."""

    name: str
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """All books, who needs help first; ``unowned`` is the book of nobody, and ``strangers`` are whom Notion names there."""

    books: tuple[Book, ...]
    unowned: Book
    whole: Book
    strangers: tuple[Stranger, ...]
    strangers_left: int
    base: str
    missing_rates: tuple[str, ...]
    today: date


def team(membership: Membership, *, today: date) -> Team:
    """Return the books of the tenant's CSMs, as of a local day. Six queries however many accounts and alerts there are."""
    people = Membership.objects.filter(is_csm=True, user__is_active=True)
    books: dict[UUID | None, Book] = {None: Book(owner_id=None, owner="")}
    for key, name in people.values_list("user_id", "user__name"):
        books[key] = Book(owner_id=key, owner=name)
    rates = currencies.rates()
    _count_accounts(books, membership)
    _count_alerts(books, membership, today=today)
    whole = Book(owner_id=None, owner="")
    for book in books.values():
        book.arr_in_base = rates.total(book.arr)
        _add(whole, book)
    whole.arr_in_base = rates.total(whole.arr)
    strangers = _strangers(membership)
    unowned = books.pop(None)
    return Team(
        books=tuple(sorted(books.values(), key=_first_who_needs_help)),
        unowned=unowned,
        whole=whole,
        strangers=tuple(strangers[:_STRANGERS_SHOWN]),
        strangers_left=len(strangers) - len(strangers[:_STRANGERS_SHOWN]),
        base=rates.base,
        missing_rates=_missing(rates, whole),
        today=today,
    )


def _count_accounts(books: dict[UUID | None, Book], membership: Membership) -> None:
    """Count and sum by owner, band and currency: all of it stands in one index."""
    rows = (
        Account.objects.visible_to(membership)
        .current()
        .order_by()
        .values_list("owner_id", "shown_band", "currency")
        .annotate(number=Count("*"), total=Sum("arr"))
    )
    for owner_id, band, currency, number, total in rows:
        book = _book(books, owner_id)
        book.accounts += number
        book.red += number if band == Band.RED else 0
        book.amber += number if band == Band.AMBER else 0
        book.unknown += number if band == Band.UNKNOWN else 0
        if total is not None:
            book.arr[currency] = book.arr.get(currency, Decimal(0)) + total


def _count_alerts(books: dict[UUID | None, Book], membership: Membership, *, today: date) -> None:
    rows = (
        Alert.objects.visible_to(membership)
        .filter(state=AlertState.OPEN)
        .order_by()
        .values_list("account__owner_id")
        .annotate(
            number=Count("pk"),
            critical=Count("pk", filter=Q(severity=Severity.CRITICAL)),
            late=Count("pk", filter=Q(due_on__lt=today)),
            oldest=Min("raised_on"),
        )
    )
    for owner_id, number, critical, late, oldest in rows:
        book = _book(books, owner_id)
        book.open, book.critical, book.late, book.oldest_on = number, critical, late, oldest


def _book(books: dict[UUID | None, Book], owner_id: UUID | None) -> Book:
    """Return an owner's book. One who owns accounts and is a CSM no more has one too: it must not be lost."""
    if owner_id not in books:
        books[owner_id] = Book(owner_id=owner_id, owner=_name(owner_id))
    return books[owner_id]


def _name(owner_id: UUID | None) -> str:
    if owner_id is None:
        return ""
    found = Membership.objects.filter(user_id=owner_id).values_list("user__name", flat=True).first()
    return f"{found or 'Somebody'} (no CSM)"


def _add(whole: Book, book: Book) -> None:
    for name in ("accounts", "red", "amber", "unknown", "open", "critical", "late"):
        setattr(whole, name, getattr(whole, name) + getattr(book, name))
    for currency, total in book.arr.items():
        whole.arr[currency] = whole.arr.get(currency, Decimal(0)) + total
    dates = [on for on in (whole.oldest_on, book.oldest_on) if on is not None]
    whole.oldest_on = min(dates, default=None)


def _first_who_needs_help(book: Book) -> tuple[object, ...]:
    return (-book.late, -book.critical, -book.open, -book.red, book.owner.lower(), str(book.owner_id))


def _missing(rates: Rates, whole: Book) -> tuple[str, ...]:
    return rates.missing(whole.arr)


def _strangers(membership: Membership) -> list[Stranger]:
    """Return whom Notion names as the owner of accounts that belong to no user here, the largest book first."""
    rows = (
        Account.objects.visible_to(membership)
        .current()
        .filter(owner=None)
        .exclude(owner_name="", owner_email="")
        .order_by()
        .values_list("owner_name", "owner_email")
        .annotate(number=Count("*"))
    )
    found = [Stranger(name=name or email, accounts=number) for name, email, number in rows]
    return sorted(found, key=lambda one: (-one.accounts, one.name.lower()))
