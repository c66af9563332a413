"""Accounts that a scan does not bring: asked for, removed, kept, brought back (SPEC 2.4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from accounts.models import Absence, Account, Answer, HealthScore, SyncKind, SyncRun, SyncState
from accounts.services import absences, health, lookups, sync
from csm_portal.core.models import AuditEvent, Job, User
from csm_portal.simulators.notion import seed
from tests.workspace import Connected, a_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped", "alice")]

MORNING = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)
NEXT_DAY = MORNING + timedelta(days=1)
DAY_AFTER = MORNING + timedelta(days=2)


def run(notion: Connected, *, now: datetime = MORNING, **given: Any) -> SyncRun:
    return sync.run(workspace=notion.workspace(), now=now, **given)


def trash(notion: Connected, page_ids: list[str], *, is_in: bool = True) -> None:
    for page_id in page_ids:
        notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": is_in})


def removed() -> set[str]:
    return set(Account.objects.exclude(removed_at=None).values_list("notion_page_id", flat=True))


@pytest.fixture
def vanished(notion: Connected) -> list[str]:
    """Forty accounts are known; the first twelve of them are in Notion's trash. Return those."""
    page_ids = notion.add_accounts(*(a_row(n) for n in range(40)))
    run(notion)
    trash(notion, page_ids[:12])
    return page_ids[:12]


@pytest.mark.parametrize(
    ("missing", "known", "is_mass"),
    [(10, 10, False), (11, 55, False), (11, 54, True), (10, 11, False), (0, 0, False), (2000, 10_000, False)],
)
def test_more_than_a_fifth_and_more_than_ten_is_a_mass(missing: int, known: int, is_mass: bool) -> None:
    assert absences.is_mass(missing=missing, known=known) is is_mass


def test_what_is_in_the_trash_is_asked_for_and_removed_and_keeps_its_history(notion: Connected) -> None:
    gone, _ = notion.add_accounts(a_row(1), a_row(2))
    run(notion)
    health.score_accounts(as_of=MORNING.date(), now=MORNING)
    trash(notion, [gone])
    asked: list[str] = []
    notion.before_each(lambda request: asked.append(request.url.path))

    done = run(notion, now=NEXT_DAY)

    assert (done.state, done.removed, done.unchanged, done.missing, done.known) == (
        SyncState.DONE,
        1,
        1,
        1,
        2,
    )
    assert any(path.endswith(f"/pages/{gone}") for path in asked)
    account = Account.objects.get(notion_page_id=gone)
    assert account.removed_at is not None
    assert account.removed_at >= NEXT_DAY
    assert (account.absence, account.unseen_since) == ("", None)
    assert not Account.objects.current().filter(pk=account.pk).exists()
    assert HealthScore.objects.filter(account=account).count() == 1
    assert health.score_accounts(as_of=NEXT_DAY.date(), now=NEXT_DAY).scored == 1


def test_a_row_that_comes_back_is_current_again_with_what_it_was(notion: Connected) -> None:
    (page_id,) = notion.add_accounts(a_row(1))
    run(notion)
    before = Account.objects.get()
    trash(notion, [page_id])
    run(notion, now=NEXT_DAY)
    trash(notion, [page_id], is_in=False)

    done = run(notion, now=DAY_AFTER)

    account = Account.objects.get()
    assert (done.updated, account.removed_at, account.pk) == (1, None, before.pk)
    assert account.changed_at == before.changed_at


def test_a_page_that_was_moved_or_unshared_is_removed_and_an_archived_one_is_not(notion: Connected) -> None:
    moved, archived, _ = notion.add_accounts(a_row(1), a_row(2), a_row(3))
    run(notion)
    _, elsewhere = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Former customers", properties={"Name": {"title": {}}}
    )
    notion.api("POST", f"/v1/pages/{moved}/move", {"parent": {"data_source_id": elsewhere}})
    notion.api("PATCH", f"/v1/pages/{archived}", {"is_archived": True})

    done = run(notion, now=NEXT_DAY)

    assert (done.removed, removed()) == (1, {moved})
    assert Account.objects.get(notion_page_id=archived).is_archived


