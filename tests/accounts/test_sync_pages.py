"""The pages about syncs: what they show, what they cost, whom they admit."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import tasks
from accounts.models import Account, HealthScore, SyncRun, SyncState
from csm_portal.core import jobs
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError
from tests.conftest import signed_in
from tests.factories import NOW, make_account, make_sync_run
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db

RUNS = "sync-runs"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def manager(bob: User) -> Client:
    return signed_in(bob)


def runs_of(tenant: Tenant) -> list[SyncRun]:
    with tenant_scope(tenant):
        return list(SyncRun.objects.order_by("-started_at"))


def issue(field: str = "nps_score") -> dict[str, str]:
    return {"field": field, "property": "NPS Score", "message": "The property “NPS Score” holds “nine”."}


# Syncing


def test_a_manager_syncs_and_sees_what_came_of_it(
    notion: Connected, manager: Client, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.add_accounts(a_row(1), a_row(2, nps_score=42))

    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post(reverse("sync-now"), follow=True)

    assert answer.status_code == 200
    (run,) = runs_of(notion.tenant)
    assert (run.state, run.created) == (SyncState.DONE, 2)
    page = manager.get(reverse("sync-run", args=[run.pk])).content.decode()
    assert "Account 002" in page
    assert "holds 42" in page
    assert "Account 001" not in page
    with tenant_scope(notion.tenant):
        assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))[:2] == [
            "sync.requested",
            "sync.finished",
        ]


def test_what_a_sync_changed_is_scored_after_it(
    notion: Connected, manager: Client, django_capture_on_commit_callbacks: Any
) -> None:
    notion.add_accounts(a_row(1))

    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("sync-now"))

    with tenant_scope(notion.tenant):
        assert HealthScore.objects.get().account.name == "Account 001"


def test_asking_twice_asks_for_one_sync(notion: Connected, manager: Client) -> None:
    manager.post(reverse("sync-now"))
    manager.post(reverse("sync-now"))

    with tenant_scope(notion.tenant):
        assert Job.objects.count() == 1


def test_without_a_connection_nothing_is_asked_for_and_the_page_says_why(
    tenant: Tenant, manager: Client, ada: User
) -> None:
    answer = manager.post(reverse("sync-now"), follow=True).content.decode()

    assert "No Notion token is set" in answer
    assert "Ask an admin to enter the token" in answer
    assert reverse("notion-setup") in signed_in(ada).get(reverse(RUNS)).content.decode()
    with tenant_scope(tenant):
        assert not Job.objects.exists()


def test_a_failed_sync_fails_its_job_with_the_same_sentence(
    notion: Connected, manager: Client, django_capture_on_commit_callbacks: Any
) -> None:
    notion.reconnect(token="ntn_wrong")

    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("sync-now"))

    (run,) = runs_of(notion.tenant)
    with tenant_scope(notion.tenant):
        job = Job.objects.get()
    assert (run.state, job.state) == (SyncState.FAILED, JobState.FAILED)
    assert run.error == job.error
    assert run.error in manager.get(reverse(RUNS)).content.decode().replace("&#x27;", "'")


def test_a_sync_without_one_of_its_properties_ends_its_job_as_partly_done(
    notion: Connected, manager: Client, django_capture_on_commit_callbacks: Any
) -> None:
    notion.add_accounts(a_row(1))
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("sync-now"))
    notion.change_schema({"ARR": None})

    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("sync-now"))

    with tenant_scope(notion.tenant):
        job = Job.objects.filter(key="sync").order_by("-created_at").first()
    assert job is not None
    assert job.state == JobState.PARTIAL
    assert "ARR" in job.error
    assert job.result["unchanged"] == 1


@pytest.mark.usefixtures("scoped")
def test_a_second_sync_job_says_that_another_is_at_work(notion: Connected) -> None:
    SyncRun.objects.create(started_at=NOW + timedelta(days=36500), heartbeat_at=NOW + timedelta(days=36500))
    job = Job.objects.create(task="a.b", title="Sync", state=JobState.RUNNING)

    with pytest.raises(PortError, match="Another sync"):
        tasks.sync_accounts(jobs.Running(job=job, tenant=notion.tenant))


# The list


def test_while_a_sync_is_at_work_the_list_asks_for_itself_again(notion: Connected, manager: Client) -> None:
    manager.post(reverse("sync-now"))

    waiting = manager.get(reverse(RUNS), headers=HTMX).content.decode()
    with tenant_scope(notion.tenant):
        Job.objects.update(state=JobState.DONE)
        make_sync_run()
    over = manager.get(reverse(RUNS), {"watching": 1}, headers=HTMX).content.decode()

    assert 'hx-trigger="every 2s"' in waiting
    assert "Waiting for its turn" in waiting
    assert "every 2s" not in over
    assert "data-announce" in over
    assert "<html" not in over


def test_a_run_without_a_process_is_not_shown_as_running(notion: Connected, manager: Client) -> None:
    with tenant_scope(notion.tenant):
        run = make_sync_run(state=SyncState.RUNNING, finished_at=None, heartbeat_at=NOW - timedelta(days=9))

    listed = manager.get(reverse(RUNS)).content.decode()
    page = manager.get(reverse("sync-run", args=[run.pk])).content.decode()

    assert "Incomplete" in listed
    assert "every 2s" not in listed
    assert "Incomplete" in page


def test_older_runs_are_a_page_further(tenant: Tenant, manager: Client) -> None:
    with tenant_scope(tenant):
        made = [make_sync_run(started_at=NOW - timedelta(days=n)) for n in range(30)]

    first = manager.get(reverse(RUNS))
    second = manager.get(reverse(RUNS), {"cursor": first.context["page"].next})

    shown = [row.run_id for response in (first, second) for row in response.context["page"].rows]
    assert shown == [run.pk for run in made]
    assert second.context["page"].next == ""
    assert manager.get(reverse(RUNS), {"cursor": "nonsense"}).status_code == 302


def test_the_list_costs_the_same_for_one_run_and_for_fifty(
    tenant: Tenant, manager: Client, django_assert_num_queries: Any
) -> None:
    with tenant_scope(tenant):
        make_sync_run(problems=["One."])
    manager.get(reverse(RUNS))
    with tenant_scope(tenant):
        SyncRun.objects.bulk_create(
            SyncRun(state=SyncState.DONE, started_at=NOW - timedelta(hours=n), problems=["A.", "B."])
            for n in range(1, 50)
        )

    with django_assert_num_queries(LIST_QUERIES):
        page = manager.get(reverse(RUNS)).context["page"]

    assert len(page.rows) == 25


# Session, user, membership with tenant, connection, secret; then the runs and the job.
LIST_QUERIES = 7


# One run


def test_only_the_latest_run_lists_what_could_not_be_read(tenant: Tenant, manager: Client) -> None:
    with tenant_scope(tenant):
        old = make_sync_run(started_at=NOW - timedelta(days=1))
        latest = make_sync_run()
        make_account(name="Acme", field_issues=[issue(), issue("arr")])
        make_account(name="Gone", field_issues=[issue()], is_archived=True)

    shown = manager.get(reverse("sync-run", args=[latest.pk])).content.decode()
    elsewhere = manager.get(reverse("sync-run", args=[old.pk])).content.decode()

    assert shown.count("Acme</a>") == 2
    assert "Gone" not in shown
    assert "1 account<" in shown
    assert "Acme" not in elsewhere
    assert "Only the latest run lists them" in elsewhere


def test_what_comes_from_notion_is_shown_as_text(tenant: Tenant, manager: Client) -> None:
    with tenant_scope(tenant):
        run = make_sync_run(problems=["“<b>Bold</b>” did not come."], error="<script>")
        make_account(name="<img src=x>", field_issues=[{**issue(), "message": "holds <i>x</i>"}])

    page = manager.get(reverse("sync-run", args=[run.pk])).content.decode()

    for markup in ("<b>Bold", "<img src=x", "<i>x", "<script>\n"):
        assert markup not in page
    assert "&lt;img src=x&gt;" in page


def test_a_run_costs_the_same_for_one_account_and_for_fifty(
    tenant: Tenant, manager: Client, django_assert_num_queries: Any
) -> None:
    with tenant_scope(tenant):
        run = make_sync_run()
        make_account(field_issues=[issue()])
    address = reverse("sync-run", args=[run.pk])
    manager.get(address)
    with tenant_scope(tenant):
        Account.objects.bulk_create(
            Account(notion_page_id=f"p{n}", name=f"More {n}", field_issues=[issue()]) for n in range(60)
        )

    with django_assert_num_queries(RUN_QUERIES):
        page = manager.get(address).context["page"]

    assert len(page.unreadable) == 50
    assert page.next


# Session, user, membership with tenant; the run with its job, whether it is the latest, the accounts, their number.
RUN_QUERIES = 8


# Whom they admit


def test_csms_and_sales_have_no_operations(tenant: Tenant, alice: User, sam: User) -> None:
    with tenant_scope(tenant):
        run = make_sync_run()

    for colleague in (alice, sam):
        client = signed_in(colleague)
        assert client.get(reverse(RUNS)).status_code == 403
        assert client.post(reverse("sync-now")).status_code == 403
        assert client.get(reverse("sync-run", args=[run.pk])).status_code == 403


def test_a_stranger_gets_404_and_sees_no_run(tenant: Tenant, charlie: User) -> None:
    with tenant_scope(tenant):
        run = make_sync_run(problems=["Canary 5512."])

    assert signed_in(charlie).get(reverse("sync-run", args=[run.pk])).status_code == 404
    assert "Canary" not in signed_in(charlie).get(reverse(RUNS)).content.decode()


def test_a_visitor_is_asked_to_sign_in(tenant: Tenant) -> None:
    assert Client().get(reverse(RUNS)).status_code == 302
    assert Client().post(reverse("sync-now")).status_code == 302


def test_a_sync_is_asked_for_by_post_only(manager: Client) -> None:
    assert manager.get(reverse("sync-now")).status_code == 405
