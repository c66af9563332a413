"""The reviews that wait for one person, as a deputy too: the top of the list of reviews, at the cost of those few."""

from datetime import date
from typing import Final

from csm_portal.core.models import Membership
from qbr.selectors import listing
from qbr.selectors.listing import ListRow

SHOWN: Final = 5


def rows(membership: Membership, *, today: date, size: int = SHOWN) -> tuple[tuple[ListRow, ...], int]:
    """Return the reviews that wait for a member on a local day, those for their decision first, and how many. Two queries."""
    found = listing.waiting(membership, today=today)
    return found[:size], len(found)


def lines(membership: Membership, *, today: date) -> tuple[str, ...]:
    """Return a sentence for each review that waits for a member on a local day. Two queries."""
    return tuple(
        f"{row.account}, {row.quarter}: {row.next_is.removeprefix('You, to ')}"
        for row in listing.waiting(membership, today=today)
    )
