"""The thresholds page: who may do what, what a bad figure is told, what a conflict looks like."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import HealthScore, PolicyVersion
from accounts.scoring import curves
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy
from accounts.services import health, policies
from csm_portal.core.models import AuditEvent, Job, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import TODAY, make_accounts

pytestmark = pytest.mark.django_db

URL = "/settings/thresholds/"
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
DEFAULTS = HealthPolicy().to_mapping()
HTMX = {"HX-Request": "true"}


def entered(**changes: Any) -> dict[str, Any]:
    return {**DEFAULTS, "expected_number": 1, "reason": "Arrears matter more.", **changes}


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def save(tenant: Tenant, actor: User, number: int, **values: int) -> PolicyVersion:
    with tenant_scope(tenant):
        return policies.save(
            {**DEFAULTS, **values}, actor=actor, reason="Tuned.", now=NOW, expected_number=number
        )


def numbers(tenant: Tenant) -> list[int]:
    with tenant_scope(tenant):
        return list(PolicyVersion.objects.order_by("number").values_list("number", flat=True))


def test_every_setting_stands_in_the_form_with_unit_range_and_default(ada: User) -> None:
    page = text(signed_in(ada).get(URL))

    for item in POLICY_FIELDS:
        assert f'name="{item.name}" value="{item.default}" min="{item.minimum}" max="{item.maximum}"' in page
        assert f"From {item.minimum} to {item.maximum}, by default {item.default}." in page
    assert page.count('class="field-unit"') == len(POLICY_FIELDS)


def test_looking_writes_nothing(tenant: Tenant, ada: User) -> None:
    signed_in(ada).get(URL)

    assert numbers(tenant) == []


def test_an_admin_saves_a_new_version(tenant: Tenant, ada: User) -> None:
    response = signed_in(ada).post(URL, entered(payment_penalty=40), follow=True)

    assert response.redirect_chain == [(URL, 302)]
    assert "Version 2 of the thresholds is in force." in text(response)
    assert "Payment not current costs: 30 → 40 points" in text(response)
    assert "Arrears matter more." in text(response)
    assert numbers(tenant) == [1, 2]


def test_htmx_is_sent_on_to_the_page(ada: User) -> None:
    response = signed_in(ada).post(URL, entered(payment_penalty=40), headers=HTMX)

    assert (response.status_code, response.headers["HX-Redirect"]) == (200, URL)


def test_a_manager_reads_and_may_not_write(tenant: Tenant, bob: User) -> None:
    client = signed_in(bob)

    page = client.get(URL)
    refused = client.post(URL, entered(payment_penalty=40))

    assert page.status_code == 200
    assert "Payment not current costs" in text(page)
    assert "<input" not in text(page).split("<main", 1)[1]
    assert refused.status_code == 403
    assert numbers(tenant) == []


@pytest.mark.parametrize("who", ["alice", "sam"])
def test_others_are_refused(who: str, request: pytest.FixtureRequest) -> None:
    client = signed_in(request.getfixturevalue(who))

    assert client.get(URL).status_code == 403
    assert client.post(URL, entered()).status_code == 403
    assert client.post(f"{URL}score/").status_code == 403


def test_a_visitor_is_sent_to_the_sign_in_page(client: Any) -> None:
    assert client.get(URL).headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"red_threshold": 80}, "Red below is 80; it must be less than “Amber below”, which is 70."),
        ({"payment_penalty": 101}, "Payment not current costs is 101; it must lie between 0 and 100 points."),
        (
            {"payment_penalty": "much"},
            "Payment not current costs must be a whole number from 0 to 100 points.",
        ),
        ({"payment_penalty": ""}, "Payment not current costs must be a whole number from 0 to 100 points."),
        (
            {"payment_penalty": "4.5"},
            "Payment not current costs must be a whole number from 0 to 100 points.",
        ),
        ({"reason": ""}, "Say why the settings change"),
        ({}, "These are the settings that are in force already, as version 1."),
    ],
)
def test_a_bad_figure_gets_a_sentence_and_keeps_what_was_entered(
    tenant: Tenant, ada: User, changes: dict[str, Any], sentence: str
) -> None:
    filled = entered(**changes)
    page = signed_in(ada).post(URL, filled)
    fragment = signed_in(ada).post(URL, filled, headers=HTMX)

    for response in (page, fragment):
        assert response.status_code == 422
        assert sentence in text(response)
        for name, value in changes.items():
            if value != "":
                assert f'name="{name}" value="{value}"' in text(response)
    assert "<html" in text(page)
    assert text(fragment).strip().startswith('<form id="thresholds-form"')
    assert all(number == 1 for number in numbers(tenant))


def test_several_bad_figures_are_told_at_once_and_the_first_has_the_focus(ada: User) -> None:
    response = signed_in(ada).post(URL, entered(amber_threshold="x", nps_threshold=99, tam_penalty_amber=99))

    page = text(response)
    assert page.count('aria-invalid="true"') == 2
    assert page.count("autofocus") == 1
    assert re.search(r'name="amber_threshold"[^>]*autofocus', page)


def test_a_newer_version_meanwhile_shows_both_and_loses_neither(tenant: Tenant, ada: User, bob: User) -> None:
    save(tenant, bob, 1, payment_penalty=35)

    response = signed_in(ada).post(URL, entered(payment_penalty=50))

    page = text(response)
    assert response.status_code == 409
    assert "Bob put version 2 in force (“Tuned.”)" in page
    assert 'name="payment_penalty" value="50"' in page
    assert "In force now: 35 points" in page
    assert page.count("In force now:") == 1
    assert 'name="expected_number" value="2"' in page
    assert numbers(tenant) == [1, 2]
    decided = signed_in(ada).post(URL, entered(payment_penalty=50, expected_number=2))
    assert decided.status_code == 302
    assert numbers(tenant) == [1, 2, 3]


def test_an_earlier_version_is_looked_at_before_it_is_restored(tenant: Tenant, ada: User) -> None:
    save(tenant, ada, 1, payment_penalty=40)
    client = signed_in(ada)

    looked = text(client.get(f"{URL}?version=1"))
    client.post(URL, entered(expected_number=2, restores=1, reason="Back to version 1: too hard."))

    assert "Nothing has changed yet" in looked
    assert 'name="payment_penalty" value="30"' in looked
    assert "In force now: 40 points" in looked
    with tenant_scope(tenant):
        assert PolicyVersion.objects.get(number=3).values == DEFAULTS
        assert AuditEvent.objects.get(verb="policy.restored").data["restored"] == 1


def test_a_restored_version_that_is_changed_on_the_way_is_a_change_like_any_other(
    tenant: Tenant, ada: User
) -> None:
    save(tenant, ada, 1, payment_penalty=40)

    signed_in(ada).post(URL, entered(expected_number=2, restores=1, nps_penalty=3))

    with tenant_scope(tenant):
        assert not AuditEvent.objects.filter(verb="policy.restored").exists()
        assert PolicyVersion.objects.get(number=3).values["nps_penalty"] == 3


@pytest.mark.parametrize("query", ["version=9", "version=x", "before=-1", "version=9999999999"])
def test_a_version_that_is_not_there_is_not_found(ada: User, query: str) -> None:
    assert signed_in(ada).get(f"{URL}?{query}").status_code == 404


def test_another_tenants_versions_are_not_shown(
    tenant: Tenant, ada: User, charlie: User, other_tenant: Tenant
) -> None:
    save(other_tenant, charlie, 1, payment_penalty=77)

    page = text(signed_in(ada).get(URL))

    # Not any 77: the page carries a random token.
    assert "77 points" not in page
    assert 'value="77"' not in page
    assert "Charlie" not in page


def test_old_scores_are_pointed_out_and_scored_anew_on_a_click(
    tenant: Tenant, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    with tenant_scope(tenant):
        make_accounts(2)
        health.score_accounts(as_of=TODAY, now=NOW)
    save(tenant, ada, 1, payment_penalty=40)
    client = signed_in(ada)

    before = text(client.get(URL))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{URL}score/")

    with tenant_scope(tenant):
        job = Job.objects.get(task="accounts.tasks.score_all")
        assert response.headers["Location"] == f"/operations/jobs/{job.pk}/"
        assert (job.state, job.result["scored"], job.result["policy"]) == ("done", 2, 2)
        assert HealthScore.objects.filter(policy__number=2).count() == 2
        assert AuditEvent.objects.filter(verb="scan.requested", actor=ada).count() == 1
    assert "2 of 2 accounts show a score from an earlier version." in before
    assert "earlier version" not in text(client.get(URL))


def test_a_long_history_is_paged(tenant: Tenant, ada: User) -> None:
    for number in range(1, 14):
        save(tenant, ada, number, payment_penalty=30 + number)
    client = signed_in(ada)

    first, older = text(client.get(URL)), text(client.get(f"{URL}?before=5"))

    assert "Payment not current costs: 42 → 43 points" in first
    assert 'href="?before=5"' in first
    assert "Payment not current costs: 32 → 33 points" not in first
    assert "Payment not current costs: 32 → 33 points" in older
    assert "Version 1<" in older
    assert 'href="?before=' not in older


def test_the_page_costs_the_same_queries_however_many_versions_there_are(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)
    save(tenant, ada, 1, payment_penalty=40)
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for number in range(2, 12):
        save(tenant, ada, number, payment_penalty=40 + number)
    with tenant_scope(tenant):
        make_accounts(50)
        health.score_accounts(as_of=TODAY, now=NOW)
    with CaptureQueriesContext(connection) as many:
        client.get(URL)

    assert len(few) == len(many) <= 7


def test_the_help_page_holds_the_table_of_the_signals_with_the_tenants_figures(
    tenant: Tenant, alice: User, ada: User
) -> None:
    save(tenant, ada, 1, payment_penalty=44)

    page = text(signed_in(alice).get("/help/signals/"))

    rows = curves.table(HealthPolicy(payment_penalty=44))
    assert len(rows) == 13
    for row in rows:
        assert row.curve in page
        assert row.reason in page
    assert "44 when not current." in page
    assert "version 2" in page
