"""CHECK 43: the same accounts, the same scores: in any order, on either database, a year later, and from stored history.

Random accounts go into the mirror and through the scan. Each score is held against the pure function on the values as
they were made up, then scored again in another order under a clock that stands a year later, then computed once more
from nothing but what was stored. A digest of the figures stands in this file: every machine, database and Python comes to it.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import time_machine

from accounts.models import Account, HealthScore, PolicyVersion
from accounts.scoring import bands, health
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.segments import PolicyBook
from accounts.scoring.signals import HealthSignals, Rag, Sentiment, Trend
from accounts.selectors import inputs
from accounts.services import health as scans
from benchmarks.soak.measured import Measured, Size
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from tests.factories import account_fields

CHECK: Final = "CHECK 43"
_AMOUNTS: Final = {Size.FULL: 10_000, Size.SAMPLE: 200}
_SEED: Final = 43
_TODAY: Final = date(2026, 5, 14)
_NOW: Final = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
_A_YEAR_LATER: Final = datetime(2027, 5, 14, 21, 5, tzinfo=UTC)
_SEGMENTS: Final = (
    {"name": "Big", "rule": {"arr_from": 50_000, "currency": "EUR"}, "changes": {"payment_penalty": 45}},
    {"name": "SMB", "rule": {"segments": ["SMB"]}, "changes": {"interaction_staleness_days": 45}},
)
# Whoever changes a score by accident sees it here at once. A new engine, or other defaults, bring new digests.
DIGESTS: Final[Mapping[Size, str]] = {Size.FULL: "5d79c2aaed1e", Size.SAMPLE: "c7c80547c141"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a score said: all that must be the same again."""

    score: int
    computed: str
    effective: str
    reason: str
    points: Mapping[str, int]
    segment: str


def run(size: Size) -> Iterator[Measured]:
    """Yield the figures."""
    count = _AMOUNTS[size]
    chance = random.Random(_SEED)
    tenant = Tenant.objects.create(name="Replay", slug="replay", time_zone="Europe/Berlin", currency="EUR")
    with tenant_scope(tenant):
        made = [_account(number, chance) for number in range(count)]
        Account.objects.bulk_create([Account(**one) for one in made], batch_size=500)
        PolicyVersion.objects.create(number=1, values=HealthPolicy().to_mapping(), segments=list(_SEGMENTS))
        ids = inputs.scorable_ids()
        scans.score_accounts(as_of=_TODAY, now=_NOW, announce=False)
        first = _said()
        yield _same(
            "scores, bands, points and reasons as the pure function has them", first, _by_hand(made), count
        )
        chance.shuffle(ids)
        with time_machine.travel(_A_YEAR_LATER, tick=False):
            for start in range(0, count, 700):
                scans.score_accounts(
                    as_of=_TODAY, now=_A_YEAR_LATER, account_ids=ids[start : start + 700], announce=False
                )
        yield _same("the same again, shuffled and under a clock a year later", _said(), first, count)
        scans.score_accounts(as_of=_TODAY + timedelta(days=1), now=_NOW + timedelta(days=1), announce=False)
        yield _history(3 * count)
    digest = _digest(first)
    wanted = DIGESTS[size]
    yield Measured(
        check=CHECK,
        what="one digest on every database, machine and Python",
        reached=digest,
        target=wanted,
        is_reached=digest == wanted,
    )


def _same(what: str, found: Mapping[str, _Said], wanted: Mapping[str, _Said], count: int) -> Measured:
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    return Measured(
        check=CHECK,
        what=what,
        reached=len(found) - len(differing),
        target=count,
        is_reached=not differing and len(found) == len(wanted) == count,
        note=f"{differing[0]}: {found.get(differing[0])}, wanted {wanted[differing[0]]}" if differing else "",
    )


def _said() -> dict[str, _Said]:
    """Return what the day's scores say, by account name."""
    rows = HealthScore.objects.filter(scored_on=_TODAY, is_of_day=True).values_list(
        "account__name",
        "score",
        "computed_band",
        "effective_band",
        "band_reason",
        "points",
        "policy_segment",
    )
    return {
        name: _Said(
            score=score, computed=computed, effective=effective, reason=reason, points=points, segment=segment
        )
        for name, score, computed, effective, reason, points, segment in rows
    }


