"""The benchmark of the truth check at sample size: its corpus, its verdict, and one run."""

import json
import random
import re

import pytest

from benchmarks.truth import __main__ as command
from benchmarks.truth import accounts, drafts, measured
from benchmarks.truth.slots import Ground

HALVES = {name: drafts.load(name) for name in command.HALVES}


def _ground(half, *, seed=1):
    pool = HALVES[half].pool
    return Ground(facts=accounts.make(pool, seed=seed), other=accounts.make(pool, seed=seed + 1), pool=pool)


@pytest.mark.parametrize("half", command.HALVES)
def test_every_shape_can_be_told_of_some_account(half):
    chance = random.Random(3)
    shapes = [shape.removeprefix("+ ") for shape in HALVES[half].shapes]
    grounds = [_ground(half, seed=seed) for seed in range(40)]

    untold = [shape for shape in shapes if not any(drafts.fill(shape, ground, chance) for ground in grounds)]

    assert len(shapes) > 130
    assert untold == []


def test_the_halves_share_no_sentence_and_no_name():
    tuning, held_out = (HALVES[name] for name in command.HALVES)

    assert not set(tuning.shapes) & set(held_out.shapes)
    assert not set(tuning.pool.people) & set(held_out.pool.people)
    assert not set(tuning.pool.companies) & set(held_out.pool.companies)
    assert not set(tuning.pool.features) & set(held_out.pool.features)


def test_an_error_changes_its_own_claim_and_nothing_else():
    chance = random.Random(5)
    ground = _ground("tuning")
    paragraphs = drafts.paragraphs(HALVES["tuning"], ground, chance=chance, count=12)

    errors = [
        (paragraph, error) for paragraph in paragraphs for error in drafts.plant(paragraph, chance=chance)
    ]

    assert len(errors) > 60
    for paragraph, error in errors:
        tail = len(error.text) - error.end
        assert error.text != paragraph.text
        assert error.text[: error.start] == paragraph.text[: error.start]
        assert error.text[error.end :] == paragraph.text[len(paragraph.text) - tail :]


def test_braces_never_reach_a_draft():
    paragraphs = drafts.paragraphs(HALVES["heldout"], _ground("heldout"), chance=random.Random(8), count=40)

    assert not [paragraph.text for paragraph in paragraphs if re.search(r"[{}<]", paragraph.text)]


def test_a_run_prints_its_figures_and_says_by_its_status_whether_they_suffice(tmp_path, capsys):
    output = tmp_path / "truth.json"

    status = command.main(["--drafts", "16", "--output", str(output)])

    tuning, held_out, both = json.loads(output.read_text())
    assert (tuning["drafts"], held_out["drafts"], both["drafts"]) == (8, 8, 16)
    assert both["claims"] == tuning["claims"] + held_out["claims"] > 500
    assert sum(kind["planted"] for kind in both["kinds"].values()) == 16 * measured.ERRORS_A_DRAFT
    # A sample says little: these are guards against a check that fell apart.
    assert both["found"]["wrong numbers"]["share"] > 0.9
    assert both["false_alarm_rate"] < 0.12
    assert (status == 0) == ("Every target is met" in capsys.readouterr().out)


def test_what_falls_short_is_said_in_sentences():
    counted = measured.Counted(half="heldout")
    counted.planted["number", "digit"], counted.found["number", "digit"] = 100, 98
    counted.planted["date", "day"], counted.found["date", "day"] = 100, 97
    counted.claims["number"], counted.alarms["number"] = 100, 4

    assert measured.shortfalls(counted) == [
        "Of the wrong numbers of the heldout half 98.00% were found, not 99%.",
        "Of the true claims of the heldout half 4.00% were marked, more than 3%.",
    ]
