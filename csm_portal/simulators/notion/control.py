"""The simulator's own addresses, outside /v1: faults, budgets, latency, webhooks, and a look at what happened."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol, TypeAlias, runtime_checkable

from csm_portal.simulators.notion import (
    arrivals,
    block_limit,
    budget,
    collisions,
    errors,
    faults,
    latency,
    sending,
    sessions,
    shortness,
    subscribing,
    webhooks,
)
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.store import Store

_TABLES = ("workspaces", "users", "databases", "data_sources", "pages", "blocks")
_MINUTE = 60.0

_Handler: TypeAlias = Callable[[Node, Mapping[str, list[str]]], dict[str, Any]]


class _Switch(Protocol):
    """Something that a request of its own sets, and whose state is told."""

    def set(self, node: Node) -> None: ...

    def state(self) -> dict[str, Any]: ...


@runtime_checkable
class _Liftable(_Switch, Protocol):
    def lift(self) -> None: ...


class Control:
    """What tests and demos steer the simulator with.

    Faults outlive a restart, as they are kept in the file; everything else here does not.
    """

    def __init__(self, store: Store, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.budget = budget.Budget()
        self.arrivals = arrivals.Arrivals()
        self.latency = latency.Latency(clock=time.monotonic, sleep=sleep)
        self.sessions = sessions.Sessions()
        self.short_pages = shortness.ShortPages()
        self.collisions = collisions.Collisions()
        self.block_limit = block_limit.BlockLimit()
        self.webhooks = webhooks.Webhooks(mint=store.mint)
        self._store = store
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._handlers: dict[tuple[str, str], _Handler] = {
            ("POST", "/_sim/faults"): self._lay_fault,
            ("DELETE", "/_sim/faults"): self._lift_faults,
            ("GET", "/_sim/arrivals"): self._list_arrivals,
            ("DELETE", "/_sim/arrivals"): self._clear_arrivals,
            ("GET", "/_sim/webhooks"): self._show_webhooks,
            ("POST", "/_sim/webhooks"): self._subscribe,
            ("DELETE", "/_sim/webhooks"): self._unsubscribe,
            ("POST", "/_sim/webhooks/verify"): self._verify,
            ("POST", "/_sim/webhooks/take"): self._take,
            ("GET", "/_sim/state"): self._show_state,
        }
        for name, switch in self._switches().items():
            self._handlers["POST", f"/_sim/{name}"] = _setter(switch)
            if isinstance(switch, _Liftable):
                self._handlers["DELETE", f"/_sim/{name}"] = _lifter(switch)

    def _switches(self) -> dict[str, "_Switch"]:
        return {
            "budget": self.budget,
            "latency": self.latency,
            "cursors": self.sessions,
            "short-pages": self.short_pages,
            "collisions": self.collisions,
            "block-limit": self.block_limit,
        }

    @property
    def addresses(self) -> frozenset[tuple[str, str]]:
        """The method and path of every address that is answered here."""
        return frozenset(self._handlers)

    def count(self, endpoint: str) -> None:
        with self._lock:
            self._counts[endpoint] += 1

    def answer(
        self, method: str, path: str, sent: Any, parameters: Mapping[str, list[str]] | None = None
    ) -> dict[str, Any]:
        handler = self._handlers.get((method, path))
        if handler is None:
            raise errors.invalid_url()
        return handler(Node({} if sent is None else sent, "body"), parameters or {})

    def fault_for(self, method: str, path: str, *, writes: bool) -> faults.Fault | None:
        """Return the fault that meets a request, counted down; most requests cost one small read."""
        with self._store.reading() as db:
            if not faults.is_any_waiting(db):
                return None
        with self._store.writing() as db:
            return faults.take(db, method, path, writes=writes)

    def close(self) -> None:
        self.webhooks.close()

    def _lay_fault(self, body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        with self._store.writing() as db:
            return {"fault": faults.lay(db, body)}

    def _lift_faults(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        with self._store.writing() as db:
            faults.lift(db)
        return {"faults": []}

    def _list_arrivals(self, _body: Node, parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        """Answer the log from ``?after=<number>`` on, with the fullest window of ``?seconds=`` (60) in it."""
        kept = self.arrivals.kept(after=int(_parameter(parameters, "after", default=0)))
        seconds = _parameter(parameters, "seconds", default=_MINUTE)
        return {
            "arrivals": [arrival.as_json() for arrival in kept],
            "busiest": {"seconds": seconds, "requests": arrivals.busiest(kept, seconds=seconds)},
            "early": sum(arrival.early_seconds is not None for arrival in kept),
        }

    def _clear_arrivals(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        self.arrivals.clear()
        return {"arrivals": []}

    def _show_webhooks(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        return self.webhooks.state()

    def _subscribe(self, body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        url = sending.address_of(body["url"]) if body["url"] and not body["url"].is_null else None
        with self._store.reading() as db:
            made = subscribing.subscribe(self.webhooks, body, db=db, url=url)
        return {"subscription": made.as_json()}

    def _unsubscribe(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        self.webhooks.clear()
        return self.webhooks.state()

    def _verify(self, body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        return {"subscription": self.webhooks.verify(body["verification_token"].text()).as_json()}

    def _take(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        """Answer what is owed. ``body`` is text: a signature speaks of bytes, and JSON would be written anew."""
        taken = self.webhooks.take()
        return {
            "deliveries": [
                {"body": delivery.body.decode(), "headers": dict(delivery.headers)} for delivery in taken
            ]
        }

    def _show_state(self, _body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        with self._store.reading() as db:
            rows = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES}  # noqa: S608
            waiting = faults.waiting(db)
        with self._lock:
            counts = dict(self._counts)
        return {
            "file": self._store.path,
            **rows,
            "faults": waiting,
            **{name: switch.state() for name, switch in self._switches().items()},
            "requests": counts,
        }


def _setter(switch: _Switch) -> _Handler:
    def handle(body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        switch.set(body)
        return switch.state()

    return handle


def _lifter(switch: _Liftable) -> _Handler:
    def handle(_body: Node, _parameters: Mapping[str, list[str]]) -> dict[str, Any]:
        switch.lift()
        return switch.state()

    return handle


def _parameter(parameters: Mapping[str, list[str]], name: str, *, default: float) -> float:
    text = parameters.get(name, [str(default)])[-1]
    try:
        return float(text)
    except ValueError:
        raise errors.should(f"query.{name}", "a number", text) from None
