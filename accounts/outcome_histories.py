"""What cannot have become of one account, whoever says so. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from accounts.outcome_files import CHURNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One outcome of an account: ``row`` is its row in the file, None for what is known already."""

    on: date
    kind: str
    row: int | None


def refused(told: Iterable[Told]) -> list[tuple[Told, Told]]:
    """Return the rows of a file that contradict another outcome of their account, each with that other one.

    An account that left leaves again only after a renewal brought it back. Of two rows of the file that contradict
    each other the earlier day counts.
    """
    wrong: list[tuple[Told, Told]] = []
    left: Told | None = None
    for one in sorted(told, key=lambda one: one.on):
        if one.kind != CHURNED:
            left = None
        elif left is None:
            left = one
        elif one.row is not None:
            wrong.append((one, left))
        else:
            if left.row is not None:
                wrong.append((left, one))
            left = one
    return wrong
