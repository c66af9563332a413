"""What the address of a list asks for, whose accounts it shows, and the addresses of its links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from accounts import spreadsheets
from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.views import downloads
from csm_portal.core.models import Membership, Role
from csm_portal.http import PortalRequest, is_partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One choice of a list: its address, and whether it is the one in force."""

    label: str
    url: str
    is_current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address of a list asks for. ``given`` are its parameters, ``notes`` say what in it means nothing."""

    query: QueryDict
    given: Mapping[str, str]
    filters: Filters
    notes: tuple[str, ...]
    wants_file: bool

    def value(self, name: str) -> str:
        return self.given.get(name, "")

    @property
    def mark(self) -> str:
        """Where the page begins; a file begins at the beginning."""
        return "" if self.wants_file else self.value("cursor")

    def size(self, usual: int) -> int:
        """Return how many rows are asked for: a page of them, or as many as a file holds."""
        return spreadsheets.MOST if self.wants_file else usual


def read(request: PortalRequest, *names: str, leave: tuple[str, ...] = ()) -> Asked:
    """Read the address of a list. ``names`` are the filters that mean something there, all where none is named.

    The request keeps the address without its empty fields and without what is to ``leave`` it: the tags that write
    links keep what it holds.
    """
    query = without_empty(request.GET)
    for name in leave:
        query.pop(name, None)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    given = values(query)
    filters, notes = portfolio_filters.read(
        {name: value for name, value in given.items() if not names or name in names},
        default_scope=usual(request.membership),
    )
    return Asked(query=query, given=given, filters=filters, notes=tuple(notes), wants_file=wants_file)


def shown(
    request: PortalRequest, asked: Asked, template: str, fragment: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Return the page of a list; htmx gets the fragment with the table alone, and the address to show for it."""
    if not is_partial(request):
        return render(request, template, context)
    response = render(request, f"{template}#{fragment}", context)
    response.headers["HX-Push-Url"] = address(asked.query)
    return response


def without_empty(given: QueryDict) -> QueryDict:
    """Return the parameters that say something, each once: a form sends its empty fields too."""
    query = QueryDict(mutable=True)
    for name, value in given.items():
        if isinstance(value, str) and value.strip():
            query[name] = value
    return query


def values(query: QueryDict) -> dict[str, str]:
    """Return the parameters as plain text."""
    return {name: str(value) for name, value in query.items()}


def address(
    query: QueryDict,
    changes: Mapping[str, str] | None = None,
    *,
    keep: tuple[str, ...] | None = None,
    leave: tuple[str, ...] = (),
) -> str:
    """Return the address of this page with some parameters changed; an empty value leaves one out."""
    changed = query.copy()
    for name in list(changed):
        if name in leave or (keep is not None and name not in keep):
            del changed[name]
    for name, value in (changes or {}).items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"?{changed.urlencode()}"


def usual(membership: Membership) -> Scope:
    """Return whose accounts a member sees first: a CSM their own, everybody else the tenant's."""
    is_csm_alone = Role.CSM in membership.roles and Role.MANAGER not in membership.roles
    return Scope.MINE if is_csm_alone else Scope.ALL


def reads_accounts(membership: Membership) -> bool:
    """Whether the member reads the book of business at all; sales people do not (SPEC 10.1)."""
    return not membership.roles <= {Role.SALES}


def links(query: QueryDict, present: Scope, membership: Membership) -> tuple[Link, ...]:
    """Return the switch between one's own accounts and everybody's, for whoever can own some."""
    if not membership.roles & {Role.CSM, Role.MANAGER}:
        return ()
    first = usual(membership)
    labels = {Scope.MINE: "My accounts", Scope.ALL: "All accounts"}
    return tuple(
        Link(
            label=label,
            url=address(query, {"scope": "" if scope is first else scope, "owner": ""}, leave=("cursor",)),
            is_current=present is scope,
        )
        for scope, label in labels.items()
    )
