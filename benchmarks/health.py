"""The score against real churn: ``make bench-health``, or ``python -m benchmarks.health [folder …]``.

Every folder with an ``accounts.csv`` and an ``outcomes.csv`` is scored with the default policy, the outcome unseen,
and then laid beside what happened. Printed for each: accounts, churn rate, AUC (how often an account that left
scored lower than one that stayed; ties count half) with its 95 % interval, and the churn rate of each computed
band. Then half of the accounts fit a policy (the portal's own *Calibrate*), a logistic regression and gradient
boosting, and the other half measures them. At the end, the backtest over time on a generated history whose signal is
known. Writes ``benchmarks/results/health.json`` and exits 0 only when nothing falls short.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from accounts.scoring import backtest, calibration, health, signals
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import Rag
from benchmarks import health_generated, health_models
from csm_portal import portfolio_csv

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "benchmarks" / "results" / "health.json"

# Folder name begins with: (lowest, highest) AUC that is allowed.
TARGETS = {
    "online_retail": (0.65, 1.0),
    "iranian_telco": (0.86, 1.0),
    "b2b_telecom": (0.87, 1.0),
    # Noise: a score that finds something here has seen the outcome.
    "ravenstack": (0.43, 0.57),
}
NOISE = ("ravenstack",)
AGAINST_LOGISTIC = 0.98
"""What a calibrated policy has to reach of the logistic regression's AUC, where that one finds anything."""
ENOUGH = 50
"""A band with fewer accounts says nothing about its churn rate."""


@dataclass(kw_only=True)
class BandFigures:
    accounts: int
    churned: int

    @property
    def rate(self) -> float:
        return self.churned / self.accounts


@dataclass(kw_only=True)
class SetFigures:
    """What was measured on one folder; ``shortfalls`` are sentences, empty where all targets are met."""

    name: str
    accounts: int
    left_out: int
    churn_rate: float
    mean_coverage: float
    auc: float
    auc_interval: tuple[float, float]
    bands: dict[str, BandFigures]
    fitted: health_models.Fitted | None = None
    unfitted: str = ""
    shortfalls: list[str] = field(default_factory=list)


def measure(folder: Path, policy: HealthPolicy) -> SetFigures:
    """Score one folder and compare with its outcomes. Raises PortfolioError or OSError if it cannot be read."""
    portfolio = portfolio_csv.parse((folder / "accounts.csv").read_bytes())
    with (folder / "outcomes.csv").open(encoding="utf-8-sig", newline="") as file:
        outcomes = {
            row["account_id"]: row["churned"].strip() in ("1", "1.0", "True") for row in csv.DictReader(file)
        }
    accounts = [account for account in portfolio.accounts if account.account_id in outcomes]
    inputs = [signals.HealthSignals.from_mapping(account.inputs()) for account in accounts]
    evaluations = [health.evaluate(one, policy) for one in inputs]
    churned = [outcomes[account.account_id] for account in accounts]
    scores = [evaluation.score for evaluation in evaluations]
    value = backtest.auc(scores, churned)
    counts = Counter(evaluation.rag for evaluation in evaluations)
    gone = Counter(
        evaluation.rag for evaluation, is_gone in zip(evaluations, churned, strict=True) if is_gone
    )
    figures = SetFigures(
        name=folder.name,
        accounts=len(accounts),
        left_out=len({problem.row for problem in portfolio.problems if problem.column is None}),
        churn_rate=sum(churned) / len(churned),
        mean_coverage=sum(evaluation.coverage for evaluation in evaluations) / len(evaluations),
        auc=value,
        auc_interval=backtest.auc_interval(value, left=sum(churned), stayed=len(churned) - sum(churned)),
        bands={str(rag): BandFigures(accounts=counts[rag], churned=gone[rag]) for rag in Rag if counts[rag]},
    )
    try:
        figures.fitted = health_models.fit([account.account_id for account in accounts], inputs, churned)
    except calibration.NotEnough as few:
        figures.unfitted = str(few)
    figures.shortfalls = [*_shortfalls(figures), *_fitted_shortfalls(figures)]
    return figures


def _shortfalls(figures: SetFigures) -> list[str]:
    found = []
    for beginning, (low, high) in TARGETS.items():
        if figures.name.startswith(beginning) and not low <= figures.auc <= high:
            wanted = f"at least {low}" if high == 1.0 else f"between {low} and {high}"
            found.append(f"{figures.name}: AUC {figures.auc:.3f}, wanted {wanted}.")
    if figures.name.startswith(NOISE) or _finds_nothing(figures):
        return found
    told = [(name, band.rate) for name, band in figures.bands.items() if band.accounts >= ENOUGH]
    found += [
        f"{figures.name}: churn does not rise from {better} ({rate:.1%}) to {worse} ({next_rate:.1%})."
        for (better, rate), (worse, next_rate) in pairwise(told)
        if next_rate <= rate
    ]
    return found


