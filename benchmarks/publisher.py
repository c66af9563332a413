"""A tenant whose reviews are published over HTTP into a simulator that is a process of its own, on a clock of its own.

What the portal would wait for is not waited for: the clock of the working process is moved on instead.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, ClassVar

import httpx
import time_machine
from django.conf import settings
from django.db import connection
from django.test import override_settings

from benchmarks import approved
from benchmarks.soak import ground
from csm_portal import wiring
from csm_portal.core import jobs
from csm_portal.core.models import Job, JobState, NotionConnection, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import NotionCSMAdapter, client
from csm_portal.ports.workspace import WorkspaceConfig
from csm_portal.simulators.notion import seed, server
from csm_portal.simulators.notion.app import AnswerNeverComes, App, ConnectionDropped, create_app
from qbr import stamp, tasks
from qbr.document import Content
from qbr.models import QBR, Publication
from qbr.services import publishing
from qbr.workflow import State
from tests.conftest import make_member
from tests.factories import make_account

BEGIN = datetime(2026, 5, 14, 10, 0, tzinfo=UTC)
TICK = timedelta(minutes=1)


class _Ungated:
    """The budget is another check's subject."""

    def admit(self, *, patience: float = inf) -> float:
        return 0.0

    def close(self) -> None:
        """Hold nothing."""

    def hold(self, seconds: float) -> None:
        """Let everybody go on."""


class Clock:
    """The time of the working process, moved on where the portal would sleep."""

    traveller: ClassVar[Any] = None

    @classmethod
    def sleep(cls, seconds: float) -> None:
        if cls.traveller is None:
            time.sleep(min(seconds, 0.01))
        else:
            cls.traveller.shift(timedelta(seconds=seconds))


