"""Scores the mirror's accounts and keeps the history (SPEC 3.3–3.5). The arithmetic is ``accounts.scoring``."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import Account, AccountHealth, Alert, ChurnAssessment, HealthScore, PolicyVersion
from accounts.scoring import bands, explain, health, results
from accounts.scoring.bands import Band
from accounts.scoring.health import Evaluation
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.results import CSMHealthScoreResult
from accounts.scoring.segments import PolicyBook
from accounts.scoring.signals import HealthSignals
from accounts.selectors import earlier, inputs
from accounts.selectors.inputs import Snapshot
from accounts.services import alerts, churn, expansion, freezing, latest, policies, writeback
from accounts.services.freezing import Freeze
from csm_portal.core import audit, bulk, statistics
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import current_tenant_id, proving_keys_once

BATCH: Final = 1_000
COUNTED: Final = (Account, AccountHealth, Alert, ChurnAssessment, HealthScore)
"""The tables whose sizes each scan tells SQLite."""

Progress = Callable[[int, int], None]
"""Is told how many accounts of how many are scored."""


class NothingToScore(LookupError):
    """The workspace does not hold the account any more, or the account is archived there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCounts:
    """What a scoring of many accounts came to. ``problems`` are sentences about single values."""

    as_of: date
    policy_number: int
    scored: int
    bands: Mapping[str, int]
    last_known: int
    alerts: int
    raised: int = 0
    reopened: int = 0
    closed: int = 0
    handed_over: int = 0
    expansions_found: int = 0
    expansions_withdrawn: int = 0
    expansions_waiting: int = 0
    problems: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return flat JSON values, for a job's result and the audit log: counts, no customer's words."""
        return {
            "as_of": self.as_of.isoformat(),
            "policy": self.policy_number,
            "scored": self.scored,
            **{band.lower(): count for band, count in self.bands.items()},
            "last_known": self.last_known,
            "alerts": self.alerts,
            "alerts_raised": self.raised,
            "alerts_opened_again": self.reopened,
            "alerts_closed": self.closed,
            "alerts_handed_over": self.handed_over,
            "expansions_found": self.expansions_found,
            "expansions_withdrawn": self.expansions_withdrawn,
            "expansions_waiting": self.expansions_waiting,
            "problems": len(self.problems),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What is the same for every account of one scoring."""

    as_of: date
    now: datetime
    version: PolicyVersion
    book: PolicyBook
    signals_by_account: Mapping[UUID, HealthSignals] | None
    freeze: Freeze | None
    # What alerts are weighed by; None where none are raised.
    scale: alerts.Scale | None
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def score_accounts(
    *,
    as_of: date,
    now: datetime,
    account_ids: Sequence[UUID] | None = None,
    progress: Progress | None = None,
    signals_by_account: Mapping[UUID, HealthSignals] | None = None,
    announce: bool = True,
) -> ScanCounts:
    """Score every account of the mirror for a local day, or the named ones; archived ones are left out.

    ``as_of`` is a day in the tenant's zone, ``now`` the moment that is stamped on the scores. A second run on
    the same day keeps the first one's scores beside its own. With ``signals_by_account`` those signals are
    scored and not the mirror's, and no other account: this is how history is laid down, oldest day first.
    ``announce`` raises the alerts that follow and hands the most urgent over, at most five a tenant and local day.

    Each batch of a thousand is one transaction and costs the same number of queries; a run that was broken off is
    simply run again.
    """
    version = policies.current(now=now)
    run = _Run(
        as_of=as_of,
        now=now,
        version=version,
        book=version.book(),
        signals_by_account=signals_by_account,
        # What a history is laid down with was read once, whatever can be read today.
        freeze=freezing.of_today() if signals_by_account is None else None,
        scale=alerts.scale() if announce else None,
    )
    ids = inputs.scorable_ids(account_ids)
    if signals_by_account is not None:
        ids = [account_id for account_id in ids if account_id in signals_by_account]
    for start in range(0, len(ids), BATCH):
        _score_batch(ids[start : start + BATCH], run)
        if progress is not None:
            progress(min(start + BATCH, len(ids)), len(ids))
    if announce:
        _tell(run, is_whole=account_ids is None and signals_by_account is None)
        if signals_by_account is None:
            _find_expansions(run, account_ids)
    if run.freeze is not None and run.counts["frozen"]:
        run.problems.insert(0, f"{run.counts['frozen']:,} scores stand as they were. {run.freeze.reason}")
    return ScanCounts(
        as_of=as_of,
        policy_number=version.number,
        scored=run.counts["scored"],
        bands={str(band): run.counts[band] for band in Band},
        last_known=run.counts["last_known"],
        alerts=run.counts["alerts"],
        raised=run.counts["raised"],
        reopened=run.counts["reopened"],
        closed=run.counts["closed"],
        handed_over=run.counts["handed_over"],
        expansions_found=run.counts["expansions_found"],
        expansions_withdrawn=run.counts["expansions_withdrawn"],
        expansions_waiting=run.counts["expansions_waiting"],
        problems=tuple(run.problems),
    )


