"""The background jobs that hold the score's history against what happened."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.services import history
from csm_portal.core import jobs
from csm_portal.core.jobs import Running


def backtest(job: Running) -> Mapping[str, Any]:
    """Replay every decided renewal and keep the report that the backtest page reads."""
    report = history.run_backtest(
        zone=job.tenant.zone,
        now=timezone.now(),
        progress=lambda done, total: job.progress(done, total, f"{done:,} of {total:,} renewals replayed."),
    )
    return {"events": report.figures["events"], "churned": report.figures["churned"]}


def calibrate(job: Running) -> Mapping[str, Any]:
    """Fit a policy to the tenant's own history and keep it as a draft."""
    try:
        report = history.propose(
            zone=job.tenant.zone,
            now=timezone.now(),
            progress=lambda done, total: job.progress(done, total, f"{done:,} of {total:,} renewals read."),
        )
    except history.NothingToPropose as nothing:
        raise jobs.Partial(f"No policy is proposed. {nothing}") from nothing
    return {"fitted_on": report.figures["fitted_on"], "measured_on": report.figures["measured_on"]}
