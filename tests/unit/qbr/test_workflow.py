"""The states of a QBR: the table, the four eyes, and their invariant under random histories (CHECK 22)."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qbr import workflow
from qbr.workflow import Action, ActorFacts, State

ALICE = ActorFacts(is_csm=True)
BOB = ActorFacts(is_manager=True)


def test_the_way_from_draft_to_published():
    state = workflow.advance(State.DRAFT, Action.SUBMIT, ALICE)
    state = workflow.advance(state, Action.APPROVE, BOB)
    state = workflow.advance(state, Action.PUBLISH, BOB)
    state = workflow.report(state, Action.PUBLISHED)

    assert state is State.PUBLISHED


def test_changes_requested_return_to_draft():
    assert workflow.advance(State.IN_REVIEW, Action.REQUEST_CHANGES, BOB) is State.DRAFT


def test_publishing_that_failed_can_be_tried_again():
    assert workflow.report(State.PUBLISHING, Action.PUBLISH_FAILED) is State.APPROVED


@pytest.mark.parametrize("action", sorted(workflow.EDITS))
@pytest.mark.parametrize("state", [State.DRAFT, State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_every_edit_leads_to_a_draft(state, action):
    assert workflow.advance(state, action, ALICE) is State.DRAFT


@pytest.mark.parametrize("action", list(Action))
def test_nothing_moves_a_review_that_is_being_published(action):
    for actor in (ALICE, BOB):
        assert workflow.refusal(action, State.PUBLISHING, actor)


@pytest.mark.parametrize(
    ("actor", "part"),
    [
        (ALICE, "Only a manager approves"),
        (ActorFacts(is_admin=True), "CSM or a manager"),
        (ActorFacts(is_manager=True, requested_draft=True), "You asked for this draft"),
        (ActorFacts(is_manager=True, edited_since_last_approval=True), "You have changed this review"),
        (ActorFacts(is_manager=True, open_findings=2), "2 figures or names are not traced"),
    ],
)
def test_who_may_not_approve_is_told_why(actor, part):
    reason = workflow.refusal(Action.APPROVE, State.IN_REVIEW, actor)

    assert reason is not None
    assert part in reason
    assert reason.endswith(".")


def test_open_findings_block_submission():
    reason = workflow.refusal(Action.SUBMIT, State.DRAFT, ActorFacts(is_csm=True, open_findings=1))

    assert (
        reason
        == "In the text one figure or name is not traced to a fact; correct each, or vouch for it, first."
    )


def test_a_colleague_of_another_book_may_do_nothing():
    for state in State:
        assert workflow.allowed_actions(state, ActorFacts()) == []
        assert workflow.allowed_actions(state, ActorFacts(is_admin=True)) == []


def test_what_is_allowed_and_what_is_refused_never_disagree():
    for state in State:
        for actor in (ALICE, BOB, ActorFacts(is_csm=True, is_manager=True, open_findings=3)):
            allowed = workflow.allowed_actions(state, actor)
            for action in Action:
                if action in allowed:
                    assert workflow.advance(state, action, actor) in State
                else:
                    with pytest.raises(workflow.NotAllowed):
                        workflow.advance(state, action, actor)


DEPUTY = ActorFacts(is_deputy=True)


def test_a_deputy_approves_and_requests_changes_and_nothing_else():
    for state in State:
        allowed = set(workflow.allowed_actions(state, DEPUTY))
        assert allowed <= {Action.APPROVE, Action.REQUEST_CHANGES}
    assert Action.APPROVE in workflow.allowed_actions(State.IN_REVIEW, DEPUTY)


@pytest.mark.parametrize(
    ("deputy", "sentence"),
    [
        (ActorFacts(is_deputy=True, is_csm=True), "You look after this account"),
        (ActorFacts(is_deputy=True, submitted=True), "You submitted this review"),
        (ActorFacts(is_deputy=True, stands_in_for_authors=True), "The manager you stand in for asked for"),
        (ActorFacts(is_deputy=True, requested_draft=True), "You asked for this draft"),
        (ActorFacts(is_deputy=True, edited_since_last_approval=True), "You have changed this review"),
        (ActorFacts(is_deputy=True, open_findings=1), "is not traced"),
    ],
)
def test_four_eyes_hold_for_a_deputy(deputy, sentence):
    assert sentence in workflow.refusal(Action.APPROVE, State.IN_REVIEW, deputy)


def test_an_approval_that_was_voided_still_divides_the_history():
    history = [(Action.EDIT, "bob"), (Action.APPROVE, "dora"), (Action.EDIT, "alice")]

    assert workflow.people_who_edited_since_last_approval(history) == {"alice"}


def test_the_writer_is_nobody():
    assert workflow.people_who_edited_since_last_approval([(Action.REDRAFT, None)]) == set()


PEOPLE = {
    "alice": {"is_csm": True},
    "bob": {"is_manager": True},
    "dora": {"is_manager": True},
    "erin": {"is_csm": True, "is_manager": True},
    "ada": {"is_admin": True},
    # Carl and Alice stand in for managers from time to time.
    "carl": {},
}
MANAGERS = ("bob", "dora", "erin")


class FourEyes(RuleBasedStateMachine):
    """People do what they are allowed to, in any order; what is published was approved by the right one."""

    def __init__(self):
        super().__init__()
        self.state = State.DRAFT
        self.requested_by = None
        self.history = []
        self.text = 0
        self.findings = 0
        self.approved = None
        self.published_text = None
        self.deputies = set()

    def facts(self, person):
        edited = workflow.people_who_edited_since_last_approval(self.history)
        managers = {manager for manager, deputy in self.deputies if deputy == person}
        return ActorFacts(
            **PEOPLE[person],
            is_deputy=bool(managers),
            stands_in_for_authors=bool(managers) and managers <= edited | {self.requested_by},
            submitted=bool(self.history) and (Action.SUBMIT, person) in self.history[-1:],
            requested_draft=self.requested_by == person,
            edited_since_last_approval=person in edited,
            open_findings=self.findings,
        )

    @precondition(lambda self: not self.history)
    @rule(person=st.sampled_from([None, "alice", "bob", "erin"]))
    def ask_for_the_draft(self, person):
        self.requested_by = person
        self.history.append((Action.REDRAFT, person))

    @rule(manager=st.sampled_from(MANAGERS), deputy=st.sampled_from(["alice", "carl", "dora"]))
    def somebody_goes_away_or_comes_back(self, manager, deputy):
        self.deputies ^= {(manager, deputy)} if manager != deputy else set()

    @rule(
        person=st.sampled_from(sorted(PEOPLE)),
        action=st.sampled_from(list(Action)),
        findings=st.integers(0, 2),
    )
    def act(self, person, action, findings):
        actor = self.facts(person)
        if workflow.refusal(action, self.state, actor) is not None:
            with pytest.raises(workflow.NotAllowed):
                workflow.advance(self.state, action, actor)
            return
        before = self.history[:]
        self.state = workflow.advance(self.state, action, actor)
        self.history.append((action, person))
        if action in workflow.EDITS:
            self.text += 1
            self.findings = findings
            self.approved = None
        if action is Action.APPROVE:
            self.approved = (person, self.text, before, frozenset(self.deputies))
        if action in (Action.REQUEST_CHANGES, Action.WITHDRAW):
            self.approved = None

    @precondition(lambda self: self.state is State.PUBLISHING)
    @rule(worked=st.booleans())
    def publisher(self, worked):
        self.state = workflow.report(self.state, Action.PUBLISHED if worked else Action.PUBLISH_FAILED)
        if worked:
            self.published_text = self.text

    @invariant()
    def what_is_published_was_approved_by_another_manager(self):
        if self.state not in (State.APPROVED, State.PUBLISHING, State.PUBLISHED):
            return
        assert self.approved is not None
        approver, text, before, deputies = self.approved
        assert text == self.text
        assert approver != self.requested_by
        # Told again from the raw history, without the code under test.
        authors = {self.requested_by}
        for action, person in reversed(before):
            if action is Action.APPROVE:
                break
            if action in workflow.EDITS:
                authors.add(person)
        assert approver not in authors
        if not PEOPLE[approver].get("is_manager"):
            # In the place of a manager who could have approved it, and not by the account's own CSM.
            assert any(deputy == approver and manager not in authors for manager, deputy in deputies)
            assert not PEOPLE[approver].get("is_csm")
        if self.state is State.PUBLISHED:
            assert self.published_text == text


FourEyes.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestFourEyes = FourEyes.TestCase