def test_what_is_there_after_all_is_refreshed_and_stays(notion: Connected) -> None:
    """A row that is taken out of the archive while the scan goes on comes in neither half of it."""
    page_id, _ = notion.add_accounts(a_row(1), a_row(2))
    notion.api("PATCH", f"/v1/pages/{page_id}", {"is_archived": True})
    run(notion)

    def take_out() -> None:
        notion.api("PATCH", f"/v1/pages/{page_id}", {"is_archived": False})

    notion.before_query(2, take_out)
    done = run(notion, now=NEXT_DAY)

    account = Account.objects.get(notion_page_id=page_id)
    assert (done.state, done.missing, done.removed, done.updated) == (SyncState.DONE, 1, 0, 1)
    assert (account.is_archived, account.removed_at, account.absence) == (False, None, "")


def test_a_mass_of_missing_accounts_is_never_removed_without_asking(
    notion: Connected, vanished: list[str]
) -> None:
    done = run(notion, now=NEXT_DAY)
    again = run(notion, now=DAY_AFTER)

    assert (done.state, done.missing, done.known, done.removed) == (SyncState.ASKS, 12, 40, 0)
    assert (again.state, again.missing, again.removed) == (SyncState.ASKS, 12, 0)
    assert removed() == set()
    waiting = Account.objects.filter(absence=Absence.WAITS)
    assert set(waiting.values_list("notion_page_id", flat=True)) == set(vanished)
    # The later run asks; the earlier one does not any more.
    assert SyncRun.objects.get(pk=done.pk).state == SyncState.INCOMPLETE
    assert {account.unseen_since for account in waiting} == {NEXT_DAY}
    assert health.score_accounts(as_of=NEXT_DAY.date(), now=NEXT_DAY).scored == 40


def test_a_question_that_waits_is_not_settled_by_a_scan_that_misses_fewer(
    notion: Connected, vanished: list[str]
) -> None:
    run(notion, now=NEXT_DAY)
    notion.add_accounts(*(a_row(n) for n in range(100, 140)))

    again = run(notion, now=DAY_AFTER)

    assert (again.state, again.missing) == (SyncState.ASKS, 12)
    assert removed() == set()


def test_accounts_that_come_back_close_the_question(notion: Connected, vanished: list[str]) -> None:
    asked = run(notion, now=NEXT_DAY)
    trash(notion, vanished, is_in=False)

    done = run(notion, now=DAY_AFTER)

    assert (done.state, done.missing, done.unchanged) == (SyncState.DONE, 0, 40)
    assert not Account.objects.exclude(absence="").exists()
    assert SyncRun.objects.get(pk=asked.pk).state == SyncState.INCOMPLETE


def test_once_somebody_says_so_each_is_asked_for_and_only_what_is_gone_is_removed(
    notion: Connected, vanished: list[str], bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    asked = run(notion, now=NEXT_DAY)
    trash(notion, vanished[:2], is_in=False)

    with django_capture_on_commit_callbacks(execute=True):
        count = absences.answer(asked, Answer.REMOVE, actor=bob, now=NEXT_DAY)

    assert count == 12
    assert removed() == set(vanished[2:])
    assert not Account.objects.exclude(absence="").exists()
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.answered_by) == (SyncState.DONE, "remove", bob)
    step = SyncRun.objects.get(kind=SyncKind.PAGES)
    assert (step.removed, step.rows) == (10, 2)
    assert AuditEvent.objects.filter(verb="sync.removal_approved", actor=bob).count() == 1
    with pytest.raises(absences.AlreadyAnswered):
        absences.answer(asked, Answer.KEEP, actor=bob, now=NEXT_DAY)