def _by_hand(made: Sequence[Mapping[str, Any]]) -> dict[str, _Said]:
    """Score the accounts as they were made up, without a database."""
    book = PolicyBook.from_mapping(HealthPolicy().to_mapping(), _SEGMENTS)
    return {one["name"]: _one_by_hand(one, book) for one in made}


def _one_by_hand(one: Mapping[str, Any], book: PolicyBook) -> _Said:
    last, renewal = one["last_interaction_on"], one["renewal_on"]
    used, purchased = one["seats_used"], one["seats_purchased"]
    signals = HealthSignals(
        **{name: one[name] for name in _NUMBERS},
        **{name: one[name] or None for name in _WORDS},
        payment_current=one["payment_current"],
        last_interaction_days=None if last is None else max(0, (_TODAY - last).days),
        renewal_days_out=None if renewal is None else (renewal - _TODAY).days,
        seats_utilization=used / purchased if used is not None and purchased else None,
    )
    is_big = one["arr"] is not None and one["arr"] >= 50_000 and one["currency"] == "EUR"
    segment = "Big" if is_big else "SMB" if one["segment"] == "SMB" else ""
    evaluation = health.evaluate(signals, book.policy(segment))
    effective = bands.effective_band(evaluation, last_known=None, as_of=_TODAY)
    return _Said(
        score=evaluation.score,
        computed=evaluation.rag,
        effective=effective.band,
        reason=effective.reason,
        points={name: points for name, points in evaluation.points.items() if points},
        segment=segment,
    )


_NUMBERS: Final = (
    "feature_adoption_rate",
    "support_ticket_volume",
    "login_frequency_score",
    "stakeholder_engagement_score",
    "nps_score",
    "escalation_history_count",
)
_WORDS: Final = ("support_sentiment", "usage_trend", "tam_health_rag")


def _history(count: int) -> Measured:
    """Compute every stored score again from its inputs, policy version, segment and engine."""
    wrong, replayed = [], 0
    scores = HealthScore.objects.select_related("policy", "account").order_by("pk")
    for score in scores.iterator(chunk_size=1000):
        again = scans.replay(score)
        points = {name: cost for name, cost in again.points.items() if cost}
        if (again.score, again.rag, points) != (score.score, score.computed_band, score.points):
            wrong.append(f"{score.account.name} on {score.scored_on}")
        replayed += 1
    return Measured(
        check=CHECK,
        what="stored scores that compute to the same again",
        reached=replayed - len(wrong),
        target=count,
        is_reached=not wrong and replayed == count,
        note=wrong[0] if wrong else "",
    )


def _digest(said: Mapping[str, _Said]) -> str:
    lines = [
        [name, one.score, one.computed, one.effective, sorted(one.points.items()), one.segment]
        for name, one in sorted(said.items())
    ]
    text = json.dumps(lines, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _account(number: int, chance: random.Random) -> dict[str, Any]:
    """Make up an account with a fifth of everything not known, and figures as fine as the mirror keeps them."""

    def maybe(value: Any, nothing: Any = None) -> Any:
        return nothing if chance.random() < 0.2 else value

    def share() -> Decimal:
        return Decimal(chance.randrange(10_001)).scaleb(-4)

    return account_fields(
        name=f"Account {number:05d}",
        notion_page_id=f"{number:032x}",
        segment=chance.choice(("Enterprise", "Mid-Market", "SMB")),
        arr=maybe(Decimal(chance.randrange(200_000))),
        currency=chance.choice(("EUR", "USD")),
        feature_adoption_rate=maybe(share()),
        support_ticket_volume=maybe(chance.randrange(30)),
        support_sentiment=maybe(chance.choice(list(Sentiment)).value, ""),
        last_interaction_on=maybe(_TODAY - timedelta(days=chance.randrange(-2, 200))),
        login_frequency_score=maybe(share()),
        usage_trend=maybe(chance.choice(list(Trend)).value, ""),
        payment_current=maybe(chance.random() < 0.8),
        stakeholder_engagement_score=maybe(share()),
        nps_score=maybe(Decimal(chance.randrange(1001)).scaleb(-2)),
        renewal_on=maybe(_TODAY + timedelta(days=chance.randrange(-30, 400))),
        seats_used=maybe(chance.randrange(150)),
        seats_purchased=maybe(chance.choice((0, 7, 100, 333))),
        escalation_history_count=maybe(chance.randrange(6)),
        tam_health_rag=maybe(chance.choice(list(Rag)).value, ""),
    )
