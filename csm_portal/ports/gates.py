"""Whom the callers of one outside service ask before each call, so that together they keep its request budget."""

from math import ceil, inf
from typing import Protocol

from csm_portal.ports.errors import PortError, Trouble


class Gate(Protocol):
    """Decides when the next request of a token may leave. Threads share it."""

    def admit(self, *, patience: float = inf) -> float:
        """Block until one more request fits the budget; return the seconds that took.

        Raises PortError (rate limited, with the wait in ``retry_after``) at once where it would take more than
        ``patience`` seconds.
        """

    def hold(self, seconds: float) -> None:
        """Let nobody pass for this long: the service asked for it. Never shortens an earlier hold."""

    def close(self) -> None:
        """Give back what the gate holds. It may be used again afterwards."""


def closed(seconds: float) -> PortError:
    """Return the error for a caller that cannot wait as long as it would have to."""
    minutes = ceil(seconds / 60)
    return PortError(
        f"The portal may ask Notion again only in about {minutes} minute{'' if minutes == 1 else 's'}: Notion asked for "
        "that, or the requests that it allows are used up. The portal tries again later; nothing needs to be done.",
        trouble=Trouble.RATE_LIMITED,
        permanent=False,
        retry_after=seconds,
    )
