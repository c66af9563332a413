"""The part of CHECK 35 that belongs to refreshes, and what they cost (P7).

Rounds of edits go through the real adapter to the simulator, whose webhooks lose, double and mix what they carry. After
each refresh the rows that it looked at have to be what Notion says at that moment; some refreshes are overtaken by a
full scan between their reading and their storing.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import time_machine
from django.utils import timezone

from accounts import mirror
from accounts.models import Account, Hint, HintState, NotionWatch, SyncState
from accounts.services import hinted, mapping, owners, refresh, sync
from benchmarks.soak import posting
from benchmarks.soak.measured import Measured, Size
from benchmarks.soak.posting import Stage
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import client
from csm_portal.ports.workspace import Person
from tests.workspace import a_row

BEGIN = datetime(2026, 5, 14, 10, 0, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much of everything."""

    accounts: int
    rounds: int
    rounds_a_scan: int


_AMOUNTS = {
    Size.FULL: _Amount(accounts=60, rounds=500, rounds_a_scan=25),
    Size.SAMPLE: _Amount(accounts=25, rounds=12, rounds_a_scan=6),
}


def run(size: Size) -> Iterator[Measured]:
    """Yield the figures."""
    with posting.stage() as stage:
        yield from _edit(stage, _AMOUNTS[size])
        yield from _cost(stage)


@dataclass(slots=True)
class _Rounds:
    """What the rounds of edits came to."""

    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)
    scans: int = 0
    differing: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    overtaken: int = 0
    late: list[bytes] = field(default_factory=list)


def _edit(stage: Stage, amount: _Amount) -> Iterator[Measured]:
    rounds = _Rounds()
    with time_machine.travel(BEGIN, tick=False) as clock, tenant_scope(stage.tenant):
        NotionWatch.objects.update(accepted_at=BEGIN, own_id_at=None)
        stage.notion.add_accounts(*(a_row(number) for number in range(amount.accounts)))
        sync.run(workspace=stage.notion.workspace(), now=timezone.now())
        terms = {"loss": 0.3, "duplicates": 0.3, "reorder": True, "verified": True, "seed": 38}
        stage.notion.api("POST", "/_sim/webhooks", terms)
        for number in range(1, amount.rounds + 1):
            _round(stage, clock, rounds)
            if number % amount.rounds_a_scan == 0:
                clock.shift(stage.source.randrange(1, 60))
                _scan(stage, rounds)
    told = ", ".join(f"{count:,} {state}" for state, count in sorted(rounds.states.items()))
    yield Measured(
        check="CHECK 35",
        what="rows that a refresh looked at and left wrong",
        reached=len(rounds.wrong),
        target=0,
        is_reached=not rounds.wrong and rounds.looked_at > amount.rounds,
        note=f"{rounds.looked_at:,} rows after {rounds.edits:,} edits in {amount.rounds} rounds; refreshes: {told}, "
        f"{rounds.overtaken} overtaken by a full scan" + _first(rounds.wrong),
    )
    yield Measured(
        check="CHECK 35",
        what="rows that differ from a fresh mirror after a full scan",
        reached=len(rounds.differing),
        target=0,
        is_reached=not rounds.differing and rounds.scans > 0,
        note=f"{rounds.scans} scans between rounds{_first(rounds.differing)}",
    )


def _round(stage: Stage, clock: Any, rounds: _Rounds) -> None:
    source = stage.source
    for _ in range(source.randrange(1, 7)):
        clock.shift(source.choice([0, 1, 20, 45]))
        _change_something(stage)
        rounds.edits += 1
    bodies = [delivery.body for delivery in stage.notion.app.webhooks.take()] + rounds.late
    source.shuffle(bodies)
    held = source.randrange(len(bodies) + 1) if source.random() < 0.3 else 0
    rounds.late, now_posted = bodies[:held], bodies[held:]
    for body in now_posted:
        status = stage.post(body)
        assert status == 200, status
    clock.shift(source.choice([0, 1, 30, 300]))
    if source.random() < 0.7:
        _answer_hints(stage, rounds)
    if source.random() < 0.4:
        _refresh_quickly(stage, rounds)


