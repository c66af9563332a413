"""CHECK 38: what is posted to a tenant's webhooks, honest or not.

The real address takes the posts and a real database keeps what came.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.models import Hint
from benchmarks.soak import posting
from benchmarks.soak.measured import Measured, Size
from benchmarks.soak.posting import KEY, Stage
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import webhooks as simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much of everything."""

    forged: int
    burst: int
    threads: int


_AMOUNTS = {
    Size.FULL: _Amount(forged=4_000, burst=10_000, threads=2),
    Size.SAMPLE: _Amount(forged=60, burst=100, threads=2),
}


def run(size: Size) -> Iterator[Measured]:
    """Yield the figures."""
    with posting.stage() as stage:
        yield from _forge(stage, _AMOUNTS[size])
        yield from _burst(stage, _AMOUNTS[size])


def _forge(stage: Stage, amount: _Amount) -> Iterator[Measured]:
    before = stage.kept()
    answers: dict[str, Counter[int]] = {}
    for number in range(amount.forged):
        name, post = _FORGERIES[number % len(_FORGERIES)]
        answers.setdefault(name, Counter())[post(stage)] += 1
    for name, counted in answers.items():
        total = counted.total()
        yield _all(f"{name}: refused with 401", counted[401], total, note=_statuses(counted))
    after = stage.kept()
    left = sum(after.values()) - sum(before.values())
    yield Measured(
        check="CHECK 38", what="left behind by what was refused", reached=left, target=0, is_reached=left == 0
    )


def _tampered(stage: Stage) -> int:
    body = bytearray(stage.event())
    signature = simulated.sign(bytes(body), verification_token=KEY)
    body[stage.source.randrange(len(body))] ^= 1 << stage.source.randrange(8)
    return stage.post(bytes(body), signature=signature)


def _cut(stage: Stage) -> int:
    body = stage.event()
    signature = simulated.sign(body, verification_token=KEY)
    return stage.post(body[: stage.source.randrange(len(body))], signature=signature)


def _wrong_key(stage: Stage) -> int:
    wrong = list(KEY)
    place = stage.source.randrange(len(wrong))
    wrong[place] = "x" if wrong[place] != "x" else "y"
    return stage.post(stage.event(), key="".join(wrong))


def _unsigned(stage: Stage) -> int:
    return stage.post(
        stage.event(), signature=stage.source.choice(["", "sha256=", "sha256=" + "0" * 64, "sha1=a"])
    )


_FORGERIES: tuple[tuple[str, Callable[[Stage], int]], ...] = (
    ("body changed by a bit", _tampered),
    ("body cut short", _cut),
    ("signed with a key one character off", _wrong_key),
    ("no signature", _unsigned),
)


def _burst(stage: Stage, amount: _Amount) -> Iterator[Measured]:
    bodies = [stage.event() for _ in range(amount.burst)]
    posted = [*bodies, *stage.source.choices(bodies, k=amount.burst // 5)]
    stage.source.shuffle(posted)
    before, asked = stage.kept(), stage.requests()
    answers, seconds = _post_all(stage, posted, threads=amount.threads)
    to_notion = stage.requests() - asked
    each = 1000 * seconds / len(posted)
    note = f"{len(posted):,} posts by {amount.threads} threads in {seconds:.1f} s, {each:.1f} ms each"
    yield _all(
        "a burst with duplicates, in any order: answered with 200", answers[200], len(posted), note=note
    )
    after = stage.kept()
    yield _all("each event of the burst is stored once", after["hints"] - before["hints"], amount.burst)
    jobs = after["jobs"] - before["jobs"]
    yield Measured(
        check="CHECK 38", what="jobs that the burst asked for", reached=jobs, target=1, is_reached=jobs == 1
    )
    yield Measured(
        check="CHECK 38",
        what="requests to Notion while events are taken",
        reached=to_notion,
        target=0,
        is_reached=to_notion == 0,
    )
    kept = _rows(stage)
    replayed, _ = _post_all(stage, stage.source.sample(bodies, k=amount.burst // 10), threads=amount.threads)
    yield _all("replays: answered with 200", replayed[200], amount.burst // 10)
    changed = sum(a != b for a, b in zip(kept, _rows(stage), strict=True))
    yield Measured(
        check="CHECK 38",
        what="rows that a replay changed",
        reached=changed,
        target=0,
        is_reached=changed == 0,
    )
    with CaptureQueriesContext(connection) as captured:
        stage.post(stage.event())
    yield Measured(
        check="CHECK 38",
        what="statements for one event",
        reached=len(captured),
        target=14,
        is_reached=len(captured) <= 14,
        note="savepoints included",
    )


def _post_all(stage: Stage, bodies: Sequence[bytes], *, threads: int) -> tuple[Counter[int], float]:
    answers: Counter[int] = Counter()
    lock = threading.Lock()

    def work(mine: Sequence[bytes]) -> None:
        counted = Counter(stage.post(body) for body in mine)
        with lock:
            answers.update(counted)
        connections.close_all()

    begun = time.monotonic()
    workers = [threading.Thread(target=work, args=(bodies[n::threads],)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers, time.monotonic() - begun


def _rows(stage: Stage) -> list[tuple[Any, ...]]:
    with tenant_scope(stage.tenant):
        return list(Hint.objects.order_by("pk").values_list())


def _all(what: str, reached: int, total: int, *, note: str = "") -> Measured:
    return Measured(
        check="CHECK 38", what=what, reached=reached, target=total, is_reached=reached == total, note=note
    )


def _statuses(counted: Counter[int]) -> str:
    others = {status: count for status, count in counted.items() if status != 401}
    return f"also {others}" if others else ""
