"""Score and churn risk on the account pages: from the first alert on, only what changed, whatever Notion does (SPEC 2.5a)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Account, FiguresInNotion, FiguresRun, WriteState, WrittenFigures
from accounts.selectors import due_figures
from accounts.services import health, sync, writeback
from csm_portal import schedules
from csm_portal.core.models import AuditEvent, Job, JobState, NotionConnection, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import Workspace
from tests.conftest import signed_in
from tests.factories import NOW, TODAY
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db

PROPERTIES: dict[str, Any] = {
    "CSM Health Score": {"number": {"format": "number"}},
    "Churn Risk": {"select": {}},
}
# What makes a score worth an alert, and what makes it a fine one again.
BAD = {
    "Payment Current": {"checkbox": False},
    "Usage Trend": {"select": {"name": "declining"}},
    "Health Status": {"select": {"name": "Red"}},
    "Support Sentiment": {"select": {"name": "negative"}},
}
FINE = {"Payment Current": {"checkbox": True}, "Usage Trend": {"select": {"name": "growing"}}}


class Counting:
    """A workspace that notes which pages are written; ``before`` may raise in place of the write or after it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.usage = workspace.usage
        self.written: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[str], None] = lambda page_id: None
        self.after: Callable[[str], None] = lambda page_id: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workspace, name)

    def write_figures(self, page_id: str, values: Any, properties: Any) -> Any:
        self.before(page_id)
        edit = self._workspace.write_figures(page_id, values, properties)
        self.written.append((page_id, dict(values)))
        self.after(page_id)
        return edit


@pytest.fixture
def pages(scoped: Tenant, notion: Connected) -> list[str]:
    """Three accounts in good health whose pages have both properties, synced and scored yesterday."""
    notion.change_schema(PROPERTIES)
    made = notion.add_accounts(a_row(1), a_row(2), a_row(3))
    scan(notion, days_ago=1)
    return made


def scan(notion: Connected, *, days_ago: int = 0) -> None:
    now = NOW - timedelta(days=days_ago)
    sync.run(workspace=notion.workspace(), now=now)
    health.scan(as_of=TODAY - timedelta(days=days_ago), now=now)


def write(notion: Connected, *, workspace: Any = None, now: datetime = NOW, **options: Any) -> FiguresRun:
    return writeback.run(workspace=workspace or notion.workspace(), now=now, **options)


def on_page(notion: Connected, page_id: str) -> tuple[Any, Any]:
    held = notion.api("GET", f"/v1/pages/{page_id}")["properties"]
    risk = held["Churn Risk"]["select"]
    return held["CSM Health Score"]["number"], risk and risk["name"]


def shown(page_id: str) -> tuple[int, str]:
    health_row = Account.objects.get(notion_page_id=page_id).health
    return health_row.score, health_row.churn_level


def test_an_account_without_an_alert_is_left_alone(pages: list[str], notion: Connected) -> None:
    scan(notion)

    run = write(notion)

    assert (run.state, run.wanted, run.requests) == (WriteState.DONE, 0, 0)
    assert on_page(notion, pages[0]) == (None, None)
    assert not FiguresInNotion.objects.exists()


def test_the_first_alert_puts_both_figures_on_the_page(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)

    run = write(notion)

    assert (run.state, run.written, run.failed) == (WriteState.DONE, 1, 0)
    assert on_page(notion, pages[1]) == shown(pages[1])
    assert shown(pages[1])[0] < 40
    assert on_page(notion, pages[0]) == (None, None)
    kept = FiguresInNotion.objects.get()
    assert kept.alerted_at == NOW
    assert (kept.score, kept.risk) == shown(pages[1])
    assert kept.page_edited_by == notion.seeded.bot_id
    assert kept.page_edited_at is not None
    assert AuditEvent.objects.get(verb="figures.written").data["written"] == 1
    assert WrittenFigures.objects.get().after == {"score": str(kept.score), "risk": kept.risk}


