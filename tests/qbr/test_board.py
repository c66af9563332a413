"""The quarter's board: how far each CSM's reviews are, what is late, starting drafts, moving dates."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from accounts.services import health
from csm_portal.core.models import AuditEvent, Membership, Tenant, User
from qbr import deadlines, quarters
from qbr.models import QBR, Origin
from qbr.selectors import board
from qbr.selectors.board import Filters, Standing
from qbr.services import draft_fates, drafting
from qbr.workflow import State
from tests.conftest import signed_in
from tests.factories import make_account, make_accounts
from tests.qbr.conftest import NOW
from tests.qbr.reviews import QUARTER, SaidWriter, approved, drafted, fresh, write_more
from tests.qbr.test_drafting import template_answer

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


def begun(account: Account, state: State = State.DRAFT, *, due_on: date | None = None) -> QBR:
    qbr = drafting.begin(account, quarter=QUARTER, actor=None, origin=Origin.QUARTERLY, now=NOW)
    QBR.objects.filter(pk=qbr.pk).update(state=state, due_on=due_on or qbr.due_on)
    return qbr


def shown(user: User, today: date = TODAY, **filters: Any) -> board.BoardPage:
    membership = Membership.objects.get(user=user)
    return board.page(membership, filters=Filters(quarter=QUARTER, **filters), today=today)


@pytest.fixture
def quarter(scoped: Tenant, alice: User) -> list[Account]:
    """Six of Alice's accounts, one at each step, and one that nobody looks after."""
    accounts = [make_account(name=f"Account {letter}", owner=alice) for letter in "ABCDEF"]
    states = [State.DRAFT, State.IN_REVIEW, State.APPROVED, State.PUBLISHING, State.PUBLISHED]
    for account, state in zip(accounts, states, strict=False):
        begun(account, state)
    return [*accounts, make_account(name="Nobody's")]


def test_each_csms_book_is_counted_by_how_far_it_is(quarter: list[Account], bob: User, alice: User) -> None:
    page = shown(bob)

    mine, nobodys = page.books
    assert (mine.name, mine.accounts, nobodys.csm, nobodys.accounts) == ("Alice", 6, "none", 1)
    assert dict(mine.cells) == {
        Standing.NOT_STARTED: 1,
        Standing.DRAFTING: 1,
        Standing.IN_REVIEW: 1,
        Standing.APPROVED: 2,
        Standing.PUBLISHED: 1,
        Standing.LATE: 0,
    }
    assert page.total.accounts == 7


def test_counts_and_lists_never_disagree(quarter: list[Account], bob: User) -> None:
    QBR.objects.filter(account=quarter[1]).update(due_on=TODAY - timedelta(days=1))
    for book in shown(bob).books:
        for standing, count in book.cells:
            assert shown(bob, csm=book.csm, standing=standing).matching == count, (book.name, standing)


def test_late_reviews_come_first_and_published_ones_are_never_late(quarter: list[Account], bob: User) -> None:
    QBR.objects.filter(account__in=[quarter[2], quarter[4]]).update(due_on=TODAY - timedelta(days=3))

    page = shown(bob)

    assert [row.account for row in page.rows if row.is_late] == ["Account C"]
    assert page.rows[0].account == "Account C"
    assert [row.account for row in page.rows[1:]] == sorted(row.account for row in page.rows[1:])


def scored(account: Account, day: date) -> None:
    health.score_accounts(account_ids=[account.pk], as_of=day, now=NOW, announce=False)


