"""An address that only takes what a form sends says so when somebody opens it."""

import pytest
from django.test import Client
from django.urls import reverse

from csm_portal.core.models import User
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def test_opening_what_only_a_form_may_send_to_names_the_page_with_the_form(ada: User) -> None:
    answer = signed_in(ada).get(reverse("outcomes-preview"))

    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "It takes what a button or a form sends." in page
    assert f'href="{reverse("outcomes")}"' in page
    assert "no-store" in answer.headers["Cache-Control"]


def test_sending_to_a_page_that_is_only_read_says_that_nothing_was_used(bob: User) -> None:
    answer = signed_in(bob).post(reverse("portfolio"))

    assert answer.status_code == 405
    assert "what was sent to it was not used" in answer.content.decode()
    assert f'href="{reverse("portfolio")}"' in answer.content.decode()


def test_a_program_that_reads_no_pages_gets_none(ada: User) -> None:
    client = signed_in(ada)

    answer = client.get(reverse("outcomes-preview"), headers={"Accept": "application/json"})

    assert (answer.status_code, answer.content) == (405, b"")


def test_a_visitor_learns_no_more_than_that() -> None:
    answer = Client().get(reverse("outcomes-preview"))

    assert answer.status_code in {302, 405}
    assert b"Outcomes" not in answer.content
