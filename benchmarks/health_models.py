"""What models reach on the same inputs as the score, fitted on half of the accounts and measured on the other half.

The calibrated policy comes from the code of the portal's own *Calibrate*; the logistic regression and the gradient
boosting are scikit-learn's, and are no part of the portal.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from accounts.scoring import backtest, calibration, health
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import INPUTS, HealthSignals, Rag, Shape


@dataclass(kw_only=True)
class ModelFigures:
    """What one way of scoring reached on the half that it had not seen."""

    auc: float
    interval: tuple[float, float]
    seconds: float

    @property
    def finds_something(self) -> bool:
        """Whether its interval lies above that of tossing a coin."""
        return self.interval[0] > 0.5


@dataclass(kw_only=True)
class Fitted:
    """All ways on one half. ``bands`` are (band, accounts, churned) of the calibrated policy, on that half too."""

    default: ModelFigures
    calibrated: ModelFigures
    logistic: ModelFigures
    boosting: ModelFigures
    policy: dict[str, int]
    bands: list[tuple[str, int, int]]


def halves(ids: Sequence[str], churned: Sequence[bool]) -> tuple[list[int], list[int]]:
    """Part the accounts in two with as many churned in each: by a hash of their ids, the same every time."""
    order = sorted(range(len(ids)), key=lambda at: hashlib.sha256(ids[at].encode()).digest())
    fitting: list[int] = []
    measuring: list[int] = []
    for kind in (True, False):
        of_kind = [at for at in order if churned[at] is kind]
        fitting += of_kind[::2]
        measuring += of_kind[1::2]
    return sorted(fitting), sorted(measuring)


def fit(ids: Sequence[str], accounts: Sequence[HealthSignals], churned: Sequence[bool]) -> Fitted:
    """Fit on one half, measure on the other. Raises calibration.NotEnough where the half is too small."""
    fitting, measuring = halves(ids, churned)
    seen = [accounts[at] for at in fitting]
    gone = [churned[at] for at in fitting]
    unseen = [accounts[at] for at in measuring]
    truth = [churned[at] for at in measuring]
    began = perf_counter()
    proposed = calibration.calibrate(seen, gone, current=HealthPolicy())
    took = perf_counter() - began
    scored = [health.evaluate(account, proposed.policy) for account in unseen]
    default = [health.evaluate(account, HealthPolicy()).score for account in unseen]
    table, table_unseen = _table(seen), _table(unseen)
    # A column without a single value on the half that is fitted on can be fitted by neither model.
    is_known = ~np.isnan(table).all(axis=0)
    table, table_unseen = table[:, is_known], table_unseen[:, is_known]
    return Fitted(
        default=_measured(default, truth, 0.0),
        calibrated=_measured([one.score for one in scored], truth, took),
        logistic=_model(_logistic(), table, gone, table_unseen, truth),
        boosting=_model(HistGradientBoostingClassifier(random_state=0), table, gone, table_unseen, truth),
        policy=proposed.policy.to_mapping(),
        bands=[
            (
                str(rag),
                sum(one.rag is rag for one in scored),
                sum(one.rag is rag and is_gone for one, is_gone in zip(scored, truth, strict=True)),
            )
            for rag in Rag
        ],
    )


def _logistic() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )


def _table(accounts: Sequence[HealthSignals]) -> Any:
    """Return a row for each account: figures as they are, words one by one, NaN for *not known*."""
    columns = []
    for spec in INPUTS:
        values = [getattr(account, spec.name) for account in accounts]
        if spec.shape is Shape.WORD:
            columns += [[float(value == word) for value in values] for word in spec.words]
        else:
            columns.append([np.nan if value is None else float(value) for value in values])
    return np.array(columns).T


def _model(model: Any, table: Any, gone: Sequence[bool], unseen: Any, truth: Sequence[bool]) -> ModelFigures:
    began = perf_counter()
    with threadpool_limits(limits=1):
        model.fit(table, np.array(gone))
        chances = model.predict_proba(unseen)[:, 1]
    took = perf_counter() - began
    return _measured([-float(chance) for chance in chances], truth, took)


def _measured(scores: Sequence[float], truth: Sequence[bool], seconds: float) -> ModelFigures:
    value = backtest.auc(scores, truth)
    left = sum(truth)
    return ModelFigures(
        auc=value,
        interval=backtest.auc_interval(value, left=left, stayed=len(truth) - left),
        seconds=seconds,
    )
