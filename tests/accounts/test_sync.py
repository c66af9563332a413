"""The mirror, through the real adapter and the simulator (SPEC 2.4)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import models
from accounts.models import Account, SyncRun, SyncState
from accounts.services import sync
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import AccountsPage, Person, PropertyMapping, Workspace
from tests.workspace import Connected, a_row, connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

MORNING = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)
NEXT_DAY = MORNING + timedelta(days=1)


def run(notion: Connected, *, now: datetime = MORNING, **given: Any) -> SyncRun:
    return sync.run(workspace=notion.workspace(), now=now, **given)


def test_every_row_becomes_an_account_with_its_values(notion: Connected, alice: User) -> None:
    page_id, _ = notion.add_accounts(a_row(1, notes="Pays late.\nLikes trains."), a_row(2))

    done = run(notion)

    assert (done.state, done.created, done.updated, done.unchanged, done.failed) == (
        SyncState.DONE,
        2,
        0,
        0,
        0,
    )
    account = Account.objects.get(notion_page_id=page_id)
    assert account.name == "Account 001"
    assert account.owner == alice
    assert (account.owner_name, account.owner_email) == ("Alice", "Alice@Northwind.example")
    assert (account.arr, account.currency) == (Decimal("48000.00"), "EUR")
    assert account.feature_adoption_rate == Decimal("0.8")
    assert account.last_interaction_on == date(2026, 5, 10)
    assert account.renewal_on == date(2027, 1, 31)
    assert account.payment_current is True
    assert (account.support_sentiment, account.usage_trend, account.tam_health_rag) == (
        "positive",
        "growing",
        "Green",
    )
    assert account.primary_contacts == ["Dana Fox"]
    assert account.notes == "Pays late.\nLikes trains."
    assert account.url.startswith("https://")
    for word in ("account 001", "alice", "mid-market", "dana fox"):
        assert word in account.search_text


def test_what_is_empty_is_unknown_and_not_nought(notion: Connected) -> None:
    notion.add_accounts({"name": "Bare"})

    run(notion)

    bare = Account.objects.get()
    assert bare.owner is None
    assert bare.arr is None
    assert bare.seats_used is None
    assert bare.support_ticket_volume is None
    assert bare.nps_score is None
    assert bare.support_sentiment == ""
    assert bare.features_licensed is None
    # A checkbox cannot be empty in Notion: not ticked is No.
    assert bare.payment_current is False
    assert bare.currency == "EUR"
    assert bare.field_issues == []


def test_a_second_sync_touches_nothing(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(5)))
    run(notion)
    before = list(Account.objects.order_by("pk").values())

    again = run(notion, now=NEXT_DAY)

    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)
    assert list(Account.objects.order_by("pk").values()) == before


def test_only_the_changed_row_is_written_and_only_the_changed_field_is_younger(notion: Connected) -> None:
    page_id, other = notion.add_accounts(a_row(1), a_row(2))
    run(notion)
    first = Account.objects.get(notion_page_id=page_id)
    notion.change(page_id, {"NPS Score": {"number": 3}, "Usage Trend": {"select": None}})

    again = run(notion, now=NEXT_DAY)

    account = Account.objects.get(notion_page_id=page_id)
    assert (again.updated, again.unchanged) == (1, 1)
    assert account.pk == first.pk
    assert (account.nps_score, account.usage_trend) == (Decimal(3), "")
    assert account.changed_at["nps_score"] == account.changed_at["usage_trend"] == NEXT_DAY.isoformat()
    assert account.changed_at["arr"] == MORNING.isoformat()
    assert account.synced_at == NEXT_DAY
    assert Account.objects.get(notion_page_id=other).synced_at == MORNING


@pytest.mark.usefixtures("alice")
def test_archived_rows_come_from_the_second_query_and_are_marked(notion: Connected) -> None:
    kept, archived = notion.add_accounts(a_row(1), a_row(2))
    run(notion)
    notion.api("PATCH", f"/v1/pages/{archived}", {"is_archived": True})

    done = run(notion, now=NEXT_DAY)

    assert (done.updated, done.unchanged) == (1, 1)
    assert Account.objects.get(notion_page_id=archived).is_archived
    assert [account.notion_page_id for account in Account.objects.current()] == [kept]
    assert done.problems == []


def test_a_text_where_a_number_is_expected_leaves_one_field_unknown(notion: Connected) -> None:
    notion.change_schema({"Seats Used": None})
    notion.change_schema({"Seats Used": {"formula": {"expression": "1"}}})
    notion.add_accounts(
        a_row(1, seats_used={"type": "string", "string": "ninety"}),
        a_row(2, seats_used={"type": "number", "number": 74}),
    )

    done = run(notion)

    strange, fine = Account.objects.order_by("name")
    assert (done.state, done.created, done.failed) == (SyncState.DONE, 2, 0)
    assert strange.seats_used is None
    assert strange.arr == Decimal("48000.00")
    assert [issue["field"] for issue in strange.field_issues] == ["seats_used"]
    assert "ninety" in strange.field_issues[0]["message"]
    assert strange.field_issues[0]["property"] == "Seats Used"
    assert (fine.seats_used, fine.field_issues) == (74, [])


def test_an_impossible_value_is_told_and_the_account_stays(notion: Connected) -> None:
    notion.add_accounts(a_row(1, nps_score=42))

    run(notion)

    account = Account.objects.get()
    assert account.nps_score is None
    assert "42" in account.field_issues[0]["message"]


def test_an_arr_too_large_for_the_mirror_is_an_issue_and_not_a_lost_account(notion: Connected) -> None:
    notion.add_accounts(a_row(1, arr=10**15), a_row(2))

    done = run(notion)

    assert (done.created, done.failed) == (2, 0)
    account = Account.objects.get(name="Account 001")
    assert account.arr is None
    assert "ARR" in account.field_issues[0]["message"]


def test_a_currency_that_is_none_is_not_taken_for_the_tenants(notion: Connected) -> None:
    notion.add_accounts(a_row(1, currency="doubloons"), a_row(2, currency="usd"), a_row(3, currency=None))

    run(notion)

    odd, dollars, empty = Account.objects.order_by("name")
    assert odd.currency == ""
    assert "doubloons" in odd.field_issues[0]["message"]
    assert (dollars.currency, empty.currency) == ("USD", "EUR")


def test_an_owner_whom_nobody_knows_is_named_and_kept(notion: Connected, alice: User) -> None:
    notion.add_accounts(a_row(1), a_row(2, owner=Person(name="Zoe", email="zoe@elsewhere.example")))

    done = run(notion)

    stranger = Account.objects.get(name="Account 002")
    assert (stranger.owner, stranger.owner_name) == (None, "Zoe")
    assert len(done.problems) == 1
    assert done.problems[0].startswith("Zoe owns accounts in Notion")
    assert done.state == SyncState.DONE


def test_somebody_who_joins_later_gets_their_accounts_at_the_next_sync(
    notion: Connected, tenant: Tenant
) -> None:
    from tests.conftest import make_member

    notion.add_accounts(a_row(1))
    run(notion)
    assert Account.objects.get().owner is None
    alice = make_member(tenant, "Alice", is_csm=True)

    done = run(notion, now=NEXT_DAY)

    assert done.updated == 1
    assert Account.objects.get().owner == alice


def test_a_person_of_another_tenant_owns_nothing_here(notion: Connected, other_tenant: Tenant) -> None:
    from tests.conftest import make_member

    stranger = make_member(other_tenant, "Charlie", is_csm=True)
    notion.add_accounts(a_row(1, owner=Person(name="Charlie", email=stranger.email)))

    run(notion)

    assert Account.objects.get().owner is None


def test_owners_without_addresses_are_told_once_for_all(notion: Connected) -> None:
    notion.add_accounts(a_row(1, owner=Person(name="Alice")), a_row(2, owner=Person(name="Bob")))

    done = run(notion)

    assert len(done.problems) == 1
    assert "hides the owners' e-mail addresses" in done.problems[0]


@pytest.mark.usefixtures("alice")
def test_a_renamed_property_still_feeds_its_field(notion: Connected) -> None:
    notion.add_accounts(a_row(1))
    run(notion)
    notion.change_schema({"ARR": {"name": "Yearly money"}})

    done = run(notion, now=NEXT_DAY)

    assert (done.state, done.unchanged) == (SyncState.DONE, 1)
    assert done.problems == [
        "The property “ARR” is called “Yearly money” in Notion now. It goes on feeding ARR."
    ]
    assert models.PropertyMapping.objects.get(field="arr").property_name == "Yearly money"
    assert Account.objects.get().arr == Decimal("48000.00")


@pytest.mark.parametrize("change", [{"ARR": None}, {"ARR": {"checkbox": {}}}], ids=["gone", "mistyped"])
def test_a_mapped_property_that_is_lost_freezes_its_field(notion: Connected, change: dict[str, Any]) -> None:
    page_id, _ = notion.add_accounts(a_row(1), a_row(2))
    run(notion)
    notion.change_schema(change)
    notion.change(page_id, {"NPS Score": {"number": 1}})
    (new,) = notion.add_accounts({"name": "Newcomer"})

    done = run(notion, now=NEXT_DAY)

    assert (done.state, done.created, done.updated, done.unchanged) == (SyncState.INCOMPLETE, 1, 1, 1)
    assert any("ARR" in problem and "last known values" in problem for problem in done.problems)
    assert [account.arr for account in Account.objects.filter(name__startswith="Account")] == [
        Decimal("48000.00")
    ] * 2
    assert Account.objects.get(notion_page_id=page_id).nps_score == 1
    assert Account.objects.get(notion_page_id=new).arr is None


def test_a_lost_owner_property_keeps_owners_and_the_row_unchanged(notion: Connected, alice: User) -> None:
    notion.add_accounts(a_row(1))
    run(notion)
    notion.change_schema({"CSM": None})

    done = run(notion, now=NEXT_DAY)

    assert done.unchanged == 1
    assert Account.objects.get().owner == alice


def test_a_database_without_the_mapped_properties_gives_names_and_says_what_is_missing(
    notion: Connected,
) -> None:
    bare = dict.fromkeys(("ARR", "CSM", "NPS Score", "Usage Trend", "Renewal Date"))
    notion.change_schema(bare)
    notion.add_accounts({"name": "Only a name"})

    done = run(notion)

    assert done.created == 1
    assert Account.objects.get().name == "Only a name"
    assert any(
        "ARR" in problem and "NPS" in problem and "Usage trend" in problem for problem in done.problems
    )


def test_a_wrong_token_fails_the_run_with_a_sentence_and_loses_nothing(notion: Connected) -> None:
    notion.add_accounts(a_row(1))
    run(notion)
    notion.reconnect(token="ntn_wrong")

    failed = run(notion, now=NEXT_DAY)

    assert failed.state == SyncState.FAILED
    assert "token" in failed.error
    assert failed.error.endswith(".")
    assert Account.objects.get().name == "Account 001"


def test_an_unshared_database_fails_the_run_with_what_to_do(notion: Connected) -> None:
    from csm_portal.simulators.notion import seed

    notion.add_accounts(a_row(1))
    run(notion)
    seed.unshare(notion.app.store, notion.seeded.accounts_database_id)

    failed = run(notion, now=NEXT_DAY)

    assert failed.state == SyncState.FAILED
    assert "accounts database" in failed.error
    assert "Connections" in failed.error
    assert Account.objects.count() == 1


def test_an_answer_that_is_not_json_in_the_middle_keeps_what_was_read(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(150)))
    notion.before_query(2, lambda: notion.fault(raw="<html>Bad day</html>", match="query", times=50))

    failed = run(notion)

    assert failed.state == SyncState.FAILED
    assert failed.created == 100
    assert Account.objects.count() == 100
    assert "Notion" in failed.error
    assert failed.requests > 3


def test_an_interrupted_sync_run_again_ends_in_the_same_state(notion: Connected, tmp_path: Any) -> None:
    notion.add_accounts(*(a_row(n, nps_score=n % 10) for n in range(150)))

    def pull_the_plug(done: int, total: int | None, message: str) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(notion, progress=pull_the_plug)
    interrupted = SyncRun.objects.get()

    again = run(notion, now=NEXT_DAY)

    assert (interrupted.state, interrupted.created) == (SyncState.INCOMPLETE, 100)
    assert (again.state, again.created, again.unchanged) == (SyncState.DONE, 50, 100)
    assert sorted(Account.objects.values_list("name", "nps_score")) == [
        (f"Account {n:03d}", Decimal(n % 10)) for n in range(150)
    ]


def test_an_expired_cursor_counts_each_account_once(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(150)))
    words = "The start_cursor provided is invalid."
    notion.before_query(
        2, lambda: notion.fault(status=400, code="validation_error", message=words, match="query")
    )

    done = run(notion)

    assert (done.state, done.created) == (SyncState.DONE, 150)


def test_a_row_that_was_taken_for_removed_comes_back(notion: Connected) -> None:
    notion.add_accounts(a_row(1))
    run(notion)
    Account.objects.update(removed_at=MORNING)

    done = run(notion, now=NEXT_DAY)

    assert done.updated == 1
    assert Account.objects.get().removed_at is None


class Spoiling:
    """A workspace that hands one account out in a way that no row can hold."""

    def __init__(self, behind: Workspace, **spoilt: Any) -> None:
        self._behind = behind
        self._spoilt = spoilt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def scan_accounts(self, mapping: PropertyMapping, **given: Any) -> Iterator[AccountsPage]:
        for page in self._behind.scan_accounts(mapping, **given):
            records = [replace(r, **self._spoilt) if r["name"] == "Account 001" else r for r in page.records]
            yield replace(page, records=tuple(records))


@pytest.mark.parametrize(
    "spoilt", [{"created_at": "yesterday"}, {"last_edited_at": 7}, {"url": None}, {"is_archived": None}]
)
def test_a_record_that_cannot_be_stored_is_told_and_the_rest_goes_on(
    notion: Connected, spoilt: dict[str, Any]
) -> None:
    notion.add_accounts(a_row(0), a_row(1), a_row(2))

    done = sync.run(workspace=cast(Workspace, Spoiling(notion.workspace(), **spoilt)), now=MORNING)

    assert (done.state, done.created, done.failed) == (SyncState.INCOMPLETE, 2, 1)
    assert any(problem.startswith("“Account 001” could not be stored") for problem in done.problems)
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Account 000", "Account 002"]


def test_a_record_that_can_no_longer_be_stored_keeps_what_was_known(notion: Connected) -> None:
    notion.add_accounts(a_row(0), a_row(1))
    run(notion)
    before = Account.objects.filter(name="Account 001").values().get()

    done = sync.run(workspace=cast(Workspace, Spoiling(notion.workspace(), created_at="?")), now=NEXT_DAY)

    assert (done.failed, done.unchanged) == (1, 1)
    assert Account.objects.filter(name="Account 001").values().get() == before


def test_an_answer_that_was_cut_short_is_never_taken_for_the_whole(notion: Connected) -> None:
    notion.add_accounts(a_row(0), a_row(1))
    run(notion)

    class Cutting(Spoiling):
        def scan_accounts(self, mapping: PropertyMapping, **given: Any) -> Iterator[AccountsPage]:
            page = next(self._behind.scan_accounts(mapping, **given))
            yield replace(page, records=page.records[:1], is_incomplete=True)

    done = sync.run(workspace=cast(Workspace, Cutting(notion.workspace())), now=NEXT_DAY)

    assert (done.state, done.unchanged) == (SyncState.INCOMPLETE, 1)
    assert any("only part of the accounts" in problem for problem in done.problems)
    assert not any("did not come in this scan" in problem for problem in done.problems)
    assert Account.objects.count() == 2


def test_counts_requests_and_progress_are_kept_with_the_run(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(250)))
    told: list[tuple[int, int | None, str]] = []

    first = run(notion, progress=lambda *heard: told.append(heard))
    told.clear()
    second = run(notion, now=NEXT_DAY, progress=lambda *heard: told.append(heard))

    assert (first.rows, first.pages_read) == (250, 4)
    assert first.requests >= first.pages_read + 2
    assert first.finished_at is not None
    assert [done for done, _, _ in told] == [0, 100, 200, 250, 250]
    assert {total for _, total, _ in told[1:]} == {250}
    assert second.unchanged == 250


def test_a_run_leaves_one_audit_row(notion: Connected, ada: User) -> None:
    job = Job.objects.create(task="a.b", title="Sync", requested_by=ada, state=JobState.RUNNING)
    notion.add_accounts(a_row(1))

    done = run(notion, job=job)

    (event,) = AuditEvent.objects.all()
    assert (event.verb, event.actor, event.object_id) == ("sync.finished", ada, str(done.pk))
    assert event.data["created"] == 1


def test_two_at_once_are_one(notion: Connected) -> None:
    running = SyncRun.objects.create(started_at=MORNING, heartbeat_at=MORNING)

    with pytest.raises(sync.AlreadyRunning):
        run(notion, now=MORNING + timedelta(minutes=1))

    assert SyncRun.objects.get() == running


def test_a_run_whose_process_died_is_cleared_away(notion: Connected) -> None:
    SyncRun.objects.create(started_at=MORNING, heartbeat_at=MORNING)
    notion.add_accounts(a_row(1))

    done = run(notion, now=NEXT_DAY)

    assert done.state == SyncState.DONE
    dead = SyncRun.objects.exclude(pk=done.pk).get()
    assert (dead.state, dead.finished_at) == (SyncState.INCOMPLETE, MORNING)
    assert "interrupted" in dead.error


def test_a_job_that_was_put_back_takes_over_its_own_earlier_run(notion: Connected) -> None:
    job = Job.objects.create(task="a.b", title="Sync", state=JobState.RUNNING, heartbeat_at=MORNING)
    SyncRun.objects.create(job=job, started_at=MORNING, heartbeat_at=MORNING)
    notion.add_accounts(a_row(1))

    assert run(notion, job=job, now=MORNING).state == SyncState.DONE


def test_a_run_that_was_taken_over_stops_and_changes_nothing_more(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(150)))

    def overtake(done: int, total: int | None, message: str) -> None:
        if done == 100:
            SyncRun.objects.update(state=SyncState.INCOMPLETE, error="Overtaken.")

    done = run(notion, progress=overtake)

    assert (done.state, done.error) == (SyncState.INCOMPLETE, "Overtaken.")
    assert Account.objects.count() == 100
    assert not AuditEvent.objects.exists()


def test_the_other_tenants_mirror_is_not_touched(
    notion: Connected, other_tenant: Tenant, tmp_path: Any, settings: Any
) -> None:
    theirs = connected(other_tenant, tmp_path, settings, rows=[a_row(7)])
    notion.add_accounts(a_row(1))
    with tenant_scope(other_tenant):
        sync.run(workspace=theirs.workspace(), now=MORNING)

    run(notion)

    assert [account.name for account in Account.objects.all()] == ["Account 001"]
    with tenant_scope(other_tenant):
        assert [account.name for account in Account.objects.all()] == ["Account 007"]


def test_unchanged_pages_cost_the_same_few_statements_however_many_rows_they_hold(notion: Connected) -> None:
    notion.add_accounts(a_row(0))
    run(notion)
    one = _statements(notion)
    notion.add_accounts(*(a_row(n) for n in range(1, 100)))
    run(notion, now=NEXT_DAY)

    hundred = _statements(notion)

    assert hundred == one


def _statements(notion: Connected) -> int:
    with CaptureQueriesContext(connection) as statements:
        done = run(notion, now=NEXT_DAY)
    assert done.updated == done.created == 0
    return len(statements)


def test_a_job_that_would_take_too_long_ends_by_itself_and_removes_nothing(
    notion: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    page_ids = notion.add_accounts(*(a_row(n) for n in range(150)))
    run(notion)
    notion.api("PATCH", f"/v1/pages/{page_ids[0]}", {"in_trash": True})
    monkeypatch.setattr(sync, "LONGEST_IN_A_JOB", 0.0)
    job = Job.objects.create(task="a.b", title="Sync", state=JobState.RUNNING, heartbeat_at=NEXT_DAY)

    done = run(notion, now=NEXT_DAY, job=job)

    assert (done.state, done.removed, done.missing) == (SyncState.INCOMPLETE, 0, 0)
    assert any("longer than a job may" in problem for problem in done.problems)
    assert run(notion, now=NEXT_DAY + timedelta(hours=1)).removed == 1
