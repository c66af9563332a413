"""What scoring costs (P5): an account beside its row, a trial beside its rows, the movers beside their SQL, a whole scan."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from accounts.models import Account
from accounts.scoring import health as scorer
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from accounts.selectors import inputs, movers, policy_trial
from accounts.selectors.portfolio_filters import Filters
from accounts.services import health
from benchmarks import visits
from benchmarks.book import Book
from benchmarks.targets import Figure
from csm_portal.core.scope import tenant_scope

A_BATCH: Final = 500
SCANS: Final = 3
_REQUESTS_A_SECOND: Final = 180 / 60
_PROMISED: Final = 1_000
"""A scan is that many times faster than one read and one write per account at 180 requests a minute."""


def figures(book: Book, *, rounds: int, tell: Callable[[str], None]) -> list[Figure]:
    """Measure on a book that is filled; the scans write the history of the days after today."""
    today = timezone.now().astimezone(book.tenant.zone).date()
    with tenant_scope(book.tenant):
        works = _works(book, today)
        taken = visits.medians(works, rounds=rounds)
        tell(", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in taken.items()))
        # One scan a day, as a tenant has them; the first raises the alerts of a book that never had any.
        days = [today + timedelta(days=number) for number in range(1, SCANS + 2)]
        _first, *scans = [_scan(day, now=timezone.now() + (day - today)) for day in days]
    naive = book.size * 2 / _REQUESTS_A_SECOND
    seconds = median(scans)
    tell(
        f"a scan of {book.size:,} accounts {seconds:.2f} s, {naive / seconds:,.0f} × faster than request by request"
    )
    return [
        Figure(target="scoring", page=f"{A_BATCH} accounts", value=taken["scores"] / taken["rows"]),
        Figure(target="trial", page="thresholds", value=taken["trial"] / taken["trial's rows"]),
        Figure(target="movers", page="movers", value=taken["movers"] / taken["movers' SQL"]),
        Figure(target="scan", page=f"{book.size:,} accounts", value=_PROMISED * seconds / naive),
    ]


def _works(book: Book, today: date) -> dict[str, Callable[[], object]]:
    ids = inputs.scorable_ids()[:A_BATCH]
    policy = HealthPolicy()
    known = [one.signals.to_mapping() for one in inputs.snapshots(ids, as_of=today)]
    page = partial(movers.page, book.membership, filters=Filters(), today=today)
    statements = _statements(page)
    harder = HealthPolicy(amber_threshold=75, login_penalty=30)
    return {
        "rows": partial(_rows, ids),
        "scores": partial(_scores, known, policy),
        "trial": partial(policy_trial.try_out, harder),
        "trial's rows": partial(visits.replay, _statements(partial(policy_trial.try_out, harder))),
        "movers": page,
        "movers' SQL": partial(visits.replay, statements),
    }


def _rows(ids: list[Any]) -> list[Any]:
    """Read accounts as the scan does: as plain values of the columns that are scored."""
    return list(Account.objects.filter(pk__in=ids).order_by("pk").values_list(*inputs.READ))


def _scores(known: list[dict[str, Any]], policy: HealthPolicy) -> list[int]:
    """Check the values and score them, with all that a later explanation needs."""
    return [scorer.evaluate(HealthSignals(**one), policy).score for one in known]


def _statements(work: Callable[[], object]) -> list[visits.Statement]:
    found: list[visits.Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return found


def _scan(day: date, *, now: datetime) -> float:
    begun = time.perf_counter()
    counts = health.scan(as_of=day, now=now)
    seconds = time.perf_counter() - begun
    if not counts.scored:
        raise RuntimeError("The scan scored nobody, so there is nothing to measure.")
    return seconds
