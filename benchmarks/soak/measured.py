"""What a subject is asked for and what it answers."""

from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """``FULL`` is the size that CHECKS asks for, ``SAMPLE`` one that a test can afford: a second or two."""

    FULL = "full"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure of one check: what was counted, what it came to, what it had to come to.

    ``check`` is the stable number of the check (``CHECK 33``); ``note`` says in a sentence what the figure alone does
    not: how many times, of how many, and what went wrong where something did.
    """

    check: str
    what: str
    reached: str | int | float
    target: str | int | float
    is_reached: bool
    note: str = ""

    def to_mapping(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "check": self.check,
            "what": self.what,
            "reached": self.reached,
            "target": self.target,
            "is_reached": self.is_reached,
            "note": self.note,
        }
