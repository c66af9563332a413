"""CHECK 20: however many ask at once, a cap is passed by one call at the most."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from benchmarks.soak import ground
from csm_portal import wiring
from csm_portal.core import asking
from csm_portal.core.models import CallOutcome, ModelAllowance, ModelCall, ModelUsage, Tenant
from csm_portal.core.scope import tenant_scope
from tests.core.test_asking import GOOD, Advice, Said
from tests.factories import NOW

THREADS, EACH = 6, 8


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    with ground.own_database("caps", folder=tmp_path):
        yield


class Counting(Said):
    """Answers everybody, and counts."""

    def write(self, task: Any, *, timeout_seconds: float = 60.0) -> Any:
        self.asked.append(task)
        return Said([GOOD], told=self.told).write(task)


def in_parallel(tenant: Tenant, model: Counting) -> None:
    start = threading.Barrier(THREADS)
    question = asking.Question(purpose="advice", system="", prompt="Advise.", answer=Advice)
    writers = wiring.Writers(first=model, fallback=wiring.writers().fallback)

    def work() -> None:
        try:
            start.wait()
            with tenant_scope(tenant):
                for _ in range(EACH):
                    asking.ask(question, writers=writers, now=NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_cap_of_calls_is_kept_to_the_call() -> None:
    tenant = Tenant.objects.create(name="Brightloom", slug="brightloom")
    model = Counting([])
    with tenant_scope(tenant):
        ModelAllowance.objects.create(calls_per_day=20)

    in_parallel(tenant, model)

    with tenant_scope(tenant):
        assert len(model.asked) == 20
        assert ModelCall.objects.filter(outcome=CallOutcome.ANSWERED).count() == 20
        assert ModelCall.objects.filter(outcome=CallOutcome.OVER_CAP).count() == THREADS * EACH - 20
        assert set(ModelUsage.objects.values_list("calls", "tokens")) == {(20, 20 * 120)}


def test_a_cap_of_tokens_is_passed_by_one_call_at_the_most() -> None:
    tenant = Tenant.objects.create(name="Brightloom", slug="brightloom")
    model = Counting([], told=(100, 20, None))
    with tenant_scope(tenant):
        ModelAllowance.objects.create(tokens_per_day=1_000)

    in_parallel(tenant, model)

    with tenant_scope(tenant):
        used = ModelUsage.objects.get(period="day").tokens
        # Those on their way are counted with the most they can come to, so fewer may be let through, never more.
        assert 120 <= used < 1_000 + 120
        assert used == 120 * len(model.asked)
