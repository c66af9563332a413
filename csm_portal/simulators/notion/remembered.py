"""The orders of sorted queries, remembered for as long as nothing changes what they rest on."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

_MOST = 16


class Orders:
    """Keeps the sixteen orders used last. Threads share it."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, list[int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], list[int]]) -> list[int]:
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        made = make()
        with self._lock:
            self._known[key] = made
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return made
