"""The gate of a token in the database: exact windows, holds in full, threads, processes, tokens apart."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from benchmarks.soak import ground
from csm_portal.core import request_gate
from csm_portal.core.models import RequestAdmission, RequestGate
from csm_portal.core.request_gate import DatabaseGate
from csm_portal.ports.errors import PortError, Trouble

# Short windows with much room for a busy machine: what counts is that no window of WINDOW holds more than the budget.
# Whoever wakes up to three quarters of MARGIN late still leaves, and another quarter may pass until a test looks.
WINDOW, MARGIN = 0.2, 0.9
ONE = "ntn_one"


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    with ground.own_database("gate", folder=tmp_path):
        yield


def gate(token: str = ONE, *, budget: int = 5, **options: Any) -> DatabaseGate:
    return DatabaseGate(
        request_gate.fingerprint(token), budget=budget, **{"window": WINDOW, "margin": MARGIN, **options}
    )


def together(*calls: Any) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def admitted(shared: DatabaseGate, left: list[float], times: int) -> None:
    for _ in range(times):
        shared.admit()
        left.append(time.monotonic())


def until_places(number: int) -> None:
    """Wait until so many places are taken."""
    end = time.monotonic() + 60
    while RequestAdmission.objects.count() < number:
        assert time.monotonic() < end
        time.sleep(0.01)


def fullest(left: list[float], *, window: float = WINDOW) -> int:
    """Return the most that any window held."""
    left = sorted(left)
    return max(sum(first <= other < first + window for other in left) for first in left)


def test_no_window_holds_more_than_the_budget_however_many_threads_ask() -> None:
    shared, left = gate(budget=5), []

    together(*[lambda: admitted(shared, left, 3)] * 4)

    assert len(left) == 12
    assert fullest(left) <= 5
    # One at a time they would take eleven spans, and need two; how long exactly is the machine's affair.
    assert max(left) - min(left) < 10 * (WINDOW + MARGIN)


def test_two_gates_of_one_token_share_its_budget() -> None:
    one, other, left = gate(budget=4), gate(budget=4), []

    together(lambda: admitted(one, left, 3), lambda: admitted(other, left, 3))

    assert len(left) == 6
    assert fullest(left) <= 4


def test_the_smaller_budget_holds_for_both() -> None:
    careful, bold, left = gate(budget=2), gate(budget=9), []
    admitted(careful, left, 1)

    together(lambda: admitted(bold, left, 2), lambda: admitted(careful, left, 2))

    assert len(left) == 5
    assert fullest(left) <= 2


def test_tokens_do_not_slow_each_other() -> None:
    full, free = gate("ntn_one", budget=1), gate("ntn_two", budget=1)
    full.admit()
    full.hold(60)

    assert free.admit() == 0


def test_those_who_wait_go_in_the_order_in_which_they_came() -> None:
    shared, order = gate(budget=1), []
    shared.admit()

    def ask(name: int) -> None:
        shared.admit()
        order.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(3)]
    for number, thread in enumerate(threads, start=2):
        thread.start()
        until_places(number)
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2]


def test_a_hold_stops_everybody_those_who_wait_already_too() -> None:
    shared, other, left = gate(budget=2), gate(budget=2), []
    admitted(shared, left, 2)
    waiting = threading.Thread(target=admitted, args=(shared, left, 2))
    waiting.start()
    until_places(3)

    held_at = time.monotonic()
    other.hold(1.6)
    is_held_at = time.monotonic()
    admitted(other, left, 1)
    waiting.join()

    assert len(left) == 5
    assert not [moment for moment in left if is_held_at < moment < held_at + 1.6]
    assert fullest(left) <= 2


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    shared = gate()
    shared.hold(60)
    until = RequestGate.objects.get().held_until

    shared.hold(0.1)

    assert RequestGate.objects.get().held_until >= until
    with pytest.raises(PortError):
        shared.admit(patience=0.2)


def test_a_wait_beyond_the_patience_is_refused_at_once_and_takes_no_place() -> None:
    shared = gate()
    shared.hold(120)

    begun = time.monotonic()
    with pytest.raises(PortError) as refused:
        shared.admit(patience=60)

    assert time.monotonic() - begun < 60
    assert (refused.value.trouble, refused.value.permanent) == (Trouble.RATE_LIMITED, False)
    assert 60 < refused.value.retry_after <= 120
    assert "minutes" in str(refused.value)
    assert not RequestAdmission.objects.exists()


def test_who_is_interrupted_while_waiting_leaves_the_place_to_others() -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    gate(budget=1).admit()
    with pytest.raises(KeyboardInterrupt):
        gate(budget=1, sleep=interrupted).admit()

    assert RequestAdmission.objects.count() == 1


def test_who_oversleeps_takes_a_new_place() -> None:
    """A process that was stopped for a while must not leave into a window that others have filled meanwhile."""
    other, left = gate(budget=1), []

    def oversleep(seconds: float) -> None:
        time.sleep(seconds)
        if not left:
            time.sleep(MARGIN)
            admitted(other, left, 1)

    late = gate(budget=1, sleep=oversleep)
    other.admit()
    late.admit()
    left.append(time.monotonic())

    assert all(later - earlier >= WINDOW for earlier, later in itertools.pairwise(left))


def test_old_rows_do_not_pile_up() -> None:
    shared = gate(budget=50, window=0.05, margin=0.05)
    for _ in range(20):
        shared.admit()
    RequestGate.objects.update(seen_at=F("seen_at") - 2)
    time.sleep(0.1)

    shared.admit()

    assert RequestAdmission.objects.count() < 5


def test_gates_of_tokens_that_nobody_uses_any_more_are_forgotten() -> None:
    gate("ntn_old").admit()
    RequestGate.objects.update(seen_at=time.time() - 100_000)
    held = gate("ntn_held")
    held.hold(0)
    RequestGate.objects.filter(pk=request_gate.fingerprint("ntn_held")).update(
        seen_at=0, held_until=time.time() + 60
    )

    gate("ntn_new").admit()

    assert set(RequestGate.objects.values_list("pk", flat=True)) == {
        request_gate.fingerprint("ntn_held"),
        request_gate.fingerprint("ntn_new"),
    }


def test_a_clock_that_is_set_back_closes_nothing() -> None:
    shared = gate(budget=1)
    shared.hold(0.2)
    shared.admit()
    # As everything would look two hours after the clock was set back by as much.
    RequestAdmission.objects.update(leaves_at=time.time() + 7200)
    RequestGate.objects.update(seen_at=time.time() + 7200, held_until=time.time() + 7200)

    # Hours otherwise.
    assert shared.admit() < 60


def test_the_gate_has_a_connection_of_its_own() -> None:
    shared = gate()
    shared.admit()

    with transaction.atomic():
        if connection.vendor == "postgresql":
            shared.admit()
        transaction.set_rollback(True)

    assert RequestAdmission.objects.count() == (2 if connection.vendor == "postgresql" else 1)


def test_who_asks_often_takes_places_ahead_and_leaves_what_was_not_used() -> None:
    shared = gate(budget=100, window=30, margin=10)

    for _ in range(5):
        shared.admit()

    assert len(shared._ahead) > 0
    assert RequestAdmission.objects.count() == 5 + len(shared._ahead)
    shared.close()
    assert RequestAdmission.objects.count() == 5


def test_a_hold_by_another_stops_places_that_were_taken_ahead_too() -> None:
    shared, other = (gate(budget=100, window=30, margin=10) for _ in range(2))
    for _ in range(4):
        shared.admit()
    assert shared._ahead

    held_at = time.monotonic()
    other.hold(0.5)
    shared.admit()

    assert time.monotonic() >= held_at + 0.5


def test_places_taken_ahead_fill_no_window_above_the_budget() -> None:
    shared, other, left = gate(budget=60), gate(budget=60), []

    together(*[lambda: admitted(shared, left, 25)] * 2, *[lambda: admitted(other, left, 25)] * 2)

    assert len(left) == 100
    assert fullest(left) <= 60


def test_a_closed_gate_opens_again() -> None:
    shared = gate()
    shared.admit()
    shared.close()

    shared.admit()

    assert RequestAdmission.objects.count() == 2


def test_a_database_that_fails_is_told_as_a_trouble_that_passes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_requestgate RENAME TO core_elsewhere")

    with pytest.raises(PortError) as failed:
        gate().admit()

    assert (failed.value.permanent, failed.value.maybe_written) == (False, False)


def test_the_token_is_not_kept(settings: Any) -> None:
    token = "ntn_canary_4711"
    gate(token).admit()

    kept = RequestGate.objects.get().fingerprint
    assert len(kept) == 64
    assert "canary" not in kept
    assert kept == request_gate.fingerprint(f" {token}\n")
    settings.CSM_SECRET_KEYS = ["a new one", *settings.CSM_SECRET_KEYS]
    assert request_gate.fingerprint(token) == kept
    settings.CSM_SECRET_KEYS = ["a new one"]
    assert request_gate.fingerprint(token) != kept


def in_another_process(path: Path, times: int) -> None:
    left: list[float] = []
    admitted(gate(budget=5), left, times)
    path.write_text("\n".join(str(moment) for moment in left), encoding="ascii")


def test_processes_keep_the_budget_together(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]

    processes = [ground.start(in_another_process, path, 6) for path in paths]
    for process in processes:
        process.join()

    # The monotonic clock is the machine's, so that both tell the same time.
    left = [float(line) for path in paths for line in path.read_text(encoding="ascii").split()]
    assert len(left) == 12
    assert fullest(left) <= 5
