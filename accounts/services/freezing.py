"""Scores that stand because a property which feeds them cannot be read for any account (SPEC 2.3, CHECK 36).

A property that was removed or retyped in Notion takes one input away from everybody at once. What is lost so is no
fact about the accounts: neither may their scores be computed as if it had never been known, nor may a value that
nobody reads any more go on ageing. The last score stands, marked with since when and why, until the property can be
read again or another is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from accounts.models import AccountHealth, HealthScore, PropertyMapping
from accounts.scoring import results, wording
from accounts.scoring.bands import Band
from accounts.scoring.signals import HealthSignals
from accounts.selectors import frozen
from accounts.selectors.earlier import Earlier
from accounts.selectors.inputs import Snapshot
from csm_portal.core.models import Tenant
from csm_portal.core.scope import current_tenant_id

# The day of a contract's end is known whether or not anybody still writes it down.
_GOES_ON: Final = "renewal_days_out"
_NAMED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """The inputs that cannot be read, and the sentence that goes with each score that stands for it."""

    inputs: frozenset[str]
    reason: str

    def standing(self, snapshots: Sequence[Snapshot], *, as_of: date) -> dict[UUID, HealthScore]:
        """Return the scores that stand: the last ones of the accounts that have a value of a frozen input.

        An account that has none was scored without it before, and goes on so. Two queries.
        """
        affected = [
            snapshot.account_id
            for snapshot in snapshots
            if any(getattr(snapshot.signals, name) is not None for name in self.inputs)
        ]
        latest = AccountHealth.objects.filter(account_id__in=affected, scored_on__lte=as_of)
        keys = dict(latest.values_list("account_id", "latest_id"))
        scores = HealthScore.objects.in_bulk(list(keys.values()))
        return {account_id: scores[key] for account_id, key in keys.items() if key in scores}

    def again(
        self,
        standing: HealthScore,
        *,
        earlier: Earlier,
        snapshot: Snapshot,
        as_of: date,
        now: datetime,
        red_threshold: int,
    ) -> HealthScore:
        """Return the score of the day: the one that stands, with its own inputs and policy, so that it replays."""
        return HealthScore(
            account_id=standing.account_id,
            scored_on=as_of,
            scored_at=now,
            score=standing.score,
            computed_band=standing.computed_band,
            effective_band=standing.effective_band,
            is_last_known=standing.effective_band != Band.UNKNOWN,
            band_reason=self.reason,
            coverage=standing.coverage,
            previous_score=earlier.previous_score,
            previous_band=earlier.previous_band,
            should_alert=results.should_alert(
                score=standing.score,
                rag_status=Band(standing.effective_band),
                previous_rag=earlier.previous_band or None,
                red_threshold=red_threshold,
            ),
            inputs=standing.inputs,
            # Each input keeps the day on which it was last seen.
            known=earlier.known.to_mapping() if earlier.known else {},
            points=standing.points,
            policy_id=standing.policy_id,
            policy_segment=standing.policy_segment,
            engine_version=standing.engine_version,
            arr=snapshot.arr,
            currency=snapshot.currency,
            owner_id=snapshot.owner_id,
            lifecycle_stage=snapshot.lifecycle_stage,
            renewal_on=snapshot.renewal_on,
        )

    def frozen(self, snapshot: Snapshot, standing: HealthScore) -> Snapshot:
        """Return an account with its frozen inputs as they were scored last, so that none of them ages."""
        kept = {name: standing.inputs.get(name) for name in self.inputs if name != _GOES_ON}
        signals = HealthSignals.from_mapping({**snapshot.signals.to_mapping(), **kept})
        return replace(snapshot, signals=signals)


def of_today() -> Freeze | None:
    """Return what is frozen at the moment, or None. One query, two where something is."""
    rows = PropertyMapping.objects.filter(frozen_since__isnull=False, field__in=frozen.INPUT_OF)
    lost = list(rows.order_by("frozen_since", "field"))
    if not lost:
        return None
    zone = Tenant.objects.get(pk=current_tenant_id()).zone
    since = min(row.frozen_since for row in lost if row.frozen_since is not None).astimezone(zone).date()
    because = list(dict.fromkeys(row.frozen_because for row in lost))
    if len(because) > _NAMED:
        because = [
            *because[: _NAMED - 1],
            f"{len(because) - _NAMED + 1} more properties cannot be read either",
        ]
    return Freeze(
        inputs=frozenset(frozen.INPUT_OF[row.field] for row in lost),
        reason=(
            f"Frozen since {wording.day(since)}, because {' and '.join(because)}. The score from before stands until it "
            "can be read again or another property is chosen."
        )[:1000],
    )
