"""What the page shows on which a person moves the inputs of one account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from accounts.models import Account
from accounts.scoring import changes, health, what_if
from accounts.scoring.changes import Comparison
from accounts.scoring.health import Evaluation
from accounts.scoring.signals import INPUT_BY_NAME, HealthSignals
from accounts.scoring.what_if import Goal, Way
from accounts.what_if_form import written


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWay:
    """A smallest change, and the address that tries it."""

    way: Way
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfPage:
    """``now`` is the account as it was last scored, under the policy of that score; ``then`` with the inputs moved."""

    now: Evaluation
    then: Evaluation
    comparison: Comparison
    goal: Goal
    ways: tuple[ShownWay, ...]

    @property
    def is_moved(self) -> bool:
        return self.now.signals != self.then.signals

    @property
    def summary(self) -> str:
        """Say what the change comes to, for the live region."""
        if not self.is_moved:
            return f"The score is {self.now.score}, {self.now.rag}."
        return f"The score would be {self.then.score} instead of {self.now.score}: {self.then.rag}."


def scored(account: Account) -> Evaluation | None:
    """Return the account as it was last scored, by today's engine; None before the first score.

    The account comes with its latest score and that score's policy selected: no query.
    """
    shown = getattr(account, "health", None)
    if shown is None:
        return None
    latest = shown.latest
    return health.evaluate(HealthSignals.from_mapping(latest.inputs), latest.applied())


def page(now: Evaluation, given: Mapping[str, Any]) -> WhatIfPage:
    """Return the page for the inputs as given. No query: what is tried is kept nowhere."""
    then = what_if.tried(now, given)
    goal = what_if.goal(now)
    return WhatIfPage(
        now=now,
        then=then,
        comparison=changes.compare(now, then),
        goal=goal,
        ways=tuple(ShownWay(way=way, url=f"?{address(way)}") for way in goal.ways),
    )


def address(way: Way) -> str:
    """Return the query that moves the inputs of a way and leaves the others as they are."""
    return urlencode({step.input: written(INPUT_BY_NAME[step.input], step.value) for step in way.steps})
