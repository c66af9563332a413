"""Rows written in bulk read the same as rows that were saved one by one."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.forms.models import model_to_dict

from accounts.models import Account, ChurnAssessment, HealthScore
from accounts.services import policies
from csm_portal.core import bulk
from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.core.scope import ForeignTenant, tenant_scope
from tests.factories import account_fields, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def stored(row: Any) -> dict[str, Any]:
    fresh = type(row).objects.get(pk=row.pk)
    return {
        field.attname: getattr(fresh, field.attname)
        for field in fresh._meta.concrete_fields
        if not field.primary_key
    }


def test_a_row_reads_as_if_it_had_been_saved(alice: User) -> None:
    fields = account_fields(
        owner=alice,
        nps_score=None,
        payment_current=False,
        arr=Decimal("1234567.89"),
        primary_contacts=["Zoë “O'Neil” Müller", "李雷"],
        features_used=None,
        changed_at={"arr": "2026-05-14"},
        is_archived=True,
    )
    one_by_one = Account.objects.create(**fields)
    at_once = Account(**{**fields, "notion_page_id": "another"})

    bulk.write([at_once])

    assert stored(at_once) == {**stored(one_by_one), "notion_page_id": "another"}
    assert model_to_dict(Account.objects.get(pk=at_once.pk))["primary_contacts"] == fields["primary_contacts"]


def test_words_and_numbers_in_a_json_column_stay_what_they_are() -> None:
    values: list[Any] = ["text", 7, 2.5, True, [], {"a": None}]
    rows = [Job(task="a.b", title=f"Job {place}", params=value) for place, value in enumerate(values)]

    bulk.write(rows)

    assert [stored(row)["params"] for row in rows] == values


def test_an_enumeration_is_written_as_its_value() -> None:
    job = Job(task="a.b", title="Done", state=JobState.DONE)

    bulk.write([job])

    assert Job.objects.filter(state="done").get() == job


def test_a_row_that_is_there_is_written_over_and_keeps_its_key() -> None:
    account = make_account()
    score = HealthScore(
        account=account, scored_on=date(2026, 5, 14), scored_at=NOW, score=80, computed_band="Green",
        effective_band="Green", coverage=1, inputs={}, points={}, policy=policies.current(now=NOW), engine_version="1",
    )  # fmt: skip
    bulk.write([score])
    key: dict[str, Any] = {"account": account, "assessed_on": date(2026, 5, 14), "score": score}
    first = ChurnAssessment(**key, assessed_at=NOW, level="low", narrative="Calm.")
    second = ChurnAssessment(**key, assessed_at=NOW, level="high", narrative="Trouble.")

    for row in (first, second):
        bulk.write([row], over=["account", "assessed_on"], fields=["level"])

    kept = ChurnAssessment.objects.get()
    assert (kept.pk, kept.level, kept.narrative) == (first.pk, "high", "Calm.")


def test_a_row_of_another_tenant_is_refused_and_so_is_one_that_points_at_another_tenants(
    other_tenant: Tenant,
) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account()

    with pytest.raises(ForeignTenant):
        bulk.write([Job(tenant=other_tenant, task="a.b", title="Sneaked in")])
    with pytest.raises(ForeignTenant):
        bulk.write([ChurnAssessment(account_id=theirs.pk, assessed_on=date(2026, 5, 14))])


def test_no_rows_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        bulk.write([])


def test_a_row_made_for_a_bulk_write_reads_as_one_of_the_model(alice: User) -> None:
    fields = account_fields(nps_score=None, payment_current=False, arr=Decimal("12.50"))
    fields.pop("owner", None)
    made = bulk.new(Account, **{**fields, "owner_id": alice.pk, "notion_page_id": "made"})
    usual = Account(**{**fields, "owner_id": alice.pk, "notion_page_id": "usual"})

    bulk.write([made])
    bulk.write([usual])

    differ = {"notion_page_id": "usual", "created_at": None}
    assert {**stored(made), **differ} == {**stored(usual), **differ}
    assert made.owner == alice
    assert bulk.new(Account).primary_contacts is not bulk.new(Account).primary_contacts


def test_a_row_made_for_a_bulk_write_is_refused_as_any_other(other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account()

    with pytest.raises(ForeignTenant):
        bulk.write([bulk.new(ChurnAssessment, account_id=theirs.pk, assessed_on=date(2026, 5, 14))])
    with pytest.raises(ForeignTenant):
        bulk.write([bulk.new(Job, tenant_id=other_tenant.pk, task="a.b", title="Sneaked in")])
