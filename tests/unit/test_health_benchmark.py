"""The arithmetic of ``make bench-health``, and what it says when a folder falls short."""

import json
from pathlib import Path

import pytest

from benchmarks import health as bench
from benchmarks import health_generated, health_models

pytestmark = pytest.mark.one_database


def write(folder: Path, *, is_upside_down: bool) -> Path:
    """Write sixty accounts in arrears and silent, sixty well; the first ones leave, or the others."""
    folder.mkdir()
    accounts = ["account_id,account_name,payment_current,days_since_last_interaction,login_frequency"]
    outcomes = ["account_id,churned"]
    for number in range(120):
        is_bad = number < 60
        accounts.append(
            f"A-{number},Account {number},{not is_bad},{200 if is_bad else 3},{0.1 if is_bad else 0.9}"
        )
        outcomes.append(f"A-{number},{int(is_bad is not is_upside_down and number % 10 > 0)}")
    (folder / "accounts.csv").write_text("\n".join(accounts), encoding="utf-8")
    (folder / "outcomes.csv").write_text("\n".join(outcomes), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _results_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "RESULT", tmp_path / "health.json")


def test_a_folder_that_reaches_its_targets_exits_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = bench.main([str(write(tmp_path / "iranian_telco", is_upside_down=False))])

    printed = capsys.readouterr().out
    assert status == 0
    assert (
        printed.splitlines()[-1]
        == "Reached: every target of AUC, of churn by band and of calibration, on 1 sets."
    )
    (measured,) = json.loads((tmp_path / "health.json").read_text())["sets"]
    assert measured["accounts"] == 120
    assert measured["bands"] == {
        "Green": {"accounts": 60, "churned": 0},
        "Red": {"accounts": 60, "churned": 54},
    }


def test_a_folder_that_falls_short_exits_1_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = bench.main([str(write(tmp_path / "iranian_telco", is_upside_down=True))])

    last = capsys.readouterr().out.splitlines()[-1]
    assert status == 1
    assert last == (
        "Falls short: iranian_telco: AUC 0.045, wanted at least 0.86. "
        "iranian_telco: churn does not rise from Green (90.0%) to Red (0.0%). "
        "iranian_telco: the calibrated policy reaches 0.0% of the logistic regression's AUC, wanted 98%."
    )


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write(tmp_path / "broken", is_upside_down=False)
    (broken / "accounts.csv").write_text("who\nAcme\n", encoding="utf-8")
    good = write(tmp_path / "mine", is_upside_down=False)

    status = bench.main([str(broken), str(good)])

    printed = capsys.readouterr().out
    assert status == 1
    assert "broken: could not be measured. The file has no column account_id" in printed
    assert "mine\n  120 accounts" in printed


def test_nothing_to_measure_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([str(tmp_path)]) == 2
    assert "No folder with accounts.csv and outcomes.csv was found" in capsys.readouterr().err


def test_the_halves_share_no_account_and_hold_as_many_that_left() -> None:
    ids, churned = [str(number) for number in range(101)], [number % 4 == 0 for number in range(101)]

    fitting, measuring = health_models.halves(ids, churned)

    assert sorted([*fitting, *measuring]) == list(range(101))
    assert abs(sum(churned[at] for at in fitting) - sum(churned[at] for at in measuring)) <= 1


def test_the_generated_history_gives_back_the_signal_that_was_put_into_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = health_generated.measure(accounts=600)
    health_generated.tell(found)

    assert found.shortfalls == []
    assert [one.horizon for one in found.horizons] == [30, 60, 90]
    assert capsys.readouterr().out.startswith("generated history (made up")


@pytest.mark.skipif(
    not bench.DATA.exists(), reason="the portfolios of ../shared/data are not on this machine"
)
def test_the_default_and_the_calibrated_policy_reach_their_targets_on_real_churn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The largest is left to `make bench-health`.
    small = [str(folder) for folder in bench.DATA.glob("*/") if not folder.name.startswith("b2b")]

    assert bench.main(small) == 0
    assert "on 3 sets" in capsys.readouterr().out