def _tell(run: _Run, *, is_whole: bool) -> None:
    """Hand the most urgent alerts over, after all accounts of the run are known."""
    if is_whole:
        run.counts["closed"] += alerts.close_of_gone_accounts(now=run.now)
    run.counts["handed_over"] = alerts.hand_over_the_most_urgent(as_of=run.as_of, now=run.now)


def _find_expansions(run: _Run, account_ids: Sequence[UUID] | None) -> None:
    """Look where the accounts of the run could grow, by the scores that were just written."""
    changes = expansion.keep_in_step(as_of=run.as_of, now=run.now, account_ids=account_ids)
    run.counts["expansions_found"] = changes.found
    run.counts["expansions_withdrawn"] = changes.withdrawn
    run.counts["expansions_waiting"] = changes.waiting


def scan(
    *,
    as_of: date,
    now: datetime,
    actor: User | None = None,
    progress: Progress | None = None,
    data: Mapping[str, Any] | None = None,
) -> ScanCounts:
    """Score every account and write the scan into the audit log, one row a run; ``data`` goes in beside."""
    statistics.keep_current(*COUNTED)
    counts = score_accounts(as_of=as_of, now=now, progress=progress)
    tenant = Tenant.objects.get(pk=current_tenant_id())
    audit.record("scan.finished", tenant, actor=actor, at=now, data={**counts.to_mapping(), **(data or {})})
    return counts


def score_account(account: Account, *, as_of: date, now: datetime) -> CSMHealthScoreResult:
    """Score one account and return its result. Raises NothingToScore where the mirror says it is gone."""
    counts = score_accounts(as_of=as_of, now=now, account_ids=[account.pk])
    if not counts.scored:
        raise NothingToScore(
            f"{account.name} is archived or gone in Notion, so it is not scored. Restore its page there and sync."
        )
    score = HealthScore.objects.select_related("account", "policy").get(
        account=account, scored_on=as_of, is_of_day=True
    )
    return result(score)


def result(score: HealthScore) -> CSMHealthScoreResult:
    """Return a stored score as it leaves the portal, its breakdown made anew. Reads its account and policy."""
    evaluation = replay(score)
    return CSMHealthScoreResult(
        account_id=score.account.notion_page_id,
        score=score.score,
        rag_status=score.effective_band,
        previous_score=score.previous_score,
        previous_rag=score.previous_band or None,
        scan_timestamp=score.scored_at,
        breakdown=results.breakdown(explain.rows(evaluation)),
        red_threshold=evaluation.policy.red_threshold,
    )


def replay(score: HealthScore) -> Evaluation:
    """Score once more from what was stored with a score: its inputs, policy version and engine (SPEC 3.5)."""
    return health.score_with(score.engine_version, HealthSignals.from_mapping(score.inputs), score.applied())


