"""CHECK 33: two processes, one token, and a service that counts. Full size takes about six minutes.

The simulator runs in a process of its own and writes down every arrival; what is measured is what it saw. First both
processes ask as fast as the gate lets them: no window may hold more than the budget, and little of it may be left
unused. Then the service asks to wait, now by 429, now by 529, now without saying for how long.
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import Pipe, Value
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import simulated
from benchmarks.simulated import Service
from benchmarks.soak import ground
from benchmarks.soak.measured import Measured, Size
from csm_portal.core import request_gate
from csm_portal.integrations.notion import client as notion
from csm_portal.ports.errors import PortError
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion.app import create_app

CHECK = "CHECK 33"
PROCESSES = 2
# The shortest wait that the retry layer takes where the service names none.
SHORTEST_BACK_OFF = timedelta(seconds=0.5)
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One size: the budget, how often it is filled, and what the service asks for.

    What left before the answer that asks to wait was read cannot be called back: two processes on a busy machine need
    ``under_way`` seconds to learn of it.
    """

    budget: int
    window: float
    margin: float
    requests: int
    threads: int
    waits: Sequence[int]
    pause: float
    under_way: float
    least_used: float


SETTINGS: Mapping[Size, Setting] = {
    Size.FULL: Setting(budget=180, window=request_gate.WINDOW_SECONDS, margin=request_gate.MARGIN_SECONDS, requests=450, threads=4, waits=(120, 1, 45, 2, 20, 7, 3), pause=1.0, under_way=0.4, least_used=0.9),
    # Nobody measures speed on a machine that runs tests: the margin is twice so short a window, and what is under way
    # may take longer than the back-off where no time is named, which the adapter's own tests look at.
    Size.SAMPLE: Setting(budget=20, window=0.5, margin=1.0, requests=50, threads=2, waits=(2,), pause=0.4, under_way=1.5, least_used=0.03),
}  # fmt: skip


