"""Scans of more rows than one query gives (SPEC 2.4, CHECK 34), at limits a fortieth of the real ones."""

import itertools
import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from csm_portal.integrations.notion import scanning, windows
from csm_portal.integrations.notion.scanning import WINDOWS
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import KnownRows
from csm_portal.simulators.notion import query

NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAME = {"name": "title"}
CAP = 250


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(query, "MAX_RESULTS", CAP)
    monkeypatch.setattr(windows, "ONE_CHAIN", CAP)
    monkeypatch.setattr(windows, "WORTH_HELPING", 120)
    monkeypatch.setattr(windows, "SURPRISE", 150)


def fill(sim, groups):
    """Add rows by minute: {minute: count}; return their ids and their times in order."""
    ids, times, number = [], [], 0
    for minute, count in sorted(groups.items()):
        made = NINE + minute * MINUTE
        rows = [{"name": f"Account {number + n:05}"} for n in range(count)]
        number += count
        ids += sim.add(*rows, created_at=made)
        times += [made] * count
    return ids, times


def read(sim, known=()):
    pages = list(sim.adapter().scan_accounts(NAME, known=KnownRows(current=known)))
    return [record.id for page in pages for record in page.records], pages


def queries(sim):
    return [sent for sent in sim.wire.sent if sent.path.endswith("/query")]


EXPIRED = {
    "object": "error",
    "status": 400,
    "code": "validation_error",
    "message": "The start_cursor provided is invalid: expired",
}


def expire_once(sim, at):
    """Let the cursor of the query that is the ``at``-th with one expire, and only that: several threads ask at once."""
    numbers, lock = itertools.count(1), threading.Lock()

    def refuse(sent):
        if "start_cursor" in (sent.body or {}):
            with lock:
                is_chosen = next(numbers) == at
            return httpx.Response(400, json=EXPIRED) if is_chosen else None
        return None

    sim.wire.refuse = refuse
    return numbers


SHAPES = {
    "one_row": {0: 1},
    "evenly": dict.fromkeys(range(0, 9000, 10), 1),
    "crowded_minutes": {minute * 7: 60 for minute in range(12)},
    "an_import_and_then_little": {0: 200, 1: 240, 2: 180} | {5000 + 900 * n: 1 for n in range(60)},
    "little_and_then_an_import": {900 * n: 1 for n in range(60)} | {60_000: 200, 60_001: 240, 60_002: 180},
    "exactly_the_cap": {0: 200, 1: 50},
    "one_more_than_the_cap": {0: 200, 1: 51},
    "a_minute_of_exactly_the_cap": {0: 1, 1: CAP, 2: 1},
    "a_minute_of_three_caps": {0: 3, 1: 3 * CAP, 900: 4},
    "nothing_but_a_minute_of_two_caps": {3: 2 * CAP},
}


