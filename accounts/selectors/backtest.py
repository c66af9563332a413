"""The backtest page: the latest report, read for somebody who has to believe the score or change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts.models import HistoryReport, Outcome, PolicyDraft, ReportKind
from accounts.scoring import backtest
from accounts.scoring.backtest import BandFigures
from accounts.selectors import thresholds
from accounts.selectors.thresholds import Change
from csm_portal.core.models import Job, JobState

JOB_KEYS: Final = ("backtest", "calibrate")

VIEWS: Final[Mapping[str, tuple[str, str]]] = {
    "": ("now", "As today’s settings have it"),
    "then": ("then", "As it was shown then"),
}
"""The word in the address -> the part of the report, and what it is called."""

USUAL_HORIZON: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """What the score was worth so many days before. ``missing`` holds sentences; while there is one, no figure counts."""

    days: int
    churned: int
    renewed: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    lift: float | None
    precision: float | None
    recall: float | None
    bands: tuple[BandFigures, ...]
    green_and_left: int
    without_score: int
    missing: tuple[str, ...]

    @property
    def events(self) -> int:
        return self.churned + self.renewed

    @property
    def meaning(self) -> str:
        """Say what the AUC means, and between what chance leaves it."""
        if self.auc is None or self.auc_low is None or self.auc_high is None:
            return ""
        return (
            f"{self.days} days before, the score of a customer who left was lower than that of one who stayed "
            f"{_percent(self.auc)} of the time. Tossing a coin would do so 50 % of the time; with so many renewals, chance "
            f"leaves anything from {_percent(self.auc_low)} to {_percent(self.auc_high)} possible."
        )

    @property
    def verdict(self) -> str:
        """Say whether to go by the score, in a few words: by the least that it is worth, chance allowed for."""
        if self.auc_low is None:
            return ""
        if self.auc_low <= 0.5:
            return "The score cannot be told from chance yet."
        if self.auc_low < 0.6:
            return "The score tells something; how much is not certain yet."
        return (
            "The score tells who leaves." if self.auc_low < 0.8 else "The score tells very well who leaves."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """How long before they left accounts had turned Amber or Red and stayed so."""

    churned: int
    warned: int
    red: int
    median_days: float | None
    median_days_red: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseGreen:
    """An account that left although it was Green."""

    account_id: UUID
    account: str
    score: int
    arr: Decimal | None
    currency: str
    left_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The latest backtest. ``chosen`` is the horizon that the page looks at closely."""

    made_at: datetime
    policy_number: int
    events: int
    churned: int
    horizons: tuple[Horizon, ...]
    chosen: Horizon
    warned: Warned
    false_greens: tuple[FalseGreen, ...]
    is_behind: bool

    @property
    def arr_missed(self) -> dict[str, Decimal]:
        """The ARR of the false greens by currency, never across (SPEC 1)."""
        sums: dict[str, Decimal] = {}
        for one in self.false_greens:
            if one.arr is not None:
                sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.arr
        return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The latest calibration: why nothing is proposed, or the draft with what it reached beside what is in force."""

    made_at: datetime
    why_not: str
    summary: str
    figures: Mapping[str, Any]
    draft_id: UUID | None
    is_open: bool
    changes: tuple[Change, ...]

    @property
    def verdict(self) -> str:
        """Say what speaks for the draft: surely only where the gain is more than the choice of these renewals makes."""
        if not self.figures:
            return ""
        if self.figures["gain_interval"][0] > 0:
            return "The fitted settings would have told leavers apart better."
        if self.figures["gain"] > 0:
            return "The fitted settings look better, but the gain may be chance."
        return "The fitted settings tell leavers apart no better, but draw the line of Red where it names them better."


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestPage:
    """Everything that the page shows. ``outcomes`` is how many are known now, whatever the report rests on."""

    outcomes: int
    report: Report | None
    calibrated: Calibrated | None
    jobs: tuple[Job, ...]
    view: str
    days: int


def page(*, view: str = "", days: str = "") -> BacktestPage:
    """Return the page. Seven queries however many outcomes there are.

    ``view`` is a key of VIEWS, ``days`` one of the horizons; anything else counts as the usual.
    """
    view = view if view in VIEWS else ""
    horizon = int(days) if days in {str(one) for one in backtest.HORIZONS} else USUAL_HORIZON
    outcomes = Outcome.objects.count()
    latest = HistoryReport.objects.filter(kind=ReportKind.BACKTEST).first()
    force = thresholds.in_force()
    report = None
    if latest is not None:
        is_behind = latest.figures["events"] != outcomes or latest.policy_number != force.number
        report = _report(latest, VIEWS[view][0], horizon, is_behind=is_behind)
    calibration = HistoryReport.objects.filter(kind=ReportKind.CALIBRATION).select_related("draft").first()
    running = Job.objects.filter(key__in=JOB_KEYS, state__in=[JobState.QUEUED, JobState.RUNNING])
    return BacktestPage(
        outcomes=outcomes,
        report=report,
        calibrated=None
        if calibration is None
        else _calibrated(calibration, force.book.standard.to_mapping()),
        jobs=tuple(running.order_by("created_at")),
        view=view,
        days=horizon,
    )


def _report(row: HistoryReport, part: str, days: int, *, is_behind: bool) -> Report:
    found = row.figures["views"][part]
    horizons = tuple(_horizon(int(key), values) for key, values in found["horizons"].items())
    return Report(
        made_at=row.made_at,
        policy_number=row.policy_number,
        events=row.figures["events"],
        churned=row.figures["churned"],
        horizons=horizons,
        chosen=next(one for one in horizons if one.days == days),
        warned=Warned(**found["warnings"]),
        false_greens=_false_greens(found["horizons"][str(days)]["false_greens"]),
        is_behind=is_behind,
    )


def _horizon(days: int, values: Mapping[str, Any]) -> Horizon:
    low, high = values["auc_interval"] or (None, None)
    return Horizon(
        days=days,
        churned=values["churned"],
        renewed=values["renewed"],
        auc=values["auc"],
        auc_low=low,
        auc_high=high,
        lift=values["lift"],
        precision=values["precision"],
        recall=values["recall"],
        bands=tuple(
            BandFigures(band=band, accounts=count, churned=gone)
            for band, count, gone in values["bands"]
            if count
        ),
        green_and_left=values["false_greens_in_all"],
        without_score=values["without_score"],
        missing=tuple(values["missing"]),
    )


def _false_greens(values: list[dict[str, Any]]) -> tuple[FalseGreen, ...]:
    """Name the accounts behind a report's rows; an outcome that was removed meanwhile is left out."""
    known = Outcome.objects.select_related("account").in_bulk([one["outcome"] for one in values])
    rows = []
    for one in values:
        outcome = known.get(UUID(one["outcome"]))
        if outcome is not None:
            rows.append(
                FalseGreen(
                    account_id=outcome.account_id,
                    account=outcome.account.name,
                    score=one["score"],
                    arr=None if one["arr"] is None else Decimal(one["arr"]),
                    currency=one["currency"],
                    left_on=outcome.happened_on,
                    reason=outcome.reason,
                )
            )
    return tuple(rows)


def _calibrated(row: HistoryReport, in_force: Mapping[str, int]) -> Calibrated:
    draft: PolicyDraft | None = row.draft
    return Calibrated(
        made_at=row.made_at,
        why_not=row.figures.get("why_not", ""),
        summary=row.figures.get("summary", ""),
        figures={} if draft is None else row.figures,
        draft_id=None if draft is None else draft.pk,
        is_open=draft is not None and draft.became_id is None and draft.discarded_at is None,
        changes=() if draft is None else thresholds.told(in_force, draft.values),
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
