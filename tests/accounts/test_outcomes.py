"""Outcomes from a file: read, shown, taken in once however often it comes, and every bad row named."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import outcome_files
from accounts.models import Account, Outcome, OutcomeImport
from accounts.selectors import outcomes as selector
from accounts.services import outcomes
from csm_portal.core.models import AuditEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.accounts.score_histories import lines
from tests.conftest import signed_in
from tests.factories import make_account, make_outcome

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def halden(scoped: Tenant) -> Account:
    return make_account(name="Halden Logistics")


def take_in(content: bytes, actor: User) -> OutcomeImport:
    return outcomes.take_in(content, file_name="q1.csv", actor=actor, today=TODAY, now=NOW)


def test_a_file_becomes_outcomes_with_one_row_in_the_audit_log(halden: Account, bob: User) -> None:
    birch = make_account(name="Birch Foods")

    taken = take_in(
        lines("Halden Logistics,renewed,2026-03-31,", "birch  foods,Churned,15.04.2026,Budget cut"), bob
    )

    assert (taken.created, taken.updated, taken.unchanged, taken.left_out) == (2, 0, 0, 0)
    assert set(Outcome.objects.values_list("account", "kind", "happened_on", "reason")) == {
        (halden.pk, "renewed", date(2026, 3, 31), ""),
        (birch.pk, "churned", date(2026, 4, 15), "Budget cut"),
    }
    assert AuditEvent.objects.filter(verb="outcomes.imported", actor=bob).count() == 1


def test_the_same_file_twice_changes_nothing_and_a_corrected_one_changes_what_differs(
    halden: Account, bob: User
) -> None:
    content = lines("Halden Logistics,renewed,2026-03-31,")
    take_in(content, bob)

    again = take_in(content, bob)
    corrected = take_in(lines("Halden Logistics,churned,2026-03-31,They left after all"), bob)

    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert (corrected.created, corrected.updated, corrected.unchanged) == (0, 1, 0)
    outcome = Outcome.objects.get()
    assert (outcome.kind, outcome.reason) == ("churned", "They left after all")


def test_an_account_is_found_by_its_notion_link_whatever_it_is_called(halden: Account, bob: User) -> None:
    link = f"https://www.notion.so/Halden-{halden.notion_page_id.replace('-', '')}?pvs=4"

    take_in(f"account_id,churned,date\n{link},1,2026-03-31\n".encode(), bob)

    assert Outcome.objects.get().account_id == halden.pk


def test_each_row_that_cannot_be_used_is_told_and_costs_that_row_only(halden: Account, bob: User) -> None:
    make_account(name="Twin")
    make_account(name="Twin")

    taken = take_in(
        lines(
            "Halden Logistics,renewed,2026-03-31,",
            "Nobody Ltd,renewed,2026-03-31,",
            "Twin,renewed,2026-03-31,",
            "Halden Logistics,paused,2026-03-30,",
            "Halden Logistics,renewed,03/04/2026,",
            "Halden Logistics,renewed,2026-02-30,",
            "Halden Logistics,renewed,2027-01-01,",
            "Halden Logistics,churned,2026-03-31,",
            ",renewed,2026-03-31,",
            "Halden Logistics,renewed,,",
        ),
        bob,
    )

    assert taken.created == 1
    assert taken.left_out == len(taken.problems) == 9
    told = dict(zip(range(3, 12), taken.problems, strict=True))
    assert "no account in the mirror is called so" in told[3]
    assert "2 accounts are called so" in told[4]
    assert "says “paused” as the outcome. Write renewed or churned." in told[5]
    assert "has the date “03/04/2026”. Write it as in 2026-03-31" in told[6]
    assert "there is no such day" in told[7]
    assert "still to come" in told[8]
    assert "as row 2 does" in told[9]
    assert "names no account" in told[10]
    assert "has no date" in told[11]
    assert all(problem.startswith(f"Row {row} ") for row, problem in told.items())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"account,outcome,date\n", "no outcome"),
        (b"account,outcome\nA,renewed\n", "no column date"),
        (b"who,outcome,date\nA,renewed,2026-01-01\n", "no column account"),
        (b"account_id,churned\nA-1,1\n", "no column date"),
        (b"account,date\nA,2026-01-01\n", "no column outcome"),
        (b"account,name,outcome,date\nA,B,renewed,2026-01-01\n", "say the same"),
        (b"account,outcome,date\n\xff\xfe\n", "not UTF-8"),
        (b"x" * 1_000_001, "Split it in parts"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, told: str) -> None:
    with pytest.raises(outcome_files.Unreadable, match=told):
        outcome_files.parse(content, today=TODAY)


def test_a_reason_is_kept_whole_or_refused(halden: Account) -> None:
    longest = "Budget. " * 62 + "Gone"
    read = outcome_files.parse(
        lines(
            f"Halden Logistics,churned,2026-03-31,{longest}",
            f"Halden Logistics,churned,2026-04-01,{longest}.",
            f"Halden Logistics,churned,2026-04-02,{'  ' * 300}Gone",
        ),
        today=TODAY,
    )

    assert [len(line.reason) for line in read.lines] == [500, 4]
    (problem,) = read.problems
    assert problem.message.startswith("Row 3 gives a reason of 501 characters, and 500 are kept. Shorten it")


def test_a_file_without_a_usable_row_stores_nothing(halden: Account, bob: User) -> None:
    with pytest.raises(outcomes.NothingUsable):
        take_in(lines("Nobody Ltd,renewed,2026-03-31,"), bob)

    assert not OutcomeImport.objects.exists()


def test_an_account_of_another_tenant_is_no_account(other_tenant: Tenant, halden: Account, bob: User) -> None:
    with tenant_scope(other_tenant):
        make_account(name="Theirs")

    with pytest.raises(outcomes.NothingUsable):
        take_in(lines("Theirs,renewed,2026-03-31,"), bob)


def test_reading_costs_two_queries_however_many_rows_there_are(
    halden: Account, bob: User, django_assert_num_queries: object
) -> None:
    content = lines(*(f"Halden Logistics,renewed,2026-03-{day:02},Fine" for day in range(1, 31)))

    with django_assert_num_queries(2):  # type: ignore[operator]
        assert selector.read(content, today=TODAY).created == 30


def test_the_page_shows_a_file_before_it_takes_it_in(halden: Account, bob: User) -> None:
    client = signed_in(bob)
    content = lines("Halden Logistics,renewed,2026-03-31,“Good” fit", "Nobody Ltd,renewed,2026-03-31,")

    shown = client.post(
        reverse("outcomes-preview"), {"file": SimpleUploadedFile("q1.csv", content, "text/csv")}
    )

    page = shown.content.decode()
    assert shown.status_code == 200
    assert "1 new" in page
    assert "no account in the mirror is called so" in page
    assert not Outcome.objects.exists()

    kept = shown.context["keep"].initial
    taken = client.post(reverse("outcomes-import"), kept, follow=True)

    assert "1 new, 0 changed, 0 known already; 1 row was left out." in taken.content.decode()
    assert Outcome.objects.get().reason == "“Good” fit"
    assert OutcomeImport.objects.get().file_name == "q1.csv"
    assert AuditEvent.objects.filter(actor=bob).count() == 1


def test_rows_that_change_what_is_known_come_first_with_what_was_known(halden: Account, bob: User) -> None:
    known = [f"Halden Logistics,renewed,2025-01-{day:02}," for day in range(1, 31)]
    take_in(lines(*known), bob)
    content = lines(
        *known[:-1],
        "Halden Logistics,renewed,2025-01-30,They asked for a discount",
        "Halden Logistics,churned,2026-02-02,",
    )

    read = selector.read(content, today=TODAY)
    page = signed_in(bob).post(
        reverse("outcomes-preview"), {"file": SimpleUploadedFile("q1.csv", content, "text/csv")}
    )

    assert [one.state for one in read.shown[:3]] == ["changes", "new", "known"]
    assert (read.shown[0].was_kind, read.shown[0].reason) == ("renewed", "They asked for a discount")
    assert "<strong>Changes</strong>" in page.content.decode()


def test_an_account_that_left_leaves_again_only_after_a_renewal(halden: Account, bob: User) -> None:
    take_in(lines("Halden Logistics,churned,2025-06-30,"), bob)

    again = selector.read(lines("Halden Logistics,churned,2026-01-31,"), today=TODAY)
    before = selector.read(lines("Halden Logistics,churned,2025-01-31,"), today=TODAY)
    with_renewal = selector.read(
        lines("Halden Logistics,churned,2026-01-31,", "Halden Logistics,renewed,2025-09-30,"), today=TODAY
    )
    the_same = selector.read(lines("Halden Logistics,churned,2025-06-30,"), today=TODAY)

    assert [problem.message for problem in again.problems] == [
        "Row 2 says that Halden Logistics left on 2026-01-31; what is known says that it left on 2025-06-30, with no "
        "renewal in between. Correct one of the two, or add the renewal that brought it back."
    ]
    assert (again.readings, len(before.problems)) == ((), 1)
    assert (with_renewal.created, with_renewal.problems) == (2, ())
    assert (the_same.unchanged, the_same.problems) == (1, ())


def test_a_whole_file_is_taken_back_to_what_was_known_before(halden: Account, bob: User) -> None:
    birch = make_account(name="Birch Foods")
    first = take_in(lines("Halden Logistics,renewed,2026-03-31,Fine"), bob)
    second = take_in(
        lines("Halden Logistics,churned,2026-03-31,Gone", "Birch Foods,renewed,2026-04-15,"), bob
    )

    done = outcomes.undo(second, actor=bob, now=NOW)

    assert (done.removed, done.restored, done.left) == (1, 1, 0)
    assert list(Outcome.objects.values_list("account", "kind", "reason", "source")) == [
        (halden.pk, "renewed", "Fine", first.pk)
    ]
    assert not Outcome.objects.filter(account=birch).exists()
    assert AuditEvent.objects.filter(verb="outcomes.import_undone", actor=bob).count() == 1
    with pytest.raises(outcomes.AlreadyUndone):
        outcomes.undo(second, actor=bob, now=NOW)


def test_taking_back_leaves_what_a_later_file_said_and_brings_nothing_back_that_was_taken_back(
    halden: Account, bob: User
) -> None:
    first = take_in(lines("Halden Logistics,renewed,2026-03-31,Fine"), bob)
    second = take_in(lines("Halden Logistics,churned,2026-03-31,Gone"), bob)

    done = outcomes.undo(first, actor=bob, now=NOW)

    assert (done.removed, done.restored, done.left) == (0, 0, 1)
    assert Outcome.objects.get().kind == "churned"

    outcomes.undo(second, actor=bob, now=NOW)

    assert not Outcome.objects.exists()


def test_the_page_takes_a_file_back_and_says_what_came_of_it(halden: Account, bob: User) -> None:
    source = take_in(lines("Halden Logistics,renewed,2026-03-31,"), bob)
    client = signed_in(bob)
    undo = reverse("outcomes-undo", args=[source.pk])
    assert undo in client.get(reverse("outcomes")).content.decode()

    answer = client.post(undo, follow=True).content.decode()

    assert "q1.csv is taken back. Removed: 1; as before: 0." in answer
    assert undo not in answer
    assert "Taken back by" in answer


def test_a_file_that_is_none_comes_back_with_its_error(halden: Account, bob: User) -> None:
    client = signed_in(bob)

    empty = client.post(reverse("outcomes-preview"), {})
    wrong = client.post(reverse("outcomes-preview"), {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")})
    lost = client.post(reverse("outcomes-import"), {})

    assert (empty.status_code, wrong.status_code, lost.status_code) == (422, 422, 422)
    assert "Choose the CSV file." in empty.content.decode()
    assert "no column account" in wrong.content.decode()


def test_an_admin_removes_what_was_told_by_mistake(halden: Account, ada: User) -> None:
    outcome = make_outcome(halden, actor=ada)

    signed_in(ada).post(reverse("outcome-remove", args=[outcome.pk]))

    assert not Outcome.objects.exists()
    assert AuditEvent.objects.filter(verb="outcome.removed", actor=ada).count() == 1


def test_the_list_costs_the_same_for_one_outcome_and_for_many(
    halden: Account, bob: User, django_assert_num_queries: object
) -> None:
    for day in range(1, 29):
        make_outcome(halden, actor=bob, on=date(2026, 2, day))

    with django_assert_num_queries(3):  # type: ignore[operator]
        page = selector.page()

    assert (page.churned, len(page.rows), page.last_on) == (28, selector.SHOWN, date(2026, 2, 28))
