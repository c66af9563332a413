"""The simulator behind a real socket on a thread of its own, as the demo's fill reaches it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csm_portal.simulators.notion import app, server
from csm_portal.simulators.notion.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A simulator that answers at ``address`` over a state file."""

    file: Path
    address: str

    def count(self, table: str) -> int:
        """Return how many rows a table of the state file has."""
        store = Store(self.file)
        try:
            with store.reading() as db:
                rows: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                return rows
        finally:
            store.close()


@contextmanager
def served(file: Path) -> Iterator[Served]:
    """Serve a state file while the block lasts."""
    simulated = app.create_app(file)
    listener = server.listen(simulated, port=0)
    simulated.public_url = address = f"http://{server.HOST}:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Served(file=file, address=address)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
        simulated.close()
