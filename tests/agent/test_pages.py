"""The pages of the agent: its runs with filters and a file, and the keys that an admin makes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from csm_portal.agent import CSMAgent
from csm_portal.agent.tasks import TaskType
from csm_portal.core import agent_keys
from csm_portal.core.models import AgentKey, AgentRun, AuditEvent, RunState, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.agent.asked import EVERY, task
from tests.conftest import signed_in
from tests.factories import make_account, make_agent_run

pytestmark = pytest.mark.django_db


def page(user: User, name: str, *args: Any, **query: Any) -> str:
    answer = signed_in(user).get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_run_tells_who_asked_how_long_it_took_what_it_cost_and_what_came_of_it(
    scoped: Tenant, bob: User
) -> None:
    account = make_account(name="Quayside Foods")
    now = timezone.now()
    run = make_agent_run(
        account, state=RunState.PARTIAL, error="It did not arrive on: chat.", caller_name="Sales bot",
        started_at=now, finished_at=now + timedelta(seconds=4.25), model_calls=2, prompt_tokens=1800,
        completion_tokens=800, cost_usd="0.0246", result={"result": {"status": "delivered"}, "confidence": "low"},
    )  # fmt: skip

    listed, alone = page(bob, "agent-runs"), page(bob, "agent-run", run.pk)

    for shown in (listed, alone):
        for words in ("Churn alert", "Quayside Foods", "Sales bot", "4.2 s", "2,600", "0.0246", "Partly done", "It did not arrive on: chat."):  # fmt: skip
            assert words in shown, words
    assert "delivered" in alone
    assert reverse("account", args=[account.pk]) in alone


def test_a_run_whose_process_is_gone_does_not_say_that_it_runs(scoped: Tenant, bob: User) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    make_agent_run(
        make_account(), state=RunState.RUNNING, asked_at=long_ago, started_at=long_ago, finished_at=None
    )

    shown = page(bob, "agent-runs")

    assert "Incomplete" in shown
    assert "Its process ended before it did." in shown


def test_the_list_is_narrowed_and_paged_by_the_address(scoped: Tenant, bob: User) -> None:
    account = make_account(name="Quayside Foods")
    for number in range(52):
        make_agent_run(
            account, caller_name=f"Caller {number:02d}", asked_at=timezone.now() + timedelta(seconds=number)
        )
    make_agent_run(account, task_type="qbr_generation", state=RunState.DONE, caller_name="Reviewer")

    first = page(bob, "agent-runs", task="churn_alert")
    assert first.count("Caller ") == 50
    assert "Reviewer" not in first
    assert "cursor=" in first
    only = page(bob, "agent-runs", state="done", origin="program")
    assert "Reviewer" in only
    assert "Caller " not in only
    assert "No run matches" in page(bob, "agent-runs", origin="schedule")
    # What means nothing is no filter.
    assert page(bob, "agent-runs", task="nothing", state="x").count("Caller ") >= 49


def test_the_list_costs_the_same_at_one_row_and_at_fifty(
    scoped: Tenant, bob: User, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    account, client = make_account(), signed_in(bob)
    make_agent_run(account)
    client.get(reverse("agent-runs"))
    with CaptureQueriesContext(connection) as at_one:
        client.get(reverse("agent-runs"))
    for _ in range(49):
        make_agent_run(account)
    with django_assert_num_queries(len(at_one)):
        client.get(reverse("agent-runs"))


def test_the_list_is_a_file_too(scoped: Tenant, bob: User) -> None:
    make_agent_run(make_account(name="=Quayside"), error="+1")

    answer = signed_in(bob).get(reverse("agent-runs"), {"as": "csv"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Task,Account,Asked by")
    assert "'=Quayside" in lines[1]
    assert lines[1].endswith("'+1")
    assert AuditEvent.objects.get(verb="list.downloaded").data == {"list": "agent-runs", "rows": 1}


def test_a_mark_that_is_none_leads_to_the_first_page(scoped: Tenant, bob: User) -> None:
    answer = signed_in(bob).get(reverse("agent-runs"), {"cursor": "nonsense"})

    assert answer.status_code == 302


def form(**more: Any) -> dict[str, Any]:
    return {"name": "Sales bot", "task_types": ["churn_alert"], "per_minute": "60", "expires_on": "", **more}


def test_a_key_is_made_shown_once_and_works(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)
    last_day = timezone.now().date() + timedelta(days=30)

    answer = client.post(reverse("agent-keys-make"), form(expires_on=last_day.isoformat()))

    shown = answer.content.decode()
    with tenant_scope(tenant):
        key = AgentKey.objects.get()
        assert (key.name, key.task_types, key.created_by) == ("Sales bot", ["churn_alert"], ada)
        assert key.expires_at is not None
        # The last day counts to its end, in the company's zone.
        assert (key.expires_at - timedelta(seconds=1)).astimezone(tenant.zone).date() == last_day
        assert AuditEvent.objects.filter(verb="agent_key.made").count() == 1
    whole = next(word for word in shown.replace("<", " ").replace(">", " ").split() if word.startswith(f"csm_{key.public}_") and len(word) == 60)  # fmt: skip
    assert agent_keys.recognise(whole, now=timezone.now()).pk == key.pk
    assert whole not in client.get(reverse("agent-keys")).content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "Give the key a name"),
        ({"task_types": []}, "Choose at least one task."),
        ({"task_types": ["make_coffee"]}, "make_coffee"),
        ({"expires_on": "2020-01-01"}, "The last day has passed."),
        ({"expires_on": "2999-01-01"}, "more than a year away"),
        ({"expires_on": "soon"}, "This is no date"),
        ({"per_minute": "0"}, "greater than or equal to 1"),
        ({"per_minute": "601"}, "less than or equal to 600"),
    ],
)
def test_a_key_that_cannot_be_is_told(
    given: dict[str, Any], sentence: str, tenant: Tenant, ada: User
) -> None:
    answer = signed_in(ada).post(reverse("agent-keys-make"), form(**given))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenant_scope(tenant):
        assert not AgentKey.objects.exists()


def test_one_form_makes_one_key_however_often_it_is_sent(tenant: Tenant, ada: User) -> None:
    client = signed_in(ada)
    sent = re.search(
        r'name="key_id" value="([0-9a-f-]{36})"', client.get(reverse("agent-keys")).content.decode()
    )
    assert sent is not None

    first, again = (client.post(reverse("agent-keys-make"), form(key_id=sent[1])) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 409)
    assert "shown this once" in first.content.decode()
    assert "This form has made its key already." in again.content.decode()
    assert "revoke it and make another" in again.content.decode()
    assert sent[1] not in again.content.decode().split("A new key")[1]
    with tenant_scope(tenant):
        assert AgentKey.objects.count() == 1
        assert AuditEvent.objects.filter(verb="agent_key.made").count() == 1


def test_a_key_is_revoked_once(scoped: Tenant, ada: User) -> None:
    key, whole = agent_keys.make(
        name="Sales bot", task_types=list(TaskType), per_minute=60, expires_at=None, actor=ada, now=timezone.now()
    )  # fmt: skip
    client = signed_in(ada)

    first, again = (client.post(reverse("agent-key-revoke", args=[key.pk]), follow=True) for _ in range(2))

    assert "is revoked" in first.content.decode()
    assert "was revoked before" in again.content.decode()
    assert AuditEvent.objects.filter(verb="agent_key.revoked").count() == 1
    with pytest.raises(agent_keys.NotRecognised, match="revoked"):
        agent_keys.recognise(whole, now=timezone.now())


def test_keys_say_what_they_are_for_and_how_often_they_ran(scoped: Tenant, ada: User) -> None:
    key, _ = agent_keys.make(
        name="Sales bot", task_types=list(TaskType), per_minute=60, expires_at=None, actor=ada, now=timezone.now()
    )  # fmt: skip
    for _ in range(3):
        make_agent_run(make_account(), key=key)

    shown = page(ada, "agent-keys")

    for words in ("Sales bot", "All seven tasks", "In force", 'class="num">3<', "No end"):
        assert words in shown, words
    assert AgentRun.objects.filter(key=key).count() == 3


@pytest.mark.parametrize("task_type", EVERY)
def test_what_was_answered_is_told_in_words(
    task_type: str, quay: Account, agent: CSMAgent, bob: User
) -> None:
    agent.execute(task(quay, "health_scan"))
    result = agent.execute(task(quay, task_type))

    shown = page(bob, "agent-run", result.run_id)

    if result.status == "done":
        words = {
            "health_scan": "of the signals were known",
            "churn_risk_assessment": "Churn risk: critical.",
            "qbr_generation": "Open the review",
            "adoption_coaching": "Open the plan",
            "churn_alert": "The alert had gone out before.",
        }[task_type]
        assert words in shown
    else:
        assert ("Nothing was done" if result.status == "refused" else "It failed") in shown
