"""Moving the inputs of one account: what is tried, what it comes to, and that nothing of it is kept."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.http import HttpResponse

from accounts.models import Account, HealthScore
from accounts.services import health
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import make_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)


@pytest.fixture
def account(tenant: Tenant, alice: User) -> Account:
    """An account that is Amber because it owes money and uses little; a third of three seats is in use."""
    with tenant_scope(tenant):
        made = make_account(
            name="Halden Logistics",
            owner=alice,
            payment_current=False,
            feature_adoption_rate="0.20",
            seats_used=1,
            seats_purchased=3,
        )
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)
    return made


def page_of(account: Account, user: User, *, partial: str = "", **query: str) -> HttpResponse:
    headers = {"HX-Request": "true", "HX-Target": partial} if partial else {}
    return signed_in(user).get(f"/accounts/{account.pk}/what-if/", query, headers=headers)


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def figure(response: HttpResponse) -> int:
    found = re.search(r'class="score-figure">(\d+)<', response.content.decode())
    assert found
    return int(found[1])


def test_the_page_begins_with_the_account_as_it_is(tenant: Tenant, account: Account, alice: User) -> None:
    with tenant_scope(tenant):
        stored = HealthScore.objects.get(account=account)

    page = page_of(account, alice)

    assert figure(page) == stored.score
    assert "The score is" in text(page)


def test_an_input_that_moves_takes_the_score_along_and_is_not_kept(
    tenant: Tenant, account: Account, alice: User
) -> None:
    before = figure(page_of(account, alice))

    page = page_of(account, alice, payment_current="yes")

    assert figure(page) == before + 30
    assert "in arrears paid up +30" in text(page)
    with tenant_scope(tenant):
        assert HealthScore.objects.filter(account=account).count() == 1


def test_what_is_sent_back_as_it_was_shown_is_no_change(account: Account, alice: User) -> None:
    page = page_of(account, alice)
    shown = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.content.decode()))
    assert shown["seats_utilization"] == "33.33"

    again = page_of(account, alice, payment_current="no", **shown)

    assert "The score is" in text(again)


def test_each_way_that_is_offered_leads_to_the_band_it_names(account: Account, alice: User) -> None:
    page = page_of(account, alice)
    assert "The smallest way to Green" in text(page)
    ways = re.findall(r'<a href="\?([^"]+)" hx-get', page.content.decode())
    assert ways

    for way in ways:
        query = dict(part.split("=") for part in unescape(way).split("&"))
        assert figure(page_of(account, alice, **query)) >= 70


def test_the_accounts_page_says_what_would_make_it_green(account: Account, alice: User) -> None:
    told = text(signed_in(alice).get(f"/accounts/{account.pk}/"))

    assert "What would make it Green" in told


@pytest.mark.parametrize("bad", ["seven", "101", "-1", "nan", "1e999"])
def test_a_value_that_cannot_be_one_is_told_by_name(account: Account, alice: User, bad: str) -> None:
    page = page_of(account, alice, feature_adoption_rate=bad)

    assert page.status_code == 422
    assert "Feature adoption must be a number from 0 to 100 percent, or empty." in text(page)


def test_an_unlisted_word_is_refused_and_the_rest_stays(account: Account, alice: User) -> None:
    page = page_of(account, alice, usage_trend="sideways", nps_score="7")

    assert page.status_code == 422
    assert 'name="nps_score" value="7"' in page.content.decode()


def test_fields_that_are_well_filled_in_are_left_alone(account: Account, alice: User) -> None:
    """A person is in the next field before the answer of the last one comes."""
    part = page_of(account, alice, partial="would-be", nps_score="3")

    assert (part.status_code, part.headers.get("HX-Retarget")) == (200, None)
    assert 'id="would-be"' in part.content.decode()
    assert "<input" not in part.content.decode()
    assert "Put all back" in text(part)


def test_a_field_that_must_be_mended_comes_with_the_whole_form(account: Account, alice: User) -> None:
    refused = page_of(account, alice, partial="would-be", nps_score="eleven")

    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#what-if")
    assert 'name="nps_score" value="eleven"' in refused.content.decode()
    assert 'hx-target="#what-if"' in refused.content.decode().split("</form>")[0]

    mended = page_of(account, alice, partial="what-if", nps_score="9")

    assert mended.status_code == 200
    assert 'name="nps_score" value="9"' in mended.content.decode()
    assert 'hx-target="#would-be"' in mended.content.decode().split("</form>")[0]


def test_an_account_without_a_score_says_so(tenant: Tenant, alice: User) -> None:
    with tenant_scope(tenant):
        new = make_account(name="New", owner=alice)

    assert "has not been scored" in text(page_of(new, alice))


def test_an_input_that_costs_more_by_activity_alone_says_so(tenant: Tenant, alice: User) -> None:
    with tenant_scope(tenant):
        made = make_account(owner=alice, login_frequency_score="0.20", usage_trend="declining")
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)

    told = text(page_of(made, alice, login_frequency_score="95"))

    assert "declining, login frequency 20 % declining, login frequency 95 %" in told


_NOTHING = dict.fromkeys(
    (
        "feature_adoption_rate",
        "login_frequency_score",
        "payment_current",
        "stakeholder_engagement_score",
        "escalation_history_count",
    )
)


def badge(response: HttpResponse) -> str:
    """Return the band as the page shows it."""
    shown = response.content.decode().split('class="score-of"', 1)[1].split("</p>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown.split(">", 1)[1]))


def test_an_account_of_which_too_little_is_known_is_unknown_and_not_green(
    tenant: Tenant, alice: User
) -> None:
    with tenant_scope(tenant):
        made = make_account(owner=alice, **_NOTHING, support_sentiment="", usage_trend="")
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)

    page = page_of(made, alice)
    moved = page_of(made, alice, nps_score="2")
    filled = page_of(made, alice, payment_current="yes", login_frequency_score="90")

    for told in (page, moved):
        assert "Unknown" in badge(told)
        assert "Green already" not in text(told)
        assert re.search(
            r"A band needs 40 % of the weight; [\d.]+ % is known: fill in Payment and Login frequency\.",
            text(told),
        )
    assert "Green" in badge(filled)
    assert "A band needs" not in text(filled)


def test_an_input_taken_away_lifts_no_band(tenant: Tenant, account: Account, alice: User) -> None:
    page = page_of(account, alice, payment_current="")

    assert figure(page) >= 70
    assert "Amber" in badge(page)
    assert "last known" in badge(page)
    assert "Payment (last seen on 14 May 2026) is no longer known." in text(page)
