"""The life of an opportunity as a table: who may do what in which state; the pages offer what it allows (SPEC 4.3)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OpportunityState(StrEnum):
    FOUND = "found"
    DISPATCHED = "dispatched"  # handed over to Sales, nobody has answered
    ACCEPTED = "accepted"  # somebody in Sales is at it
    DECLINED = "declined"  # by Sales, with a reason
    WON = "won"
    LOST = "lost"
    DISMISSED = "dismissed"  # by whoever looks after the account, with a reason
    WITHDRAWN = "withdrawn"  # by itself: the cause is gone, or the account must not be called now


class Step(StrEnum):
    """What a person can do with it."""

    DISPATCH = "dispatch"
    DISMISS = "dismiss"
    ACCEPT = "accept"
    DECLINE = "decline"
    WIN = "win"
    LOSE = "lose"


_FOUND, _DISPATCHED, _ACCEPTED, _DECLINED, _WON, _LOST, _DISMISSED, _WITHDRAWN = OpportunityState

OPEN: Final = frozenset({_FOUND, _DISPATCHED, _ACCEPTED})
"""The states in which somebody still has it before them; one of an account and type at a time."""
ENDED: Final = frozenset(OpportunityState) - OPEN
ANSWERED: Final = frozenset({_ACCEPTED, _DECLINED, _WON, _LOST})
"""What Sales has said something about."""
TURNED_DOWN: Final = frozenset({_DECLINED, _LOST, _DISMISSED})

TABLE: Final[Mapping[OpportunityState, Mapping[Step, OpportunityState]]] = {
    _FOUND: {Step.DISPATCH: _DISPATCHED, Step.DISMISS: _DISMISSED},
    _DISPATCHED: {Step.ACCEPT: _ACCEPTED, Step.DECLINE: _DECLINED},
    _ACCEPTED: {Step.WIN: _WON, Step.LOSE: _LOST},
    **{state: {} for state in (_DECLINED, _WON, _LOST, _DISMISSED, _WITHDRAWN)},
}

BY_SALES: Final = frozenset({Step.ACCEPT, Step.DECLINE, Step.WIN, Step.LOSE})
NEEDS_REASON: Final = frozenset({Step.DISMISS, Step.DECLINE, Step.LOSE})

LABELS: Final[Mapping[str, str]] = {
    _FOUND: "Found",
    _DISPATCHED: "With Sales",
    _ACCEPTED: "Accepted",
    _DECLINED: "Declined",
    _WON: "Won",
    _LOST: "Lost",
    _DISMISSED: "Dismissed",
    _WITHDRAWN: "Withdrawn",
}


def after(state: OpportunityState, step: Step) -> OpportunityState | None:
    """Return the state that a step leads to, or None where the table does not allow it."""
    return TABLE[state].get(step)


def steps(state: OpportunityState, *, of_sales: bool) -> tuple[Step, ...]:
    """Return what can be done in a state by Sales, or by whoever looks after the account."""
    return tuple(step for step in TABLE[state] if (step in BY_SALES) is of_sales)
