"""Outcomes that account pages in Notion tell, taken over after a sync."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Outcome, OutcomeImport
from accounts.services import outcomes, sync
from csm_portal.core.models import AuditEvent, User
from tests.accounts.score_histories import lines
from tests.conftest import signed_in
from tests.workspace import Connected, a_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

MORNING = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)


def run(notion: Connected, *, later: timedelta = timedelta()) -> None:
    sync.run(workspace=notion.workspace(), now=MORNING + later)


def known() -> set[tuple[str, str, date, str]]:
    return set(Outcome.objects.values_list("account__name", "kind", "happened_on", "reason"))


def told(number: int, word: str, on: date | None, why: str = "") -> dict[str, Any]:
    return a_row(number, outcome=word, outcome_on=on, outcome_reason=why)


def test_a_sync_takes_over_what_pages_say_and_says_so_once(notion: Connected, bob: User) -> None:
    notion.add_accounts(
        told(1, "Renewed", date(2026, 3, 31)),
        told(2, "Lost", date(2026, 4, 15), "Budget cut"),
        told(3, "Pending", date(2026, 4, 15)),
        told(4, "renewed", date(2026, 9, 30)),
        told(5, "", None),
    )

    run(notion)
    run(notion, later=timedelta(days=1))

    assert known() == {
        ("Account 001", "renewed", date(2026, 3, 31), ""),
        ("Account 002", "churned", date(2026, 4, 15), "Budget cut"),
    }
    source = OutcomeImport.objects.get()
    assert (source.file_name, source.imported_by, source.created, source.left_out) == ("Notion", None, 2, 1)
    assert source.problems == [
        "Account 003 has the outcome “Pending” in Notion. Renewed and churned are read."
    ]
    assert set(AuditEvent.objects.values_list("verb", flat=True)) & {"outcomes.imported"} == set()
    page = signed_in(bob).get(reverse("outcomes")).content.decode()
    assert "Read by a sync" in page
    assert reverse("outcomes-undo", args=[source.pk]) not in page
    assert signed_in(bob).post(reverse("outcomes-undo", args=[source.pk])).status_code == 404


def test_an_earlier_outcome_stays_known_when_the_page_tells_the_next_one(notion: Connected) -> None:
    (page,) = notion.add_accounts(told(1, "Renewed", date(2025, 3, 31)))
    run(notion)

    notion.change(
        page,
        {
            "Renewal Outcome": {"rich_text": [{"text": {"content": "churned"}}]},
            "Outcome Date": {"date": {"start": "2026-03-31"}},
            "Outcome Reason": {"rich_text": [{"text": {"content": "Sold"}}]},
        },
    )
    run(notion, later=timedelta(days=1))

    assert known() == {
        ("Account 001", "renewed", date(2025, 3, 31), ""),
        ("Account 001", "churned", date(2026, 3, 31), "Sold"),
    }


def test_what_a_persons_file_says_of_a_day_stands(notion: Connected, bob: User) -> None:
    notion.add_accounts(told(1, "Renewed", date(2026, 3, 31)))
    run(notion)
    outcomes.take_in(
        lines("Account 001,churned,2026-03-31,They left after all"),
        file_name="q1.csv",
        actor=bob,
        today=MORNING.date(),
        now=MORNING,
    )

    run(notion, later=timedelta(days=1))

    assert known() == {("Account 001", "churned", date(2026, 3, 31), "They left after all")}


def test_a_reason_that_is_too_long_shows_that_more_follows_in_notion(notion: Connected) -> None:
    notion.add_accounts(told(1, "Churned", date(2026, 3, 31), "Budget. " * 90))

    run(notion)
    run(notion, later=timedelta(days=1))

    (outcome,) = Outcome.objects.all()
    assert len(outcome.reason) <= 500
    assert outcome.reason.endswith("…")
    assert OutcomeImport.objects.count() == 1, "the second sync knows it already"
