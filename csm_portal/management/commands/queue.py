"""``manage.py queue``: a django-q2 cluster, and somebody who looks after it.

A worker that is killed while it waits for work takes a lock with it, and its cluster never works again, although every
process of it lives (LIBRARIES 1.5). So the cluster is a child here: one that has tasks in hand and works on none is ended
with all its processes and started anew, and so is one that ended by itself. What it had taken is handed over again.
"""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.utils import timezone

from csm_portal.core import jobs
from csm_portal.env import BASE_DIR
from csm_portal.processes import Child, Stopped, stop_on_signals

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
RECOVER_SECONDS = 10.0
# Longer than the heartbeat of a job at work, so that a long job is never taken for none.
STALLED_SECONDS = jobs.HEARTBEAT_SECONDS + 8.0


class Command(BaseCommand):
    help = (
        "Run the queue (django-q2's qcluster) and look after it: a cluster that ends, or that has tasks in hand and works "
        "on none of them, is started anew. Start as many as wanted; SIGTERM or Ctrl-C ends one and its cluster."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop_on_signals()
        with tempfile.TemporaryDirectory(prefix="portal-queue-") as folder:
            pulse = Path(folder) / "pulse"
            cluster = Child(
                name="queue",
                command=(sys.executable, str(BASE_DIR / "manage.py"), "qcluster"),
                environment={**os.environ, "CSM_QUEUE_PULSE": str(pulse)},
                log=None,
                # Whoever ends this process waits a little longer than this one waits for its cluster.
                deadline_seconds=15.0,
            )
            cluster.start()
            try:
                with contextlib.suppress(Stopped):
                    _look_after(cluster, pulse)
            finally:
                cluster.ask_to_stop()
                cluster.stop()


def _look_after(cluster: Child, pulse: Path) -> None:
    stalled_since: float | None = None
    recovered_at = time.monotonic()
    while True:
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        try:
            if cluster.has_ended:
                log.error("queue_ended", code=cluster.process.returncode if cluster.process else None)
                _start_anew(cluster)
                stalled_since = None
                continue
            if _is_stalled(cluster, pulse):
                stalled_since = now if stalled_since is None else stalled_since
            else:
                stalled_since = None
            if stalled_since is not None and now - stalled_since > STALLED_SECONDS:
                log.error("queue_stalled", seconds=round(now - stalled_since))
                _start_anew(cluster)
                stalled_since = None
            if now - recovered_at > RECOVER_SECONDS:
                recovered_at = now
                jobs.recover(now=timezone.now())
        except DatabaseError as error:
            # The database may be away for a while; the cluster waits for it as well.
            log.warning("queue_not_looked_after", error=type(error).__name__)
            connection.close()


def _is_stalled(cluster: Child, pulse: Path) -> bool:
    """Tell whether tasks wait in the cluster while none of its workers has shown life for longer than a heartbeat."""
    if cluster.process is None or jobs.taken(cluster.process.pid) == 0:
        return False
    try:
        quiet = time.time() - pulse.stat().st_mtime
    except FileNotFoundError:
        return True
    return quiet > jobs.HEARTBEAT_SECONDS + LOOK_SECONDS


def _start_anew(cluster: Child) -> None:
    cluster.ask_to_stop()
    # A cluster whose workers wait for a lost lock does not end by itself.
    cluster.deadline_seconds, before = 3.0, cluster.deadline_seconds
    cluster.stop()
    cluster.deadline_seconds = before
    jobs.recover(now=timezone.now())
    jobs.hand_over_again(now=timezone.now())
    cluster.start()
