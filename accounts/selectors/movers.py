"""The accounts whose score moved: up or down, from when, and by what."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, FilteredRelation, Max, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, Coalesce

from accounts.models import Account, AccountHealth, HealthScore
from accounts.scoring import changes, health
from accounts.scoring.changes import Cause, Change, Comparison
from accounts.scoring.health import Evaluation, UnknownEngine
from accounts.scoring.signals import HealthSignals
from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio_filters import Filters
from csm_portal.core.models import Membership

A_DIRECTION: Final = 25
"""How many accounts are shown of each direction: who has to act on more needs a filter, not a longer list."""

CAUSES_SHOWN: Final = 2
_A_STATEMENT: Final = 1_000
SPANS: Final[Mapping[str, tuple[str, int]]] = {
    "1d": ("Since the day before", 1),
    "": ("1 week", 7),
    "4w": ("4 weeks", 28),
    "12w": ("12 weeks", 84),
}
"""How far back the scores are compared: the word in the address, what it is called, days."""

ON_ACCOUNT: Final[Mapping[str, str]] = {"1d": "", "": "1w", "4w": "4w", "12w": "12w"}
"""What the address of an account's page says for the same span."""

LEAST: Final[Mapping[str, tuple[str, int]]] = {
    "any": ("1 point or more", 1),
    "": ("5 points or more", 5),
    "10": ("10 points or more", 10),
    "20": ("20 points or more", 20),
}
"""How far a score has to have moved to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One account whose score moved. ``causes`` are the largest changes behind it, empty where they cannot be told."""

    account_id: UUID
    name: str
    owner: str
    arr: Decimal | None
    currency: str
    score: int
    band: str
    is_last_known: bool
    earlier_score: int
    earlier_band: str
    since: date
    sparkline: list[int | None]
    causes: tuple[Change, ...]
    by_cause: tuple[tuple[Cause, int], ...]

    @property
    def points(self) -> int:
        return self.score - self.earlier_score

    @property
    def has_other_causes(self) -> bool:
        """Whether the causes shown are not all: their points do not sum to the whole."""
        return sum(change.points for change in self.causes) != self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class MoversPage:
    """The largest falls and the largest gains, the largest first."""

    falls: tuple[Mover, ...]
    gains: tuple[Mover, ...]
    filters: Filters
    span: str
    least: str
    has_more: bool

    @property
    def of_account(self) -> str:
        """Return what an account's address ends with to show the same move, point by point."""
        since = ON_ACCOUNT[self.span]
        return f"?since={since}#moved" if since else "#moved"

    @property
    def summary(self) -> str:
        """Say how many moved: ``9 accounts fell and 4 rose``."""
        more = "at least " if self.has_more else ""
        fell = f"{more}{len(self.falls)} {'account' if len(self.falls) == 1 else 'accounts'} fell"
        return f"{fell} and {len(self.gains)} rose, the largest move first"


def page(
    membership: Membership,
    *,
    filters: Filters,
    span: str = "",
    least: str = "",
    today: date,
    size: int = A_DIRECTION,
) -> MoversPage:
    """Return who moved among the accounts that this member may read. Five queries however many there are.

    ``span`` is a key of SPANS, ``least`` one of LEAST; an unknown one counts as the usual. Each account's latest
    score is compared with its last one from so many days before the latest scan. ``size`` bounds each direction.
    """
    span, least = span if span in SPANS else "", least if least in LEAST else ""
    accounts = portfolio_filters.narrow(
        Account.objects.visible_to(membership).current(),
        filters,
        reader_id=membership.user_id,
        today=today,
    )
    until = _scanned_on(today) - timedelta(days=SPANS[span][1])
    compared = _compared(accounts, until=until)
    falls, gains = _largest_moves(compared, points=LEAST[least][1], size=size)
    keys = [UUID(key) for _, _, key in (*falls[:size], *gains[:size])]
    rows = _rows(compared, keys)
    shown = [rows[key] for key in keys if key in rows]
    scores = _scores([key for row in shown for key in (row[8], row[9])])
    movers = [_mover(row, scores) for row in shown]
    return MoversPage(
        falls=tuple(mover for mover in movers if mover.points < 0),
        gains=tuple(mover for mover in movers if mover.points > 0),
        filters=filters,
        span=span,
        least=least,
        has_more=max(len(falls), len(gains)) > size,
    )


