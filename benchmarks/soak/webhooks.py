"""CHECK 38: what is posted to a tenant's webhooks, honest or not; and the part of CHECK 35 that belongs to refreshes.

The real address takes the posts, a real database keeps what came, and the rounds of edits go through the real adapter
to the simulator, whose webhooks lose, double and mix what they carry.
"""

import json
import random
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import time_machine
from django.conf import settings
from django.db import connection, connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import mirror
from accounts.models import Account, Hint, HintState, NotionWatch, SyncState
from accounts.selectors import webhooks as selector
from accounts.services import hinted, hook_setup, mapping, owners, refresh, sync
from benchmarks.soak.measured import Measured, Size
from csm_portal.core.models import Job, Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import client
from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion import webhooks as simulated
from tests.workspace import Connected, a_row, connected

KEY = "secret_" + "k" * 43
BEGIN = datetime(2026, 5, 14, 10, 0, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much of everything."""

    forged: int
    burst: int
    threads: int
    accounts: int
    rounds: int
    rounds_a_scan: int


_AMOUNTS = {
    Size.FULL: _Amount(forged=4_000, burst=10_000, threads=4, accounts=120, rounds=500, rounds_a_scan=25),
    Size.SAMPLE: _Amount(forged=60, burst=120, threads=2, accounts=25, rounds=14, rounds_a_scan=7),
}


def run(size: Size) -> Iterator[Measured]:
    """Yield the figures."""
    amount = _AMOUNTS[size]
    with (
        tempfile.TemporaryDirectory(prefix="portal-webhooks-") as folder,
        override_settings(CSM_RUN_JOBS_INLINE=False, ALLOWED_HOSTS=["testserver"]),
    ):
        stage = _stage(Path(folder))
        yield from _forge(stage, amount)
        yield from _burst(stage, amount)
        yield from _edit(stage, amount)
        yield from _cost(stage)


@dataclass(slots=True)
class _Stage:
    """A tenant with a workspace and an address that Notion posts to."""

    notion: Connected
    url: str
    person: str
    source: random.Random = field(default_factory=lambda: random.Random(38))

    @property
    def tenant(self) -> Tenant:
        return self.notion.tenant

    def post(self, body: bytes, *, signature: str | None = None, key: str = KEY) -> int:
        signed = simulated.sign(body, verification_token=key) if signature is None else signature
        headers = {"X-Notion-Signature": signed} if signed else {}
        answer = Client().post(self.url, body, content_type="application/json", headers=headers)
        return answer.status_code

    def event(self, page_id: str = "") -> bytes:
        return json.dumps(
            {
                "id": str(uuid.UUID(int=self.source.getrandbits(128), version=4)),
                "timestamp": timezone.now().isoformat(),
                "type": "page.properties_updated",
                "authors": [{"id": self.person, "type": "person"}],
                "attempt_number": 1,
                "entity": {"id": page_id or str(uuid.UUID(int=self.source.getrandbits(128))), "type": "page"},
                "data": {
                    "parent": {"id": str(uuid.uuid4()), "type": "database"},
                    "updated_properties": ["abc"],
                },
            }
        ).encode()

    def kept(self) -> dict[str, int]:
        """Count what a post may leave behind."""
        with tenant_scope(self.tenant):
            return {"hints": Hint.objects.count(), "jobs": Job.objects.count()}

    def requests(self) -> int:
        """Return how many requests Notion has had."""
        return len(self.notion.app.arrivals.kept())


def _stage(folder: Path) -> _Stage:
    tenant = Tenant.objects.create(name="Northwind", slug=f"soak-{uuid.uuid4().hex[:8]}", time_zone="UTC", currency="EUR")  # fmt: skip
    admin = User.objects.create_user(f"ada@{tenant.slug}.example", "x" * 20, name="Ada")
    notion = connected(tenant, folder, settings)
    with tenant_scope(tenant):
        Membership.objects.create(user=admin, is_admin=True)
        address = hook_setup.make_address(actor=admin, now=timezone.now())
    stage = _Stage(
        notion=notion,
        url=f"/hooks/notion/{address}/",
        person=seed.add_person(notion.app.store, "Dana", workspace_id=notion.seeded.id),
    )
    stage.post(json.dumps({"verification_token": KEY}).encode(), signature="")
    with tenant_scope(tenant):
        shown = hook_setup.show_key(actor=admin, now=timezone.now())
        hook_setup.accept_key(selector.fingerprint(shown), actor=admin, now=timezone.now())
    return stage


# Forged


def _forge(stage: _Stage, amount: _Amount) -> Iterator[Measured]:
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


def _tampered(stage: _Stage) -> int:
    body = bytearray(stage.event())
    signature = simulated.sign(bytes(body), verification_token=KEY)
    body[stage.source.randrange(len(body))] ^= 1 << stage.source.randrange(8)
    return stage.post(bytes(body), signature=signature)


def _cut(stage: _Stage) -> int:
    body = stage.event()
    signature = simulated.sign(body, verification_token=KEY)
    return stage.post(body[: stage.source.randrange(len(body))], signature=signature)


def _wrong_key(stage: _Stage) -> int:
    wrong = list(KEY)
    place = stage.source.randrange(len(wrong))
    wrong[place] = "x" if wrong[place] != "x" else "y"
    return stage.post(stage.event(), key="".join(wrong))


def _unsigned(stage: _Stage) -> int:
    return stage.post(
        stage.event(), signature=stage.source.choice(["", "sha256=", "sha256=" + "0" * 64, "sha1=a"])
    )


_FORGERIES: tuple[tuple[str, Callable[[_Stage], int]], ...] = (
    ("body changed by a bit", _tampered),
    ("body cut short", _cut),
    ("signed with a key one character off", _wrong_key),
    ("no signature", _unsigned),
)


# A burst


def _burst(stage: _Stage, amount: _Amount) -> Iterator[Measured]:
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
    with tenant_scope(stage.tenant):
        # Their pages are made up: to look at each is no part of what follows.
        Hint.objects.update(state=HintState.DONE)
        Job.objects.update(state="done")


def _post_all(stage: _Stage, bodies: Sequence[bytes], *, threads: int) -> tuple[Counter[int], float]:
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


def _rows(stage: _Stage) -> list[tuple[Any, ...]]:
    with tenant_scope(stage.tenant):
        return list(Hint.objects.order_by("pk").values_list())


# Edits


@dataclass(slots=True)
class _Rounds:
    """What the rounds of edits came to."""

    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)
    scans: int = 0
    differing: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    late: list[bytes] = field(default_factory=list)


def _edit(stage: _Stage, amount: _Amount) -> Iterator[Measured]:
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
        note=f"{rounds.looked_at:,} rows after {rounds.edits:,} edits in {amount.rounds} rounds; refreshes: {told}"
        + _first(rounds.wrong),
    )
    yield Measured(
        check="CHECK 35",
        what="rows that differ from a fresh mirror after a full scan",
        reached=len(rounds.differing),
        target=0,
        is_reached=not rounds.differing and rounds.scans > 0,
        note=f"{rounds.scans} scans between rounds{_first(rounds.differing)}",
    )


def _round(stage: _Stage, clock: Any, rounds: _Rounds) -> None:
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


def _answer_hints(stage: _Stage, rounds: _Rounds) -> None:
    refreshed = hinted.answer(workspace=stage.notion.workspace(), now=timezone.now())
    if refreshed is None:
        return
    rounds.states[refreshed.run.state] += 1
    ids = Hint.objects.filter(run=refreshed.run, state=HintState.DONE).exclude(page_id="")
    _compare(stage, set(ids.values_list("page_id", flat=True)), rounds)


def _refresh_quickly(stage: _Stage, rounds: _Rounds) -> None:
    since = refresh.read_until()
    refreshed = refresh.quick(workspace=stage.notion.workspace(), now=timezone.now())
    rounds.states[refreshed.run.state] += 1
    assert since is not None
    truth = _truth(stage)
    edited = {page_id for page_id, row in truth.items() if row.columns["edited_in_notion_at"] >= since}
    _compare(stage, edited, rounds)


def _compare(stage: _Stage, page_ids: set[str], rounds: _Rounds) -> None:
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


def _scan(stage: _Stage, rounds: _Rounds) -> None:
    done = sync.run(workspace=stage.notion.workspace(), now=timezone.now())
    assert done.state == SyncState.DONE, (done.state, done.error, done.problems)
    rounds.scans += 1
    truth = _truth(stage)
    accounts = {account.notion_page_id: account for account in Account.objects.filter(removed_at=None)}
    for page_id in truth.keys() | accounts.keys():
        if told := _difference(accounts.get(page_id), truth.get(page_id)):
            rounds.differing.append(f"{page_id}: {told}")


def _truth(stage: _Stage) -> dict[str, mirror.Row]:
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


def _change_something(stage: _Stage) -> None:
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


def _truth_ids(stage: _Stage) -> list[str]:
    return _ids(stage, "in_trash = 0")


def _trashed(stage: _Stage) -> list[str]:
    return _ids(stage, "in_trash = 1")


def _ids(stage: _Stage, where: str) -> list[str]:
    source_id = stage.notion.seeded.accounts_data_source_id
    with stage.notion.app.store.reading() as db:
        rows = db.execute(f"SELECT id FROM pages WHERE parent_id = ? AND {where} ORDER BY seq", (source_id,))  # noqa: S608
        return [row["id"] for row in rows]


def _as_person(stage: _Stage, method: str, path: str, body: dict[str, Any]) -> None:
    headers = {
        "Authorization": f"Bearer {stage.notion.seeded.token}",
        "Notion-Version": client.VERSION,
        "X-Sim-As": stage.person,
    }
    with httpx.Client(transport=httpx.WSGITransport(stage.notion.app), base_url="http://simulator") as http:
        http.request(method, path, json=body, headers=headers).raise_for_status()


# Cost


def _cost(stage: _Stage) -> Iterator[Measured]:
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


def _all(what: str, reached: int, total: int, *, note: str = "") -> Measured:
    return Measured(
        check="CHECK 38", what=what, reached=reached, target=total, is_reached=reached == total, note=note
    )


def _statuses(counted: Counter[int]) -> str:
    others = {status: count for status, count in counted.items() if status != 401}
    return f"also {others}" if others else ""


def _first(told: Sequence[str]) -> str:
    return f"; the first: {told[0]}" if told else ""
