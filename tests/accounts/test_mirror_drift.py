"""A schema that changes under the mapping: told by name, values kept, scores frozen (SPEC 2.3, CHECK 36)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import (
    Account,
    AccountHealth,
    ChurnAssessment,
    HealthScore,
    PropertyMapping,
    SyncRun,
    SyncState,
)
from accounts.selectors.account_inputs import INPUT_FIELDS
from accounts.services import connection, health, mapping, sync
from csm_portal.core.models import User
from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, ValueKind
from tests.workspace import Connected, a_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped", "alice")]

START = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)
SCORED = [spec for spec in ACCOUNT_FIELDS if spec.name in INPUT_FIELDS]
# An account with something to lose by each of its inputs.
POOR = {
    "feature_adoption_rate": 0.5,
    "support_ticket_volume": 7,
    "support_sentiment": "neutral",
    "last_interaction_on": "2026-04-05",
    "login_frequency_score": 0.5,
    "usage_trend": "declining",
    "payment_current": False,
    "stakeholder_engagement_score": 0.5,
    "nps_score": 5,
    "renewal_on": "2026-08-10",
    "seats_used": 55,
    "seats_purchased": 100,
    "escalation_history_count": 1,
    "tam_health_rag": "Amber",
}


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def scan(notion: Connected, number: int) -> SyncRun:
    """Do what a daily scan does, on a day of its own."""
    now = day(number)
    done = sync.run(workspace=notion.workspace(), now=now)
    health.score_accounts(as_of=now.date(), now=now)
    return done


def days() -> Iterator[int]:
    yield from range(1, 1000)


def stored(account: Account) -> dict[str, Any]:
    account.refresh_from_db()
    columns = ("owner_id", "arr", "name", *INPUT_FIELDS)
    return {name: getattr(account, name) for name in columns}


def shown(account: Account) -> tuple[Any, ...]:
    row = AccountHealth.objects.select_related("latest").get(account=account)
    return row.score, row.effective_band, row.computed_band, row.latest.inputs


def unfit(spec: FieldSpec) -> dict[str, Any]:
    return {"checkbox": {}} if spec.kind is ValueKind.DATE else {"date": {}}


@pytest.fixture
def poor(notion: Connected) -> Account:
    notion.add_accounts(a_row(1, **POOR))
    scan(notion, 0)
    account = Account.objects.get()
    # Not at the end of the scale, where what is lost would not show.
    assert 0 < AccountHealth.objects.get().score < 60
    return account


def test_there_is_something_to_freeze() -> None:
    assert len(SCORED) == len(POOR) == 14


def test_every_renamed_property_goes_on_and_is_told(notion: Connected, poor: Account) -> None:
    for number, spec in zip(days(), SCORED, strict=False):
        name = spec.property_names[0]
        before = stored(poor)
        notion.change_schema({name: {"name": f"Renamed {number}"}})

        done = scan(notion, number)

        assert done.state == SyncState.DONE
        assert [problem for problem in done.problems if name in problem and f"Renamed {number}" in problem]
        assert stored(poor) == before
        assert not AccountHealth.objects.get().is_last_known
    assert PropertyMapping.objects.filter(property_name__startswith="Renamed").count() == len(SCORED)


@pytest.mark.parametrize("change", ["removed", "retyped"])
def test_every_lost_property_is_named_and_freezes_values_and_score(
    notion: Connected, poor: Account, change: str
) -> None:
    number = days()
    for spec in SCORED:
        name = spec.property_names[0]
        values, score = stored(poor), shown(poor)
        notion.change_schema({name: None if change == "removed" else unfit(spec)})
        lost_on = next(number)

        done = scan(notion, lost_on)
        scan(notion, next(number))

        assert done.state == SyncState.INCOMPLETE
        assert [p for p in done.problems if f"“{name}”" in p and "keeps its last known values" in p], name
        assert stored(poor) == values, name
        assert shown(poor) == score, name
        row = AccountHealth.objects.select_related("latest__policy").get()
        assert row.is_last_known
        assert row.band_reason.startswith(f"Frozen since {day(lost_on).day} ")
        assert f"“{name}”" in row.band_reason
        assert health.replay(row.latest).score == row.score

        _bring_back(notion, poor, spec)
        back = scan(notion, next(number))

        assert back.state == SyncState.DONE, back.problems
        row = AccountHealth.objects.get()
        assert not row.is_last_known, (name, row.band_reason)
        assert row.latest.inputs.keys() == score[3].keys(), name
        assert not PropertyMapping.objects.exclude(frozen_since=None).exists()


def _bring_back(notion: Connected, account: Account, spec: FieldSpec) -> None:
    """Make the property again as it was, and give it its value: what Notion had of both is gone."""
    name = spec.property_names[0]
    kinds = {
        ValueKind.DATE: "date",
        ValueKind.BOOL: "checkbox",
        ValueKind.CHOICE: "select",
    }
    kind = kinds.get(spec.kind, "number")
    notion.change_schema({name: {kind: {}}})
    given = POOR[spec.name]
    value = {"date": {"start": given}, "select": {"name": given}}.get(kind, given)
    notion.change(account.notion_page_id, {name: {kind: value}})


def test_a_frozen_score_does_not_age_and_does_not_move(notion: Connected) -> None:
    """The last contact is four weeks old when its property goes; two months later nobody knows any better."""
    notion.add_accounts(a_row(1, last_interaction_on="2026-04-20"))
    scan(notion, 0)
    before = AccountHealth.objects.get()
    notion.change_schema({"Last Interaction": None})

    for number in (1, 20, 60):
        scan(notion, number)

    after = AccountHealth.objects.get()
    assert (after.score, after.effective_band) == (before.score, before.effective_band)
    assert HealthScore.objects.filter(is_of_day=True).count() == 4
    assert HealthScore.objects.values("score").distinct().count() == 1
    facts = ChurnAssessment.objects.get(assessed_on=day(60).date()).facts
    assert not [fact for fact in facts if "contact" in fact["sentence"].lower()]


def test_a_score_that_never_knew_the_lost_input_goes_on(notion: Connected) -> None:
    page_id, _ = notion.add_accounts(a_row(1, nps_score=None), a_row(2, nps_score=9))
    scan(notion, 0)
    notion.change_schema({"NPS Score": None})
    notion.change(page_id, {"Payment Current": {"checkbox": False}})

    scan(notion, 1)

    moved, frozen = AccountHealth.objects.order_by("account__name")
    assert not moved.is_last_known
    assert moved.score < moved.previous_score
    assert frozen.is_last_known


def test_another_property_that_is_chosen_ends_the_freeze(
    notion: Connected, poor: Account, alice: User
) -> None:
    notion.change_schema({"NPS Score": None})
    scan(notion, 1)
    notion.change_schema({"Recommends": {"number": {}}})
    notion.change(poor.notion_page_id, {"Recommends": {"number": 10}})
    source = notion.workspace().describe_accounts()
    info = next(info for info in source.properties if info.name == "Recommends")
    mapping.choose({"nps_score": info}, connection=connection.current(), actor=alice, now=day(2))

    scan(notion, 2)

    row = AccountHealth.objects.get()
    assert not row.is_last_known
    assert row.score > row.previous_score
    assert Account.objects.get().nps_score == 10


def test_a_property_that_does_not_score_freezes_its_values_only(notion: Connected, poor: Account) -> None:
    notion.change_schema({"ARR": None, "CSM": None})

    done = scan(notion, 1)

    assert done.state == SyncState.INCOMPLETE
    assert not AccountHealth.objects.get().is_last_known
    assert Account.objects.get().arr == 48000


def test_a_property_of_another_type_in_its_place_is_not_followed(notion: Connected, poor: Account) -> None:
    notion.change_schema({"NPS Score": None})
    notion.change_schema({"NPS Score": {"date": {}}})

    done = scan(notion, 1)

    assert done.state == SyncState.INCOMPLETE
    assert Account.objects.get().nps_score == 5
