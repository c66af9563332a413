"""The way through people's hands: who may submit, send back and approve, and exactly what."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account
from csm_portal.core.models import Membership, Tenant, User
from qbr import workflow
from qbr.models import QBR, Deputy, QBRRevision, Transition
from qbr.selectors import listing
from qbr.services import moves, review
from qbr.workflow import Action, State
from tests.conftest import make_member
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import INVENTED, approve, approved, drafted, fresh, says, submitted, write_more

pytestmark = pytest.mark.django_db


def test_a_manager_approves_exactly_the_text_they_saw(harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)

    assert (qbr.state, qbr.approved_by) == (State.APPROVED, bob)
    assert qbr.approved_hash == says(qbr).revision.content_hash
    step = Transition.objects.get(qbr=qbr, action=Action.APPROVE)
    assert step.content_hash == qbr.approved_hash


def test_an_approval_of_another_text_is_refused(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)

    with pytest.raises(moves.OutOfDate):
        review.approve(qbr, content_hash="0" * 64, actor=bob, version=qbr.version, now=NOW)
    with pytest.raises(moves.OutOfDate):
        review.approve(
            qbr, content_hash=says(qbr).revision.content_hash, actor=bob, version=qbr.version - 1, now=NOW
        )

    assert fresh(qbr).state == State.IN_REVIEW


def test_the_csm_cannot_approve(harbour: Account, alice: User) -> None:
    qbr = submitted(harbour, asked_by=None, by=alice)

    with pytest.raises(workflow.NotAllowed, match="Only a manager approves"):
        approve(qbr, by=alice)


def test_a_manager_who_asked_for_the_draft_cannot_approve_it(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = submitted(harbour, asked_by=bob, by=alice)

    with pytest.raises(workflow.NotAllowed, match="You asked for this draft"):
        approve(qbr, by=bob)


def test_an_edit_of_before_the_last_approval_counts_no_more(
    harbour: Account, alice: User, bob: User, tenant: Tenant
) -> None:
    dora = make_member(tenant, "Dora", is_manager=True)
    qbr = write_more(drafted(harbour, actor=None), "We will speak about this soon.", by=bob)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    approve(qbr, by=dora)
    qbr = write_more(qbr, "And then once more.", by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)

    assert approve(qbr, by=bob).approved_by == bob


def test_open_findings_block_submission_with_a_sentence(harbour: Account, alice: User) -> None:
    qbr = write_more(drafted(harbour, actor=alice), INVENTED, by=alice)

    with pytest.raises(workflow.NotAllowed, match="2 figures or names are not traced to a fact"):
        review.submit(qbr, actor=alice, version=qbr.version, now=NOW)


def test_a_review_without_a_text_cannot_be_submitted(harbour: Account, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)
    QBRRevision.objects.filter(qbr=qbr).delete()

    with pytest.raises(workflow.NotAllowed, match="still being drafted"):
        review.submit(qbr, actor=alice, version=qbr.version, now=NOW)


def test_changes_are_asked_for_with_words_and_withdrawing_needs_none(
    harbour: Account, alice: User, bob: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    with pytest.raises(review.CommentNeeded):
        review.request_changes(qbr, comment="  ", actor=bob, version=qbr.version, now=NOW)

    review.request_changes(qbr, comment="Say more.", actor=bob, version=qbr.version, now=NOW)
    qbr = fresh(qbr)
    review.submit(qbr, actor=alice, version=qbr.version, now=LATER)
    qbr = fresh(qbr)
    review.withdraw(qbr, actor=alice, version=qbr.version, now=LATER)

    actions = list(Transition.objects.filter(qbr=qbr).order_by("version").values_list("action", flat=True))
    assert actions[-4:] == ["submit", "request_changes", "submit", "withdraw"]
    assert fresh(qbr).state == State.DRAFT


def test_a_stranger_and_a_colleague_take_no_step(
    harbour: Account, alice: User, tenant: Tenant, charlie: User
) -> None:
    qbr = drafted(harbour, actor=alice)

    for person in (charlie, make_member(tenant, "Carol", is_csm=True)):
        with pytest.raises(PermissionDenied):
            review.submit(qbr, actor=person, version=qbr.version, now=NOW)


def test_losing_the_role_takes_effect_at_once(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    Membership.objects.filter(user=bob).update(is_manager=False, is_admin=True)

    with pytest.raises(PermissionDenied):
        approve(qbr, by=bob)


def test_of_two_who_decide_on_the_same_version_one_wins(harbour: Account, alice: User, bob: User) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    seen = qbr.version
    review.withdraw(qbr, actor=alice, version=seen, now=NOW)

    with pytest.raises(moves.OutOfDate):
        review.approve(qbr, content_hash=says(qbr).revision.content_hash, actor=bob, version=seen, now=NOW)


def test_a_claim_on_a_stale_row_changes_nothing(harbour: Account, alice: User) -> None:
    stale = drafted(harbour, actor=alice)
    QBR.objects.filter(pk=stale.pk).update(version=stale.version + 1)

    with pytest.raises(moves.OutOfDate):
        moves.take(stale, Action.SUBMIT, to=State.IN_REVIEW, now=NOW, actor=alice)

    assert fresh(stale).state == State.DRAFT


def test_the_lists_rule_of_four_eyes_is_the_tables(
    harbour: Account, alice: User, bob: User, tenant: Tenant
) -> None:
    """Whoever the list says a review waits for is whoever the table lets approve it."""
    dora = make_member(tenant, "Dora", is_manager=True)
    qbr = submitted(harbour, asked_by=bob, by=alice)

    def waits_for(user: User) -> bool:
        membership = Membership.objects.get(user=user)
        (row,) = listing.page(membership, filters=listing.Filters(), today=NOW.date()).rows
        return row.is_urgent

    def may_approve(user: User) -> bool:
        try:
            found = moves.ground(qbr, actor=user, deputies_on=NOW.date())
        except PermissionDenied:
            return False
        return workflow.refusal(Action.APPROVE, found.state, found.standing) is None

    for person in (alice, bob, dora):
        assert waits_for(person) == may_approve(person), person
    assert waits_for(dora)

    write_more(qbr, "We will speak about this soon.", by=dora)
    review.submit(fresh(qbr), actor=alice, version=fresh(qbr).version, now=NOW)
    for person in (alice, bob, dora):
        assert waits_for(person) == may_approve(person), person
    assert not waits_for(dora)

    # A colleague stands in for one who may not approve, then for one who may.
    carol = make_member(tenant, "Carol", is_csm=True)
    for manager, may in ((bob, False), (make_member(tenant, "Dan", is_manager=True), True)):
        Deputy.objects.create(
            manager=manager, deputy=carol, starts_on=NOW.date(), ends_on=NOW.date(), created_at=NOW
        )
        assert waits_for(carol) == may_approve(carol) == may
    assert waits_for(alice) == may_approve(alice)