def _finds_nothing(figures: SetFigures) -> bool:
    """Whether neither the score nor a regression that saw the outcomes tells anything: then there is nothing to rise."""
    low, high = figures.auc_interval
    return figures.fitted is not None and not figures.fitted.logistic.finds_something and low <= 0.5 <= high


def _fitted_shortfalls(figures: SetFigures) -> list[str]:
    fitted = figures.fitted
    if fitted is None:
        return []
    if figures.name.startswith(NOISE):
        return [
            f"{figures.name}: {label} finds something in noise ({model.interval[0]:.3f} to {model.interval[1]:.3f})."
            for label, model in _models(fitted)
            if not model.interval[0] <= 0.5 <= model.interval[1]
        ]
    reached = fitted.calibrated.auc / fitted.logistic.auc
    if not fitted.logistic.finds_something or reached >= AGAINST_LOGISTIC:
        return []
    return [
        f"{figures.name}: the calibrated policy reaches {reached:.1%} of the logistic regression's AUC, wanted "
        f"{AGAINST_LOGISTIC:.0%}."
    ]


def _models(fitted: health_models.Fitted) -> list[tuple[str, health_models.ModelFigures]]:
    return [
        ("calibrated policy", fitted.calibrated),
        ("logistic regression", fitted.logistic),
        ("gradient boosting", fitted.boosting),
    ]


def _print(figures: SetFigures) -> None:
    low, high = figures.auc_interval
    print(f"{figures.name}")
    print(
        f"  {figures.accounts:,} accounts, {figures.churn_rate:.1%} churned, mean coverage {figures.mean_coverage:.0%}"
        + (f", {figures.left_out} rows left out" if figures.left_out else "")
    )
    print(f"  AUC {figures.auc:.3f} (95 %: {low:.3f} to {high:.3f})")
    for name, band in figures.bands.items():
        few = "" if band.accounts >= ENOUGH else "   (too few to tell)"
        print(f"  {name:<6} {band.accounts:>7,} accounts  {band.rate:>6.1%} churned{few}")
    fitted = figures.fitted
    if fitted is None:
        print(f"  Nothing was fitted: {figures.unfitted}")
        return
    print("  On the half of the accounts that nothing was fitted on:")
    for label, model in [("default policy", fitted.default), *_models(fitted)]:
        low, high = model.interval
        took = f"   fitted in {model.seconds:.1f} s" if model.seconds else ""
        print(f"    {label:<20} AUC {model.auc:.3f} (95 %: {low:.3f} to {high:.3f}){took}")
    print(f"    calibrated ÷ logistic {fitted.calibrated.auc / fitted.logistic.auc:.1%}")
    told = [f"{band} {churned / count:.1%} of {count:,}" for band, count, churned in fitted.bands if count]
    print(f"    churned by band of the calibrated policy: {', '.join(told)}")


def _portfolios(given: Sequence[Path]) -> list[Path]:
    """Return the folders that hold a portfolio: those given, and those inside a given one."""
    found = [folder for one in given for folder in (one, *sorted(one.glob("*/")))]
    return [
        folder
        for folder in dict.fromkeys(found)
        if (folder / "accounts.csv").exists() and (folder / "outcomes.csv").exists()
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure the folders and return the exit status: 1 if anything falls short, 2 if there is nothing to measure."""
    parser = argparse.ArgumentParser(
        description="Hold the health score, as it is and calibrated, against real churn."
    )
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        help=f"folders with accounts.csv and outcomes.csv, or folders of such (default: {DATA})",
    )
    folders = _portfolios(parser.parse_args(arguments).folders or [DATA])
    if not folders:
        print(
            "No folder with accounts.csv and outcomes.csv was found; name one on the command line.",
            file=sys.stderr,
        )
        return 2
    policy = HealthPolicy()
    measured, shortfalls = [], []
    for folder in folders:
        try:
            figures = measure(folder, policy)
        except (portfolio_csv.PortfolioError, ValueError, KeyError, OSError) as error:
            shortfalls.append(f"{folder.name}: could not be measured. {error}")
            continue
        _print(figures)
        measured.append(figures)
        shortfalls += figures.shortfalls
    generated = health_generated.measure()
    health_generated.tell(generated)
    shortfalls += generated.shortfalls
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "engine_version": health.ENGINE_VERSION,
        "policy": policy.to_mapping(),
        "sets": [asdict(one) for one in measured],
        "generated": asdict(generated),
        "shortfalls": shortfalls,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if shortfalls:
        print(f"Falls short: {' '.join(shortfalls)}")
        return 1
    print(f"Reached: every target of AUC, of churn by band and of calibration, on {len(measured)} sets.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
