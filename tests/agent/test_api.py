"""The JSON endpoint: who is let in, what is refused with which words, and one effect for one idempotency key (CHECK 25)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, AlertPlace
from csm_portal.agent import CSMResult
from csm_portal.agent.tasks import TaskType
from csm_portal.core import agent_keys, jobs
from csm_portal.core.models import AgentKey, AgentRun, AuditEvent, Job, JobState, RunState, Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr.models import QBR, Transition
from tests.agent.asked import form_of, task
from tests.conftest import signed_in
from tests.factories import make_account, make_agent_run, make_alert

pytestmark = pytest.mark.django_db


def make_key(actor: User, **more: Any) -> tuple[AgentKey, str]:
    return agent_keys.make(
        **{"name": "Sales bot", "task_types": list(TaskType), "per_minute": 60, "expires_at": None, **more},
        actor=actor,
        now=timezone.now(),
    )


@pytest.fixture
def key(scoped: Tenant, ada: User) -> str:
    return make_key(ada)[1]


def post(body: Any, key: str = "", *, client: Client | None = None, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {key}"} if key else {}
    return (client or Client(enforce_csrf_checks=True)).post(
        reverse("agent-tasks"),
        body if isinstance(body, str | bytes) else json.dumps(body),
        content_type="application/json",
        headers={**sent, **headers},
    )


def get(name: str, key: str, *args: Any) -> Any:
    return Client().get(reverse(name, args=args), headers={"Authorization": f"Bearer {key}"})


def test_a_task_is_done_and_answered(quay: Account, key: str) -> None:
    make_alert(quay)

    answer = post(task(quay, "churn_alert"), key)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    result = CSMResult.model_validate_json(answer.content)
    assert form_of(result).status == "delivered"  # type: ignore[union-attr]
    run = AgentRun.objects.get()
    assert (run.origin, run.caller_name, str(run.pk)) == ("key", "Sales bot", result.run_id)
    assert AuditEvent.objects.get(verb="alert.told").actor_name == "Sales bot"
    assert AgentKey.objects.get().last_used_at is not None


def test_who_shows_no_key_or_a_wrong_one_is_told_how(quay: Account, key: str, ada: User) -> None:
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for shown in ("", "nothing", wrong, key + "x", f"csm_{'x' * 12}_{'y' * 43}"):
        answer = post(task(quay, "churn_alert"), shown)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Authorization: Bearer" in answer.json()["error"]
    # Being signed in opens nothing here.
    assert post(task(quay, "churn_alert"), client=signed_in(ada)).status_code == 401
    assert not AgentRun.objects.exists()


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_a_key_that_holds_no_more_opens_nothing(ended: str, quay: Account, ada: User) -> None:
    row, whole = make_key(ada)
    if ended == "revoked":
        agent_keys.revoke(row, actor=ada, now=timezone.now())
    else:
        AgentKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = post(task(quay, "churn_alert"), whole)

    assert answer.status_code == 401
    assert ended in answer.json()["error"]


def test_the_key_of_a_company_that_is_switched_off_opens_nothing(quay: Account, key: str) -> None:
    Tenant.objects.update(is_active=False)

    assert post(task(quay, "churn_alert"), key).status_code == 401


def test_only_a_hash_of_the_key_is_kept(key: str) -> None:
    row = AgentKey.objects.get()
    secret = key.split("_", 2)[2]

    assert len(key) == 60
    assert secret not in json.dumps({name: str(getattr(row, name)) for name in ("digest", "public", "name")})
    assert secret not in json.dumps([event.data for event in AuditEvent.objects.all()], default=str)


def test_a_key_reaches_its_own_company_only(
    quay: Account, key: str, other_tenant: Tenant, charlie: User
) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account()
        mine_there = make_agent_run(theirs)

    other = post({**task(quay, "churn_alert"), "tenant_id": str(other_tenant.pk)}, key)
    nobody = post({**task(quay, "churn_alert"), "tenant_id": "nowhere"}, key)
    account = post({**task(quay, "churn_alert"), "account_id": theirs.notion_page_id}, key)

    assert (other.status_code, nobody.status_code) == (403, 403)
    assert other.json() == nobody.json()
    assert account.status_code == 404
    assert get("agent-run-result", key, mine_there.pk).status_code == 404


def test_a_key_may_ask_for_what_it_was_made_for(quay: Account, ada: User) -> None:
    _, whole = make_key(ada, task_types=["health_scan", "churn_alert"])

    refused = post(task(quay, "qbr_generation"), whole)

    assert refused.status_code == 403
    assert "may not ask for qbr_generation" in refused.json()["error"]
    told = get("agent-capabilities", whole).json()
    assert told["allowed"] == ["health_scan", "churn_alert"]
    assert len(told["capabilities"]) == 7
    assert not QBR.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "place", "sentence"),
    [
        (b"{", 422, None, "The body is no JSON"),
        (b"\xff\xfe", 422, None, "The body is no JSON"),
        ("[" * 15_000, 422, None, "The body is no JSON"),
        ("[]", 422, None, "one JSON object"),
        ({"task_type": "make_coffee", "tenant_id": "x"}, 422, "task_type", "no task of the CSM agent"),
        ({"tenant_id": "x"}, 422, "task_type", "task_type is missing."),
        ({"task_type": "churn_alert", "tenant_id": "x"}, 422, "task", "give its account_id."),
        ({"task_type": "health_scan", "tenant_id": "x", "colour": 1}, 422, "colour", "colour is no field of a task."),
        ({"task_type": "health_scan", "tenant_id": 5}, 422, "tenant_id", "tenant_id is no text."),
        ({"task_type": "churn_alert", "tenant_id": "x", "account_id": ""}, 422, "account_id", "account_id is empty."),
        ({"task_type": "churn_alert", "tenant_id": "x", "account_id": "y" * 65}, 422, "account_id", "account_id has more than 64 characters."),
        ({"task_type": "qbr_generation", "tenant_id": "x", "account_id": "y", "quarter": "Q5 2026"}, 422, "quarter", "quarter is to be written as in “Q1 2026”."),
        ({"task_type": "health_scan", "tenant_id": "x" * 20_000}, 413, None, "larger than any task"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_task_is_refused_with_what_is_wrong(
    body: Any, status: int, place: str | None, sentence: str, key: str
) -> None:
    answer = post(body, key)

    assert answer.status_code == status
    told = answer.json()
    assert sentence in told["error"]
    if place is not None:
        assert sentence in told["fields"][place]
    assert not AgentRun.objects.exists()


def test_the_body_is_json_and_says_so(quay: Account, key: str) -> None:
    answer = Client().post(
        reverse("agent-tasks"), task(quay, "churn_alert"), headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == 415


def test_what_takes_long_is_queued_and_polled(quay: Account, key: str) -> None:
    answer = post(task(quay, "qbr_generation"), key)

    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["Location"] == told["poll"]
    assert get("agent-run-result", key, told["run_id"]).status_code == 202
    job = Job.objects.get(task="csm_portal.agent.queueing.work")
    run_job(job)

    ended = get("agent-run-result", key, told["run_id"])
    assert ended.status_code == 200
    form_of(CSMResult.model_validate_json(ended.content))
    assert Transition.objects.order_by("version").first().actor_name == "Sales bot"  # type: ignore[union-attr]
    assert AuditEvent.objects.get(verb="qbr.begun").actor_name == "Sales bot"


def test_a_queued_run_whose_worker_died_is_done_by_the_next(quay: Account, key: str) -> None:
    told = post(task(quay, "adoption_coaching"), key, Prefer="respond-async").json()
    # The worker died after it had begun: its job is put back by the minute tick.
    AgentRun.objects.update(state=RunState.RUNNING, started_at=timezone.now() - timedelta(hours=1))

    run_job(Job.objects.get(task="csm_portal.agent.queueing.work"))

    assert get("agent-run-result", key, told["run_id"]).json()["status"] == "done"
    assert AgentRun.objects.get().state == RunState.DONE


def test_a_queued_run_that_could_not_be_done_says_so_where_jobs_are_listed(quay: Account, key: str) -> None:
    post({**task(quay, "churn_alert"), "account_id": "nobody"}, key, Prefer="respond-async")

    job = Job.objects.get(task="csm_portal.agent.queueing.work")
    jobs.run(str(job.pk))

    job.refresh_from_db()
    assert (job.state, "no account with that id" in job.error) == (JobState.PARTIAL, True)


def run_job(job: Job) -> None:
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error


def test_who_prefers_to_wait_waits_and_who_prefers_not_to_does_not(quay: Account, key: str) -> None:
    waited = post(task(quay, "qbr_generation"), key, Prefer="wait=60")
    queued = post(task(quay, "churn_alert"), key, Prefer="respond-async")

    assert (waited.status_code, queued.status_code) == (200, 202)
    assert QBR.objects.count() == 1


def test_a_run_is_told_to_the_key_that_asked_for_it(quay: Account, key: str, ada: User) -> None:
    other = make_key(ada, name="Another")[1]
    run_id = post(task(quay, "churn_alert"), key).json()["run_id"]

    assert get("agent-run-result", key, run_id).status_code == 200
    assert get("agent-run-result", other, run_id).status_code == 404


def test_the_same_again_is_answered_alike_and_done_once(quay: Account, key: str) -> None:
    for number, asked in enumerate((task(quay, "churn_alert"), task(quay, "qbr_generation"))):
        first, again = (post(asked, key, **{"Idempotency-Key": f"order-{number}"}) for _ in range(2))
        assert (first.status_code, first.content) == (again.status_code, again.content)

    assert AgentRun.objects.count() == 2
    assert Job.objects.filter(task="csm_portal.agent.queueing.work").count() == 1


def test_the_same_idempotency_key_with_another_task_is_refused(quay: Account, key: str, ada: User) -> None:
    post(task(quay, "churn_alert"), key, **{"Idempotency-Key": "order-1"})

    other = post(task(quay, "adoption_coaching"), key, **{"Idempotency-Key": "order-1"})

    assert other.status_code == 422
    assert "used for another task" in other.json()["error"]
    assert AgentRun.objects.count() == 1
    # Another key's are its own.
    assert (
        post(task(quay, "adoption_coaching"), make_key(ada)[1], **{"Idempotency-Key": "order-1"}).status_code
        == 200
    )


def test_an_idempotency_key_is_plain(quay: Account, key: str) -> None:
    for bad in ("two words", "x" * 201, "", " "):
        answer = post(task(quay, "churn_alert"), key, **{"Idempotency-Key": bad})
        assert answer.status_code == 422
        assert "Leave the header out where the task may be done twice." in answer.json()["error"]
    assert not AgentRun.objects.exists()


def test_a_run_whose_process_died_is_taken_over_by_the_next_that_asks(quay: Account, key: str) -> None:
    asked = task(quay, "churn_alert")
    post(asked, key, **{"Idempotency-Key": "order-1"})
    AgentRun.objects.update(
        state=RunState.RUNNING, started_at=timezone.now() - timedelta(minutes=16), finished_at=None, result={}
    )

    again = post(asked, key, **{"Idempotency-Key": "order-1"})

    assert again.status_code == 200
    assert AgentRun.objects.get().state == RunState.DONE


def test_a_key_that_is_used_too_fast_is_told_when(quay: Account, ada: User) -> None:
    _, whole = make_key(ada, per_minute=3)

    answers = [post({}, whole) for _ in range(5)]

    assert [one.status_code for one in answers] == [422, 422, 422, 429, 429]
    assert answers[-1].json()["error"].startswith("This key may ask 3 times a minute. Wait ")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    AgentKey.objects.update(minute=timezone.now() - timedelta(seconds=61))
    assert post({}, whole).status_code == 422


def test_waiting_for_a_run_takes_nothing_from_what_may_be_asked(quay: Account, ada: User) -> None:
    row, whole = make_key(ada, per_minute=1)
    begun = post(task(quay, "churn_alert"), whole, Prefer="respond-async").json()

    # Every two seconds for a minute, as the answer asks for.
    polled = {get("agent-run-result", whole, begun["run_id"]).status_code for _ in range(30)}

    assert polled == {202}
    assert post({}, whole).status_code == 429
    AgentKey.objects.filter(pk=row.pk).update(reads_in_minute=agent_keys.reads_per_minute(1))
    late = get("agent-run-result", whole, begun["run_id"])
    assert late.status_code == 429
    assert late.json()["error"].startswith("This key may look 120 times a minute. Wait ")
    assert agent_keys.reads_per_minute(600) == 2400


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("get", "/agent/tasks/", "POST"),
        ("put", "/agent/tasks/", "POST"),
        ("delete", "/agent/tasks/", "POST"),
        ("options", "/agent/tasks/", "POST"),
        ("post", "/agent/capabilities/", "GET, HEAD"),
        ("post", "/agent/runs/6c2b2b9e-6f0e-4a6c-8f6a-0d6f6f1f2f3f/", "GET, HEAD"),
    ],
)
def test_a_program_is_told_in_json_which_way_to_ask(
    method: str, address: str, allowed: str, key: str
) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = getattr(client, method)(address, headers={"Authorization": f"Bearer {key}", "Accept": "*/*"})

    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed
    assert answer.headers["Content-Type"] == "application/json"
    assert f"and {method.upper()} was sent. Tasks are posted to /agent/tasks/" in answer.json()["error"]


@pytest.mark.parametrize(
    "address", ["/agent/", "/agent/runs/zz/", "/agent/runs/", "/agent/tasks/more/", "/agent/ü/"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_program_is_told_in_json_that_there_is_nothing(method: str, address: str, key: str) -> None:
    client = Client(enforce_csrf_checks=True)
    ask = getattr(client, method)

    answer = ask(address, headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 404
    assert answer.json()["error"].startswith("There is nothing at this address. Tasks are posted to")
    assert ask(address).status_code == 401


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_have_one_effect_and_one_answer(ada: User, tenant: Tenant) -> None:
    with tenant_scope(tenant):
        _, whole = make_key(ada)
        account = make_account(name="Quayside Foods")
        make_alert(account)
        asked = task(account, "churn_alert")

    def once(_: int) -> tuple[int, bytes]:
        try:
            answer = post(asked, whole, **{"Idempotency-Key": "order-1"})
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=20) as pool:
        answers = set(pool.map(once, range(20)))

    assert len(answers) == 1
    assert next(iter(answers))[0] == 200
    with tenant_scope(tenant):
        assert AgentRun.objects.count() == 1
        assert AlertPlace.objects.count() == 1
        assert AuditEvent.objects.filter(verb="alert.told").count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_one_by_one(ada: User, tenant: Tenant) -> None:
    with tenant_scope(tenant):
        _, whole = make_key(ada, per_minute=10)

    def once(_: int) -> int:
        try:
            return int(post({}, whole).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = sorted(pool.map(once, range(24)))

    assert answers == [422] * 10 + [429] * 14
