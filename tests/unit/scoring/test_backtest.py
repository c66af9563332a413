"""What past scores were worth: the arithmetic, and that the future never reaches it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import backtest
from accounts.scoring.backtest import Case, Event, Snapshot

pytestmark = pytest.mark.one_database

DAY = date(2026, 5, 14)
rows = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: len({is_gone for _, is_gone in rows}) == 2
)


def case(key: str, score: int, band: str, *, gone: bool) -> Case:
    return Case(key=key, score=score, band=band, has_churned=gone)


def snapshot(before: int, *, score: int = 50, band: str = "Amber", late: int = 0) -> Snapshot:
    day = DAY - timedelta(days=before)
    return Snapshot(scored_on=day, written_on=day + timedelta(days=late), score=score, band=band)


EVENT = Event(key="e", account="a", happened_on=DAY, has_churned=True)


@given(rows)
def test_the_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    gone = [score for score, is_gone in rows if is_gone]
    stayed = [score for score, is_gone in rows if not is_gone]
    right = sum((a < b) + (a == b) / 2 for a in gone for b in stayed)

    value = backtest.auc([score for score, _ in rows], [is_gone for _, is_gone in rows])

    assert value == pytest.approx(right / (len(gone) * len(stayed)))
    low, high = backtest.auc_interval(value, left=len(gone), stayed=len(stayed))
    assert 0 <= low <= value <= high <= 1


def test_an_auc_needs_both_outcomes() -> None:
    with pytest.raises(ValueError, match="accounts that left and accounts that stayed"):
        backtest.auc([3, 4], [True, True])


def test_the_lift_counts_the_worst_tenth_against_all() -> None:
    # Twenty accounts, four left; of the two that score lowest both did.
    scores = [1, 2, *range(50, 68)]
    churned = [True, True, True, True, *[False] * 16]

    assert backtest.lift(scores, churned) == pytest.approx((2 / 2) / (4 / 20))
    assert backtest.lift(scores, [False] * 20) is None


def test_accounts_that_tie_on_the_edge_of_the_worst_tenth_count_in_part() -> None:
    # All share one score: the worst tenth is any tenth, and its rate that of all.
    assert backtest.lift([40] * 20, [True] * 5 + [False] * 15) == pytest.approx(1)


def test_precision_recall_and_false_greens_of_red() -> None:
    figures = backtest.figures(
        [
            case("red and left", 20, "Red", gone=True),
            case("red and stayed", 25, "Red", gone=False),
            case("amber and left", 55, "Amber", gone=True),
            case("green and left", 80, "Green", gone=True),
            case("greener and left", 95, "Green", gone=True),
            case("green and stayed", 90, "Green", gone=False),
        ]
    )

    assert (figures.churned, figures.renewed) == (4, 2)
    assert figures.precision == 0.5
    assert figures.recall == 0.25
    assert figures.false_greens == ("greener and left", "green and left")
    assert backtest.from_mapping(backtest.to_mapping(figures)) == figures


def test_a_score_from_after_the_day_looked_back_to_is_not_seen() -> None:
    history = [snapshot(100, score=80, band="Green"), snapshot(59, score=1, band="Red"), snapshot(0, score=0)]

    (at_90,) = backtest.cases([EVENT], {"a": history}, horizon=90)
    (at_30,) = backtest.cases([EVENT], {"a": history}, horizon=30)

    assert (at_90.score, at_90.band) == (80, "Green")
    assert at_30.score == 1


def test_a_score_that_was_dated_back_is_not_seen_before_it_was_written() -> None:
    history = [snapshot(70, score=80), snapshot(60, score=1, late=40)]

    (found,) = backtest.cases([EVENT], {"a": history}, horizon=60)

    assert found.score == 80


def test_an_event_without_a_score_of_the_month_before_the_day_is_left_out() -> None:
    assert backtest.cases([EVENT], {"a": [snapshot(60 + 32)]}, horizon=60) == ()
    assert backtest.cases([EVENT], {}, horizon=60) == ()
    assert len(backtest.cases([EVENT], {"a": [snapshot(60 + 31)]}, horizon=60)) == 1


@given(st.lists(st.tuples(st.integers(-60, 400), st.integers(0, 100), st.integers(0, 90)), max_size=30))
def test_no_score_from_after_the_horizon_changes_anything(raw: list[tuple[int, int, int]]) -> None:
    history = [snapshot(before, score=score, late=late) for before, score, late in raw]
    past = [one for one in history if one.known_on <= DAY - timedelta(days=60)]

    whole = backtest.cases([EVENT], {"a": history}, horizon=60)

    assert whole == backtest.cases([EVENT], {"a": past}, horizon=60)


def test_days_of_warning_count_from_where_the_account_stayed_in_trouble() -> None:
    history = [(200, "Red"), (120, "Green"), (90, "Amber"), (60, "Amber"), (30, "Red"), (5, "Red")]

    assert backtest.days_of_warning(history, bands=frozenset({"Red", "Amber"})) == 90
    assert backtest.days_of_warning(history, bands=frozenset({"Red"})) == 30
    # It was Green again when it left: the warning had been taken back.
    assert backtest.days_of_warning([*history, (1, "Green")], bands=frozenset({"Red", "Amber"})) is None


def test_warnings_sum_up_who_was_warned_of() -> None:
    found = backtest.warnings([[(90, "Amber"), (10, "Red")], [(50, "Amber")], [(50, "Green")], []])

    assert (found.churned, found.warned, found.red) == (4, 2, 1)
    assert (found.median_days, found.median_days_red) == (70, 10)


def test_what_is_missing_is_told_with_its_figures() -> None:
    few = backtest.missing(churned=4, renewed=8, days_of_history=120)

    assert few == (
        "30 renewals that were decided are needed, kept or lost; 12 are known with a score before them.",
        "12 months of scores are needed (365 days); the history reaches back 120 days.",
    )
    assert backtest.missing(churned=10, renewed=20, days_of_history=365) == ()
    assert "nothing to tell" in backtest.missing(churned=0, renewed=40, days_of_history=400)[0]