class _Overtaken:
    """A workspace whose answers are old before they are stored: a page changes, and a full scan reads everything."""

    def __init__(self, stage: Stage, rounds: _Rounds) -> None:
        self._inner = stage.notion.workspace()
        self._stage = stage
        self._rounds = rounds
        self.was_overtaken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def look_up_accounts(self, ids: Any, mapping: Any) -> Iterator[Any]:
        found = list(self._inner.look_up_accounts(ids, mapping))
        self._overtake()
        return iter(found)

    def edited_accounts(self, **given: Any) -> Iterator[Any]:
        for page in self._inner.edited_accounts(**given):
            self._overtake()
            yield page

    def _overtake(self) -> None:
        if self.was_overtaken:
            return
        self.was_overtaken = True
        for _ in range(3):
            # Within the minute, so that the times of the edits tell nothing.
            _change_something(self._stage)
            self._rounds.edits += 1
        _scan(self._stage, self._rounds)


def _workspace(stage: Stage, rounds: _Rounds) -> Any:
    return _Overtaken(stage, rounds) if stage.source.random() < 0.1 else stage.notion.workspace()


def _note_overtaken(stage: Stage, workspace: Any, rounds: _Rounds) -> bool:
    """Tell whether a scan took over meanwhile; then the whole mirror has to be as the scan left it."""
    if not isinstance(workspace, _Overtaken) or not workspace.was_overtaken:
        return False
    rounds.overtaken += 1
    known = set(Account.objects.values_list("notion_page_id", flat=True))
    _compare(stage, known | _truth(stage).keys(), rounds)
    return True


def _answer_hints(stage: Stage, rounds: _Rounds) -> None:
    workspace = _workspace(stage, rounds)
    refreshed = hinted.answer(workspace=workspace, now=timezone.now())
    if refreshed is None or _note_overtaken(stage, workspace, rounds):
        return
    rounds.states[refreshed.run.state] += 1
    ids = Hint.objects.filter(run=refreshed.run, state=HintState.DONE).exclude(page_id="")
    _compare(stage, set(ids.values_list("page_id", flat=True)), rounds)


def _refresh_quickly(stage: Stage, rounds: _Rounds) -> None:
    since = refresh.read_until()
    workspace = _workspace(stage, rounds)
    refreshed = refresh.quick(workspace=workspace, now=timezone.now())
    if _note_overtaken(stage, workspace, rounds):
        return
    rounds.states[refreshed.run.state] += 1
    assert since is not None
    truth = _truth(stage)
    edited = {page_id for page_id, row in truth.items() if row.columns["edited_in_notion_at"] >= since}
    _compare(stage, edited, rounds)


def _compare(stage: Stage, page_ids: set[str], rounds: _Rounds) -> None:
    truth = _truth(stage)
    accounts = {
        account.notion_page_id: account for account in Account.objects.filter(notion_page_id__in=page_ids)
    }
    for page_id in page_ids:
        rounds.looked_at += 1
        told = _difference(accounts.get(page_id), truth.get(page_id))
        if told and not _is_left_to_scan(accounts.get(page_id), truth.get(page_id)):
            rounds.wrong.append(f"{page_id}: {told}")


def _is_left_to_scan(account: Account | None, row: mirror.Row | None) -> bool:
    """Tell whether an account is gone and was kept on purpose: too many were gone for a hint to remove them."""
    return row is None and account is not None and NotionWatch.objects.get().scan_wanted_at is not None


def _scan(stage: Stage, rounds: _Rounds) -> None:
    done = sync.run(workspace=stage.notion.workspace(), now=timezone.now())
    assert done.state == SyncState.DONE, (done.state, done.error, done.problems)
    rounds.scans += 1
    truth = _truth(stage)
    accounts = {account.notion_page_id: account for account in Account.objects.filter(removed_at=None)}
    for page_id in truth.keys() | accounts.keys():
        if told := _difference(accounts.get(page_id), truth.get(page_id)):
            rounds.differing.append(f"{page_id}: {told}")


def _truth(stage: Stage) -> dict[str, mirror.Row]:
    """Return the rows that a fresh mirror would have at this moment."""
    workspace = stage.notion.workspace()
    mapped = mapping.refresh(workspace=workspace)
    around = sync.surroundings(mapped, owners.Owners())
    records = (record for page in workspace.scan_accounts(mapped.readable) for record in page.records)
    return {record.id: mirror.row(record, around, kept={}) for record in records}


