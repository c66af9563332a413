"""``manage.py queue``: a real cluster whose workers are killed while they wait for work goes on working."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from csm_portal.env import BASE_DIR
from tests.services import migrated

pytestmark = pytest.mark.one_database

# Asks for a job of a tenant without accounts: a process of its own, as the web is.
ASK = """
import sys, django
django.setup()
from django.utils import timezone
from csm_portal.core import jobs
from csm_portal.core.models import Job, Tenant
from csm_portal.core.scope import tenant_scope
tenant, _ = Tenant.objects.get_or_create(name="Northwind", slug="northwind")
with tenant_scope(tenant):
    jobs.enqueue("accounts.tasks.score_all", tenant=tenant, title="Score", now=timezone.now(), key=sys.argv[1])
    print(Job.objects.get(key=sys.argv[1]).state)
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty portal's database, made once: migrating takes longer than most of what is tested here."""
    return migrated.into(tmp_path_factory.mktemp("queue") / "empty.sqlite3")


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty, tmp_path / "queue.sqlite3"))


@pytest.fixture
def environment(database: Path) -> dict[str, str]:
    return _settings(database)


def _settings(database: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "csm_portal.settings",
        "DJANGO_SECRET_KEY": "queue-tests-only",
        "CSM_SECRET_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        "CSM_DEMO": "1",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": "",
    }


@pytest.fixture
def supervisor(environment: dict[str, str], tmp_path: Path) -> Iterator[Any]:
    with (tmp_path / "queue.log").open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "manage.py", "queue"],
            env=environment,
            cwd=BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    yield started
    started.terminate()
    started.wait(timeout=120)


def told(environment: dict[str, str], *words: str, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env=environment,
        cwd=BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()[-1]


def until_done(database: Path, key: str, *, seconds: float = 240) -> None:
    """Wait until the job of this key is done, looking at the file beside the processes that work on it."""
    end = time.monotonic() + seconds
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        state = ""
        while state != "done":
            assert time.monotonic() < end, f"After {seconds:.0f} s the job {key} is {state or 'not there'}."
            time.sleep(0.2)
            found = connection.execute("SELECT state FROM core_job WHERE key = ?", (key,)).fetchall()
            state = found[0][0] if found else ""


def descendants(pid: int) -> list[int]:
    """The processes below one, the nearest first; Linux tells them."""
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Only Linux tells a process's children.")
def test_killing_every_worker_does_not_stop_the_queue(
    supervisor: Any, environment: dict[str, str], database: Path
) -> None:
    told(environment, "first", script=ASK)
    until_done(database, "first")
    # Below the supervisor stand the cluster, its guard, and below that all who work and wait.
    _cluster, _guard, *workers = descendants(supervisor.pid)
    assert len(workers) >= 4

    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    time.sleep(2)
    told(environment, "second", script=ASK)

    until_done(database, "second")
    assert supervisor.poll() is None


# CHECK 29: asks for a task that kills its worker among others, and for the tick that puts back what a dead worker left,
# each time for a minute and a half later, so that nobody has to wait for it. One process, which prints how all ended.
POISON = """
import sys, time, django
django.setup()
from datetime import timedelta
from django.utils import timezone
from csm_portal.core import jobs
from csm_portal.core.models import Job, Tenant
from csm_portal.core.scope import tenant_scope
tenant = Tenant.objects.create(name="Northwind", slug="northwind")
others, end = int(sys.argv[1]), time.monotonic() + 300
with tenant_scope(tenant):
    for number, name in enumerate(["takes_its_worker_down", *["count_audit_rows"] * others]):
        jobs.enqueue(f"tests.core.job_functions.{name}", tenant=tenant, title=name, now=timezone.now(), key=str(number))
    poison = Job.objects.get(title="takes_its_worker_down")
    while time.monotonic() < end:
        time.sleep(0.5)
        jobs.recover(now=timezone.now() + timedelta(seconds=90))
        poison.refresh_from_db()
        done = Job.objects.filter(title="count_audit_rows", state="done").count()
        if poison.is_over and done == others:
            break
    print(f"{poison.state},{poison.attempts},{done}")
"""
# CSM_POISON_OTHERS=100 is the full size.
OTHERS = int(os.environ.get("CSM_POISON_OTHERS", "12"))


def test_a_task_that_kills_its_worker_is_set_aside_after_three_runs_and_the_others_are_done(
    supervisor: Any, environment: dict[str, str]
) -> None:
    assert told(environment, str(OTHERS), script=POISON) == f"quarantined,3,{OTHERS}"
    assert supervisor.poll() is None
