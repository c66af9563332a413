"""A demo as a person runs it: ``manage.py demo`` in a process of its own, watched from outside."""

import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.services import ports

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0


def free_ports() -> int:
    """Return a port that is free with the next one, which the simulator takes."""
    return ports.free(2)


class Demo:
    """One run. ``said`` has the lines of both outputs so far."""

    def __init__(self, folder: Path, *arguments: str, port: int) -> None:
        # A fresh machine has none of these, and the tests' own would hide that.
        mine = ("DJANGO_", "CSM_", "DATABASE_", "REDIS_", "NOTION_", "LLM_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        self.folder, self.port, self.said = folder, port, []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port), "--folder", str(folder), *arguments],
            cwd=ROOT, env=environment, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def until(self, words: str) -> None:
        """Wait until the demo says something."""
        end = time.monotonic() + PATIENCE
        while not any(words in line for line in self.said):
            line = self._lines.get(timeout=max(0.1, end - time.monotonic()))
            assert line is not None, f"The demo ended without “{words}”:\n{''.join(self.said)}"
            self.said.append(line)

    def until_tenants_exist(self) -> None:
        """Wait until a fill is at work, and no further."""
        end = time.monotonic() + PATIENCE
        while count(self.folder, "core_tenant") == 0:
            if (status := self.process.poll()) is not None:
                self.wait()
                raise AssertionError(f"The demo ended with {status} before it filled:\n{''.join(self.said)}")
            assert time.monotonic() < end, f"No fill began in {PATIENCE:.0f} s:\n{self._told()}"
            time.sleep(0.02)

    def until_processes(self, least: int) -> None:
        """Wait until so many processes work on the folder."""
        end = time.monotonic() + PATIENCE
        while len(found := processes_of(self.folder)) < least:
            assert self.process.poll() is None, (
                f"The demo ended with {self.process.returncode}:\n{self._told()}"
            )
            assert time.monotonic() < end, f"{len(found)} processes, no more:\n{self._told()}"
            time.sleep(0.1)

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal to the supervisor alone, wait for its end, and return its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(timeout=PATIENCE)
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
        return status

    def _told(self) -> str:
        """Return what was said so far, and what stands in the logs."""
        while not self._lines.empty():
            if (line := self._lines.get()) is not None:
                self.said.append(line)
        logs = [
            f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}"
            for log in sorted(self.folder.glob("*.log"))
        ]
        return "\n".join(["".join(self.said), *logs])

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(None)


@contextmanager
def running(folder: Path, *arguments: str, port: int) -> Iterator[Demo]:
    """Run a demo and leave none of its processes behind, however the test ends."""
    demo = Demo(folder, *arguments, port=port)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait(timeout=PATIENCE)
        for process in processes_of(folder):
            os.kill(process, signal.SIGKILL)


def processes_of(folder: Path) -> list[int]:
    """Return the processes that work on a demo's folder, by their environment or command."""
    needle, found = os.fsencode(folder), []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit() or int(place.name) == os.getpid():
            continue
        try:
            if needle in (place / "environ").read_bytes() or needle in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def gone(folder: Path, *, seconds: float = PATIENCE) -> bool:
    """Tell whether every process of the folder ends within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not processes_of(folder):
            return True
        time.sleep(0.1)
    return False


def count(folder: Path, table: str) -> int:
    """Return how many rows a table of the demo's database has, 0 where it is not there yet."""
    path = folder / "portal.sqlite3"
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
            rows: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            return rows
    except sqlite3.OperationalError:
        return 0


def a_csv(path: Path, rows: int) -> Path:
    """Write a portfolio of so many accounts."""
    lines = [
        "account_id,account_name,as_of,login_frequency,usage_trend,payment_current,seats_used,seats_purchased"
    ]
    lines += [
        f"C-{number},Customer {number} Łódź,2026-03-31,0.{number % 90 + 10},declining,True,{number % 40},50"
        for number in range(rows)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
