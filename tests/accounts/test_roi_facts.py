"""Any property can be told as an ROI fact, with label, unit and period (SPEC 1): page, mirror, review."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts import roi_facts
from accounts.models import Account, ROIFactMapping
from accounts.services import sync
from csm_portal.core.models import AuditEvent, User
from csm_portal.core.scope import tenant_scope
from qbr.facts import FactKind, shown_with_unit
from qbr.quarters import quarter_of
from qbr.selectors import source_facts
from tests.accounts.notion_page import kept, send, shown
from tests.conftest import signed_in
from tests.factories import NOW, TODAY
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db

COLUMNS = {
    "Hours Saved": {"number": {"format": "number"}},
    "Cost Cut": {"number": {"format": "euro"}},
    "Error Rate": {"number": {"format": "percent"}},
    "Proof": {"rich_text": {}},
    "Confirmed On": {"date": {}},
    "Outcome": {"select": {"options": [{"name": "Reached"}]}},
}
HELD = {
    "Hours Saved": 2300,
    "Cost Cut": 41500,
    "Error Rate": 0.45,
    "Proof": "Survey of June",
    "Confirmed On": "2026-05-01",
    "Outcome": "Reached",
}


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


@pytest.fixture
def ids(notion: Connected, ada: User, commits: Any) -> dict[str, str]:
    """Property name -> id, in a workspace with two accounts, the second without figures."""
    notion.change_schema(COLUMNS)
    notion.add_accounts({**a_row(1), **HELD}, a_row(2))
    return {info.name: info.id for info in send(notion, ada, commits).properties}


def choose(actor: User, callbacks: Any, *rows: tuple[str, str, str, str]) -> Any:
    """Send (property id, label, unit, period) rows as the page does."""
    fields: dict[str, Any] = {"roi-TOTAL_FORMS": len(rows), "roi-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        for name, value in zip(("property", "label", "unit", "period"), row, strict=True):
            fields[f"roi-{number}-{name}"] = value
    with callbacks(execute=True):
        return signed_in(actor).post(reverse("notion-roi"), fields)


def mirrored(notion: Connected) -> Account:
    with tenant_scope(notion.tenant):
        sync.run(workspace=notion.workspace(), now=NOW)
        return Account.objects.select_related("tenant", "owner").get(name="Account 001")


def test_facts_of_every_type_reach_the_review_with_label_unit_and_period(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    answer = choose(
        ada,
        commits,
        (ids["Hours Saved"], "Planning hours saved", "hours", "Q2 2026"),
        (ids["Cost Cut"], "Detention fees avoided", "EUR", "Q2 2026"),
        (ids["Error Rate"], "Fewer errors", "%", ""),
        (ids["Proof"], "Shown by", "", ""),
        (ids["Confirmed On"], "Confirmed by the customer on", "", ""),
        (ids["Outcome"], "Goal", "", ""),
        ("", "", "", ""),
    )
    account = mirrored(notion)

    with tenant_scope(notion.tenant):
        facts = source_facts.collect(account, quarter=quarter_of(TODAY), today=TODAY).family("roi.")
        events = AuditEvent.objects.filter(verb="notion.roi_facts_changed")
        assert [event.actor for event in events] == [ada]
    assert answer.status_code == 302
    assert [(fact.label, fact.kind, fact.value) for fact in facts] == [
        ("Planning hours saved", FactKind.COUNT, Decimal(2300)),
        ("Detention fees avoided", FactKind.MONEY, Decimal(41500)),
        ("Fewer errors", FactKind.PERCENT, Decimal("0.45")),
        ("Shown by", FactKind.TEXT, "Survey of June"),
        ("Confirmed by the customer on", FactKind.DATE, date(2026, 5, 1)),
        ("Goal", FactKind.TEXT, "Reached"),
    ]
    assert [shown_with_unit(fact) for fact in facts[:3]] == ["2,300 hours", "€ 41,500", "45 %"]
    assert (facts[0].period, facts[0].source) == ("Q2 2026", "Notion: Hours Saved")


def test_an_account_without_the_figure_has_no_fact(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    choose(ada, commits, (ids["Hours Saved"], "Hours saved", "hours", ""))
    mirrored(notion)

    with tenant_scope(notion.tenant):
        assert Account.objects.get(name="Account 002").roi_facts == []


@pytest.mark.parametrize("count", ["-1", "0", "", "many"])
def test_a_form_that_lost_its_rows_forgets_nothing(
    count: str, notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    choose(ada, commits, (ids["Hours Saved"], "Hours saved", "hours", ""))

    answer = signed_in(ada).post(reverse("notion-roi"), {"roi-TOTAL_FORMS": count, "roi-INITIAL_FORMS": "0"})

    assert answer.status_code == 422
    assert 'value="Hours saved"' in shown(ada)


def test_the_first_rows_show_the_facts(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    choose(ada, commits, (ids["Hours Saved"], "Hours saved", "hours", "Q2 2026"))

    page = shown(ada)
    assert "2,300 hours" in page
    assert 'value="Hours saved"' in page


def test_a_sync_changes_a_fact_and_leaves_an_unchanged_one_alone(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    choose(ada, commits, (ids["Hours Saved"], "Hours saved", "hours", ""))
    before = mirrored(notion)
    notion.change(before.notion_page_id, {"Hours Saved": {"number": 2500}})

    after = mirrored(notion)

    assert before.roi_facts[0]["value"] == "2300"
    assert after.roi_facts[0]["value"] == "2500"
    with tenant_scope(notion.tenant):
        assert sync.run(workspace=notion.workspace(), now=NOW).unchanged == 2


def test_a_fact_whose_property_is_gone_is_told_and_stops_nothing(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    choose(ada, commits, (ids["Hours Saved"], "Hours saved", "hours", ""), (ids["Proof"], "Proof", "", ""))
    notion.change_schema({"Hours Saved": None, "Proof": {"name": "Evidence"}})

    with tenant_scope(notion.tenant):
        run = sync.run(workspace=notion.workspace(), now=NOW)
        account = Account.objects.get(name="Account 001")
    assert any("holds the ROI fact “Hours saved”" in problem for problem in run.problems)
    assert [fact["property"] for fact in account.roi_facts] == ["Evidence"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("Hours Saved", "", "hours", ""), "Say what it is called"),
        (("", "Hours saved", "hours", ""), "Choose the property that holds it"),
        (("made-up", "Hours saved", "", ""), "no longer in the database"),
    ],
)
def test_half_a_fact_comes_back_marked(
    notion: Connected,
    ada: User,
    ids: dict[str, str],
    commits: Any,
    row: tuple[str, str, str, str],
    sentence: str,
) -> None:
    answer = choose(ada, commits, (ids.get(row[0], row[0]), *row[1:]))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenant_scope(notion.tenant):
        assert not ROIFactMapping.objects.exists()


def test_two_facts_of_one_name_are_refused(
    notion: Connected, ada: User, ids: dict[str, str], commits: Any
) -> None:
    answer = choose(ada, commits, (ids["Proof"], "Proof", "", ""), (ids["Outcome"], "proof ", "", ""))

    assert answer.status_code == 422
    assert "called this already" in answer.content.decode()


def test_emptied_facts_are_dropped(notion: Connected, ada: User, ids: dict[str, str], commits: Any) -> None:
    choose(ada, commits, (ids["Proof"], "Proof", "", ""))
    choose(ada, commits, ("", "", "", ""))

    with tenant_scope(notion.tenant):
        assert not ROIFactMapping.objects.exists()
        assert mirrored(notion).roi_facts == []
    assert kept(notion).fields


def test_ids_are_plain_and_told_apart() -> None:
    labels = ["Hours saved", "Hours – saved!", "節約時間", "Économies réalisées"]

    assert roi_facts.ids(labels) == ["hours_saved", "hours_saved_2", "fact_3", "economies_realisees"]