def test_it_stays_current_after_the_alert_is_over(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    write(notion)

    notion.change(pages[1], FINE | {"Health Status": {"select": {"name": "Green"}}})
    scan(notion)
    write(notion)

    assert on_page(notion, pages[1]) == shown(pages[1])
    assert WrittenFigures.objects.count() == 2


def test_what_has_not_changed_costs_no_request_at_all(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    write(notion)
    scan(notion)

    run = write(notion)

    assert (run.written, run.requests) == (0, 0)
    assert writeback.ask(notion.tenant, now=NOW) is None


def test_only_the_figure_that_changed_is_sent(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    write(notion)
    before = shown(pages[1])
    notion.change(pages[1], {"NPS Score": {"number": 0}})
    scan(notion)
    counting = Counting(notion.workspace())

    write(notion, workspace=counting)

    assert shown(pages[1])[0] != before[0]
    assert shown(pages[1])[1] == before[1]
    assert counting.written == [(pages[1], {"score": shown(pages[1])[0]})]


def test_a_persons_value_gives_way_at_the_next_scan_and_the_run_says_so(
    pages: list[str], notion: Connected
) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    write(notion)
    notion.change(pages[1], {"CSM Health Score": {"number": 99}, "Churn Risk": {"select": None}})
    scan(notion)

    run = write(notion, now=NOW + timedelta(hours=1))

    assert on_page(notion, pages[1]) == shown(pages[1])
    assert (run.written, run.overruled) == (1, 2)
    assert run.problems[-1].startswith("Somebody had changed CSM Health Score or Churn Risk of “Account 002”")
    assert AuditEvent.objects.filter(verb="figures.written").latest("at").data["overruled"] == 2
    last = WrittenFigures.objects.get(overruled=True)
    assert last.before == {"score": "99", "risk": None}


def test_writing_wakes_no_sync(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    hashes = dict(Account.objects.values_list("notion_page_id", "content_hash"))
    # The clock of the simulator is the real one: this edit is later than any that the mirror has seen.
    write(notion)

    run = sync.run(workspace=notion.workspace(), now=NOW + timedelta(hours=1))

    assert (run.created, run.updated, run.unchanged) == (0, 0, 3)
    assert dict(Account.objects.values_list("notion_page_id", "content_hash")) == hashes


def test_a_page_that_cannot_be_written_is_told_and_the_rest_goes_on(
    pages: list[str], notion: Connected
) -> None:
    for page in pages:
        notion.change(page, BAD)
    scan(notion)
    notion.api("PATCH", f"/v1/pages/{pages[0]}", {"in_trash": True})

    run = write(notion)

    assert (run.state, run.written, run.failed) == (WriteState.PARTIAL, 2, 1)
    assert run.problems[0].startswith("“Account 001” was not written: ")
    assert "trash" in FiguresInNotion.objects.get(account__notion_page_id=pages[0]).trouble
    assert on_page(notion, pages[2]) == shown(pages[2])
    assert {one.page_id for one in due_figures.everything()} == {pages[0]}


def test_a_missing_property_is_named_and_the_other_is_written(pages: list[str], notion: Connected) -> None:
    notion.change_schema({"Churn Risk": None})
    notion.change(pages[1], BAD)
    scan(notion)

    run = write(notion)

    assert (run.state, run.written) == (WriteState.PARTIAL, 1)
    assert "has no property “Churn Risk”" in run.problems[0]
    number = notion.api("GET", f"/v1/pages/{pages[1]}")["properties"]["CSM Health Score"]["number"]
    assert number == shown(pages[1])[0]

    notion.change_schema({"Churn Risk": {"select": {}}})
    scan(notion)
    assert write(notion).state == WriteState.DONE
    assert on_page(notion, pages[1]) == shown(pages[1])


def test_a_property_renamed_while_the_step_runs_is_found_again(pages: list[str], notion: Connected) -> None:
    for page in pages:
        notion.change(page, BAD)
    scan(notion)
    counting = Counting(notion.workspace())

    def rename(page_id: str) -> None:
        if len(counting.written) == 1:
            notion.change_schema({"CSM Health Score": {"name": "csm health score"}})

    counting.after = rename

    run = write(notion, workspace=counting)

    assert (run.state, run.written, run.failed) == (WriteState.DONE, 3, 0)


def test_where_notion_is_down_the_run_ends_and_the_next_goes_on(pages: list[str], notion: Connected) -> None:
    for page in pages:
        notion.change(page, BAD)
    scan(notion)
    notion.fault(status=503, method="PATCH", times=100)

    run = write(notion)

    assert (run.state, run.written) == (WriteState.FAILED, 0)
    assert run.problems[0].startswith("Notion is not available at the moment")
    assert AuditEvent.objects.filter(verb="figures.failed").count() == 1
    notion.api("DELETE", "/_sim/faults")
    assert write(notion, now=NOW + timedelta(hours=1)).written == 3


def test_a_refused_token_stops_the_run_instead_of_asking_for_each_account(
    pages: list[str], notion: Connected
) -> None:
    for page in [*pages, *notion.add_accounts(a_row(4), a_row(5))]:
        notion.change(page, BAD)
    scan(notion)
    notion.fault(status=403, method="PATCH", times=100)

    run = write(notion)

    assert (run.state, run.failed) == (WriteState.FAILED, writeback.IN_A_ROW)


def test_a_tenant_that_switched_it_off_is_left_alone(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    NotionConnection.objects.update(writes_figures=False)

    assert writeback.ask(notion.tenant, now=NOW) is None
    assert write(notion).requests == 0
    assert on_page(notion, pages[1]) == (None, None)


def test_an_admin_switches_it_off_and_on_on_the_notion_page(
    tenant: Tenant, notion: Connected, ada: User
) -> None:
    client = signed_in(ada)
    page = reverse("notion-setup")
    assert "Switch it off" in client.get(page).content.decode()

    told = client.post(reverse("notion-writing"), follow=True).content.decode()
    assert "leaves the account pages alone" in told
    assert "Switch it on" in told
    with tenant_scope(tenant):
        assert not NotionConnection.objects.get().writes_figures

    client.post(reverse("notion-writing"), {"on": "1"})
    with tenant_scope(tenant):
        assert NotionConnection.objects.get().writes_figures
        switched = AuditEvent.objects.filter(verb="notion.writing_switched").order_by("at", "pk")
        assert sorted(one.data["on"] for one in switched) == [False, True]


def test_what_takes_longer_than_a_step_goes_on_in_the_next_and_is_one_run(
    pages: list[str], notion: Connected, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    for page in pages:
        notion.change(page, BAD)
    scan(notion)
    counting = Counting(notion.workspace())
    begun = write(notion, workspace=counting, step_seconds=0)
    following = Job.objects.get(task=writeback.TASK)

    assert (begun.state, begun.written, begun.steps) == (WriteState.RUNNING, 0, 1)
    assert following.params == {"run": str(begun.pk)}
    with pytest.raises(writeback.AlreadyRunning):
        write(notion)

    run = write(notion, job=following)

    assert run.pk == begun.pk
    assert (run.state, run.written) == (WriteState.DONE, 3)
    assert AuditEvent.objects.filter(verb="figures.written").count() == 1


class Killed(BaseException):
    """The process ends here: nothing after it runs, and no service catches it."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_step_that_dies_is_run_again_and_ends_in_the_same_state(
    pages: list[str], notion: Connected, moment: str, at: int
) -> None:
    for page in pages:
        notion.change(page, BAD)
    scan(notion)
    job = Job.objects.create(task=writeback.TASK, title="Write")
    counting = Counting(notion.workspace())
    calls = iter(range(10))

    def die(page_id: str) -> None:
        if next(calls) == at:
            raise Killed

    setattr(counting, moment, die)
    with pytest.raises(Killed):
        write(notion, workspace=counting, job=job)

    run = write(notion, job=job)

    assert (run.state, run.written) == (WriteState.DONE, 3)
    assert [on_page(notion, page) for page in pages] == [shown(page) for page in pages]
    assert FiguresRun.objects.count() == AuditEvent.objects.filter(verb="figures.written").count() == 1


def test_a_run_whose_worker_never_came_back_is_put_aside(pages: list[str], notion: Connected) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    long_ago = NOW - timedelta(hours=2)
    dead = FiguresRun.objects.create(started_at=long_ago, heartbeat_at=long_ago)

    run = write(notion)

    dead.refresh_from_db()
    assert (dead.state, run.state) == (WriteState.INTERRUPTED, WriteState.DONE)
    assert AuditEvent.objects.filter(verb="figures.interrupted").count() == 1


def test_a_sync_that_read_before_our_write_does_not_pass_for_a_persons_change(
    pages: list[str], notion: Connected
) -> None:
    notion.change(pages[1], BAD)
    scan(notion)
    write(notion)
    FiguresInNotion.objects.update(page_edited_at=NOW + timedelta(days=20_000))
    held = FiguresInNotion.objects.get().held
    notion.change(pages[1], {"CSM Health Score": {"number": 1}})

    sync.run(workspace=notion.workspace(), now=NOW)

    assert FiguresInNotion.objects.get().held == held


@pytest.mark.django_db(transaction=True)
@time_machine.travel("2026-05-14T05:00:00+00:00", tick=False)
def test_the_daily_scan_writes_what_it_scored(tenant: Tenant, notion: Connected, ada: User) -> None:
    notion.change_schema(PROPERTIES)
    (page,) = notion.add_accounts(a_row(1))
    notion.change(page, BAD)
    plan = schedules.planned("daily_health_scan")

    with time_machine.travel("2026-05-14T05:00:00+00:00", tick=False):
        schedules.start(plan, tenant, day=date(2026, 5, 14), now=NOW, requested_by=ada)

    with tenant_scope(tenant):
        job = Job.objects.get(task=writeback.TASK)
        assert (job.state, job.error, job.result["written"]) == (JobState.DONE, "", 1)
        assert on_page(notion, page) == shown(page)
        assert AuditEvent.objects.get(verb="figures.written").actor == ada
