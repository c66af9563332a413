"""What a subject is asked for and what it answers."""

from collections.abc import Sequence
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

    def line(self) -> str:
        """Return the figure as a row of the table, with the note in a line below."""
        row = (
            f"  {self.check:<9}{self.what:<66}{_written(self.reached):>14}  (wanted {_written(self.target)})"
        )
        missed = "" if self.is_reached else "  FALLS SHORT"
        return f"{row}{missed}" + (f"\n           {self.note}" if self.note else "")

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


def verdict(figures: Sequence[Measured]) -> tuple[bool, str]:
    """Return whether everything was reached, and the one line that says what was and what was not."""
    short = [figure for figure in figures if not figure.is_reached]
    said = f"{len(figures) - len(short)} of {len(figures)} figures reached"
    if not figures:
        return False, "Falls short: nothing was measured."
    if not short:
        return True, f"Reached: {said}."
    missed = "; ".join(
        f"{figure.check}, {figure.what}: {figure.reached}, wanted {figure.target}" for figure in short
    )
    return False, f"Falls short: {missed}. {said}."


def _written(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return value if isinstance(value, str) else f"{value:,}"
