"""The refresh of pages that were hinted at, and of what was edited of late: against the simulator (SPEC 2.4, P7)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import (
    Absence,
    Account,
    HealthScore,
    Hint,
    HintState,
    NotionWatch,
    SyncKind,
    SyncRun,
    SyncState,
)
from accounts.services import hinted, hints, refresh, sync
from accounts.services.refresh import Refreshed
from csm_portal import schedules
from csm_portal.core import jobs
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import Workspace
from csm_portal.simulators.notion import seed
from tests.accounts.hooked import Hooked, hooked
from tests.workspace import Connected, a_row

pytestmark = [pytest.mark.django_db]

BEGIN = datetime(2026, 5, 14, 10, 0, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """One clock for the portal and the simulator."""
    with time_machine.travel(BEGIN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def hook(tenant: Tenant, ada: User) -> Hooked:
    return hooked(tenant, actor=ada, now=now())


@pytest.fixture
def listening(notion: Connected) -> Connected:
    """The workspace with a subscription whose events wait to be carried over."""
    notion.api("POST", "/_sim/webhooks", {"verified": True})
    return notion


def now() -> datetime:
    return datetime.now(UTC)


def scan(notion: Connected) -> SyncRun:
    return sync.run(workspace=notion.workspace(), now=now())


def answer(notion: Connected) -> Refreshed | None:
    return hinted.answer(workspace=notion.workspace(), now=now())


def answered(notion: Connected) -> Refreshed:
    refreshed = answer(notion)
    assert refreshed is not None
    return refreshed


def name(text: str) -> dict[str, Any]:
    return {"Account": {"title": [{"text": {"content": text}}]}}


def person(notion: Connected) -> str:
    return seed.add_person(notion.app.store, "Dana", workspace_id=notion.seeded.id)


def edit(notion: Connected, page_id: str, body: dict[str, Any], *, by: str = "") -> None:
    """Let a person, who is not the portal, change a page."""
    import httpx

    from csm_portal.integrations.notion import client

    with httpx.Client(transport=httpx.WSGITransport(notion.app), base_url="http://simulator") as http:
        http.patch(
            f"/v1/pages/{page_id}",
            json=body,
            headers={
                "Authorization": f"Bearer {notion.seeded.token}",
                "Notion-Version": client.VERSION,
                "X-Sim-As": by or person(notion),
            },
        ).raise_for_status()


def carry(notion: Connected, hook: Hooked) -> list[Any]:
    """Post what Notion owes."""
    taken = notion.app.webhooks.take()
    subscription_key = next(iter(notion.app.webhooks._subscriptions.values())).verification_token
    assert taken
    return [hook.post(delivery.body, key=hook.key) for delivery in taken if subscription_key]


def hint(tenant: Tenant, page_id: str, **fields: Any) -> None:
    with tenant_scope(tenant):
        Hint.objects.create(
            **{
                "event_id": f"event {Hint.objects.count()}",
                "event_type": "page.properties_updated",
                "about": "page",
                "page_id": page_id,
                "happened_at": now(),
                "received_at": now(),
                **fields,
            }
        )


def names() -> list[str]:
    return list(Account.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True))


# Hints


def test_an_edit_in_notion_reaches_the_mirror_through_its_webhook(
    listening: Connected, hook: Hooked, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    page_id, _ = listening.add_accounts(a_row(1), a_row(2))
    scan(listening)
    clock.shift(60)
    edit(listening, page_id, {"properties": name("Acme")})

    assert {post.status_code for post in carry(listening, hook)} == {200}
    refreshed = answered(listening)

    assert refreshed.run.kind == SyncKind.PAGES
    assert (refreshed.run.state, refreshed.run.updated, refreshed.run.created) == (SyncState.DONE, 1, 0)
    assert names() == ["Account 002", "Acme"]
    assert refreshed.account_ids == (Account.objects.get(notion_page_id=page_id).pk,)
    assert set(Hint.objects.values_list("state", flat=True)) == {HintState.DONE}
    assert AuditEvent.objects.filter(verb="sync.finished").count() == 2


def test_many_hints_of_one_page_are_one_look(notion: Connected, tenant: Tenant, scoped: Tenant) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    for _ in range(10):
        hint(tenant, page_id)

    refreshed = answered(notion)

    # Who we are, the database, its schema twice, the page.
    assert refreshed.run.requests <= 4
    assert refreshed.run.rows == 1
    assert Hint.objects.filter(state=HintState.DONE).count() == 10


def test_new_rows_come_and_rows_of_other_databases_do_not(
    listening: Connected, hook: Hooked, scoped: Tenant
) -> None:
    scan(listening)
    (page_id,) = listening.add_accounts(a_row(1))
    for source in (listening.seeded.accounts_data_source_id, listening.seeded.qbr_data_source_id):
        listening.api(
            "POST",
            "/v1/pages",
            {
                "parent": {"type": "data_source_id", "data_source_id": source},
                "properties": {"title": {"title": [{"text": {"content": "New"}}]}},
            },
        )
    hint(hook.tenant, page_id)
    for delivery in listening.app.webhooks.take():
        posted = delivery.body.replace(
            listening.seeded.bot_id.encode(), b"5f1d2c3b-0000-4000-8000-000000000001"
        )
        assert hook.post(posted).status_code == 200

    refreshed = answered(listening)

    assert names() == ["Account 001", "New"]
    ignored = Hint.objects.filter(state=HintState.IGNORED, about="page")
    assert [one.note for one in ignored] == ["The page is not in the accounts database."]
    assert refreshed.run.created == 2


def test_a_page_that_went_to_the_trash_is_removed_and_comes_back(
    listening: Connected, hook: Hooked, scoped: Tenant, clock: Any
) -> None:
    page_id, _ = listening.add_accounts(a_row(1), a_row(2))
    scan(listening)
    clock.shift(60)

    edit(listening, page_id, {"in_trash": True})
    carry(listening, hook)
    removed = answered(listening)
    assert (removed.run.removed, names()) == (1, ["Account 002"])

    clock.shift(60)
    edit(listening, page_id, {"in_trash": False})
    carry(listening, hook)
    answered(listening)
    assert names() == ["Account 001", "Account 002"]


def test_a_page_nobody_knows_that_is_not_there_is_ignored_after_one_look(
    notion: Connected, tenant: Tenant, scoped: Tenant
) -> None:
    scan(notion)
    hint(tenant, "153104cd-477e-809d-8dc4-ff2d96ae3090")

    refreshed = answered(notion)

    assert (refreshed.run.state, refreshed.run.rows, refreshed.run.removed) == (SyncState.DONE, 0, 0)
    assert Hint.objects.get().state == HintState.IGNORED
    assert answer(notion) is None


def test_hints_never_remove_many_accounts_at_once(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    ids = notion.add_accounts(*(a_row(number) for number in range(30)))
    scan(notion)
    clock.shift(60)
    for page_id in ids[:12]:
        notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})
        hint(tenant, page_id, event_type="page.deleted")

    refreshed = answered(notion)

    assert (refreshed.run.state, refreshed.run.removed) == (SyncState.INCOMPLETE, 0)
    assert len(names()) == 30
    assert "the next full sync" in " ".join(refreshed.run.problems)
    assert NotionWatch.objects.get().scan_wanted_at is not None


def test_hints_do_not_remove_many_accounts_little_by_little(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    ids = notion.add_accounts(*(a_row(number) for number in range(30)))
    scan(notion)

    for page_id in ids[:14]:
        clock.shift(60)
        notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})
        hint(tenant, page_id, event_type="page.deleted")
        answered(notion)

    assert len(names()) == 20


def test_what_a_person_keeps_no_hint_removes(notion: Connected, tenant: Tenant, scoped: Tenant) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    Account.objects.update(absence=Absence.KEPT)
    notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})
    hint(tenant, page_id, event_type="page.deleted")

    assert answered(notion).run.removed == 0
    assert names() == ["Account 001"]


def test_own_edits_are_told_by_asking_once_who_the_portal_is(
    listening: Connected, hook: Hooked, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = listening.add_accounts(a_row(1))
    listening.change_schema({"Score": {"number": {"format": "number"}}})
    scan(listening)
    listening.app.webhooks.take()
    clock.shift(60)

    listening.change(page_id, {"Score": {"number": 71}})
    carry(listening, hook)
    # Its author is not known yet, so one job looks who that is, and no page is read.
    assert Hint.objects.get().state == HintState.PENDING
    assert answer(listening) is None
    assert Hint.objects.get().note == hints.OWN_EDIT

    listening.change(page_id, {"Score": {"number": 70}})
    carry(listening, hook)
    assert list(Hint.objects.values_list("state", flat=True)) == [HintState.IGNORED] * 2
    assert SyncRun.objects.filter(kind=SyncKind.PAGES).count() == 0


def test_a_changed_schema_wants_a_full_scan_until_there_was_one(
    listening: Connected, hook: Hooked, scoped: Tenant, clock: Any
) -> None:
    listening.add_accounts(a_row(1))
    scan(listening)
    clock.shift(60)
    listening.change_schema({"ARR": None})
    for delivery in listening.app.webhooks.take():
        posted = delivery.body.replace(
            listening.seeded.bot_id.encode(), b"5f1d2c3b-0000-4000-8000-000000000001"
        )
        assert hook.post(posted).status_code == 200

    refreshed = answered(listening)

    assert NotionWatch.objects.get().scan_wanted_because
    assert any("ARR" in problem for problem in refreshed.run.problems)
    clock.shift(60)
    scan(listening)
    answer(listening)
    assert NotionWatch.objects.get().scan_wanted_at is None


def test_a_frozen_field_keeps_its_value_when_its_account_is_refreshed(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1, arr=48000))
    scan(notion)
    clock.shift(60)
    notion.change_schema({"ARR": None})
    notion.change(page_id, name("Acme"))
    hint(tenant, page_id)

    answered(notion)

    account = Account.objects.get()
    assert (account.name, account.arr) == ("Acme", 48000)


def test_hints_from_before_a_full_scan_are_settled_by_it_without_a_request(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    hint(tenant, page_id)
    clock.shift(1)
    scan(notion)
    workspace = notion.workspace()
    NotionWatch.objects.create(own_id="x", own_id_at=now())

    assert hinted.answer(workspace=workspace, now=now()) is None

    assert workspace.usage.requests == 0
    assert Hint.objects.get().state == HintState.DONE


def test_many_hinted_pages_are_read_100_an_answer(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    ids = notion.add_accounts(*(a_row(number) for number in range(120)))
    scan(notion)
    clock.shift(120)
    for page_id in ids[:105]:
        notion.change(page_id, name(f"New {page_id}"))
        hint(tenant, page_id)
    notion.api("PATCH", f"/v1/pages/{ids[119]}", {"in_trash": True})
    hint(tenant, ids[119], event_type="page.deleted")
    workspace = notion.workspace()

    refreshed = hinted.answer(workspace=workspace, now=now())

    assert refreshed is not None
    assert (refreshed.run.updated, refreshed.run.removed) == (105, 1)
    assert workspace.usage.requests <= 9
    assert not Hint.objects.filter(state=HintState.PENDING).exists()


def test_a_workspace_that_fails_leaves_the_hints_waiting(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    first, second = notion.add_accounts(a_row(1), a_row(2))
    scan(notion)
    hint(tenant, first)
    clock.shift(1)
    hint(tenant, second)
    notion.fault(status=401, code="unauthorized", match=f"/v1/pages/{second}", times=9)

    refreshed = answered(notion)

    assert refreshed.run.state == SyncState.FAILED
    assert list(Hint.objects.order_by("event_id").values_list("state", flat=True)) == ["done", "pending"]


def test_a_page_that_cannot_be_given_does_not_hold_up_the_others(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    first, second = notion.add_accounts(a_row(1), a_row(2))
    scan(notion)
    clock.shift(60)
    notion.change(second, name("Zeta"))
    hint(tenant, first)
    hint(tenant, second)
    notion.fault(status=400, code="validation_error", message="No.", match=f"/v1/pages/{first}", times=9)

    refreshed = answered(notion)

    assert refreshed.run.state == SyncState.INCOMPLETE
    assert names() == ["Account 001", "Zeta"]
    assert not Hint.objects.filter(state=HintState.PENDING).exists()


# One run at a time


class Meanwhile:
    """A workspace that lets something happen between its answer and the storing of it."""

    def __init__(self, inner: Workspace, act: Any) -> None:
        self._inner = inner
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def look_up_accounts(self, ids: Any, mapping: Any) -> Any:
        found = list(self._inner.look_up_accounts(ids, mapping))
        self._act()
        return iter(found)


def test_a_full_scan_takes_over_from_a_refresh_whose_older_answer_is_not_stored(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(60)
    notion.change(page_id, name("Older"))
    hint(tenant, page_id)

    def meanwhile() -> None:
        # The same minute: the time of the edit tells nothing.
        notion.change(page_id, name("Newer"))
        clock.shift(1)
        assert scan(notion).state == SyncState.DONE

    refreshed = hinted.answer(workspace=Meanwhile(notion.workspace(), meanwhile), now=now())  # type: ignore[arg-type]

    assert names() == ["Newer"]
    assert refreshed is not None
    assert refreshed.run.state == SyncState.INCOMPLETE
    # What waits was answered by the scan.
    assert answer(notion) is None
    assert Hint.objects.get().state == HintState.DONE


def test_a_refresh_waits_for_a_full_scan(notion: Connected, tenant: Tenant, scoped: Tenant) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    hint(tenant, page_id)
    SyncRun.objects.create(kind=SyncKind.FULL, started_at=now(), heartbeat_at=now())

    with pytest.raises(sync.AlreadyRunning):
        answer(notion)
    with pytest.raises(sync.AlreadyRunning):
        refresh.quick(workspace=notion.workspace(), now=now())

    assert Hint.objects.get().state == HintState.PENDING


def test_a_hint_that_comes_while_its_page_is_read_waits_for_the_next_refresh(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(60)
    notion.change(page_id, name("Older"))
    hint(tenant, page_id)

    def meanwhile() -> None:
        notion.change(page_id, name("Newer"))
        hint(tenant, page_id)

    hinted.answer(workspace=Meanwhile(notion.workspace(), meanwhile), now=now())  # type: ignore[arg-type]
    assert names() == ["Older"]

    answered(notion)
    assert names() == ["Newer"]


# The quick refresh


def quick(notion: Connected, workspace: Workspace | None = None) -> Refreshed:
    return refresh.quick(workspace=workspace or notion.workspace(), now=now())


def test_the_quick_refresh_reads_what_was_edited_since(notion: Connected, scoped: Tenant, clock: Any) -> None:
    ids = notion.add_accounts(a_row(1), a_row(2), a_row(3))
    clock.shift(120)
    scan(notion)
    clock.shift(600)
    notion.change(ids[0], name("Acme"))
    notion.add_accounts(a_row(4))

    refreshed = quick(notion)

    assert (refreshed.run.kind, refreshed.run.state) == (SyncKind.QUICK, SyncState.DONE)
    assert (refreshed.run.updated, refreshed.run.created, refreshed.run.rows) == (1, 1, 2)
    assert names() == ["Account 002", "Account 003", "Account 004", "Acme"]
    assert len(refreshed.account_ids) == 2


def test_the_quick_refresh_removes_nothing(notion: Connected, scoped: Tenant, clock: Any) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(600)
    notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})

    assert quick(notion).run.rows == 0
    assert names() == ["Account 001"]


def test_an_edit_in_the_minute_of_the_last_refresh_is_not_missed(
    notion: Connected, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(600)
    quick(notion)
    # Twenty seconds after the refresh, told as an edit before it.
    clock.shift(20)
    notion.change(page_id, name("Acme"))
    clock.shift(600)

    quick(notion)

    assert names() == ["Acme"]


def test_the_place_moves_only_where_everything_was_read(
    notion: Connected, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(600)
    notion.change(page_id, name("Acme"))
    notion.fault(status=401, code="unauthorized", match="query", nth=2)

    assert quick(notion).run.state == SyncState.FAILED
    assert refresh.read_until() == BEGIN

    clock.shift(600)
    assert quick(notion).run.state == SyncState.DONE
    assert refresh.read_until() == now()
    assert names() == ["Acme"]


def test_without_a_full_scan_there_is_nothing_to_refresh(notion: Connected, scoped: Tenant) -> None:
    with pytest.raises(refresh.NeverRead, match="Sync now"):
        quick(notion)


def test_k_edits_cost_few_requests(notion: Connected, scoped: Tenant, clock: Any) -> None:
    ids = notion.add_accounts(*(a_row(number) for number in range(101)))
    clock.shift(120)
    scan(notion)

    for changed in (0, 1, 100, 101):
        clock.shift(600)
        for page_id in ids[:changed]:
            notion.change(page_id, {"ARR": {"number": changed}})
        workspace = notion.workspace()
        refreshed = quick(notion, workspace)

        assert refreshed.run.updated == changed
        assert workspace.usage.requests == refreshed.run.requests
        assert refreshed.run.requests <= 2 * (-(-changed // 100) + 1)


def test_a_change_of_the_settings_asks_anew_where_the_accounts_are(
    notion: Connected, scoped: Tenant, clock: Any
) -> None:
    notion.add_accounts(a_row(1))
    scan(notion)
    clock.shift(60)
    notion.reconnect(updated_at=now(), mapped_data_source_id="2a5104cd-477e-8021-9b3c-000b1e2d4c5f")

    assert quick(notion).run.state == SyncState.DONE


# The jobs


def run_job(job: Job) -> Job:
    jobs.run(str(job.pk))
    job.refresh_from_db()
    return job


def test_the_job_scores_the_accounts_that_changed_and_no_other(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    page_id, _ = notion.add_accounts(a_row(1), a_row(2))
    scan(notion)
    clock.shift(60)
    notion.change(page_id, {"Payment Current": {"checkbox": False}})
    hint(tenant, page_id)
    job = hints.wake(tenant, now=now())
    assert job is not None

    done = run_job(job)

    assert (done.state, done.result["scored"], done.result["updated"]) == (JobState.DONE, 1, 1)
    assert HealthScore.objects.get().points["payment_current"] == 30


def test_the_job_is_put_off_while_a_full_scan_is_at_work(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    hint(tenant, page_id)
    running = SyncRun.objects.create(kind=SyncKind.FULL, started_at=now(), heartbeat_at=now())
    job = hints.wake(tenant, now=now())
    assert job is not None
    assert run_job(job).state == JobState.QUEUED
    assert hints.wake(tenant, now=now()) is None

    running.delete()
    clock.shift(120)
    schedules.tick(now=now())

    assert run_job(job).state == JobState.DONE
    assert Hint.objects.get().state == HintState.DONE


def test_the_tick_starts_what_waits(notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    NotionWatch.objects.create()
    schedules.tick(now=now())
    assert not Job.objects.exists()

    hint(tenant, page_id)
    schedules.tick(now=now())
    schedules.tick(now=now())

    assert Job.objects.get().key == hints.REFRESH_KEY


def test_the_tick_starts_the_quick_refresh_every_quarter_of_an_hour_where_it_is_on(
    tenant: Tenant, other_tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    NotionWatch.objects.create(is_quick_refresh_on=True)
    started = []

    for _ in range(46):
        schedules.tick(now=now())
        started.append(Job.objects.filter(task="accounts.refresh_tasks.quick_refresh").count())
        Job.objects.filter(task="accounts.refresh_tasks.quick_refresh").update(state=JobState.DONE)
        clock.shift(60)

    assert started[-1] == 4
    with tenant_scope(other_tenant):
        assert not Job.objects.filter(task="accounts.refresh_tasks.quick_refresh").exists()


def test_settled_hints_are_forgotten_in_time_and_waiting_ones_are_not(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    scan(notion)
    hint(tenant, "", about="other", state=HintState.IGNORED)
    clock.shift(timedelta(days=9))
    hint(tenant, "", about="other", state=HintState.IGNORED, event_id="young")

    answer(notion)

    assert [one.event_id for one in Hint.objects.all()] == ["young"]


def test_a_workspace_that_is_down_costs_one_job_and_not_one_a_minute(
    notion: Connected, tenant: Tenant, scoped: Tenant, clock: Any
) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    scan(notion)
    hint(tenant, page_id)
    notion.fault(status=401, code="unauthorized", times=99)
    NotionWatch.objects.create()

    for _ in range(14):
        schedules.tick(now=now())
        for job in Job.objects.filter(key=hints.REFRESH_KEY, state=JobState.QUEUED):
            run_job(job)
        clock.shift(60)

    assert list(Job.objects.values_list("state", flat=True)) == [JobState.FAILED]
    assert Hint.objects.get().state == HintState.PENDING
