"""The states of a QBR and who may move it: a table, and the rule of four eyes (SPEC 6.2).

draft → in review → approved → publishing → published. Changes requested returns to draft, and so does every
edit: what a person approves is what they read, and what is submitted has passed the number check. Vouching
for a figure, restoring a version and refreshing facts are edits. Publishing is a click of its own.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHING = "publishing"
    PUBLISHED = "published"


class Action(StrEnum):
    """What a person can do, and the two outcomes that the publisher reports."""

    EDIT = "edit"
    VOUCH = "vouch"
    RESTORE = "restore"
    REFRESH_FACTS = "refresh_facts"
    REDRAFT = "redraft"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    PUBLISH = "publish"
    KEEP_THEIRS = "keep_theirs"
    PUBLISHED = "published"
    PUBLISH_FAILED = "publish_failed"


EDITS = frozenset({Action.EDIT, Action.VOUCH, Action.RESTORE, Action.REFRESH_FACTS, Action.REDRAFT})
# What a deputy does in a manager's place; all else stays with the account's CSM and the managers.
DEPUTY_ACTIONS = frozenset({Action.REQUEST_CHANGES, Action.APPROVE})
PUBLISHER_ACTIONS = frozenset({Action.PUBLISHED, Action.PUBLISH_FAILED})

STATE_LABELS: Mapping[State, str] = {
    State.DRAFT: "Draft",
    State.IN_REVIEW: "In review",
    State.APPROVED: "Approved",
    State.PUBLISHING: "Publishing",
    State.PUBLISHED: "Published",
}

_EDITABLE = (State.DRAFT, State.IN_REVIEW, State.APPROVED, State.PUBLISHED)

TRANSITIONS: Mapping[tuple[State, Action], State] = {
    **{(state, action): State.DRAFT for state in _EDITABLE for action in EDITS},
    (State.DRAFT, Action.SUBMIT): State.IN_REVIEW,
    (State.IN_REVIEW, Action.WITHDRAW): State.DRAFT,
    (State.IN_REVIEW, Action.REQUEST_CHANGES): State.DRAFT,
    (State.IN_REVIEW, Action.APPROVE): State.APPROVED,
    (State.APPROVED, Action.REQUEST_CHANGES): State.DRAFT,
    (State.APPROVED, Action.PUBLISH): State.PUBLISHING,
    # The page in Notion was changed by hand and stays so: what is approved stays approved, and unpublished.
    (State.APPROVED, Action.KEEP_THEIRS): State.APPROVED,
    (State.PUBLISHING, Action.PUBLISHED): State.PUBLISHED,
    (State.PUBLISHING, Action.PUBLISH_FAILED): State.APPROVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFacts:
    """What the rules need to know of a person and this QBR.

    ``edited_since_last_approval`` counts edits of every sort (``EDITS``), ``open_findings`` what the number
    check could not trace and nobody has vouched for. ``is_csm`` means the CSM who looks after the account.
    ``is_deputy`` is somebody who is no manager and stands in for one today, ``stands_in_for_authors`` that each of
    those managers asked for the draft or changed it themselves.
    """

    is_csm: bool = False
    is_manager: bool = False
    is_admin: bool = False
    is_deputy: bool = False
    stands_in_for_authors: bool = False
    submitted: bool = False
    requested_draft: bool = False
    edited_since_last_approval: bool = False
    open_findings: int = 0


class NotAllowed(Exception):
    """An action that the state or the person does not allow; the message says why and what to do."""


def next_state(state: State, action: Action) -> State | None:
    """Return where an action leads, or None where the state does not know it."""
    return TRANSITIONS.get((state, action))


def allowed_actions(state: State, actor: ActorFacts) -> list[Action]:
    """Return what this person may do now, in the order of the table of actions. The page offers exactly these."""
    return [
        action
        for action in Action
        if action not in PUBLISHER_ACTIONS and refusal(action, state, actor) is None
    ]


def advance(state: State, action: Action, actor: ActorFacts) -> State:
    """Return the state after a person's action. Raises NotAllowed with the sentence of ``refusal``."""
    reason = refusal(action, state, actor)
    if reason is not None:
        raise NotAllowed(reason)
    return TRANSITIONS[state, action]


