"""Publishing that survives any death, and any answer that leaves open what was done (SPEC 2.6, CHECK 27 and 28).

CHECK 27: a worker is killed at each of the points below, by the simulator at the chosen request or by its own hand at
a write into the portal's database; at others the simulator dies, or PostgreSQL where that is the database. The minute
tick finds the job and another worker goes on, until the page is complete. CHECK 28: every call answers in every
ambiguous way. Long reviews, whose text takes several calls, are among both.
"""

import os
import random
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from benchmarks import publisher
from benchmarks.publisher import Arm, Course, Site
from benchmarks.soak.measured import Measured, Size
from csm_portal.core.models import Job, JobState
from qbr.models import QBR
from qbr.services import journal, publishing

LONG: Final = 130
SLOWEST_RECOVERY_SECONDS: Final = 120.0
ROUNDS: Final = {Size.FULL: 50, Size.SAMPLE: 1}
AMBIGUOUS: Final = {Size.FULL: 500, Size.SAMPLE: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point to die at. ``fault`` is laid in the simulator, ``victim`` says who dies there."""

    name: str
    fault: dict[str, Any] | None = None
    victim: str = "worker"
    is_long: bool = False
    is_anew: bool = False


CREATE = {"match": "POST /v1/pages"}
APPEND = {"method": "PATCH", "match": "/children"}
MARK = {"match": "PATCH /v1/pages"}
REMOVE = {"match": "DELETE /v1/blocks"}

POINTS: Final = (
    Point(name="page, before it is saved", fault={**CREATE, "when": "before_commit"}),
    Point(name="page, saved and not answered", fault={**CREATE, "when": "after_commit"}),
    Point(name="page, answered", fault={**CREATE, "when": "after_answer"}),
    Point(name="text, before it is saved", fault={**APPEND, "when": "before_commit"}, is_long=True),
    Point(name="text, saved and not answered", fault={**APPEND, "when": "after_commit"}, is_long=True),
    Point(name="text, answered", fault={**APPEND, "when": "after_answer"}, is_long=True),
    Point(name="a block taken away, not answered", fault={**REMOVE, "when": "after_commit"}, is_anew=True),
    Point(name="marked as draft, not answered", fault={**MARK, "when": "after_commit"}, is_anew=True),
    Point(name="ready, before it is saved", fault={**MARK, "when": "before_commit"}),
    Point(name="ready, saved and not answered", fault={**MARK, "when": "after_commit"}),
    Point(name="a read", fault={"writes": False, "method": "GET", "when": "after_answer"}),
    Point(name="before a write into the journal", victim="journal, before"),
    Point(name="after a write into the journal", victim="journal, after"),
    Point(name="anywhere while a text is replaced", victim="journal, after", is_anew=True),
    Point(name="the simulator, before it saves", fault={"writes": True, "when": "before_commit"}, victim="simulator"),
    Point(name="the simulator, once it saved", fault={"writes": True, "when": "after_commit"}, victim="simulator"),
)  # fmt: skip
DATABASE_POINTS: Final = (
    Point(name="PostgreSQL, before a write", victim="database, before"),
    Point(name="PostgreSQL, after a write", victim="database, after", is_long=True),
)


def run(size: Size) -> Iterator[Measured]:
    """Measure both checks."""
    chance = random.Random(27)
    with _folder() as folder, publisher.site(folder, over_http=True) as site:
        yield from _deaths(site, size, chance)
    with _folder() as folder, publisher.site(folder, over_http=False) as site:
        yield from _doubts(site, size, chance)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portal-publishing-") as name:
        yield Path(name)


def _deaths(site: Site, size: Size, chance: random.Random) -> Iterator[Measured]:
    # A sample of a second or two holds every other one: eight.
    points = POINTS if size is Size.FULL else POINTS[::2]
    # The server that dies has to be this run's alone: tests share theirs.
    database = _Database() if connection.vendor == "postgresql" and size is Size.FULL else None
    if database is not None:
        points += DATABASE_POINTS
    qbrs: list[QBR] = []
    courses: list[Course] = []
    for round_ in range(ROUNDS[size]):
        for point in points:
            qbr = _review(site, point, is_long=point.is_long or round_ % 10 == 9)
            arms: list[Arm | None] = [_arm(site, point, chance, database)]
            if round_ % 3 == 2 and point.victim == "worker":
                # The worker that takes over dies as well.
                arms.append(_arm(site, point, chance, database))
            courses.append(
                publisher.settle(site, qbr, arms=arms, mend=database.mend if database else _nothing)
            )
            qbrs.append(qbr)
    verdict = publisher.judged(site, qbrs)
    recoveries = [seconds for course in courses for seconds in course.recoveries]
    deaths = sum(course.deaths for course in courses)
    of = f"{len(points)} points × {ROUNDS[size]}, {deaths} deaths, {sum(map(_is_long, qbrs))} long reviews"
    yield Measured(
        check="CHECK 27",
        what="points at which somebody dies",
        reached=len(points),
        target="≥ 8",
        is_reached=len(points) >= 8,
        note=of,
    )
    yield Measured(
        check="CHECK 27",
        what="pages too many",
        reached=verdict.duplicates,
        target=0,
        is_reached=verdict.duplicates == 0,
        note=f"{verdict.reviews} reviews",
    )
    yield Measured(
        check="CHECK 27",
        what="reviews lost",
        reached=verdict.lost,
        target=0,
        is_reached=verdict.lost == 0 and all(course.is_done for course in courses),
    )
    yield Measured(
        check="CHECK 27",
        what="pages that do not say what was approved",
        reached=len(verdict.incomplete),
        target=0,
        is_reached=verdict.is_clean,
        note="; ".join(verdict.incomplete[:3]),
    )
    slowest = max(recoveries, default=0.0)
    yield Measured(
        check="CHECK 27",
        what="seconds until another worker took it up, the slowest",
        reached=round(slowest, 1),
        target=f"≤ {SLOWEST_RECOVERY_SECONDS:.0f}",
        is_reached=bool(recoveries) and slowest <= SLOWEST_RECOVERY_SECONDS,
        note=f"{len(recoveries)} recoveries by the tick",
    )  # fmt: skip


def _nothing() -> None:
    """Mend nothing."""


def _is_long(qbr: QBR) -> bool:
    return bool(qbr.publications.filter(block_ids__99__isnull=False).exists())


def _review(site: Site, point: Point, *, is_long: bool) -> QBR:
    if not point.is_anew:
        return site.review(points=LONG if is_long else 3)
    first = site.review()
    course = publisher.settle(site, first, arms=[])
    assert course.is_done
    return site.corrected(first, points=LONG if is_long else 4)


def _arm(site: Site, point: Point, chance: random.Random, database: "_Database | None") -> Arm:
    number = chance.randint(1, 14)
    match point.victim:
        case "journal, before" | "journal, after":
            return publisher.at_write(number, after=point.victim.endswith("after"), act=publisher.die)
        case "database, before" | "database, after":
            assert database is not None
            return publisher.at_write(number, after=point.victim.endswith("after"), act=database.kill)
        case "simulator":
            assert site.simulator is not None
            return partial(_lay, site, {**(point.fault or {}), "nth": chance.randint(1, 2)}, site.simulator)
        case _:
            is_many = point.fault is not None and (
                "DELETE" in str(point.fault) or point.fault.get("writes") is False
            )
            return partial(
                _lay, site, {**(point.fault or {}), "nth": chance.randint(1, 5) if is_many else 1}, None
            )


def _lay(site: Site, fault: dict[str, Any], simulator: publisher.Simulator | None) -> None:
    """Let the simulator kill whoever calls this, or itself, at the next request that fits."""
    site.lay(kill_pid=simulator.pid if simulator else os.getpid(), **fault)


class _Database:
    """The PostgreSQL server that everybody works on, to be killed and started again."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self._folder = cursor.fetchone()[0]
            # What the journal was told is written down has to be: a server that trades that away is none to try this on.
            cursor.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
            cursor.execute("SET synchronous_commit = on")
        words = shlex.split((Path(self._folder) / "postmaster.opts").read_text())
        self._control = str(Path(words[0]).with_name("pg_ctl"))
        self._options = shlex.join(words[1:])

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        self._run("-m", "immediate", "stop")

    def mend(self) -> None:
        """Start the server again where it is down."""
        if not (Path(self._folder) / "postmaster.pid").exists():
            connection.close()
            self._run("-o", self._options, "start")

    def _run(self, *words: str) -> None:
        command = [self._control, "-D", self._folder, "-w", "-l", f"{self._folder}/log", *words]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=False, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)  # noqa: S603