def test_what_somebody_keeps_is_not_asked_about_again_until_they_think_otherwise(
    notion: Connected, vanished: list[str], bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    asked = run(notion, now=NEXT_DAY)
    absences.answer(asked, Answer.KEEP, actor=bob, now=NEXT_DAY)

    later = run(notion, now=DAY_AFTER)

    assert (later.state, later.missing) == (SyncState.DONE, 0)
    assert Account.objects.filter(absence=Absence.KEPT, removed_at=None).count() == 12
    with django_capture_on_commit_callbacks(execute=True):
        assert absences.answer(later, Answer.REMOVE, actor=bob, now=DAY_AFTER) == 12
    assert removed() == set(vanished)


def test_a_long_row_is_asked_for_in_steps(
    notion: Connected, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(absences, "A_STEP", 3)
    page_ids = notion.add_accounts(*(a_row(n) for n in range(10)))
    run(notion)
    trash(notion, page_ids[:8])
    job = Job.objects.create(task="a.b", title="Sync", state="running", heartbeat_at=NEXT_DAY)

    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        done = run(notion, now=NEXT_DAY, job=job)
    assert (done.state, done.removed, done.missing, len(callbacks)) == (SyncState.DONE, 3, 8, 1)
    assert "5 more accounts did not come" in " ".join(done.problems)

    with django_capture_on_commit_callbacks(execute=True):
        first = lookups.step(workspace=notion.workspace(), now=NEXT_DAY, limit=3)

    assert first.left == 2
    assert removed() == set(page_ids[:8])


def test_what_cannot_be_asked_for_stays_and_is_told(notion: Connected) -> None:
    gone, _ = notion.add_accounts(a_row(1), a_row(2))
    run(notion)
    trash(notion, [gone])

    def hook(request: httpx.Request) -> None:
        if request.url.path.endswith(f"/pages/{gone}"):
            raise httpx.ConnectError("No way to Notion.")

    notion.before_each(hook)
    done = run(notion, now=NEXT_DAY)

    assert (done.state, done.removed) == (SyncState.INCOMPLETE, 0)
    assert any("could be asked for" in problem for problem in done.problems)
    assert removed() == set()
    notion.before_each(None)
    assert run(notion, now=DAY_AFTER).removed == 1


def test_a_scan_that_is_cut_short_or_breaks_off_removes_nothing(
    notion: Connected, vanished: list[str]
) -> None:
    words = "Bad gateway."
    notion.before_query(1, lambda: notion.fault(status=404, message=words, match="query", times=1))

    broken = run(notion, now=NEXT_DAY)

    assert broken.state == SyncState.FAILED
    assert not Account.objects.exclude(absence="").exists()
    assert removed() == set()


def test_an_unshared_database_changes_nothing_but_the_runs_error(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(15)))
    run(notion)
    before = list(Account.objects.order_by("pk").values())
    seed.unshare(notion.app.store, notion.seeded.accounts_database_id)

    failed = run(notion, now=NEXT_DAY)

    assert failed.state == SyncState.FAILED
    assert list(Account.objects.order_by("pk").values()) == before


def test_a_database_in_the_trash_changes_nothing_but_the_runs_error(notion: Connected) -> None:
    notion.add_accounts(a_row(1))
    run(notion)
    before = list(Account.objects.values())
    notion.api("PATCH", f"/v1/databases/{notion.seeded.accounts_database_id}", {"in_trash": True})

    failed = run(notion, now=NEXT_DAY)

    assert (failed.state, "trash" in failed.error) == (SyncState.FAILED, True)
    assert list(Account.objects.values()) == before


def test_our_own_writes_move_a_time_and_change_nothing(notion: Connected) -> None:
    """Score and risk are written to the page: that must not look like news from Notion."""
    (page_id,) = notion.add_accounts(a_row(1))
    first = run(notion)
    before = Account.objects.values().get()
    notion.change_schema({"CSM Health Score": {"number": {}}})
    notion.change(page_id, {"CSM Health Score": {"number": 71}})

    done = run(notion, now=NEXT_DAY)

    after = Account.objects.values().get()
    assert (first.created, done.updated, done.unchanged) == (1, 0, 1)
    assert after["edited_in_notion_at"] >= before["edited_in_notion_at"]
    assert {**after, "edited_in_notion_at": None} == {**before, "edited_in_notion_at": None}
