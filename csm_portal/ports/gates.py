"""Whom the callers of one outside service ask before each call, so that together they keep its request budget."""

from typing import Protocol


class Gate(Protocol):
    """Decides when the next request of a token may leave. Threads share it."""

    def admit(self, *, patience: float) -> float:
        """Block until one more request fits the budget; return the seconds that took.

        Raises PortError (rate limited, with the wait in ``retry_after``) at once where it would take more than
        ``patience`` seconds.
        """

    def hold(self, seconds: float) -> None:
        """Let nobody pass for this long: the service asked for it. Never shortens an earlier hold."""

    def close(self) -> None:
        """Give back what the gate holds. It may be used again afterwards."""
