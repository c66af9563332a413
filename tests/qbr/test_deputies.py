"""Who decides on reviews while a manager is away: named for days, by the manager, with four eyes kept."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Membership, Tenant, User
from qbr import workflow
from qbr.models import Deputy, Transition
from qbr.selectors import waiting
from qbr.services import deputies, moves, review
from qbr.workflow import Action, State
from tests.conftest import make_member, signed_in
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import approve, drafted, fresh, says, submitted, write_more

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


@pytest.fixture
def carol(tenant: Tenant) -> User:
    """A CSM of other accounts."""
    return make_member(tenant, "Carol", is_csm=True)


def named(manager: User, deputy: User, first: int = 0, last: int = 7, **given: Any) -> Deputy:
    return deputies.name(
        deputy=deputy,
        starts_on=TODAY + timedelta(days=first),
        ends_on=TODAY + timedelta(days=last),
        actor=manager,
        today=TODAY,
        now=NOW,
        **given,
    )


def test_a_deputy_approves_in_the_managers_place_and_it_says_so(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    with pytest.raises(PermissionDenied):
        approve(qbr, by=carol)
    named(bob, carol)

    done = approve(qbr, by=carol)

    assert (done.state, done.approved_by) == (State.APPROVED, carol)
    assert Transition.objects.get(qbr=qbr, action=Action.APPROVE).comment == "Standing in for Bob."
    assert AuditEvent.objects.get(verb="qbr.approved").data["stands in for"] == "Bob"


def test_a_deputy_asks_for_changes_and_does_nothing_else(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    named(bob, carol)

    for step in (review.withdraw, review.submit):
        with pytest.raises(PermissionDenied):
            step(qbr, actor=carol, version=qbr.version, now=NOW)
    with pytest.raises(PermissionDenied):
        write_more(qbr, "I was here.", by=carol)
    review.request_changes(qbr, comment="Say why.", actor=carol, version=qbr.version, now=NOW)

    assert fresh(qbr).state == State.DRAFT


def test_whoever_a_manager_is_barred_from_approving_for_bars_the_deputy(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=bob, by=alice)
    named(bob, carol)

    with pytest.raises(workflow.NotAllowed, match="stand in for asked for this draft"):
        approve(qbr, by=carol)


def test_the_accounts_own_csm_never_approves_as_a_deputy(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=None, by=bob)
    named(bob, alice)

    with pytest.raises(workflow.NotAllowed, match="You look after this account"):
        approve(qbr, by=alice)


@pytest.mark.parametrize(("first", "last"), [(1, 5), (-5, -1)])
def test_a_deputy_has_no_say_outside_the_days(
    first: int, last: int, harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    day = TODAY + timedelta(days=first)
    Deputy.objects.create(
        manager=bob, deputy=carol, starts_on=day, ends_on=TODAY + timedelta(days=last), created_at=NOW
    )

    with pytest.raises(PermissionDenied):
        approve(qbr, by=carol)


def test_whoever_is_no_manager_any_more_has_no_deputy(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    named(bob, carol)
    Membership.objects.filter(user=bob).update(is_manager=False, is_csm=True)

    with pytest.raises(PermissionDenied):
        approve(qbr, by=carol)


def test_a_manager_who_is_back_ends_it_once(
    scoped: Tenant, harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    row = named(bob, carol)

    for _ in range(2):
        deputies.end(row, actor=bob, now=LATER)

    with pytest.raises(PermissionDenied):
        approve(qbr, by=carol)
    assert AuditEvent.objects.filter(verb="deputy.ended").count() == 1
    with pytest.raises(PermissionDenied):
        deputies.end(row, actor=carol, now=LATER)


def test_what_cannot_be_gets_a_sentence(
    scoped: Tenant, bob: User, carol: User, sam: User, charlie: User
) -> None:
    named(bob, carol, 0, 7)

    for deputy, first, last, sentence in (
        (bob, 20, 21, "Choose a colleague"),
        (sam, 20, 21, "Choose a colleague"),
        (charlie, 20, 21, "Choose a colleague"),
        (carol, 21, 20, "before the first"),
        (carol, -9, -8, "over already"),
        (carol, 20, 200, "Three months"),
        (carol, 400, 410, "more than a year ahead"),
        (carol, 2_900_000, 2_900_009, "more than a year ahead"),
        (carol, 7, 9, "Carol stands in for you on some of these days"),
    ):
        with pytest.raises(deputies.NotPossible, match=sentence):
            named(bob, deputy, first, last)
    with pytest.raises(PermissionDenied):
        named(carol, bob, 20, 21)
    assert Deputy.objects.count() == 1


def test_the_page_offers_a_deputy_what_they_may_do(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    today = date.today()  # noqa: DTZ011 (the view's own clock)
    Deputy.objects.create(manager=bob, deputy=carol, starts_on=today - timedelta(days=1),
                          ends_on=today + timedelta(days=1), created_at=NOW)  # fmt: skip
    client = signed_in(carol)

    html = client.get(reverse("qbr", args=[qbr.pk])).content.decode()
    assert reverse("qbr-approve", args=[qbr.pk]) in html
    assert reverse("qbr-edit", args=[qbr.pk, "account_health_summary"]) not in html
    answer = client.post(
        reverse("qbr-approve", args=[qbr.pk]),
        {"version": qbr.version, "content_hash": says(qbr).revision.content_hash},
    )

    assert answer.status_code == 302
    assert fresh(qbr).approved_by == carol


def test_a_deputy_sees_today_and_in_the_digest_what_waits_for_whom_they_stand_in_for(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    submitted(harbour, asked_by=alice, by=alice)
    membership = Membership.objects.get(user=carol)
    told = "You, to approve it in the place of Bob"
    client = signed_in(carol)
    assert waiting.rows(membership, today=TODAY) == ((), 0)
    assert told not in client.get("/today/").content.decode()
    deputy = named(bob, carol)

    ((row,), count) = waiting.rows(membership, today=TODAY)
    over, _ = waiting.rows(membership, today=TODAY + timedelta(days=8))

    assert (row.account, row.next_is, count) == ("Harbour Logistics", told, 1)
    assert waiting.lines(membership, today=TODAY) == (
        "Harbour Logistics, Q2 2026: approve it in the place of Bob",
    )
    assert over == ()
    today = date.today()  # noqa: DTZ011 (the view's own clock)
    Deputy.objects.filter(pk=deputy.pk).update(
        starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=1)
    )
    assert told in client.get("/today/").content.decode()
    assert told in client.get(reverse("qbr-list"), {"scope": "waiting"}).content.decode()


def test_what_waits_costs_the_same_however_many_managers_are_away(
    harbour: Account, alice: User, bob: User, carol: User, django_assert_num_queries: Any
) -> None:
    submitted(harbour, asked_by=alice, by=alice)
    membership = Membership.objects.get(user=carol)
    for manager in (None, bob, make_member(harbour.tenant, "Dana", is_manager=True)):
        if manager is not None:
            named(manager, carol)
        with django_assert_num_queries(2):
            waiting.rows(membership, today=TODAY)


def test_a_manager_names_a_deputy_on_the_board(scoped: Tenant, bob: User, carol: User, sam: User) -> None:
    client = signed_in(bob)
    today = date.today()  # noqa: DTZ011 (the view's own clock)
    given = {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=5)).isoformat()}

    refused = client.post(reverse("qbr-deputy"), {**given, "deputy": str(sam.pk)})
    assert refused.status_code == 422
    for wrong in ({"deputy": "zz"}, {"deputy": str(carol.pk), "starts_on": "2026-02-30"}):
        html = client.post(reverse("qbr-deputy"), {**given, **wrong}).content.decode()
        assert "Choose one of the colleagues" in html or "no day of the calendar" in html
    taken = client.post(reverse("qbr-deputy"), {**given, "deputy": str(carol.pk)})

    assert taken.status_code == 302
    assert AuditEvent.objects.filter(verb="deputy.named").count() == 1
    html = client.get(reverse("qbr-board")).content.decode()
    assert "Carol" in html
    assert "Sam" not in html


def test_only_steps_that_ask_for_deputies_know_them(
    harbour: Account, alice: User, bob: User, carol: User
) -> None:
    qbr = drafted(harbour, actor=alice)
    named(bob, carol)

    with pytest.raises(PermissionDenied):
        moves.ground(qbr, actor=carol)
    assert moves.ground(qbr, actor=carol, deputies_on=TODAY).standing.is_deputy
