"""The list of reviews: what waits for its reader first, by pages, at one price."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Account
from csm_portal.core.models import Membership, Tenant, User
from qbr.models import QBR, QBRRevision
from qbr.selectors import listing
from qbr.selectors.listing import Filters, Scope
from qbr.workflow import State
from tests.conftest import make_member, signed_in
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db


def make_review(account: Account, *, state: State = State.DRAFT, minutes: int = 0, **fields: Any) -> QBR:
    qbr = QBR.objects.create(
        account=account,
        quarter_start=fields.pop("quarter_start", date(2026, 4, 1)),
        quarter_end=date(2026, 7, 1),
        quarter_label=fields.pop("quarter_label", "Q2 2026"),
        state=state,
        updated_at=NOW + timedelta(minutes=minutes),
        **fields,
    )
    QBRRevision.objects.create(
        qbr=qbr, number=1, kind="draft", content={}, content_hash="0" * 64, author_name="templates"
    )
    return qbr


def names(user: User, **query: str) -> list[str]:
    html = signed_in(user).get(reverse("qbr-list"), query).content.decode()
    return [name.strip() for name in re.findall(r'class="cell-name" href="[^"]+">([^<]+)<', html)]


@pytest.fixture
def three(scoped: Tenant, alice: User, bob: User) -> dict[str, QBR]:
    mine = make_account(name="Ours", owner=alice, search_text="ours jonas weber")
    other = make_account(name="Theirs", owner=make_member(scoped, "Carol", is_csm=True))
    third = make_account(name="Waiting", owner=alice)
    return {
        "draft": make_review(mine, minutes=2),
        "published": make_review(other, state=State.PUBLISHED, minutes=3),
        "in_review": make_review(third, state=State.IN_REVIEW, minutes=1, requested_by=alice),
    }


def test_a_manager_sees_what_waits_for_approval_first(three: dict[str, QBR], bob: User) -> None:
    assert names(bob) == ["Waiting", "Theirs", "Ours"]
    html = signed_in(bob).get(reverse("qbr-list")).content.decode()
    assert "You, to approve it" in html


def test_a_csm_sees_the_latest_first_and_who_has_each_next(three: dict[str, QBR], alice: User) -> None:
    assert names(alice) == ["Theirs", "Ours", "Waiting"]
    html = signed_in(alice).get(reverse("qbr-list")).content.decode()
    assert "A manager, to approve it" in html
    assert "You, to submit it" in html


def test_the_list_is_narrowed_by_its_address(three: dict[str, QBR], alice: User, bob: User) -> None:
    assert names(alice, scope="waiting") == ["Ours"]
    assert names(bob, scope="waiting") == ["Waiting"]
    assert names(alice, scope="mine") == ["Ours", "Waiting"]
    assert names(alice, state="published") == ["Theirs"]
    assert names(alice, quarter="Q2 2026", q="jonas") == ["Ours"]
    assert names(alice, quarter="Q1 2026") == []


def test_an_address_that_makes_no_sense_is_told_so_and_shows_the_list(
    three: dict[str, QBR], alice: User
) -> None:
    answer = signed_in(alice).get(
        reverse("qbr-list"), {"state": "gone", "quarter": "soon", "scope": "x", "cursor": "%%", "q": "\0"}
    )

    html = answer.content.decode()
    assert answer.status_code == 200
    for sentence in (
        "“gone” is no state",
        "“soon” is no quarter",
        "“x” is no part",
        "a page that is not there",
    ):
        assert sentence in html


def test_sales_people_read_no_reviews(three: dict[str, QBR], sam: User) -> None:
    client = signed_in(sam)

    assert "Reviews are not yours to read" in client.get(reverse("qbr-list")).content.decode()
    assert client.get(reverse("qbr", args=[three["draft"].pk])).status_code == 404


def test_another_tenant_sees_none_of_them(three: dict[str, QBR], charlie: User) -> None:
    client = signed_in(charlie)

    html = client.get(reverse("qbr-list")).content.decode()
    assert "Ours" not in html
    assert "No QBR yet" in html
    assert client.get(reverse("qbr", args=[three["draft"].pk])).status_code == 404


def test_the_table_alone_is_answered_to_htmx(three: dict[str, QBR], alice: User) -> None:
    answer = signed_in(alice).get(reverse("qbr-list"), {"state": "draft"}, headers={"HX-Request": "true"})

    assert answer.content.decode().strip().startswith('<section id="review-table"')
    assert answer.headers["HX-Push-Url"] == "?state=draft"


def test_the_pages_hold_every_review_once(scoped: Tenant, bob: User) -> None:
    for number in range(23):
        state = State.IN_REVIEW if number % 4 == 0 else State.DRAFT
        # Several of one moment: their order is that of their keys.
        make_review(make_account(name=f"Account {number}"), state=state, minutes=number // 5)
    membership = Membership.objects.get(user=bob)
    seen: list[Any] = []
    mark = ""
    while True:
        page = listing.page(membership, filters=Filters(), mark=mark, size=5)
        seen += [row.qbr_id for row in page.rows]
        mark = page.next
        if not mark:
            break

    assert len(seen) == len(set(seen)) == 23
    urgent = [row.is_urgent for row in listing.page(membership, filters=Filters(), size=50).rows]
    assert urgent == sorted(urgent, reverse=True)
    back = listing.page(membership, filters=Filters(), mark=page.previous, size=5)
    assert [row.qbr_id for row in back.rows] == seen[-8:-3]


def test_the_list_costs_the_same_at_one_row_and_at_fifty(
    scoped: Tenant, bob: User, django_assert_num_queries: Any
) -> None:
    client, url = signed_in(bob), reverse("qbr-list")
    make_review(make_account(), state=State.IN_REVIEW)
    make_review(make_account())
    client.get(url)
    # Session, user, member; all that is counted, two parts of the rows.
    with django_assert_num_queries(6):
        client.get(url)
    for number in range(50):
        make_review(make_account(), state=State.IN_REVIEW if number % 3 == 0 else State.DRAFT)
    with django_assert_num_queries(6):
        client.get(url)
    with django_assert_num_queries(6):
        client.get(url, {"state": "in_review", "quarter": "Q2 2026", "q": "account"})


def test_each_part_of_the_list_is_counted_whatever_it_is_narrowed_to(
    three: dict[str, QBR], alice: User, bob: User
) -> None:
    earlier = make_review(make_account(name="Long ago"), state=State.PUBLISHED)
    QBR.objects.filter(pk=earlier.pk).update(
        quarter_start=date(2026, 1, 1), quarter_end=date(2026, 4, 1), quarter_label="Q1 2026"
    )

    def counted(user: User, **asked: Any) -> tuple[int, int, int, int]:
        page = listing.page(Membership.objects.get(user=user), filters=Filters(**asked), today=NOW.date())
        assert page.quarters == (date(2026, 4, 1), date(2026, 1, 1))
        assert page.matching == len(page.rows)
        return page.visible, page.waiting, page.mine, page.matching

    assert counted(alice) == (4, 1, 2, 4)
    assert counted(bob) == (4, 1, 0, 4)
    assert counted(alice, scope=Scope.MINE) == (4, 1, 2, 2)
    assert counted(bob, scope=Scope.WAITING) == (4, 1, 0, 1)
    assert counted(alice, state="published") == (4, 1, 2, 2)
    assert counted(alice, quarter=date(2026, 1, 1), words=("jonas",)) == (4, 1, 2, 0)