class Wire(httpx.WSGITransport):
    """The simulator in this process, whose connections can be dropped or left without an answer all the same."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except ConnectionDropped as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except AnswerNeverComes as error:
            raise httpx.ReadTimeout(str(error)) from error


_apps: dict[str, App] = {}


def connect(config: WorkspaceConfig) -> NotionCSMAdapter:
    """Return the real adapter, over a socket or, where the address is that of an application, without one."""
    app = _apps.get(config.base_url)
    notion = client.build(
        token=config.token,
        base_url=config.base_url,
        budget=config.budget,
        transport=Wire(app) if app else None,
        gate=_Ungated(),
        sleep=Clock.sleep,
    )
    return NotionCSMAdapter(notion, config.accounts_database_id, config.qbr_database_id)


@dataclass(slots=True, kw_only=True)
class Site:
    """The tenant, its people and its workspace. ``now`` is the time of the tick, which only goes on."""

    tenant: Tenant
    csm: User
    manager: User
    seeded: seed.Workspace
    path: Path
    simulator: "Simulator | None" = None
    app: App | None = None
    now: datetime = BEGIN
    number: int = 0

    def review(self, **words: Any) -> QBR:
        """Return a review of an account of its own, asked to be published."""
        self.number += 1
        name = f"Account {self.number:04d}"
        (page_id,) = self.api_add_account(name)
        account = make_account(name=name, owner=self.csm, notion_page_id=page_id)
        qbr = approved.review(account, csm=self.csm, manager=self.manager, **words)
        return self.asked(qbr)

    def corrected(self, qbr: QBR, **words: Any) -> QBR:
        """Return a published review with a second text, asked to be published."""
        qbr.refresh_from_db()
        said = approved.content(qbr.account.name, word="second", **words)
        return self.asked(approved.approve(qbr, said, csm=self.csm, manager=self.manager))

    def asked(self, qbr: QBR) -> QBR:
        publishing.ask(qbr, actor=self.csm, version=qbr.version, now=self.now)
        qbr.refresh_from_db()
        return qbr

    def api_add_account(self, name: str) -> list[str]:
        answer = self.api(
            "POST",
            "/v1/pages",
            {
                "parent": {"type": "data_source_id", "data_source_id": self.seeded.accounts_data_source_id},
                "properties": {"title": {"title": [{"type": "text", "text": {"content": name}}]}},
            },
        )
        return [answer["id"]]

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do anything that the API can do, with the integration's own token."""
        transport = Wire(self.app) if self.app else None
        with httpx.Client(transport=transport, base_url=settings.NOTION_BASE_URL, trust_env=False) as http:
            answer = http.request(
                method,
                path,
                json=body,
                headers={"Authorization": f"Bearer {self.seeded.token}", "Notion-Version": client.VERSION},
            )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def lay(self, **fault: Any) -> None:
        self.api("POST", "/_sim/faults", fault)

    def lift(self) -> None:
        self.api("DELETE", "/_sim/faults")

    def pages(self) -> dict[str, list[Mapping[str, Any]]]:
        """Return every page that is not in the trash by its key, a few requests in all."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        cursor: dict[str, Any] = {}
        while True:
            path = f"/v1/data_sources/{self.seeded.qbr_data_source_id}/query"
            answer = self.api("POST", path, {"page_size": 100, **cursor})
            for page in answer["results"]:
                key = "".join(item["plain_text"] for item in page["properties"]["QBR Key"]["rich_text"])
                found.setdefault(key, []).append(page)
            if not answer["has_more"]:
                return found
            cursor = {"start_cursor": answer["next_cursor"]}


@dataclass(slots=True)
class Verdict:
    """What became of publications: how many pages too many, lost, incomplete."""

    reviews: int = 0
    duplicates: int = 0
    lost: int = 0
    incomplete: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return bool(self.reviews) and not self.duplicates and not self.lost and not self.incomplete


def judged(site: Site, qbrs: list[QBR]) -> Verdict:
    """Hold every review against what stands in the workspace, word for word."""
    verdict, pages = Verdict(reviews=len(qbrs)), site.pages()
    with workspace() as notion:
        _judge(verdict, qbrs, pages, notion)
    return verdict


def _judge(
    verdict: Verdict, qbrs: list[QBR], pages: Mapping[str, list[Mapping[str, Any]]], notion: NotionCSMAdapter
) -> None:
    for qbr in qbrs:
        qbr.refresh_from_db()
        found = pages.get(qbr.key, [])
        verdict.duplicates += max(0, len(found) - 1)
        if qbr.state != State.PUBLISHED or not found:
            verdict.lost += 1
            continue
        published = Publication.objects.filter(qbr=qbr).order_by("-qbr_version")[0]
        said = Content.from_json(published.revision.content)
        lines = stamp.document(said, heading="", stamp=published.stamp).plain_lines()
        is_whole = list(notion.read_qbr_lines(found[0]["id"])) == lines
        if not is_whole or found[0]["properties"]["Status"]["select"]["name"] != "Ready":
            verdict.incomplete.append(str(qbr))


def workspace() -> NotionCSMAdapter:
    """Return the tenant's workspace as a task would get it."""
    built = wiring.workspace()
    assert isinstance(built, NotionCSMAdapter)
    return built


@contextmanager
def site(folder: Path, *, over_http: bool) -> Iterator[Site]:
    """Make a tenant with a workspace, and be in its scope, until the block ends."""
    path = folder / "publishing.sqlite3"
    app = create_app(path)
    seeded = seed.create_workspace(app.store, name="Publishing")
    tenant = Tenant.objects.create(name="Publishing", slug=f"publishing-{os.urandom(3).hex()}", time_zone="Europe/Berlin", currency="EUR")  # fmt: skip
    csm = make_member(tenant, "Alice", is_csm=True)
    manager = make_member(tenant, "Bob", is_manager=True)
    with tenant_scope(tenant):
        NotionConnection.objects.create(
            accounts_database_id=seeded.accounts_database_id, qbr_database_id=seeded.qbr_database_id
        )
    made = Site(tenant=tenant, csm=csm, manager=manager, seeded=seeded, path=path)
    if over_http:
        app.close()
        made.simulator = Simulator(path)
        address = made.simulator.address
    else:
        address, made.app = f"http://simulator-{os.urandom(3).hex()}.test", app
        _apps[address] = app
    ports = {**settings.PORTS, "workspace": "benchmarks.publisher.connect"}
    with (
        override_settings(
            CSM_RUN_JOBS_INLINE=False, NOTION_BASE_URL=address, NOTION_TOKEN=seeded.token, PORTS=ports
        ),
        tenant_scope(tenant),
    ):
        try:
            yield made
        finally:
            if made.simulator:
                made.simulator.stop()
            else:
                app.close()