def run(size: Size) -> Iterator[Measured]:
    """Measure the gate as two processes share it. Needs a database that both can open."""
    setting = SETTINGS[size]
    budget = {"requests": setting.budget, "seconds": setting.window}
    with tempfile.TemporaryDirectory(prefix="portal-gate-") as folder:
        path = Path(folder) / "workspace.sqlite3"
        app = create_app(path)
        token = seed.create_workspace(app.store).token
        app.close()
        with simulated.serving(path) as service:
            asking = _Asking(service=service, token=token, setting=setting)
            service.tell("budget", budget)
            yield from _saturate(asking)
            service.forget()
            time.sleep(setting.window)
            service.tell("budget", budget)
            yield from _ask_to_wait(asking)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Who is asked, as whom, and how much."""

    service: Service
    token: str
    setting: Setting


def _saturate(asking: _Asking) -> Iterator[Measured]:
    service, setting = asking.service, asking.setting
    with _workers(asking, requests=setting.requests) as troubles:
        pass
    arrivals = service.arrivals(seconds=setting.window)
    came = [arrival["monotonic"] for arrival in arrivals["arrivals"]]
    busiest = arrivals["busiest"]["requests"]
    refused = service.state()["budget"]["refused"]
    least = (len(came) - 1) // setting.budget * setting.window
    took = max(came) - min(came)
    yield Measured(
        check=CHECK,
        what="calls that two processes made, of those asked for",
        reached=len(came),
        target=setting.requests,
        is_reached=len(came) == setting.requests and not troubles,
        note=" ".join(troubles),
    )
    yield Measured(
        check=CHECK,
        what=f"most arrivals in any {setting.window:g} s",
        reached=busiest,
        target=f"≤ {setting.budget}",
        is_reached=busiest <= setting.budget,
        note=f"{refused} calls were refused for the budget.",
    )
    yield Measured(
        check=CHECK,
        what="share of the budget that was used",
        reached=round(least / took, 3),
        target=f"≥ {setting.least_used}",
        is_reached=least / took >= setting.least_used,
        note=f"{len(came)} calls took {took:.1f} s, {least:g} s at least.",
    )


def _ask_to_wait(asking: _Asking) -> Iterator[Measured]:
    service, setting = asking.service, asking.setting
    with _workers(asking, requests=None) as troubles:
        for number, wait in enumerate(setting.waits):
            time.sleep(setting.pause)
            service.tell("faults", {"status": 529 if number % 3 == 2 else 429, "retry_after": wait})
            _until_told(asking, number + 1)
            time.sleep(wait + setting.pause)
        for number in range(3):
            time.sleep(setting.pause)
            service.tell("faults", {"status": 429})
            _until_told(asking, len(setting.waits) + number + 1)
    found = service.arrivals(seconds=setting.window)
    arrivals = found["arrivals"]
    told = [arrival for arrival in arrivals if arrival["retry_after"] is not None]
    early = [arrival for arrival in arrivals if arrival["early_seconds"] is not None]
    too_early = [one for one in early if one["refused_ago_seconds"] > setting.under_way]
    named = [arrival["retry_after"] for arrival in told]
    yield Measured(
        check=CHECK,
        what="calls before a Retry-After was over",
        reached=len(too_early),
        target=0,
        is_reached=not too_early and len(told) >= len(setting.waits),
        note=f"{len(told)} times asked to wait, for {min(named, default=0)} to {max(named, default=0)} s; "
        f"{len(early) - len(too_early)} calls were on their way already.",
    )
    silent = [one for one in arrivals if one["status"] == 429 and one["retry_after"] is None]
    hasty = sum(_between(arrivals, one, timedelta(seconds=setting.under_way)) for one in silent)
    yield Measured(
        check=CHECK,
        what="calls within half a second of a 429 that names no time",
        reached=hasty,
        target=0,
        is_reached=hasty == 0 and len(silent) == 3,
        note=f"{len(silent)} such answers.",
    )
    yield Measured(
        check=CHECK,
        what=f"most arrivals in any {setting.window:g} s, with waits between",
        reached=found["busiest"]["requests"],
        target=f"≤ {setting.budget}",
        is_reached=found["busiest"]["requests"] <= setting.budget and not troubles,
        note=" ".join(troubles) or f"{len(arrivals):,} calls, and each got its answer in the end.",
    )


def _until_told(asking: _Asking, times: int) -> None:
    """Wait until so many calls were asked to wait, or told that the budget is used up."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        arrivals = asking.service.arrivals(seconds=asking.setting.window)["arrivals"]
        if sum(arrival["status"] in (429, 529) for arrival in arrivals) >= times:
            return
        time.sleep(0.05)


def _between(arrivals: Sequence[Mapping[str, Any]], refusal: Mapping[str, Any], under_way: timedelta) -> int:
    answered = datetime.fromisoformat(refusal["answered_at"])
    since, until = answered + under_way, answered + SHORTEST_BACK_OFF
    return sum(since < datetime.fromisoformat(arrival["at"]) < until for arrival in arrivals)


@contextmanager
def _workers(asking: _Asking, *, requests: int | None) -> Iterator[list[str]]:
    """Let the processes ask, ``requests`` times in all or until the block ends; fill in what went wrong."""
    left = Value("q", 2**62 if requests is None else requests)
    troubles: list[str] = []
    pipes = [Pipe() for _ in range(PROCESSES)]
    processes = [ground.start(_work, asking, left, there) for _, there in pipes]
    try:
        yield troubles
    finally:
        if requests is None:
            with left.get_lock():
                left.value = 0
        for (here, _), process in zip(pipes, processes, strict=True):
            troubles += here.recv()
            process.join()


def _work(asking: _Asking, left: Any, parent: Connection) -> None:
    setting = asking.setting
    gate = request_gate.DatabaseGate(
        request_gate.fingerprint(asking.token),
        budget=setting.budget,
        window=setting.window,
        margin=setting.margin,
    )
    client = notion.build(
        token=asking.token, base_url=asking.service.address, budget=setting.budget, gate=gate
    )
    troubles: list[str] = []

    def ask() -> None:
        while True:
            with left.get_lock():
                left.value -= 1
                if left.value < 0:
                    return
            try:
                client.read("users/me", what="the integration")
            except PortError as error:
                troubles.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(setting.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    parent.send(troubles)
