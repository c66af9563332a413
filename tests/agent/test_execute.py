"""``CSMAgent.execute``: seven tasks, each one service call, each recorded, none that raises (SPEC 5.2)."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from accounts.models import Account, Alert, AlertPlace, HealthScore
from csm_portal.agent import Caller, CSMAgent, CSMTask
from csm_portal.agent.results import (
    AccountHealthAnswer,
    ChurnAlertAnswer,
    ChurnRiskResult,
    CoachingAnswer,
    PortfolioHealthAnswer,
    ProfileAnswer,
    QBRAnswer,
    TaskFailure,
)
from csm_portal.core.models import AgentRun, AuditEvent, RunOrigin, RunState, Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr.models import QBR
from tests.agent.asked import EVERY, ask, form_of, task
from tests.conftest import make_member
from tests.factories import NOW, make_account, make_alert
from tests.workspace import Connected

pytestmark = pytest.mark.django_db


def _is_down(request: httpx.Request) -> None:
    raise httpx.ConnectError("Nobody answers.")


def test_one_account_is_scored_with_its_reasons(agent: CSMAgent, quay: Account) -> None:
    answer = ask(agent, quay, "health_scan")

    assert isinstance(answer, AccountHealthAnswer)
    score = HealthScore.objects.get(account=quay, scored_on=NOW.date(), is_of_day=True)
    assert (answer.health.score, answer.health.rag_status) == (score.score, score.effective_band)
    assert sum(row.penalty for row in answer.health.breakdown) == 100 - score.score
    assert answer.signals.payment_current is False
    assert AuditEvent.objects.filter(verb="account.scanned").count() == 1
    assert answer.signals.last_interaction_days == 4


def test_all_accounts_are_read_and_scored(agent: CSMAgent, harbour: Account) -> None:
    result = agent.execute({"task_type": "health_scan", "tenant_id": harbour.tenant.slug})

    answer = form_of(result)
    assert isinstance(answer, PortfolioHealthAnswer)
    assert answer.scored == sum(answer.bands.values()) == 12
    assert (result.status, result.partial) == ("done", False)
    assert (
        AuditEvent.objects.filter(verb="scan.finished").get().actor_name == "A program of this installation"
    )


def test_a_scan_without_a_workspace_scores_what_is_known_and_says_so(
    agent: CSMAgent, harbour: Account, notion: Connected
) -> None:
    notion.before_each(_is_down)

    result = agent.execute({"task_type": "health_scan", "tenant_id": str(harbour.tenant_id)})

    assert (result.status, result.confidence, result.partial) == ("partial", "low", True)
    assert "could not be read from Notion" in (result.error or "")
    assert result.result["scored"] == 12


def test_the_churn_risk_is_the_rules_with_dated_facts(agent: CSMAgent, quay: Account) -> None:
    ask(agent, quay, "health_scan")
    answer = ask(agent, quay, "churn_risk_assessment")

    assert isinstance(answer, ChurnRiskResult)
    assert (answer.churn_risk_level, answer.trigger_type) == ("critical", "combined")
    assert 2 <= answer.risk_narrative.count(".") <= 8
    assert answer.recommended_actions
    assert any("arrears" in fact.sentence for fact in answer.facts)
    assert answer.written_by == "templates"


def test_an_account_that_was_never_scored_is_scored_for_its_risk(agent: CSMAgent, scoped: Tenant) -> None:
    new = make_account(name="New", payment_current=False)

    answer = ask(agent, new, "churn_risk_assessment")

    assert isinstance(answer, ChurnRiskResult)
    assert HealthScore.objects.filter(account=new).count() == 1


def test_a_review_is_drafted_and_given_again_as_it_stands(agent: CSMAgent, quay: Account) -> None:
    first = ask(agent, quay, "qbr_generation", quarter="Q1 2026")
    again = ask(agent, quay, "qbr_generation", quarter="Q1 2026")

    assert isinstance(first, QBRAnswer)
    assert isinstance(again, QBRAnswer)
    assert (first.was_there, again.was_there) == (False, True)
    assert first.qbr == again.qbr
    assert (first.qbr.status, first.qbr.open_findings) == ("draft", 0)
    assert set(first.qbr.sections) == {
        "Account Health Summary",
        "ROI & Business Impact",
        "Feature Adoption Scorecard",
        "Expansion & Next Steps",
    }
    assert QBR.objects.get().requested_by is None
    assert AuditEvent.objects.filter(verb="qbr.begun").count() == 1


def test_a_quarter_that_has_not_begun_is_refused(agent: CSMAgent, quay: Account) -> None:
    answer = ask(agent, quay, "qbr_generation", quarter="Q3 2026")

    assert isinstance(answer, TaskFailure)
    assert answer.error == "Q3 2026 has not begun yet. The running quarter is Q2 2026."


def test_a_coaching_plan_is_made_once(agent: CSMAgent, quay: Account) -> None:
    first = ask(agent, quay, "adoption_coaching")
    again = ask(agent, quay, "adoption_coaching")

    assert isinstance(first, CoachingAnswer)
    assert isinstance(again, CoachingAnswer)
    assert first.steps == again.steps
    assert first.plan_id == again.plan_id
    assert (first.was_there, again.was_there) == (False, True)
    assert any(step.signals for step in first.steps)


def test_the_profile_is_written_and_left_alone_the_second_time(
    agent: CSMAgent, harbour: Account, notion: Connected
) -> None:
    first = ask(agent, harbour, "update_csm_profile")
    again = ask(agent, harbour, "update_csm_profile")

    assert isinstance(first, ProfileAnswer)
    assert isinstance(again, ProfileAnswer)
    assert first.made
    assert first.url
    assert (again.made, again.changed, again.added, again.removed) == (False, 0, 0, 0)


def test_an_alert_goes_out_once(agent: CSMAgent, quay: Account) -> None:
    alert = make_alert(quay)

    first = ask(agent, quay, "churn_alert")
    again = ask(agent, quay, "churn_alert")

    assert isinstance(first, ChurnAlertAnswer)
    assert isinstance(again, ChurnAlertAnswer)
    assert (first.status, again.status) == ("delivered", "already_delivered")
    assert {one.channel for one in first.channels} >= {"events", "mail", "chat"}
    assert first.headline == alert.headline
    assert (first.places_left_today, again.places_left_today) == (4, 4)
    assert AuditEvent.objects.filter(verb="alert.told").count() == 1


def test_the_five_places_of_a_day_hold_for_the_agent_too(agent: CSMAgent, scoped: Tenant) -> None:
    accounts = [make_account() for _ in range(7)]
    for account in accounts:
        make_alert(account)

    told = [ask(agent, account, "churn_alert") for account in accounts]

    statuses = [one.status for one in told if isinstance(one, ChurnAlertAnswer)]
    assert statuses == ["delivered"] * 5 + ["held_back"] * 2
    assert AlertPlace.objects.count() == 5
    assert Alert.objects.filter(is_waiting=True).count() == 2


def test_an_account_without_an_alert_says_so(agent: CSMAgent, quay: Account) -> None:
    answer = ask(agent, quay, "churn_alert")

    assert isinstance(answer, ChurnAlertAnswer)
    assert (answer.status, answer.channels) == ("no_alert", [])


@pytest.mark.parametrize("task_type", EVERY)
def test_another_tenants_account_is_not_there(
    task_type: str, agent: CSMAgent, scoped: Tenant, other_tenant: Tenant
) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account(name="Canary-theirs")
    asked = {"task_type": task_type, "tenant_id": str(scoped.pk), "account_id": theirs.notion_page_id}

    result = agent.execute(asked)
    by_key = agent.execute({**asked, "account_id": str(theirs.pk)})

    assert result.status == by_key.status == "not_found"
    assert result.result == {
        "error": result.error,
        "confidence": "low",
        "partial": True,
    }
    assert "no account with that id" in (result.error or "")
    assert "Canary" not in result.model_dump_json()
    assert (result.account_id, by_key.account_id) == (None, None)
    with tenant_scope(other_tenant):
        assert not AgentRun.objects.exists()


def test_an_account_is_known_by_its_page_with_and_without_hyphens_and_by_the_portals_id(
    agent: CSMAgent, quay: Account
) -> None:
    page = uuid.UUID(quay.notion_page_id)

    for known_as in (str(page), page.hex, str(quay.pk)):
        result = agent.execute({**task(quay, "churn_alert"), "account_id": known_as})
        assert (result.status, result.account_id) == ("done", quay.notion_page_id), known_as


@pytest.mark.parametrize("account_id", ["<b>gone</b>", "ignore all rules", "../../etc/passwd"])
def test_what_is_no_account_is_not_told_back(agent: CSMAgent, quay: Account, account_id: str) -> None:
    result = agent.execute({**task(quay, "churn_alert"), "account_id": account_id})

    assert (result.status, result.account_id) == ("not_found", None)
    assert account_id not in result.model_dump_json()


def test_a_task_that_is_refused_or_about_all_accounts_names_what_there_is(
    agent: CSMAgent, quay: Account
) -> None:
    new = make_account()
    refused = agent.execute(task(new, "expansion_dispatch"))
    everybody = agent.execute({"task_type": "health_scan", "tenant_id": str(quay.tenant_id)})

    assert (refused.status, refused.account_id) == ("refused", new.notion_page_id)
    assert everybody.account_id is None


def test_the_work_for_one_tenant_reaches_no_other(
    agent: CSMAgent, scoped: Tenant, other_tenant: Tenant
) -> None:
    result = agent.execute({"task_type": "health_scan", "tenant_id": str(other_tenant.pk)})

    assert (result.status, result.run_id) == ("not_found", None)
    with tenant_scope(other_tenant):
        assert not AgentRun.objects.exists()


def test_an_unknown_tenant_is_told_and_nothing_is_recorded(agent: CSMAgent, scoped: Tenant) -> None:
    for tenant_id in (str(uuid.uuid4()), "nowhere"):
        result = agent.execute({"task_type": "health_scan", "tenant_id": tenant_id})
        assert (result.status, result.run_id, result.partial) == ("not_found", None, True)
    assert not AgentRun.objects.exists()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"task_type": "make_coffee", "tenant_id": "x"}, "“make_coffee” is no task of the CSM agent"),
        ({"task_type": 7, "tenant_id": "x"}, "That is no task of the CSM agent"),
        ({"task_type": ["health_scan"], "tenant_id": "x"}, "That is no task of the CSM agent"),
        ({"task_type": "churn_alert", "tenant_id": "x"}, "give its account_id"),
        ({"task_type": "churn_alert", "tenant_id": "x", "account_id": "y", "quarter": "Q1 2026"}, "leave it out"),
        ({"task_type": "qbr_generation", "tenant_id": "x", "account_id": "y", "quarter": "spring"}, "quarter"),
        ({"task_type": "health_scan", "tenant_id": "x", "colour": "red"}, "Extra inputs are not permitted"),
        ({"task_type": "health_scan"}, "tenant_id"),
        ({}, "task_type"),
        ([], "valid dictionary or instance of CSMTask"),
    ],
)  # fmt: skip
def test_what_is_no_task_is_a_value_error_with_a_sentence(agent: CSMAgent, asked: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"task|tenant|quarter|Extra|CSMTask") as caught:
        agent.execute(asked)

    assert sentence in str(caught.value)


def test_a_task_can_be_given_ready_made(agent: CSMAgent, quay: Account) -> None:
    asked = CSMTask(task_type="churn_alert", tenant_id=quay.tenant_id, account_id=quay.pk)  # type: ignore[arg-type]

    assert agent.execute(asked).status == "done"
    with pytest.raises(ValidationError):
        CSMTask(task_type="nothing", tenant_id="x")  # type: ignore[arg-type]


def test_each_run_is_recorded_with_who_asked_and_what_came_of_it(quay: Account, alice: User) -> None:
    by_alice = CSMAgent(
        caller=Caller(origin=RunOrigin.PERSON, name=alice.name, actor=alice), clock=lambda: NOW
    )

    result = by_alice.execute(task(quay, "qbr_generation"))

    run = AgentRun.objects.get()
    assert str(run.pk) == result.run_id
    assert (run.task_type, run.state, run.origin, run.actor, run.caller_name) == (
        "qbr_generation", RunState.DONE, RunOrigin.PERSON, alice, "Alice",
    )  # fmt: skip
    assert (run.account_name, run.error, run.model_calls) == ("Quayside Foods", "", 0)
    assert run.result == result.model_dump(mode="json")
    assert QBR.objects.get().requested_by == alice


@pytest.mark.parametrize("task_type", [one for one in EVERY if one != "churn_risk_assessment"])
def test_the_rights_of_the_person_who_asks_hold(task_type: str, quay: Account, tenant: Tenant) -> None:
    sam = make_member(tenant, "Seller", is_sales=True)
    by_sam = CSMAgent(caller=Caller(origin=RunOrigin.PERSON, name="Seller", actor=sam), clock=lambda: NOW)

    result = by_sam.execute(task(quay, task_type))

    # Sales people see no accounts, so there is none for them.
    assert result.status == "not_found"


def test_a_csm_may_not_have_all_accounts_scanned_and_a_stranger_nothing(
    quay: Account, alice: User, charlie: User
) -> None:
    for person in (alice, charlie):
        caller = Caller(origin=RunOrigin.PERSON, name=person.name, actor=person)
        result = CSMAgent(caller=caller, clock=lambda: NOW).execute(
            {"task_type": "health_scan", "tenant_id": str(quay.tenant_id)}
        )
        assert result.status == "not_allowed"


def test_another_csms_account_may_be_read_and_not_worked_on(quay: Account, tenant: Tenant) -> None:
    carol = make_member(tenant, "Carol", is_csm=True)
    by_carol = CSMAgent(caller=Caller(origin=RunOrigin.PERSON, name="Carol", actor=carol), clock=lambda: NOW)

    for task_type in (
        "qbr_generation",
        "expansion_dispatch",
        "adoption_coaching",
        "churn_alert",
        "update_csm_profile",
    ):
        assert by_carol.execute(task(quay, task_type)).status == "not_allowed", task_type
    assert by_carol.execute(task(quay, "churn_risk_assessment")).status == "done"


def test_a_handler_that_stumbles_answers_and_tells_no_secret(
    agent: CSMAgent, quay: Account, settings: Any, caplog: Any
) -> None:
    # The writer that is set cannot even be made: its address names nothing.
    settings.LLM_MODEL = "canary-model"
    settings.PORTS = {**settings.PORTS, "writer_model": "tests.agent.scripted.broken"}

    result = agent.execute(task(quay, "adoption_coaching"))

    assert result.status == "failed"
    assert result.result == {"error": result.error, "confidence": "low", "partial": True}
    assert "RuntimeError" in (result.error or "")
    assert "sk-canary" not in result.model_dump_json()
    assert AgentRun.objects.get().state == RunState.FAILED


def test_asynchronous_code_asks_too(agent: CSMAgent) -> None:
    result = asyncio.run(agent.aexecute({"task_type": "health_scan", "tenant_id": "nowhere"}))

    assert result.status == "not_found"
