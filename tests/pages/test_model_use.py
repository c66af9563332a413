"""The page of model use: what was asked and what it cost, and the caps that an admin sets."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from csm_portal.core.models import AuditEvent, ModelAllowance, Tenant, User
from tests.conftest import signed_in
from tests.core.test_asking import GOOD, Said, ask

pytestmark = pytest.mark.django_db

URL = "/operations/model-use/"
CAPS = {
    "calls_per_day": "200",
    "calls_per_month": "3000",
    "tokens_per_day": "",
    "tokens_per_month": "9000000",
    "cost_per_day": "5",
    "cost_per_month": "50.50",
    "prompt_price": "",
    "completion_price": "",
    "version": "0",
}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def test_calls_are_summed_by_purpose_and_person(scoped: Tenant, ada: User, alice: User) -> None:
    ask(Said([GOOD]), now=timezone.now(), actor=alice)
    ask(Said(["No.", "No."]), now=timezone.now())

    page = text_of(signed_in(ada).get(URL))

    assert "3 calls, 33 % of them with an answer that was used; $ 0.0120 in all" in page
    assert "Alice" in page
    assert "The schedule" in page
    assert "Wrong form" in page


def test_an_empty_ledger_says_so(ada: User) -> None:
    assert "No model was asked in these days" in text_of(signed_in(ada).get(URL))


def test_the_page_costs_the_same_however_many_calls(
    scoped: Tenant, ada: User, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(ada)
    for _ in range(4):
        ask(Said([GOOD]), now=timezone.now(), actor=alice)

    with django_assert_max_num_queries(12):
        client.get(URL)


def test_an_admin_sets_the_caps_and_the_audit_log_says_which(scoped: Tenant, ada: User) -> None:
    response = signed_in(ada).post(URL, CAPS)

    assert response.status_code == 302
    allowance = ModelAllowance.objects.get()
    assert (allowance.calls_per_day, allowance.tokens_per_day) == (200, None)
    assert (allowance.cost_per_month, allowance.version, allowance.updated_by) == (Decimal("50.50"), 1, ada)
    event = AuditEvent.objects.get(verb="model_caps.changed")
    assert event.data["calls_per_day"] == [5000, 200]
    assert event.data["tokens_per_day"] == [50_000_000, None]


def test_two_admins_do_not_overwrite_each_other(scoped: Tenant, ada: User) -> None:
    client = signed_in(ada)
    client.post(URL, CAPS)

    late = client.post(URL, {**CAPS, "calls_per_day": "7"})

    page = text_of(late)
    assert late.status_code == 409
    assert "Somebody saved other caps meanwhile" in page
    assert 'value="7"' in page
    assert "Calls a day: 200" in page
    assert ModelAllowance.objects.get().calls_per_day == 200
    assert client.post(URL, {**CAPS, "calls_per_day": "7", "version": "1"}).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"calls_per_day": "5000"}, "A day cannot have more than its month"),
        ({"prompt_price": "2"}, "Enter both prices, or none"),
        ({"tokens_per_month": "-1"}, "greater than or equal to 0"),
        ({"cost_per_day": "lots"}, "Enter a number"),
    ],
)
def test_caps_that_make_no_sense_get_a_sentence(
    wrong: dict[str, str], sentence: str, scoped: Tenant, ada: User
) -> None:
    response = signed_in(ada).post(URL, {**CAPS, **wrong})

    assert response.status_code == 422
    assert sentence in text_of(response)
    assert not ModelAllowance.objects.exists()


def test_a_cap_that_is_reached_is_told_at_the_head(scoped: Tenant, ada: User) -> None:
    ModelAllowance.objects.create(calls_per_day=1)
    ask(Said([GOOD]), now=timezone.now())

    assert "A cap is reached" in text_of(signed_in(ada).get(URL))


def test_another_tenants_calls_are_not_counted(scoped: Tenant, charlie: User) -> None:
    ask(Said([GOOD]), now=timezone.now())
    assert "No model was asked in these days" in text_of(signed_in(charlie).get(URL))