def test_a_review_that_nobody_has_begun_is_due_and_late_like_the_others(
    quarter: list[Account], bob: User
) -> None:
    Account.objects.filter(pk=quarter[0].pk).update(renewal_on=date(2026, 7, 1))
    Account.objects.filter(pk=quarter[5].pk).update(renewal_on=date(2026, 7, 20))
    scored(quarter[0], TODAY)
    for today, late in (
        (date(2026, 6, 20), []),
        (date(2026, 6, 21), ["Account F"]),
        (date(2026, 7, 30), ["Account F"]),
        (date(2026, 7, 31), ["Account F", "Nobody's"]),
    ):
        QBR.objects.exclude(state=State.PUBLISHED).update(due_on=today)
        page = shown(bob, today)
        rows = {row.account: row for row in page.rows}

        assert [row.account for row in page.rows if row.is_late] == late, today
        assert rows["Account F"].due_on == date(2026, 6, 20)
        assert rows["Nobody's"].due_on == date(2026, 7, 30)
        assert dict(page.total.cells)[Standing.LATE] == len(late)
        for book in page.books:
            for standing, count in book.cells:
                assert shown(bob, today, csm=book.csm, standing=standing).matching == count, (today, standing)


def test_nobody_is_late_with_a_review_of_a_time_that_the_portal_knows_nothing_of(
    quarter: list[Account], bob: User
) -> None:
    scored(quarter[0], date(2026, 7, 24))

    page = shown(bob, date(2026, 9, 1), standing=Standing.NOT_STARTED)

    assert [(row.account, row.due_on, row.is_late) for row in page.rows] == [
        ("Account F", None, False),
        ("Nobody's", None, False),
    ]


def test_what_is_expected_is_what_the_schedule_would_have_begun() -> None:
    first, last = QUARTER.start - timedelta(days=120), QUARTER.end + timedelta(days=240)
    for days in range((last - first).days):
        renewal = first + timedelta(days=days)
        ran = renewal - deadlines.RENEWAL_WINDOW
        begun_on = ran if ran in QUARTER else QUARTER.end

        assert deadlines.expected_on(
            quarter_start=QUARTER.start, quarter_end=QUARTER.end, renewal_on=renewal
        ) == deadlines.due_on(quarter_end=QUARTER.end, renewal_on=renewal, begun_on=begun_on), renewal


def test_the_query_says_what_the_rule_says(scoped: Tenant, bob: User) -> None:
    renewals = [None, *(QUARTER.start + timedelta(days=step) for step in range(60, 200, 7))]
    accounts = [make_account(name=f"{n:03}", renewal_on=renewal) for n, renewal in enumerate(renewals)]
    scored(accounts[0], TODAY)

    for row in shown(bob).rows:
        renewal_on = renewals[int(row.account)]
        assert row.due_on == deadlines.expected_on(
            quarter_start=QUARTER.start, quarter_end=QUARTER.end, renewal_on=renewal_on
        ), renewal_on


