"""Cursors belong to a session, and a session ends: after so many pages, or when a test says so.

Real cursors end after a time that nobody is told. Whoever meets that begins the same question again from its start.
"""

from collections import Counter
from threading import Lock
from typing import Any

from csm_portal.simulators.notion.body import Node

_MOST = 1_000_000


class Sessions:
    """Names the questions that cursors belong to, so that an ended session makes its cursors strangers.

    Threads share it; a restart forgets it, and cursors of the time before go on.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._after_uses: int | None = None
        self._times_left = 0
        self._expired = 0
        self._common = 0
        self._own: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()

    def set(self, node: Node) -> None:
        """End sessions as a request asks for.

        ``expire: true`` ends every session at once. ``after_uses: n`` ends one when a cursor of it is used for the
        ``n+1``st time since the question was first asked; so ``times`` (1) sessions end, the others go on.
        """
        node.object({"expire", "after_uses", "times"})
        if node["expire"]:
            is_now = node["expire"].boolean()
        else:
            is_now = False
            uses = node["after_uses"]
            if not 0 <= uses.number() <= _MOST:
                raise uses.should(f"from `0` to `{_MOST}`")
        times = int(node["times"].number()) if node["times"] else 1
        with self._lock:
            if is_now:
                self._common += 1
                self._expired += 1
            if node["after_uses"]:
                self._after_uses, self._times_left = int(node["after_uses"].number()), times
                self._uses.clear()

    def lift(self) -> None:
        """Let sessions last for good again; those that have ended stay so."""
        with self._lock:
            self._after_uses, self._times_left = None, 0

    def asked(self, question: str, *, with_cursor: bool) -> str:
        """Return the name of a question's session; with a cursor this is a use of it, which may be one too many."""
        with self._lock:
            if not with_cursor:
                self._uses[question] = 0
            elif self._after_uses is not None and self._times_left:
                if self._uses[question] >= self._after_uses:
                    self._own[question] += 1
                    self._times_left -= 1
                    self._expired += 1
                self._uses[question] += 1
            ends = (self._common, self._own[question])
        # A question whose session never ended keeps its name, so that its cursors outlive a restart.
        return question if ends == (0, 0) else f"{ends}/{question}"

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {
                "after_uses": self._after_uses,
                "times_left": self._times_left,
                "expired": self._expired,
            }