_FIELDS: Final = (
    "pk",
    "name",
    "owner__name",
    "owner_name",
    "arr",
    "currency",
    "health__is_last_known",
    "health__sparkline",
    "health__latest_id",
    "reference",
)


def _scanned_on(today: date) -> date:
    """Return the day of the latest scan: nearly always today, which the first row that is looked at says."""
    shown = AccountHealth.objects.order_by()
    if shown.filter(scored_on=today).exists():
        return today
    return shown.aggregate(on=Max("scored_on"))["on"] or today


def _compared(accounts: QuerySet[Account], *, until: date) -> QuerySet[Any]:
    """Let each account know its score of a day, or the last one before, and by how much it moved since.

    Nearly every account was scored on the very day, and its score then is one look into an index. Only where it
    was not is the last one before looked for.
    """
    on_the_day = Q(scores__is_of_day=True, scores__scored_on=until)
    before = HealthScore.objects.filter(account=OuterRef("pk"), is_of_day=True, scored_on__lt=until).order_by(
        "-scored_on"
    )
    return accounts.order_by().annotate(
        of_day=FilteredRelation("scores", condition=on_the_day),
        reference=Coalesce(F("of_day__pk"), Subquery(before.values("pk")[:1])),
        moved=F("health__score") - Coalesce(F("of_day__score"), Subquery(before.values("score")[:1])),
    )


_Move = tuple[int, str, str]
"""By how many points, and the account's name and key."""


def _rows(compared: QuerySet[Any], keys: Sequence[UUID]) -> dict[UUID, tuple[Any, ...]]:
    """Return what is shown of these accounts. A query for each thousand: a page asks for fifty at most."""
    return {
        row[0]: row for chunk in _batched(keys) for row in compared.filter(pk__in=chunk).values_list(*_FIELDS)
    }


def _batched(keys: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Split keys into as many as one statement takes on every database."""
    return (keys[start : start + _A_STATEMENT] for start in range(0, len(keys), _A_STATEMENT))


def _largest_moves(compared: QuerySet[Any], *, points: int, size: int) -> tuple[list[_Move], list[_Move]]:
    """Return the largest falls and gains, one more of each than is shown. One pass over all accounts for both."""
    far_enough = compared.filter(Q(moved__lte=-points) | Q(moved__gte=points))
    # The keys come as text: thousands are passed over for each that is shown.
    found = list(far_enough.values_list("moved", "name", Cast("pk", TextField())))
    falls = heapq.nsmallest(size + 1, (one for one in found if one[0] < 0))
    gains = heapq.nsmallest(
        size + 1, (one for one in found if one[0] > 0), key=lambda one: (-one[0], *one[1:])
    )
    return falls, gains


def _scores(keys: list[UUID]) -> dict[UUID, HealthScore]:
    return {
        score.pk: score
        for chunk in _batched(keys)
        for score in HealthScore.objects.filter(pk__in=chunk).select_related("policy")
    }


def _mover(row: tuple[Any, ...], scores: Mapping[UUID, HealthScore]) -> Mover:
    account_id, name, user_name, owner_name, arr, currency, is_last_known, sparkline, latest, reference = row
    now, before = scores[latest], scores[reference]
    comparison = _comparison(before, now)
    return Mover(
        account_id=account_id,
        name=name,
        owner=user_name or owner_name,
        arr=arr,
        currency=currency,
        score=now.score,
        band=now.effective_band,
        is_last_known=bool(is_last_known),
        earlier_score=before.score,
        earlier_band=before.effective_band,
        since=before.scored_on,
        sparkline=sparkline or [],
        causes=() if comparison is None else _largest(comparison),
        by_cause=() if comparison is None else _by_cause(comparison),
    )


def _comparison(before: HealthScore, now: HealthScore) -> Comparison | None:
    try:
        return changes.compare(_replayed(before), _replayed(now))
    except UnknownEngine:
        return None


def _replayed(score: HealthScore) -> Evaluation:
    return health.score_with(
        score.engine_version,
        HealthSignals.from_mapping(score.inputs),
        score.applied(),
    )


def _largest(comparison: Comparison) -> tuple[Change, ...]:
    """Return the changes that pushed the way the score went; what pushed back explains nothing of it."""
    along = [change for change in comparison.changes if change.points * comparison.points > 0]
    return tuple(along[:CAUSES_SHOWN])


def _by_cause(comparison: Comparison) -> tuple[tuple[Cause, int], ...]:
    return tuple((cause, points) for cause in Cause if (points := comparison.points_by(cause)))
