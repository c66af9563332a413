"""The request budget of a token (SPEC 2.4), kept within one process where no shared gate is given."""

import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf

from csm_portal.ports import gates

WINDOW_SECONDS = 60.0


class Pacer:
    """A gate for one process: at most ``budget`` requests in any 60 seconds."""

    def __init__(
        self,
        budget: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if budget < 1:
            raise ValueError("A request budget is at least one request a minute.")
        self._sent: deque[float] = deque(maxlen=budget)
        self._held_until = float("-inf")
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def admit(self, *, patience: float = inf) -> float:
        """Block until one more request fits the budget; return the seconds that took.

        Raises PortError at once where it would take more than ``patience`` seconds.
        """
        waited = 0.0
        while (missing := self._claim()) > 0:
            if waited + missing > patience:
                raise gates.closed(missing)
            self._sleep(missing)
            waited += missing
        return waited

    def hold(self, seconds: float) -> None:
        """Let nobody pass for this long."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def close(self) -> None:
        """Hold nothing that could be given back."""

    def _claim(self) -> float:
        """Take a place in the window and return 0, or return the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            ready = self._held_until
            if len(self._sent) == self._sent.maxlen:
                ready = max(ready, self._sent[0] + WINDOW_SECONDS)
            if now < ready:
                return ready - now
            self._sent.append(now)
            return 0.0