def report(state: State, outcome: Action) -> State:
    """Return the state after the publisher reported ``PUBLISHED`` or ``PUBLISH_FAILED``."""
    if outcome not in PUBLISHER_ACTIONS or (state, outcome) not in TRANSITIONS:
        raise NotAllowed(f"A review that is {STATE_LABELS[state].lower()} cannot take that outcome.")
    return TRANSITIONS[state, outcome]


def refusal(action: Action, state: State, actor: ActorFacts) -> str | None:
    """Return why this person may not do this now, as a sentence for them, or None where they may."""
    if action in PUBLISHER_ACTIONS:
        return "Only the publisher reports how publishing ended."
    if next_state(state, action) is None:
        return _wrong_state(action, state)
    is_in_a_managers_place = actor.is_manager or (actor.is_deputy and action in DEPUTY_ACTIONS)
    if not (actor.is_csm or is_in_a_managers_place):
        return "Only the account's CSM or a manager works on this review."
    if action is Action.SUBMIT and actor.open_findings:
        return _unsettled(actor.open_findings)
    if action is Action.REQUEST_CHANGES and not is_in_a_managers_place:
        return "Only a manager requests changes; you can withdraw or edit the review instead."
    if action is Action.APPROVE:
        return _not_an_approver(actor)
    return None


def _not_an_approver(actor: ActorFacts) -> str | None:
    if not (actor.is_manager or actor.is_deputy):
        return "Only a manager approves a review."
    if not actor.is_manager:
        reason = _not_in_a_managers_place(actor)
        if reason is not None:
            return reason
    if actor.requested_draft:
        return "You asked for this draft, so another manager has to approve it."
    if actor.edited_since_last_approval:
        return (
            "You have changed this review since it was last approved, so another manager has to approve it."
        )
    if actor.open_findings:
        return _unsettled(actor.open_findings)
    return None


def _not_in_a_managers_place(deputy: ActorFacts) -> str | None:
    """Return why a deputy may not approve: they decide on other people's work, and not for those whose work it is."""
    if deputy.is_csm:
        return "You look after this account, so somebody else has to approve its review."
    if deputy.submitted:
        return "You submitted this review, so somebody else has to approve it."
    if deputy.stands_in_for_authors:
        return "The manager you stand in for asked for this draft or changed it, so another manager has to approve it."
    return None


def _unsettled(count: int) -> str:
    what = "one figure or name is" if count == 1 else f"{count} figures or names are"
    return f"In the text {what} not traced to a fact; correct each, or vouch for it, first."


def _wrong_state(action: Action, state: State) -> str:
    if state is State.PUBLISHING:
        return "This review is being published; wait until that has ended."
    needed = {
        Action.SUBMIT: "Only a draft can be submitted",
        Action.WITHDRAW: "Only a review that is waiting for approval can be withdrawn",
        Action.REQUEST_CHANGES: "Changes can be requested only before a review is published",
        Action.APPROVE: "Only a review that was submitted can be approved",
        Action.PUBLISH: "Only an approved review can be published",
        Action.KEEP_THEIRS: "Only an approved review can be left unpublished",
    }
    sentence = needed.get(action, "This review cannot be changed now")
    return f"{sentence}; this one is {_as_words(state)}."


def _as_words(state: State) -> str:
    return {State.DRAFT: "still a draft", State.IN_REVIEW: "in review"}.get(
        state, STATE_LABELS[state].lower()
    )


def people_who_edited_since_last_approval(
    history: Iterable[tuple[Action, Hashable | None]],
) -> set[Hashable]:
    """Return who edited since the last approval, from (action, person) in order of time.

    An approval that an edit voided is still the last approval: that edit came after it, and so counts. The
    person is None for the scheduler and for a writer, which are nobody (SPEC 6.2).
    """
    editors: set[Hashable] = set()
    for action, person in history:
        if action is Action.APPROVE:
            editors.clear()
        elif action in EDITS and person is not None:
            editors.add(person)
    return editors