class Simulator:
    """The simulator in a process that can be killed and started again on the same file and port."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: ForkProcess
        self._port = 0
        self.address = ""
        self.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def start(self) -> None:
        here, there = Pipe()
        self._process = ground.start(_serve, self._path, self._port, there)
        self.address = here.recv()
        self._port = int(self.address.rsplit(":", 1)[1])

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(path: Path, port: int, parent: Connection) -> None:
    app = create_app(path)
    with server.serving(app, port=port) as address:
        parent.send(address)
        while True:
            time.sleep(60)


# --- one job, run by a process that may die ---------------------------------------------------------------------------

Arm = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one worker did: whether it was killed, and when the job was taken up."""

    was_killed: bool
    taken_up_at: datetime


def work(job: Job, *, now: datetime, arm: Arm | None = None) -> Life:
    """Run a job in a process of its own, whose clock says ``now``; ``arm`` prepares its death in it."""
    process = ground.start(_worker, str(job.pk), now, arm)
    process.join()
    return Life(was_killed=process.exitcode == -signal.SIGKILL, taken_up_at=now)


def _worker(job_id: str, now: datetime, arm: Arm | None) -> None:
    with time_machine.travel(now, tick=True) as traveller:
        Clock.traveller = traveller
        # The task waits out short pauses itself: on this clock.
        tasks.time = Clock  # type: ignore[assignment]
        if arm is not None:
            arm()
        with suppress(Exception):
            # A database that is away is for the tick to see.
            jobs.run(job_id)
    os._exit(0)


def at_write(number: int, *, after: bool, act: Callable[[], None]) -> Arm:
    """Return what does something at the nth write into the portal's database of a process, before or after it."""

    def arm() -> None:
        seen = 0

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal seen
            if not sql.startswith(("INSERT", "UPDATE", "DELETE")):
                return execute(sql, params, many, context)
            seen += 1
            is_it = seen == number
            if is_it and not after:
                act()
            answer = execute(sql, params, many, context)
            if is_it and after:
                act()
            return answer

        connection.execute_wrappers.append(count)

    return arm


def die() -> None:
    """End this process for good."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one publication went. ``recoveries`` are the seconds from each death until another worker took it up."""

    deaths: int
    recoveries: tuple[float, ...]
    is_done: bool


def settle(
    site: Site, qbr: QBR, *, arms: list[Arm | None], mend: Callable[[], None] = lambda: None
) -> Course:
    """Run a publication, each worker armed with the next of ``arms``, until it is over or an hour of ticks has passed."""
    job = qbr.publish_job
    assert job is not None
    deaths, recoveries, waits = 0, [], list(arms)
    died_at: datetime | None = None
    for _ in range(60):
        job.refresh_from_db()
        if job.is_over:
            break
        if job.state == JobState.QUEUED and job.due_at is None:
            if died_at is not None:
                recoveries.append((site.now - died_at).total_seconds())
                died_at = None
            life = work(job, now=site.now, arm=waits.pop(0) if waits else None)
            mend()
            if site.simulator and not site.simulator.is_alive:
                site.simulator.start()
            site.lift()
            job.refresh_from_db()
            if life.was_killed or job.state == JobState.RUNNING:
                deaths += 1
                died_at = job.heartbeat_at
            if job.is_over:
                site.now = max(site.now, job.finished_at or site.now)
                break
        site.now += TICK
        jobs.recover(now=site.now)
    job.refresh_from_db()
    return Course(deaths=deaths, recoveries=tuple(recoveries), is_done=job.state == JobState.DONE)
