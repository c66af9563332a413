"""The health score and what is read from it. Pure: no Django, clock, network or random (SPEC 3.1)."""

from accounts.scoring.health import CSMHealthScorer

__all__ = ["CSMHealthScorer"]
