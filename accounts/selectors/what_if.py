"""What the page shows on which a person moves the inputs of one account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from accounts.models import Account
from accounts.scoring import bands, changes, health, what_if, wording
from accounts.scoring.bands import Band, EffectiveBand
from accounts.scoring.changes import Comparison
from accounts.scoring.health import Evaluation
from accounts.scoring.signals import INPUT_BY_NAME, HealthSignals
from accounts.scoring.what_if import Goal, Way
from accounts.selectors import earlier
from accounts.what_if_form import written


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWay:
    """A smallest change, and the address that tries it."""

    way: Way
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfPage:
    """``now`` is the account as it was last scored, under the policy of that score; ``then`` with the inputs moved.

    ``band_now`` and ``band_then`` are the bands to show for them: too little data calls none, lost data lifts none.
    """

    now: Evaluation
    then: Evaluation
    band_now: EffectiveBand
    band_then: EffectiveBand
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
            return f"The score is {self.now.score}, {self.band_now.band}."
        return f"The score would be {self.then.score} instead of {self.now.score}: {self.band_then.band}."

    @property
    def note(self) -> str:
        """Say why the score alone does not give the band, and what would have to be known; empty where it does."""
        told = [self.band_then.reason] if self.band_then.is_last_known else []
        if not self.then.is_covered:
            told.append(
                f"A band needs {self.then.policy.minimum_coverage} % of the weight; "
                f"{wording.percent(self.then.coverage)} is known: fill in {wording.listed(what_if.missing(self.then))}."
            )
        return " ".join(told)

    @property
    def has_ways(self) -> bool:
        """Whether the score alone gives the account's band, so that points are what a better one takes."""
        return self.band_now.band is not Band.UNKNOWN and not self.band_now.is_last_known


def scored(account: Account) -> Evaluation | None:
    """Return the account as it was last scored, by today's engine; None before the first score.

    The account comes with its latest score and that score's policy selected: no query.
    """
    shown = getattr(account, "health", None)
    if shown is None:
        return None
    latest = shown.latest
    return health.evaluate(HealthSignals.from_mapping(latest.inputs), latest.applied())


def page(account: Account, now: Evaluation, given: Mapping[str, Any]) -> WhatIfPage:
    """Return the page for the inputs as given, ``now`` being ``scored``. No query: what is tried is kept nowhere."""
    latest = account.health.latest
    known = earlier.known_band(
        scored_on=latest.scored_on,
        effective_band=latest.effective_band,
        inputs=latest.inputs,
        known=latest.known,
    )
    then = what_if.tried(now, given)
    goal = what_if.goal(now)
    return WhatIfPage(
        now=now,
        then=then,
        band_now=bands.effective_band(now, last_known=known, as_of=latest.scored_on),
        band_then=bands.effective_band(then, last_known=known, as_of=latest.scored_on),
        comparison=changes.compare(now, then),
        goal=goal,
        ways=tuple(ShownWay(way=way, url=f"?{address(way)}") for way in goal.ways),
    )


def address(way: Way) -> str:
    """Return the query that moves the inputs of a way and leaves the others as they are."""
    return urlencode({step.input: written(INPUT_BY_NAME[step.input], step.value) for step in way.steps})