@bulk.uncollected()
@transaction.atomic
@proving_keys_once()
def _score_batch(account_ids: Sequence[UUID], run: _Run) -> None:
    # One scoring of a tenant at a time: two would each take the other's row of the day for an earlier run's.
    Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    snapshots = inputs.snapshots(account_ids, as_of=run.as_of)
    if run.signals_by_account is not None:
        given = run.signals_by_account
        snapshots = [inputs.of_day(one, given[one.account_id], as_of=run.as_of) for one in snapshots]
    before = earlier.scores(account_ids, as_of=run.as_of)
    standing = run.freeze.standing(snapshots, as_of=run.as_of) if run.freeze is not None else {}
    scores, assessments, found = [], [], []
    for snapshot in snapshots:
        known_before = before.get(snapshot.account_id, earlier.NOTHING)
        segment = run.book.chosen(snapshot.facts)
        policy = run.book.policy(segment)
        stands = standing.get(snapshot.account_id)
        if run.freeze is not None and stands is not None:
            score = _score_again(stands, snapshot, known_before, policy, run)
            snapshot = run.freeze.frozen(snapshot, stands)
        else:
            score = _score(snapshot, known_before, segment, run)
        assessment = churn.assess(snapshot, score, policy=policy, earlier=known_before)
        scores.append(score)
        assessments.append(assessment)
        found.append(
            alerts.Found(
                snapshot=snapshot,
                score=score,
                assessment=assessment,
                policy=policy,
                is_frozen=stands is not None,
            )
        )
        run.problems.extend(snapshot.problems)
    of_today = HealthScore.objects.filter(account_id__among=account_ids, scored_on=run.as_of)
    of_today.filter(is_of_day=True).update(is_of_day=False)
    bulk.write(scores)
    churn.write(assessments)
    latest.show(scores, assessments, as_of=run.as_of)
    if run.scale is not None:
        changes = alerts.keep_in_step(found, weighed_by=run.scale, as_of=run.as_of, now=run.now)
        run.counts.update(raised=changes.raised, reopened=changes.reopened, closed=changes.closed)
        writeback.begin(changes.alerted, at=run.now)


def _score(snapshot: Snapshot, before: earlier.Earlier, segment: str, run: _Run) -> HealthScore:
    evaluation = health.evaluate(snapshot.signals, run.book.policy(segment))
    effective = bands.effective_band(evaluation, last_known=before.known, as_of=run.as_of)
    calls_for_one = results.should_alert(
        score=evaluation.score,
        rag_status=effective.band,
        previous_rag=before.previous_band or None,
        red_threshold=evaluation.policy.red_threshold,
    )
    run.counts.update(
        {"scored": 1, effective.band: 1, "last_known": effective.is_last_known, "alerts": calls_for_one}
    )
    return bulk.new(
        HealthScore,
        account_id=snapshot.account_id,
        scored_on=run.as_of,
        scored_at=run.now,
        score=evaluation.score,
        computed_band=evaluation.rag,
        effective_band=effective.band,
        is_last_known=effective.is_last_known,
        band_reason=effective.reason[:1000],
        coverage=_coverage(evaluation),
        previous_score=before.previous_score,
        previous_band=before.previous_band,
        should_alert=calls_for_one,
        inputs=snapshot.signals.to_mapping(),
        known=earlier.memory(effective, snapshot.signals, as_of=run.as_of),
        points={name: points for name, points in evaluation.points.items() if points},
        policy_id=run.version.pk,
        policy_segment=segment,
        engine_version=evaluation.engine_version,
        arr=snapshot.arr,
        currency=snapshot.currency,
        owner_id=snapshot.owner_id,
        lifecycle_stage=snapshot.lifecycle_stage,
        renewal_on=snapshot.renewal_on,
    )


def _score_again(
    stands: HealthScore, snapshot: Snapshot, before: earlier.Earlier, policy: HealthPolicy, run: _Run
) -> HealthScore:
    assert run.freeze is not None  # noqa: S101  # nothing stands where nothing is frozen
    score = run.freeze.again(
        stands,
        earlier=before,
        snapshot=snapshot,
        as_of=run.as_of,
        now=run.now,
        red_threshold=policy.red_threshold,
    )
    run.counts.update(
        {
            "scored": 1,
            "frozen": 1,
            score.effective_band: 1,
            "last_known": score.is_last_known,
            "alerts": score.should_alert,
        }
    )
    return score


def _coverage(evaluation: Evaluation) -> Decimal:
    """Return the coverage to three decimals, rounded down: what is just under a minimum must not read as it."""
    observed, total = evaluation.observed_weight, evaluation.total_weight
    return Decimal(1000 * observed // total if total else 1000).scaleb(-3)
