"""CHECK 20: a thousand questions to a model at once, and caps that are passed by one call at the most."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone
from pydantic import BaseModel

from benchmarks.soak.measured import Measured, Size
from csm_portal import wiring
from csm_portal.core import asking
from csm_portal.core.models import ModelAllowance, ModelUsage, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.writer import Price, Writing

CHECK = "CHECK 20"
READ, WRITTEN = 900, 100
THREADS = 20
EACH = {Size.FULL: 50, Size.SAMPLE: 3}


class _Answer(BaseModel):
    text: str


@dataclass(slots=True)
class _Model:
    """Answers everybody at once, a thousand tokens a call at a cent."""

    name: str = "a-model"
    calls: list[int] = field(default_factory=list)

    def price(self) -> Price:
        return Price(prompt=0.00001, completion=0.00001)

    def write(self, task: Any, *, timeout_seconds: float = 60.0) -> Writing:
        self.calls.append(1)
        return Writing(
            text='{"text": "Yes."}', author=self.name, is_template=False, prompt_tokens=READ, completion_tokens=WRITTEN,
            cost_usd=0.01,
        )  # fmt: skip


def run(size: Size) -> Iterator[Measured]:
    """Ask for each kind of cap; half of what is asked for would pass it."""
    asked = THREADS * EACH[size]
    half = asked // 2
    one_call = {"calls": 1, "tokens": READ + WRITTEN, "cost_micros": 10_000}
    for what, cap in (("calls", half), ("tokens", half * one_call["tokens"]), ("cost", half * one_call["cost_micros"] // 1_000_000 or 1)):  # fmt: skip
        tenant = Tenant.objects.create(name=f"Caps of {what}", slug=f"caps-{what}")
        model = _Model()
        with tenant_scope(tenant):
            ModelAllowance.objects.create(**{f"{what}_per_day": cap, "prompt_price": None})
        _ask_at_once(tenant, model, each=EACH[size])
        with tenant_scope(tenant):
            used = ModelUsage.objects.get(period="day")
        column = "cost_micros" if what == "cost" else what
        limit = cap * 1_000_000 if what == "cost" else cap
        over = max(0, getattr(used, column) - limit) / one_call[column]
        yield Measured(
            check=CHECK,
            what=f"calls beyond the cap of {what} when {asked:,} ask at once",
            reached=round(over, 2),
            target="1 at the most",
            is_reached=over <= 1 and used.calls == len(model.calls) > 0,
            note=f"{len(model.calls)} calls were let through, {used.tokens:,} tokens counted.",
        )


def _ask_at_once(tenant: Tenant, model: _Model, *, each: int) -> None:
    question = asking.Question(purpose="soak", system="", prompt="Say yes.", answer=_Answer)
    writers = wiring.Writers(first=model, fallback=wiring.writers().fallback)
    start, now = threading.Barrier(THREADS), timezone.now()

    def work() -> None:
        try:
            start.wait()
            with tenant_scope(tenant):
                for _ in range(each):
                    asking.ask(question, writers=writers, now=now)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