# --- CHECK 28 ---------------------------------------------------------------------------------------------------------

_PLAIN_503: Final = (
    '{"object": "error", "status": 503, "code": "service_unavailable", "message": "Try again later."}'
)
DOUBTS: Final[dict[str, dict[str, Any]]] = {
    "503 that names what it saved": {"status": 503, "after_commit": True},
    "503 that names nothing": {"status": 503, "raw": _PLAIN_503, "content_type": "application/json", "after_commit": True},
    "502 in HTML, saved": {"status": 502, "raw": "<html>Bad gateway</html>", "after_commit": True},
    "504 in HTML, saved": {"status": 504, "raw": "<html>Timeout</html>", "after_commit": True},
    "dropped, saved": {"drop": True, "after_commit": True},
    "no answer in 60 s, saved": {"hang": True, "after_commit": True},
    "502 in HTML, not saved": {"status": 502, "raw": "<html>Bad gateway</html>"},
    "dropped, not saved": {"drop": True},
    "no answer in 60 s, not saved": {"hang": True},
}  # fmt: skip
CALLS: Final[dict[str, tuple[dict[str, Any], bool, bool]]] = {
    "create": (CREATE, False, False),
    "append": (APPEND, True, False),
    "ready": (MARK, False, False),
    "draft": (MARK, False, True),
    "remove": (REMOVE, False, True),
}


