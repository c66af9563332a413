"""Job functions that the tests of the queue run: each does one thing that real work may do."""

import os
import signal
from typing import Any

from csm_portal.core.jobs import Partial, Running
from csm_portal.core.models import AuditEvent
from csm_portal.ports.errors import PortError, Trouble


def count_audit_rows(job: Running) -> dict[str, Any]:
    job.progress(1, 2, "Half of it")
    return {"rows": AuditEvent.objects.count(), "given": job.params.get("given")}


def half_done(job: Running) -> None:
    raise Partial("Two of five accounts could not be read.", result={"read": 3})


def outside_is_down(job: Running) -> None:
    raise PortError("Notion does not answer. Try again later.", trouble=Trouble.UNAVAILABLE, permanent=False)


def broken(job: Running) -> None:
    raise ValueError("a customer's secret plan")


def takes_its_worker_down(job: Running) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
