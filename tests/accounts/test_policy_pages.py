"""The pages of segments, drafts and comparing: who changes what, what is tried, and that nothing is saved by trying."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import HealthScore, PolicyDraft, PolicyVersion
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import policy_compare, policy_trial
from accounts.services import health, policies
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import make_account

pytestmark = pytest.mark.django_db

URL = "/settings/thresholds/"
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
DEFAULTS = HealthPolicy().to_mapping()
HTMX = {"HX-Request": "true"}
BIG = {"name": "Big", "rule": {"arr_from": 50_000, "currency": "EUR"}, "changes": {"payment_penalty": 45}}
RULE = {
    "name": "Key accounts",
    "segments": ["Enterprise"],
    "place": 1,
    "reason": "They are looked after otherwise.",
    "expected_number": 1,
}


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return re.sub(r"\s+", " ", told.replace("\xa0", " "))


def entered(**changes: Any) -> dict[str, Any]:
    return {**DEFAULTS, "expected_number": 1, "reason": "Arrears matter more.", **changes}


@pytest.fixture
def two_accounts(tenant: Tenant, alice: User) -> None:
    """A large and a small account in arrears, both scored 70 and Green by the standard."""
    with tenant_scope(tenant):
        late = {"payment_current": False, "owner": alice, "renewal_on": None}
        make_account(name="Halden Logistics", arr=Decimal(80_000), segment="Enterprise", **late)
        make_account(name="Tern Bakery", arr=Decimal(3_000), segment="SMB", **late)
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)


def newest(tenant: Tenant) -> PolicyVersion:
    with tenant_scope(tenant):
        found = PolicyVersion.objects.first()
        assert found is not None
        return found


def with_big(tenant: Tenant, actor: User) -> None:
    with tenant_scope(tenant):
        policies.save(DEFAULTS, segments=[BIG], actor=actor, reason="By size.", now=NOW, expected_number=1)


def test_a_segment_is_made_with_its_rule_and_begins_with_the_standard(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    client = signed_in(ada)

    page = text(client.get(f"{URL}segment/"))
    answer = client.post(f"{URL}segment/", RULE, follow=True)

    assert "Enterprise" in page
    assert "SMB" in page
    assert newest(tenant).segments == [
        {"name": "Key accounts", "rule": {"segments": ["Enterprise"]}, "changes": {}}
    ]
    assert "Where segment is Enterprise. 0 settings differ from the standard." in text(answer)


def test_a_rule_that_asks_nothing_gets_a_sentence(tenant: Tenant, ada: User, two_accounts: None) -> None:
    for given, sentence in (
        ({"segments": []}, "The rule asks nothing, so it would fit every account."),
        ({"arr_from": 9, "currency": ""}, "Say in which currency the ARR is meant"),
        ({"arr_from": 9, "arr_below": 3, "currency": "EUR"}, "No ARR is at least 9 and under 3."),
        ({"name": ""}, "Give the segment a name"),
        ({"name": " standard "}, "“Standard” is what all other accounts follow."),
        ({"arr_from": 10**20, "currency": "EUR"}, "Ensure this value is less than or equal to"),
        ({"reason": ""}, "Say why"),
        ({"place": 7}, "Select a valid choice"),
    ):
        answer = signed_in(ada).post(f"{URL}segment/", {**RULE, **given})

        assert answer.status_code == 422, given
        assert sentence in text(answer)
    assert newest(tenant).number == 1


def test_settings_of_a_segment_hold_for_its_accounts_alone(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    with_big(tenant, ada)
    client = signed_in(ada)

    page = text(client.get(f"{URL}?segment=Big"))
    client.post(URL, entered(segment="Big", payment_penalty=60, expected_number=2))

    assert "Standard: 30 points" in page
    assert newest(tenant).segments == [{**BIG, "changes": {"payment_penalty": 60}}]
    assert newest(tenant).values == DEFAULTS
    with tenant_scope(tenant):
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)
        scores = HealthScore.objects.filter(is_of_day=True)
        assert dict(scores.values_list("account__name", "score")) == {
            "Halden Logistics": 40,
            "Tern Bakery": 70,
        }


def test_trying_a_rule_says_who_moves_and_saves_nothing(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    with_big(tenant, ada)
    with tenant_scope(tenant):
        health.score_accounts(as_of=NOW.date(), now=NOW, announce=False)
    client = signed_in(ada)
    gone = {**RULE, "name": "Big", "segment": "Big", "act": "delete", "expected_number": 2}

    part = client.post(f"{URL}segment/try/", gone, headers=HTMX)
    whole = client.post(f"{URL}segment/try/", gone)

    for answer in (part, whole):
        assert answer.status_code == 200
        assert "1 of 2 scores would change; 1 account would change band." in text(answer)
        assert "Halden Logistics" in text(answer)
    assert "<html" not in part.content.decode()
    assert newest(tenant).number == 2


def test_a_segment_is_deleted_with_a_reason(tenant: Tenant, ada: User, two_accounts: None) -> None:
    with_big(tenant, ada)
    gone = {**RULE, "name": "Big", "segment": "Big", "act": "delete", "expected_number": 2}

    answer = signed_in(ada).post(f"{URL}segment/", gone, follow=True)

    assert newest(tenant).segments == []
    assert "The rule is deleted, with version 3 of the thresholds." in text(answer)
    assert "Segment Big: Deleted." in text(answer)


def test_whoever_changes_a_rule_on_an_older_version_is_asked(
    tenant: Tenant, ada: User, bob: User, two_accounts: None
) -> None:
    with_big(tenant, bob)

    answer = signed_in(ada).post(f"{URL}segment/", RULE)

    assert answer.status_code == 409
    assert "Bob put version 2 in force" in text(answer)
    again = signed_in(ada).post(f"{URL}segment/", {**RULE, "expected_number": 2})
    assert again.status_code == 302
    assert [one["name"] for one in newest(tenant).segments] == ["Key accounts", "Big"]


def test_a_segment_that_is_not_there_is_not_found(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)

    assert client.get(f"{URL}?segment=None").status_code == 404
    assert client.get(f"{URL}segment/?segment=None").status_code == 404
    assert client.post(URL, entered(segment="None")).status_code == 404


def test_one_account_is_tried_by_its_name(tenant: Tenant, ada: User, two_accounts: None) -> None:
    client = signed_in(ada)

    def tried(name: str) -> str:
        return text(client.post(f"{URL}try/", entered(payment_penalty=50, account=name), headers=HTMX))

    assert "Halden Logistics 70 Green → 50 Amber" in tried("halden")
    assert "Payment in arrears −20" in tried("Halden Logistics")
    assert "Several accounts are called so: Halden Logistics, Tern Bakery." in tried("e")
    assert "No scored account is called “Nobody”." in tried("Nobody")


def test_a_draft_is_kept_opened_changed_and_put_in_force(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    client = signed_in(ada)
    kept = client.post(f"{URL}draft/", entered(payment_penalty=50, reason="", draft_name="Harder on arrears"))
    with tenant_scope(tenant):
        draft = PolicyDraft.objects.get()
    address = f"{URL}?draft={draft.pk}"
    assert kept.headers["Location"] == address
    assert newest(tenant).number == 1

    opened = client.get(address).content.decode()
    changed = entered(payment_penalty=55, draft=draft.pk, draft_name="Harder yet")
    client.post(f"{URL}draft/", changed)
    saved = client.post(URL, changed, follow=True)

    assert 'name="payment_penalty" value="50"' in opened
    assert "In force now: 30 points" in opened
    assert newest(tenant).values["payment_penalty"] == 55
    assert "No draft is open." in text(saved)
    with tenant_scope(tenant):
        assert PolicyDraft.objects.get().became == newest(tenant)
    assert client.get(address).status_code == 404


def test_a_version_older_than_the_segments_says_that_they_would_be_deleted(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    client = signed_in(ada)
    client.post(f"{URL}draft/", entered(reason="", draft_name="From before"))
    with tenant_scope(tenant):
        draft = PolicyDraft.objects.get()
    with_big(tenant, ada)
    restored = entered(restores=1, expected_number=2)

    older = client.get(f"{URL}?version=1")
    refused = client.post(URL, {**restored, "reason": ""})
    tried = client.post(f"{URL}try/", restored, headers=HTMX)

    gone = "The segment “Big” does not exist in version 1 and would be deleted."
    assert gone in text(older)
    # The trial beside it runs as the page opens, and knows of no segment either.
    assert 'hx-trigger="load, ' in older.content.decode()
    assert "data-announce" in tried.content.decode()
    assert "Big:" not in text(tried)
    assert refused.status_code == 422
    assert gone in text(refused)
    assert "“Big” does not exist in this draft and would be deleted." in text(
        client.get(f"{URL}?draft={draft.pk}")
    )
    for query in ("", "?version=2"):
        assert "would be deleted" not in text(client.get(URL + query))
    assert newest(tenant).number == 2


def test_a_draft_needs_a_name_and_settings_that_can_be_ones(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)

    nameless = client.post(f"{URL}draft/", entered(payment_penalty=50))
    upside_down = client.post(f"{URL}draft/", entered(red_threshold=90, draft_name="X"))

    assert (nameless.status_code, upside_down.status_code) == (422, 422)
    assert "Give the draft a name" in text(nameless)
    assert "must be less than" in text(upside_down)
    with tenant_scope(tenant):
        assert not PolicyDraft.objects.exists()


def test_a_draft_is_thrown_away(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        draft = policies.save_draft(DEFAULTS, name="Idle thought", actor=ada, now=NOW)
    client = signed_in(ada)
    assert "Idle thought" in text(client.get(URL))

    client.post(f"{URL}draft/{draft.pk}/discard/")

    assert "No draft is open." in text(client.get(URL))
    assert client.post(f"{URL}draft/{draft.pk}/discard/").status_code == 404


def test_two_policies_are_compared_with_what_that_does(
    tenant: Tenant, ada: User, bob: User, two_accounts: None
) -> None:
    with_big(tenant, ada)
    with tenant_scope(tenant):
        policies.save_draft({**DEFAULTS, "nps_penalty": 4}, name="Less NPS", segments=[], actor=ada, now=NOW)

    page = text(signed_in(bob).get(f"{URL}compare/"))

    assert "From Version 2, in force to Draft “Less NPS”" in page
    assert "An NPS of 0 costs 10 points 4 points" in page
    assert "Rule Tried as number 1, where ARR is at least 50,000 EUR No such segment" in page
    assert "Payment not current costs 45 points 30 points" in page
    # Halden turns from 55, Amber under Big, to 70.
    assert "1 account would change band" in page
    assert "Amber → Green" in page


@pytest.mark.parametrize(
    "query", ["one=v9", "one=x", "other=dnone", "other=d" + "0" * 32, "one=v" + "9" * 12]
)
def test_what_cannot_be_compared_is_not_found(ada: User, query: str) -> None:
    assert signed_in(ada).get(f"{URL}compare/?{query}").status_code == 404


def test_a_trial_against_another_policy_is_the_difference_of_two_trials(
    tenant: Tenant, ada: User, two_accounts: None
) -> None:
    harder = policies.PolicyBook(standard=HealthPolicy(payment_penalty=50))
    with tenant_scope(tenant):
        forth = policy_trial.try_out(harder, against=policies.PolicyBook(standard=HealthPolicy()))
        back = policy_trial.try_out(HealthPolicy(), against=harder)

    assert {one.band: one.change for one in forth.shifts} == {one.band: -one.change for one in back.shifts}
    assert (forth.worse, forth.better, back.worse, back.better) == (2, 0, 0, 2)


def test_comparing_costs_few_queries(tenant: Tenant, ada: User, two_accounts: None) -> None:
    with_big(tenant, ada)

    with tenant_scope(tenant), CaptureQueriesContext(connection) as found:
        policy_compare.page()

    assert len(found) <= 6


def test_the_help_page_explains_each_segments_figures(tenant: Tenant, alice: User, ada: User) -> None:
    with_big(tenant, ada)
    client = signed_in(alice)

    standard, big = (text(client.get(f"/help/signals/{query}")) for query in ("", "?segment=Big"))

    assert "30 when not current." in standard
    assert "Big , where ARR is at least 50,000 EUR" in standard
    assert "45 when not current." in big
    assert client.get("/help/signals/?segment=Small").status_code == 404