def _doubts(site: Site, size: Size, chance: random.Random) -> Iterator[Measured]:
    qbrs: list[QBR] = []
    laid = met = 0
    cases = [(call, doubt) for doubt in DOUBTS for call in CALLS]
    for number in range(AMBIGUOUS[size]):
        # A stride that meets every pair, and in a sample every doubt.
        call, doubt = cases[number * (1 if size is Size.FULL else 6) % len(cases)]
        match, is_long, is_anew = CALLS[call]
        qbr = _asked(site, is_long=is_long, is_anew=is_anew)
        nth = chance.randint(1, 4) if call == "remove" else 1
        times = 1 + (number % 7 == 6)
        site.lay(writes=True, nth=nth, times=times, **match, **DOUBTS[doubt])
        laid += 1
        _publish(site, qbr)
        # What was saved the first time is not written a second time, so that a second answer may find no call.
        left = site.api("GET", "/_sim/state")["faults"]
        met += not left or left[0]["times_left"] < times
        site.lift()
        qbrs.append(qbr)
    verdict = publisher.judged(site, qbrs)
    of = f"{laid} ambiguous answers of {len(DOUBTS)} kinds at {len(CALLS)} calls"
    yield Measured(
        check="CHECK 28",
        what="ambiguous answers met",
        reached=met,
        target=laid,
        is_reached=met == laid,
        note=of,
    )
    yield Measured(
        check="CHECK 28",
        what="pages too many",
        reached=verdict.duplicates,
        target=0,
        is_reached=verdict.duplicates == 0,
    )
    yield Measured(
        check="CHECK 28", what="reviews lost", reached=verdict.lost, target=0, is_reached=verdict.lost == 0
    )
    yield Measured(check="CHECK 28", what="pages that do not say what was approved", reached=len(verdict.incomplete), target=0, is_reached=verdict.is_clean, note="; ".join(verdict.incomplete[:3]))  # fmt: skip


def _asked(site: Site, *, is_long: bool, is_anew: bool) -> QBR:
    qbr = site.review(points=LONG if is_long else 3)
    if is_anew:
        _publish(site, qbr)
        qbr = site.corrected(qbr, points=LONG if is_long else 4)
    return qbr


def _publish(site: Site, qbr: QBR) -> None:
    """Publish in this process, on a clock that is moved on where the publication puts itself off."""
    for _ in journal.PAUSES:
        try:
            with publisher.workspace() as notion:
                publishing.run(qbr.pk, workspace=notion, clock=lambda: site.now)
        except publishing.PutOff as put_off:
            site.now = put_off.at
        else:
            break
    Job.objects.filter(pk=qbr.publish_job_id).update(state=JobState.DONE, finished_at=timezone.now())