@pytest.mark.parametrize("is_known", [False, True], ids=["first_time", "known_before"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_row_comes_once_however_the_rows_lie_in_time(sim, shape, is_known):
    ids, times = fill(sim, SHAPES[shape])

    found, pages = read(sim, times if is_known else ())

    assert Counter(found) == Counter(ids)
    assert not any(page.is_incomplete for page in pages)


def test_what_was_known_may_be_wrong_in_every_way(sim):
    chance = random.Random(20261102)
    ids, times = [], []
    for _ in range(2):
        groups = {chance.randrange(5000): chance.choice([1, 1, 5, 40]) for _ in range(chance.randrange(15))}
        more, made = fill(sim, {**groups, chance.randrange(5000): 260})
        ids, times = [*ids, *more], [*times, *made]
        lies = sorted(NINE + chance.randrange(-3000, 9000) * MINUTE for _ in range(chance.randrange(900)))
        known = sorted([*chance.sample(times, len(times) // 2), *lies])

        found, pages = read(sim, known)

        assert Counter(found) == Counter(ids)
        assert not any(page.is_incomplete for page in pages)


def test_a_scan_that_one_query_can_give_is_one_chain(sim):
    _, times = fill(sim, dict.fromkeys(range(CAP - 10), 1))

    read(sim, times)

    assert len(queries(sim)) == 3 + 1
    assert all("filter" not in sent.body for sent in queries(sim))


@pytest.mark.parametrize("is_known", [False, True], ids=["first_time", "known_before"])
def test_many_rows_are_read_by_several_threads_at_once_for_few_requests_more(sim, is_known):
    _, times = fill(sim, {minute * 11: 10 for minute in range(120)})
    at_once, most, lock = 0, 0, threading.Lock()
    inner = sim.wire.inner

    class Slow(httpx.BaseTransport):
        def handle_request(self, request):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            try:
                return inner.handle_request(request)
            finally:
                with lock:
                    at_once -= 1

    sim.wire.inner = Slow()

    read(sim, times if is_known else ())

    assert 1 < most <= WINDOWS
    # Twelve pages of rows and one of archived ones; each window may end with a short page.
    assert len(queries(sim)) <= 13 + 4 * WINDOWS


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_expired_cursor_costs_its_window_and_no_row_twice(sim, at):
    # However the threads share the rows, more than three queries go on from another.
    ids, _ = fill(sim, dict.fromkeys(range(180), 10))
    asked = expire_once(sim, at)

    found, _ = read(sim)

    assert Counter(found) == Counter(ids)
    assert next(asked) > at, "no query with that cursor was asked"


def test_a_cursor_that_keeps_expiring_ends_in_an_error(sim):
    fill(sim, dict.fromkeys(range(15), 10))
    sim.fault(status=400, message="The start_cursor provided is invalid: expired", match="/query", times=99)

    with pytest.raises(PortError, match="start_cursor") as failed:
        read(sim)

    assert failed.value.trouble is Trouble.INVALID
    assert len(queries(sim)) == 1 + scanning.RESTARTS


def test_rows_that_nothing_tells_apart_are_read_from_both_ends(sim):
    ids = sim.add(*({"name": "Imported"} for _ in range(2 * CAP - 1)), created_at=NINE)

    found, pages = read(sim)

    assert Counter(found) == Counter(ids)
    assert not any(page.is_incomplete for page in pages)


def test_rows_that_no_query_gives_are_told_and_the_minutes_after_them_follow(sim):
    sim.add(*({"name": "Imported"} for _ in range(3 * CAP)), created_at=NINE)
    later = sim.add({"name": "Made by hand"}, created_at=NINE + MINUTE)
    adapter = sim.adapter()

    pages = list(adapter.scan_accounts(NAME))

    (cut,) = [page for page in pages if page.is_incomplete]
    assert "2 November 2026, 09:00 UTC" in cut.unread
    found = [record.id for page in pages for record in page.records]
    assert len(found) == len(set(found)) == 2 * CAP + 1
    assert later[0] in found
    with pytest.raises(PortError, match="only part of the accounts"):
        adapter.query_all_accounts(NAME)


def test_numbers_tell_rows_of_one_name_and_minute_apart(sim):
    ids = sim.add(*({"name": "Imported", "arr": n % 1000 or None} for n in range(4 * CAP)), created_at=NINE)

    found, pages = read(sim)

    assert Counter(found) == Counter(ids)
    assert not any(page.is_incomplete for page in pages)


def test_a_scan_that_is_not_read_to_its_end_leaves_no_thread(sim):
    _, times = fill(sim, dict.fromkeys(range(150), 10))
    before = threading.active_count()
    scan = sim.adapter().scan_accounts(NAME, known=KnownRows(current=times))
    next(scan)
    assert threading.active_count() > before

    scan.close()

    assert threading.active_count() == before
    assert len(queries(sim)) < 15


def test_what_goes_wrong_in_a_thread_reaches_the_reader_and_ends_the_others(sim):
    _, times = fill(sim, dict.fromkeys(range(150), 10))
    before = threading.active_count()

    def refuse(sent):
        if len(queries(sim)) >= 6:
            sim.fault(status=404, code="object_not_found", message="Gone.", match="/query", times=9)

    sim.wire.refuse = refuse

    with pytest.raises(PortError) as failed:
        read(sim, times)

    assert failed.value.trouble is Trouble.NOT_FOUND
    assert threading.active_count() == before


@pytest.mark.parametrize("is_known", [False, True], ids=["first_time", "known_before"])
def test_short_pages_and_sessions_that_end_lose_and_repeat_nothing(sim, is_known):
    ids, times = fill(sim, SHAPES["an_import_and_then_little"])
    sim.control("POST", "/_sim/short-pages", {"every": 2, "rows": 7})
    sim.control("POST", "/_sim/cursors", {"after_uses": 2, "times": 4})

    found, pages = read(sim, times if is_known else ())

    assert Counter(found) == Counter(ids)
    assert not any(page.is_incomplete for page in pages)
