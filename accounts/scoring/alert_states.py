"""The states of an alert and what may be done in each, as a table; the pages offer what it allows (SPEC 4.2).

An alert stands for one cause at one account for as long as the cause lasts. People acknowledge, snooze and resolve
it; when it grows worse than what they saw, it is open again. When the cause is gone it is over, whatever its state.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AlertState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = (
        "resolved"  # by a person: the cause may well last, and is not told of again while it stays the same
    )
    CLOSED = "closed"  # by itself: the cause is gone


class Action(StrEnum):
    """What a person can do with an alert."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"


_OPEN, _ACKNOWLEDGED, _SNOOZED, _RESOLVED, _CLOSED = AlertState

LIVE: Final = frozenset({_OPEN, _ACKNOWLEDGED, _SNOOZED})
"""The states in which somebody still has it before them."""

TABLE: Final[Mapping[AlertState, Mapping[Action, AlertState]]] = {
    _OPEN: {
        Action.ACKNOWLEDGE: _ACKNOWLEDGED,
        Action.SNOOZE: _SNOOZED,
        Action.RESOLVE: _RESOLVED,
    },
    _ACKNOWLEDGED: {
        Action.SNOOZE: _SNOOZED,
        Action.RESOLVE: _RESOLVED,
        Action.REOPEN: _OPEN,
    },
    _SNOOZED: {
        # Another date or reason is a snooze of its own.
        Action.SNOOZE: _SNOOZED,
        Action.ACKNOWLEDGE: _ACKNOWLEDGED,
        Action.RESOLVE: _RESOLVED,
        Action.REOPEN: _OPEN,
    },
    _RESOLVED: {Action.REOPEN: _OPEN},
    _CLOSED: {},
}


def after(state: AlertState, action: Action) -> AlertState | None:
    """Return the state that an action leads to, or None where the table does not allow it."""
    return TABLE[state].get(action)


def actions(state: AlertState) -> tuple[Action, ...]:
    """Return what can be done in a state, in the order in which it is offered."""
    allowed = TABLE[state]
    return tuple(action for action in Action if action in allowed)
