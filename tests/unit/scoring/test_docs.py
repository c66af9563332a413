"""The page about the signals says what the code does."""

from pathlib import Path

import pytest

from accounts.scoring import curves, docs
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy
from accounts.scoring.signals import INPUT_NAMES

pytestmark = pytest.mark.one_database

PAGE = Path(__file__).resolve().parents[3] / "docs" / "signals.md"


def test_the_page_is_the_one_that_the_code_writes(tmp_path: Path) -> None:
    docs.main([str(tmp_path / "signals.md")])

    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "signals.md").read_text(encoding="utf-8"), (
        "docs/signals.md is not up to date: run python -m accounts.scoring.docs"
    )


def test_the_page_names_every_input_and_every_setting() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in INPUT_NAMES if f"`{name}`" not in page] == []
    assert [item.name for item in POLICY_FIELDS if f"`{item.name}`" not in page] == []


def test_the_table_speaks_with_the_tenants_own_figures() -> None:
    rows = {
        row.input: row
        for row in curves.table(HealthPolicy(interaction_staleness_days=14, payment_penalty=44))
    }

    assert rows["last_interaction_days"].threshold == "14 days"
    assert rows["payment_current"].at_most == 44
    assert rows["payment_current"].curve == "44 when not current."
