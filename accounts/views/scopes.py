"""Whose accounts a list shows, and the addresses of its links. Shared by the portfolio and the churn risk."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from accounts.selectors.portfolio_filters import Scope
from csm_portal.core.models import Membership, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One choice of a list: its address, and whether it is the one in force."""

    label: str
    url: str
    is_current: bool = False
    count: int | None = None


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
