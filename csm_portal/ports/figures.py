"""The two figures that the portal keeps on an account's page: its health score and its churn risk (SPEC 2.5a)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class Figure(StrEnum):
    SCORE = "score"
    RISK = "risk"


FiguresHeld: TypeAlias = Mapping[str, str | None]
"""What the figures of a page say, in words (``{"score": "42", "risk": "high"}``); an empty property is None.

A figure that the workspace has no property for, or none of a fitting type, has no key.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureProperties:
    """Where the figures go: figure -> what its property is called there.

    ``problems`` has a sentence for each figure that has no place, which says what to do about it. ``options`` are
    the names that the risk property knows already, by the same name in lower case.
    """

    names: Mapping[str, str]
    options: Mapping[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEdit:
    """What a page says of itself after it was written: its last edit, by whom, and its figures."""

    at: datetime
    by: str
    held: FiguresHeld
