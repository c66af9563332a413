"""Forms say where they were sent from, and who sends one can say anything."""

import pytest
from django.urls import reverse

from accounts.models import ExchangeRate
from csm_portal.core.models import User
from tests.conftest import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        ("/alerts/?scope=all", "/alerts/?scope=all"),
        ("0", "/"),
        ("portfolio", "/"),
        ("", "/"),
        ("a\x00b", "/"),
        ("//elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_only_an_address_of_ours_is_gone_back_to(given: str, leads_to: str, alice: User) -> None:
    answer = signed_in(alice).post(reverse("theme"), {"theme": "dark", "next": given})

    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


@pytest.mark.parametrize("given", ["", "0", "a\x00b", "x" * 5000])
def test_alerts_and_opportunities_go_back_to_their_list(given: str, alice: User) -> None:
    answer = signed_in(alice).post(reverse("alerts-act"), {"action": "acknowledge", "next": given})

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("alerts"))


@pytest.mark.parametrize("given", ["", "a\x00b", "E1R", "ZZZ", "x" * 5000])
def test_a_currency_that_is_none_has_no_rate_to_remove(given: str, ada: User) -> None:
    answer = signed_in(ada).post(reverse("currencies-remove"), {"currency": given}, follow=True)

    assert "That currency has no rate." in answer.content.decode()
    assert not ExchangeRate.objects.exists()