def test_the_board_costs_the_same_however_many_accounts(
    scoped: Tenant, bob: User, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    membership = Membership.objects.get(user=bob)
    for size in (1, 20):
        for account in make_accounts(size, owner=alice):
            begun(account)
        with django_assert_num_queries(8):
            board.page(membership, filters=Filters(quarter=QUARTER), today=TODAY)


def test_what_a_draft_cost_stands_beside_it(harbour: Account, alice: User, bob: User) -> None:
    drafted(harbour, actor=alice, first=SaidWriter(["No.", template_answer(harbour)]))

    page = shown(bob)

    row = next(row for row in page.rows if row.account == "Harbour Logistics")
    assert (row.tokens, row.cost) == (2600, Decimal("0.0246"))
    assert (page.drafts, page.tokens, page.cost_each) == (1, 2600, Decimal("0.0246"))


def test_a_manager_starts_the_ticked_drafts_and_cannot_approve_them(
    scoped: Tenant, alice: User, bob: User
) -> None:
    accounts = [make_account(name=f"New {letter}", owner=alice) for letter in "AB"]
    label = quarters.quarter_of(date.today()).label  # noqa: DTZ011 (the view takes today's quarter)

    answer = signed_in(bob).post(
        reverse("qbr-board-start"), {"quarter": label, "account": [str(one.pk) for one in accounts]}
    )

    assert answer.status_code == 302
    assert set(QBR.objects.values_list("account__name", "requested_by")) == {
        ("New A", bob.pk),
        ("New B", bob.pk),
    }
    assert AuditEvent.objects.filter(verb="qbr.begun", actor=bob).count() == 2


@pytest.mark.parametrize("ticked", [[], ["not-an-id"], ["00000000-0000-0000-0000-000000000000"]])
def test_ticks_that_name_nothing_start_nothing(ticked: list[str], scoped: Tenant, bob: User) -> None:
    make_account()

    answer = signed_in(bob).post(reverse("qbr-board-start"), {"account": ticked})

    assert answer.status_code == 422
    assert "Nothing was started" in answer.content.decode()
    assert not QBR.objects.exists()


def test_a_due_date_is_moved_by_a_manager_and_written_down_once(quarter: list[Account], bob: User) -> None:
    qbr = QBR.objects.get(account=quarter[0])
    day = date.today() + timedelta(days=40)  # noqa: DTZ011 (the view's own clock)
    client = signed_in(bob)

    for _ in range(2):
        client.post(reverse("qbr-due", args=[qbr.pk]), {"due_on": day.isoformat()})

    assert QBR.objects.get(pk=qbr.pk).due_on == day
    assert AuditEvent.objects.filter(verb="qbr.due_moved").count() == 1
    assert QBR.objects.get(pk=qbr.pk).version == qbr.version, "the text and its approval stay"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("2020-01-01", "This day is over already."),
        ("9999-12-31", "This is more than a year ahead."),
        ("2026-02-30", "This is no day of the calendar."),
        ("next <Friday>", "This is no day of the calendar."),
        ("", "Choose a day."),
    ],
)
def test_a_day_that_cannot_be_comes_back_in_its_form(
    quarter: list[Account], bob: User, typed: str, why: str
) -> None:
    qbr = QBR.objects.get(account=quarter[0])

    answer = signed_in(bob).post(
        reverse("qbr-due", args=[qbr.pk]), {"due_on": typed, "next": "/qbrs/board/?quarter=Q1+2026"}
    )

    assert answer.status_code == 422
    html = answer.content.decode()
    assert why in html
    assert f"It is due on {qbr.due_on:%-d %b %Y} as before." in html
    (box,) = re.findall(r'<input [^>]*name="due_on"[^>]*>', html)
    assert not typed or f'value="{escape(typed)}"' in box
    # A browser shows nothing in a box for days that is no day.
    assert ('type="date"' in box) is (typed in ("2020-01-01", "9999-12-31", ""))
    assert 'href="/qbrs/board/?quarter=Q1+2026"' in html
    assert QBR.objects.get(pk=qbr.pk).due_on == qbr.due_on
    assert not AuditEvent.objects.filter(verb="qbr.due_moved").exists()


def test_an_address_that_makes_no_sense_shows_the_running_quarter(quarter: list[Account], bob: User) -> None:
    answer = signed_in(bob).get(
        reverse("qbr-board"), {"quarter": "Q9", "standing": "gone", "csm": "x", "cursor": "%%"}
    )

    assert answer.status_code == 200
    assert answer.content.decode().count("callout is-amber") == 3


def test_the_board_is_a_file_as_well(quarter: list[Account], bob: User) -> None:
    answer = signed_in(bob).get(reverse("qbr-board"), {"quarter": QUARTER.label, "as": "csv"})

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("Account,CSM,Quarter,State,Late,Due on")


def test_what_people_changed_in_a_draft_is_noted_at_its_approval(
    harbour: Account, alice: User, bob: User, ada: User
) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    assert set(qbr.draft_fates.values_list("changed", flat=True)) == {0.0}

    text = write_more(qbr, "We agreed to meet every month and to write down what we say.", by=alice)
    draft_fates.note(text, drafted_again(text), now=NOW)

    changed = dict(fresh(qbr).draft_fates.values_list("section", "changed"))
    assert changed.pop("account_health_summary") > 0.05
    assert set(changed.values()) == {0.0}
    page = signed_in(ada).get(reverse("model-use")).content.decode()
    assert "How much of a QBR draft is changed" in page


def drafted_again(qbr: QBR) -> Any:
    from tests.qbr.reviews import says

    return says(qbr).content
