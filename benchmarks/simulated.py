"""The Notion simulator in a process of its own, as far away as the real one: it shares no lock with who is measured."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.soak import ground
from csm_portal.simulators.notion import server
from csm_portal.simulators.notion.app import create_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A simulator that serves; its own addresses steer it and tell what came."""

    address: str

    def arrivals(self, *, seconds: float = 60.0) -> dict[str, Any]:
        """Return every request that came, with the fullest window of so many seconds."""
        return self._ask("GET", f"arrivals?seconds={seconds}")

    def state(self) -> dict[str, Any]:
        return self._ask("GET", "state")

    def forget(self) -> None:
        """Empty the log of arrivals."""
        self._ask("DELETE", "arrivals")

    def tell(self, name: str, body: Mapping[str, Any]) -> None:
        """Set something: ``tell("latency", {"milliseconds": 250})``."""
        self._ask("POST", name, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (this machine)
            f"{self.address}/_sim/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)
        return told


@contextmanager
def serving(path: Path) -> Iterator[Service]:
    """Serve the workspace of a file, which nobody else has open, until the block ends."""
    here, there = Pipe()
    process = ground.start(_serve, path, there)
    try:
        yield Service(address=here.recv())
    finally:
        here.send(None)
        process.join()


def _serve(path: Path, parent: Connection) -> None:
    app = create_app(path)
    with server.serving(app) as address:
        parent.send(address)
        parent.recv()
    app.close()
