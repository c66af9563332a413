"""Threads that read ahead for one consumer, so that the network waits while rows are stored."""

import contextvars
import gc
import queue
import sys
import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

T = TypeVar("T")

# A thread that sleeps out a long Retry-After ends when it wakes; nobody waits for that.
JOIN_SECONDS = 5.0
_LOOK_AGAIN = 0.1
# How long a thread that computes keeps the others waiting. Python's 5 ms, at each step of a request, cost a reader more
# than the request itself while rows are stored.
_TURN = 0.0005
# How many more objects may stand before Python looks for cycles among them. A page of 100 rows is twenty thousand and not
# one cycle; Python's 700 would have it look thirty times a page, a third of what a scan costs where nothing is new.
_UNLOOKED = 50_000


class Dismissed(Exception):
    """The consumer wants no more: raised in the threads, never outside them."""


class Crew(Generic[T]):
    """Runs ``work`` in up to ``most`` threads and gives the consumer what they hand over.

    ``work`` is called with the crew: it hands things over with ``hand`` and may ask for one more thread with
    ``call_in``. At most ``depth`` things wait for the consumer. The first exception of a thread is raised to the
    consumer, and the others are dismissed. Each thread runs in a copy of the consumer's context.
    """

    def __init__(self, work: Callable[["Crew[T]"], None], *, most: int, depth: int) -> None:
        self._work = work
        self._most = most
        self._waiting: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=depth)
        self._threads: list[threading.Thread] = []
        self._at_work = 0
        self._lock = threading.Lock()
        self._is_dismissed = threading.Event()
        self._context = contextvars.copy_context()

    def __iter__(self) -> Generator[T, None, None]:
        """Start the first thread and yield until all of them are done."""
        interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
        sys.setswitchinterval(_TURN)
        gc.set_threshold(max(_UNLOOKED, thresholds[0]) if thresholds[0] else 0, *thresholds[1:])
        self.call_in()
        try:
            while (thing := self._waiting.get()) is not None:
                if isinstance(thing, BaseException):
                    raise thing
                yield thing
        finally:
            sys.setswitchinterval(interval)
            gc.set_threshold(*thresholds)
            self._dismiss()

    def call_in(self) -> bool:
        """Start one more thread, unless there are enough; tell whether there is one more."""
        with self._lock:
            if self._at_work >= self._most or self._is_dismissed.is_set():
                return False
            self._at_work += 1
            context = self._context.copy()
            thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
            self._threads.append(thread)
        thread.start()
        return True

    def hand(self, thing: T) -> None:
        """Give the consumer something; wait while it has enough. Raises Dismissed where it wants no more."""
        self._put(thing)

    def _run(self) -> None:
        try:
            self._work(self)
        except Dismissed:
            pass
        except BaseException as error:
            self._leave(error)
        else:
            self._leave(None)

    def _leave(self, error: BaseException | None) -> None:
        with self._lock:
            self._at_work -= 1
            is_last = self._at_work == 0
        try:
            if error is not None:
                self._put(error)
            elif is_last:
                self._put(None)
        except Dismissed:
            return

    def _put(self, thing: "T | BaseException | None") -> None:
        while not self._is_dismissed.is_set():
            try:
                self._waiting.put(thing, timeout=_LOOK_AGAIN)
            except queue.Full:
                continue
            return
        raise Dismissed

    def _dismiss(self) -> None:
        self._is_dismissed.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(JOIN_SECONDS)
