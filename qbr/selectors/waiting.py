"""The reviews that wait for one person: the top of the list of reviews, at the cost of those few."""

from typing import Final

from csm_portal.core.models import Membership
from qbr.selectors import listing
from qbr.selectors.listing import ListRow

SHOWN: Final = 5


def rows(membership: Membership, *, size: int = SHOWN) -> tuple[tuple[ListRow, ...], int]:
    """Return the reviews that wait for a member, those for their decision first, and how many there are. One query."""
    found = listing.waiting(membership)
    return found[:size], len(found)


def lines(membership: Membership) -> tuple[str, ...]:
    """Return a sentence for each review that waits for a member. One query."""
    return tuple(
        f"{row.account}, {row.quarter}: {row.next_is.removeprefix('You, to ')}"
        for row in listing.waiting(membership)
    )
