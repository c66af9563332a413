"""The benchmark of the pages: its verdict, its page in the docs, and one run at sample size."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import targets
from benchmarks.targets import TARGETS, Figure

ROOT = Path(__file__).resolve().parent.parent


def test_a_figure_at_its_target_holds_and_one_above_falls_short() -> None:
    held, short = (Figure(target="growth", page="list", value=value) for value in (0.12, 0.13))

    assert held.reached == "target"
    assert not short.reached
    assert Figure(target="growth", page="list", value=-0.2).reached == "stretch"


def test_what_is_printed_is_what_decides() -> None:
    figure = Figure(target="growth", page="list", value=0.1249)

    assert (figure.written, figure.reached) == ("+0.12", "target")


def test_the_exponent_is_taken_per_factor_of_ten() -> None:
    assert targets.exponent(small=1, large=10, sizes=(1_000, 10_000)) == pytest.approx(1)
    assert targets.exponent(small=1, large=10, sizes=(1_000, 100_000)) == pytest.approx(0.5)
    assert targets.exponent(small=3, large=3, sizes=(1_000, 10_000)) == 0


def test_the_verdict_names_each_miss_with_what_was_wanted() -> None:
    good, bad = (Figure(target="admin", page="list", value=value) for value in (0.08, 0.31))

    assert targets.verdict([good]) == (True, "Reached: 1 of 1 targets reached, 1 of them beyond the stretch.")
    is_reached, line = targets.verdict([good, bad])
    assert not is_reached
    assert line.startswith(
        "Falls short: P1 list, list ÷ Django admin's change list: 0.31, wanted at most 0.25."
    )
    assert "\n" not in line


def test_the_page_of_the_docs_says_the_same_targets() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    told = re.findall(r"^\| (P\d+) \| (.+?) \| ([\d.]+) \| ([\d.]+) \|$", page, flags=re.MULTILINE)

    held = [(one.measure, one.what, one.at_most, one.stretch) for one in TARGETS.values()]
    assert [(measure, what, float(most), float(best)) for measure, what, most, best in told] == held


@pytest.mark.one_database
def test_a_run_at_sample_size_measures_every_target(tmp_path: Path) -> None:
    output = tmp_path / "pages.json"

    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.pages",
            "--sizes",
            "100",
            "150",
            "--rounds",
            "5",
            "--output",
            output,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode in (0, 1), run.stderr
    result = json.loads(output.read_text(encoding="utf-8"))
    assert run.stdout.rstrip().endswith(result["verdict"])
    assert {(one["measure"], one["what"]) for one in result["figures"]} == {
        (one.measure, one.what) for one in TARGETS.values()
    }
    pages = {(cost["page"], cost["accounts"]) for cost in result["costs"]}
    assert len(pages) == 14
    assert all(cost["milliseconds"] > 0 and cost["statements"] > 3 for cost in result["costs"])
    # Counts are the same at every size and on every machine, unlike times.
    more = [one for one in result["figures"] if one["what"] == TARGETS["more queries"].what]
    assert len(more) == 7
    assert all(one["value"] <= 0 for one in more)


def test_too_small_a_size_gets_a_sentence() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.pages", "--sizes", "10", "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert "must be at least 100" in run.stderr