def _difference(account: Account | None, row: mirror.Row | None) -> str:
    """Say in which columns a mirror row is not what a fresh one would be; nothing where it is."""
    if row is None:
        return "is gone from Notion" if account is not None and account.removed_at is None else ""
    if account is None or account.removed_at is not None:
        return "is missing"
    return ", ".join(name for name, value in row.columns.items() if getattr(account, name) != value)


def _change_something(stage: Stage) -> None:
    source = stage.source
    act = source.random()
    if act < 0.08:
        title = {"title": [{"text": {"content": f"New {source.randrange(10**6)}"}}]}
        parent = {"type": "data_source_id", "data_source_id": stage.notion.seeded.accounts_data_source_id}
        _as_person(stage, "POST", "/v1/pages", {"parent": parent, "properties": {"title": title}})
        return
    if act < 0.11:
        # Rows that a person imports tell no webhook at all.
        stage.notion.add_accounts(
            a_row(source.randrange(10**6), owner=Person(name="Eve", email="eve@x.example"))
        )
        return
    page_id = source.choice(list(_truth_ids(stage)))
    if act < 0.17:
        body: dict[str, Any] = {"in_trash": True}
    elif act < 0.23:
        body = {"is_archived": source.random() < 0.5}
    elif act < 0.29 and (trashed := _trashed(stage)):
        page_id, body = source.choice(trashed), {"in_trash": False}
    else:
        body = {"properties": dict([source.choice(_values(source))])}
    _as_person(stage, "PATCH", f"/v1/pages/{page_id}", body)


def _values(source: random.Random) -> list[tuple[str, Any]]:
    return [
        ("Account", {"title": [{"text": {"content": f"Renamed {source.randrange(10**6)}"}}]}),
        ("ARR", {"number": source.choice([None, 0, 1, 99_999.99, source.randrange(10**6)])}),
        ("NPS Score", {"number": source.choice([None, 0, 7, 11, -3])}),
        ("Payment Current", {"checkbox": source.random() < 0.5}),
        ("Renewal Date", {"date": source.choice([None, {"start": "2027-02-28"}])}),
        ("Notes", {"rich_text": [{"text": {"content": "n" * source.randrange(1, 500)}}]}),
    ]


def _truth_ids(stage: Stage) -> list[str]:
    return _ids(stage, "in_trash = 0")


def _trashed(stage: Stage) -> list[str]:
    return _ids(stage, "in_trash = 1")


def _ids(stage: Stage, where: str) -> list[str]:
    source_id = stage.notion.seeded.accounts_data_source_id
    with stage.notion.app.store.reading() as db:
        rows = db.execute(f"SELECT id FROM pages WHERE parent_id = ? AND {where} ORDER BY seq", (source_id,))  # noqa: S608
        return [row["id"] for row in rows]


def _as_person(stage: Stage, method: str, path: str, body: dict[str, Any]) -> None:
    headers = {
        "Authorization": f"Bearer {stage.notion.seeded.token}",
        "Notion-Version": client.VERSION,
        "X-Sim-As": stage.person,
    }
    with httpx.Client(transport=httpx.WSGITransport(stage.notion.app), base_url="http://simulator") as http:
        http.request(method, path, json=body, headers=headers).raise_for_status()


def _cost(stage: Stage) -> Iterator[Measured]:
    """Measure P7: what a quick refresh costs for so many changed rows."""
    worst, told = 0.0, []
    with time_machine.travel(BEGIN.replace(year=2027), tick=False) as clock, tenant_scope(stage.tenant):
        stage.notion.add_accounts(*(a_row(number) for number in range(300)))
        clock.shift(180)
        sync.run(workspace=stage.notion.workspace(), now=timezone.now())
        for changed in (0, 1, 100, 101, 250):
            clock.shift(300)
            for number, page_id in enumerate(_truth_ids(stage)[:changed]):
                stage.notion.change(page_id, {"ARR": {"number": number + changed}})
            refreshed = refresh.quick(workspace=stage.notion.workspace(), now=timezone.now())
            ratio = refreshed.run.requests / (-(-changed // 100) + 1)
            worst = max(worst, ratio)
            told.append(f"{refreshed.run.requests} for {changed}")
    yield Measured(
        check="P7",
        what="requests of a quick refresh ÷ (hundreds of changed rows + 1)",
        reached=round(worst, 2),
        target=2,
        is_reached=worst <= 2,
        note=", ".join(told),
    )


def _first(told: Sequence[str]) -> str:
    return f"; the first: {told[0]}" if told else ""
