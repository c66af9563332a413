"""Which accounts a list shows: the filters of the portfolio, read from the address and put on a queryset."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Account
from accounts.scoring.bands import Band


class Scope(StrEnum):
    """Whose accounts: those that name the reader as their owner, or everybody's."""

    MINE = "mine"
    ALL = "all"


NONE: Final = "none"
"""The value of a filter that asks for what is missing: no owner, no renewal date, no score."""

BANDS: Final[Mapping[str, str]] = {
    Band.RED: "Red",
    Band.AMBER: "Amber",
    Band.UNKNOWN: "Unknown",
    Band.GREEN: "Green",
    NONE: "No score yet",
}
RENEWALS: Final[Mapping[str, str]] = {
    "overdue": "Overdue",
    "30": "Within 30 days",
    "60": "Within 60 days",
    "90": "Within 90 days",
    "180": "Within 180 days",
    NONE: "No date",
}
_LONGEST_SEARCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked for; empty means no limit. ``owner`` is a user's id, or NONE."""

    scope: Scope = Scope.ALL
    words: tuple[str, ...] = ()
    band: str = ""
    owner: str = ""
    segment: str = ""
    stage: str = ""
    renewal: str = ""
    only_gaps: bool = False

    @property
    def narrows(self) -> bool:
        """Whether any filter beside the scope is set."""
        return self != Filters(scope=self.scope)

    def without_band(self) -> "Filters":
        """Return the filters that the figures of all bands are counted under."""
        return replace(self, band="")


def read(given: Mapping[str, str], *, default_scope: Scope) -> tuple[Filters, tuple[str, ...]]:
    """Read the filters of an address, and a sentence for each value that is none.

    A bad value is left out, so that a link that was cut short still shows a list.
    """
    notes: list[str] = []

    def one_of(name: str, allowed: Mapping[str, str], what: str) -> str:
        value = given.get(name, "")
        if value and value not in allowed:
            notes.append(f"“{value[:40]}” is no {what}, so the list is not narrowed by it.")
            return ""
        return value

    scope = one_of("scope", dict.fromkeys(Scope, ""), "part of the book of business")
    owner = given.get("owner", "")
    filters = Filters(
        scope=Scope(scope) if scope else default_scope,
        words=tuple(_plain(given.get("q", ""))[:_LONGEST_SEARCH].lower().split()),
        band=one_of("band", BANDS, "band"),
        owner=_owner(owner, notes),
        segment=_plain(given.get("segment", "")),
        stage=_plain(given.get("stage", "")),
        renewal=one_of("renewal", RENEWALS, "renewal window"),
        only_gaps=given.get("gaps", "") == "only",
    )
    return filters, tuple(notes)


def _owner(given: str, notes: list[str]) -> str:
    if given in ("", NONE):
        return given
    try:
        return str(UUID(given))
    except ValueError:
        notes.append("The owner in the address is nobody here, so the list shows every owner.")
        return ""


def _plain(text: str) -> str:
    # PostgreSQL refuses a text with a NUL in it.
    return text.replace("\0", "").strip()


def narrow(
    accounts: QuerySet[Account], filters: Filters, *, reader_id: UUID, today: date
) -> QuerySet[Account]:
    """Return the accounts that the filters ask for."""
    if filters.scope is Scope.MINE:
        accounts = accounts.filter(owner_id=reader_id)
    elif filters.owner == NONE:
        accounts = accounts.filter(owner=None)
    elif filters.owner:
        accounts = accounts.filter(owner_id=UUID(filters.owner))
    for word in filters.words:
        accounts = accounts.filter(search_text__contains=word)
    if filters.segment:
        accounts = accounts.filter(segment=filters.segment)
    if filters.stage:
        accounts = accounts.filter(lifecycle_stage=filters.stage)
    if filters.band:
        accounts = accounts.filter(shown_band="" if filters.band == NONE else filters.band)
    if filters.only_gaps:
        accounts = accounts.filter(
            Q(health=None) | Q(health__effective_band=Band.UNKNOWN) | Q(health__is_last_known=True)
        )
    return _renewing(accounts, filters.renewal, today=today)


def _renewing(accounts: QuerySet[Account], window: str, *, today: date) -> QuerySet[Account]:
    if not window:
        return accounts
    if window == NONE:
        return accounts.filter(renewal_on=None)
    if window == "overdue":
        return accounts.filter(renewal_on__lt=today)
    return accounts.filter(renewal_on__gte=today, renewal_on__lte=today + timedelta(days=int(window)))
