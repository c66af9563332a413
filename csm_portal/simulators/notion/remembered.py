"""What is worked out once and remembered for as long as nothing changes what it rests on: orders, pages as JSON."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

_MOST = 16
_MOST_STYLES = 4
_MOST_PAGES = 10_000


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


class Pages:
    """Keeps pages as JSON, 10,000 of each of the last four styles: some 30 MB each. Threads share it.

    A style is everything besides the page's own row that decides what is written: who asks, the schema, what is shared.
    """

    def __init__(self) -> None:
        self._styles: OrderedDict[Hashable, dict[int, tuple[int, bytes]]] = OrderedDict()
        self._lock = Lock()

    def get(self, style: Hashable, number: int, fingerprint: int, make: Callable[[], bytes]) -> bytes:
        """Return a page as JSON. ``fingerprint`` tells one state of its row from another."""
        with self._lock:
            known = self._styles.setdefault(style, {})
            self._styles.move_to_end(style)
            while len(self._styles) > _MOST_STYLES:
                self._styles.popitem(last=False)
        found = known.get(number)
        if found is not None and found[0] == fingerprint:
            return found[1]
        made = make()
        # Who walks through more than fits gains from what is kept, not from what is thrown out for the next.
        if number in known or len(known) < _MOST_PAGES:
            known[number] = (fingerprint, made)
        return made
