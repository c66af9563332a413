"""Post webhooks to an address of this machine, from a thread, with retries; never anywhere else."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from csm_portal.simulators.notion.body import Node

if TYPE_CHECKING:
    from csm_portal.simulators.notion.webhooks import Delivery, Subscription

HERE = ("127.0.0.1", "localhost")
_TIMEOUT_SECONDS = 5.0
# Long enough for the events of one burst to meet and be shuffled.
_SHUFFLING_SECONDS = 0.2


def address_of(node: Node) -> str:
    """Return an address that webhooks may go to: http on this machine. Raises for any other."""
    text = node.text()
    try:
        parts = urlsplit(text)
        is_here = parts.scheme == "http" and parts.hostname in HERE and (parts.port or 80) > 0
    except ValueError:
        is_here = False
    if not is_here:
        raise node.should("an http address of 127.0.0.1 or localhost")
    return text


@dataclass(slots=True, kw_only=True)
class _Letter:
    subscription: "Subscription"
    make: "Callable[[int], Delivery]"
    due: float
    attempt: int = 1


@dataclass(slots=True, kw_only=True)
class Sender:
    """One thread, started with the first letter. ``shuffle`` mixes what is due where order is not kept."""

    shuffle: Callable[[list[Any]], None]
    _letters: list[_Letter] = field(default_factory=list)
    _under_way: int = 0
    _thread: threading.Thread | None = None
    _is_closed: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def pending(self) -> int:
        with self._changed:
            return len(self._letters) + self._under_way

    def send(self, subscription: "Subscription", make: "Callable[[int], Delivery]") -> None:
        wait = _SHUFFLING_SECONDS if subscription.terms.is_reordered else 0.0
        with self._changed:
            if self._is_closed:
                return
            self._letters.append(_Letter(subscription=subscription, make=make, due=time.monotonic() + wait))
            # A thread does not follow into a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="notion-webhooks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def forget(self) -> None:
        with self._changed:
            self._letters.clear()
            self._changed.notify_all()

    def wait(self, *, seconds: float) -> bool:
        """Wait until nothing is left to send; tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._letters and not self._under_way, timeout=seconds)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._letters.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._due()
                while not due:
                    if self._is_closed:
                        return
                    self._changed.wait(timeout=self._next_in())
                    due = self._due()
                self._under_way = len(due)
            for letter in due:
                self._deliver(letter)
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()

    def _due(self) -> list[_Letter]:
        now = time.monotonic()
        due = [letter for letter in self._letters if letter.due <= now]
        self._letters = [letter for letter in self._letters if letter.due > now]
        if any(letter.subscription.terms.is_reordered for letter in due):
            self.shuffle(due)
        return due

    def _next_in(self) -> float | None:
        if not self._letters:
            return None
        return max(0.0, min(letter.due for letter in self._letters) - time.monotonic())

    def _deliver(self, letter: _Letter) -> None:
        subscription, terms = letter.subscription, letter.subscription.terms
        if _is_taken(subscription.url or "", letter.make(letter.attempt)):
            subscription.counts["delivered"] += 1
            return
        subscription.counts["failed"] += 1
        if letter.attempt >= terms.attempts:
            subscription.counts["given_up"] += 1
            return
        letter.due = time.monotonic() + terms.first_wait_seconds * 2 ** (letter.attempt - 1)
        letter.attempt += 1
        with self._changed:
            if not self._is_closed:
                self._letters.append(letter)


def _is_taken(url: str, delivery: "Delivery") -> bool:
    """Post one delivery; tell whether the answer was one of the 200s. Redirects are not followed."""
    parts = urlsplit(url)
    # The address was checked when it was given; the number is what is called, whatever localhost means here.
    connection = http.client.HTTPConnection(HERE[0], parts.port or 80, timeout=_TIMEOUT_SECONDS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(
            "POST", path, body=delivery.body, headers={**delivery.headers, "Host": parts.netloc}
        )
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
