"""CHECK 27, 28 and 35 for what the portal writes on account pages: score and risk, and the CSM Profile.

Processes are killed while they write, answers are lost on the way, people write on the same pages; what is measured is
what the simulated workspace holds afterwards.
"""

import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import Value
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.test import override_settings

from accounts import profile
from accounts.models import Account, CSMProfile, FiguresInNotion, FiguresRun, WriteState
from accounts.profile import ProfileFacts
from accounts.selectors import due_figures
from accounts.services import health, profiles, sync, writeback
from benchmarks.soak import ground
from benchmarks.soak.measured import Measured, Size
from csm_portal.core.models import Job, NotionConnection, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import NotionCSMAdapter, client, pacing
from csm_portal.ports.errors import PortError
from csm_portal.ports.profiles import TITLE
from csm_portal.ports.workspace import Workspace
from csm_portal.simulators.notion.app import create_app
from tests.accounts.profile_pages import FACTS, Person, any_facts, words
from tests.integrations.clock import FakeTime
from tests.workspace import Connected, a_row, connected

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
WRITES = ("create_sub_page", "insert_blocks", "change_block", "remove_block")
POINTS = [(name, after) for name in WRITES for after in (False, True)]
BAD: dict[str, Any] = {
    "payment_current": False,
    "usage_trend": "declining",
    "support_sentiment": "negative",
    "tam_health_rag": "Red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much of everything."""

    kills_a_point: int
    rounds: int
    open_answers: int
    accounts: int
    kills: int


_AMOUNTS = {
    Size.FULL: _Amount(kills_a_point=50, rounds=500, open_answers=500, accounts=2_000, kills=50),
    Size.SAMPLE: _Amount(kills_a_point=1, rounds=5, open_answers=12, accounts=24, kills=3),
}


def run(size: Size) -> Iterator[Measured]:
    """Yield the figures."""
    amount = _AMOUNTS[size]
    with (
        tempfile.TemporaryDirectory(prefix="portal-figures-") as folder,
        override_settings(CSM_RUN_JOBS_INLINE=False),
    ):
        tenant = Tenant.objects.create(name="Northwind", slug="northwind-figures", time_zone="Europe/Berlin")
        with tenant_scope(tenant):
            yield from _profiles(tenant, Path(folder), amount)
            yield from _figures(tenant, Path(folder), amount)


# The CSM Profile.


def _profiles(tenant: Tenant, folder: Path, amount: _Amount) -> Iterator[Measured]:
    # One page for each handful of trials, so that each is found, made and written on often.
    notion = connected(tenant, folder, settings, rows=[a_row(number) for number in range(8)])
    sync.run(workspace=notion.workspace(), now=NOW)
    accounts = list(Account.objects.select_related("tenant").order_by("name"))
    chance = random.Random(27)
    yield _killed(notion, accounts, chance, amount)
    yield _interleaved(notion, accounts, chance, amount)
    yield _ambiguous(notion, accounts, chance, amount)


def _killed(notion: Connected, accounts: list[Account], chance: random.Random, amount: _Amount) -> Measured:
    trials = bad = died = 0
    wrong: Counter[str] = Counter()
    for name, after in POINTS:
        for _ in range(amount.kills_a_point):
            account = chance.choice(accounts)
            if name == "create_sub_page":
                _begin_anew(notion, account)
            facts = any_facts(chance)
            if name != "create_sub_page":
                # Something stands there that the next facts change, make longer and make shorter.
                _update(notion, account, any_facts(chance))
                _somebody(notion, account, chance)
            theirs = _theirs(notion, account)
            nth = chance.randrange(1, 4) if name != "create_sub_page" else 1
            died += _dies(notion, account, facts, name=name, after=after, nth=nth)
            _update(notion, account, facts)
            trials += 1
            faults = _faults(notion, account, facts, theirs)
            wrong.update(faults)
            bad += bool(faults)
    return Measured(
        check="CHECK 27",
        what=f"profiles complete once, {len(POINTS)} points of dying",
        reached=trials - bad,
        target=trials,
        is_reached=not bad and died >= trials * 0.5,
        note=f"{died} of {trials} processes met their point and were killed with SIGKILL. {_told(wrong)}",
    )


def _interleaved(
    notion: Connected, accounts: list[Account], chance: random.Random, amount: _Amount
) -> Measured:
    bad = 0
    wrong: Counter[str] = Counter()
    for account in accounts:
        _update(notion, account, FACTS)
    for _ in range(amount.rounds):
        account = chance.choice(accounts)
        _somebody(notion, account, chance)
        theirs = _theirs(notion, account)
        facts = any_facts(chance)
        _update(notion, account, facts)
        faults = _faults(notion, account, facts, theirs)
        wrong.update(faults)
        bad += bool(faults)
    return Measured(
        check="CHECK 35",
        what="rounds of people and portal on one page",
        reached=amount.rounds - bad,
        target=amount.rounds,
        is_reached=not bad,
        note=f"What people wrote stayed as it was, ours was exactly the document. {_told(wrong)}",
    )


def _ambiguous(
    notion: Connected, accounts: list[Account], chance: random.Random, amount: _Amount
) -> Measured:
    """Lose answers to writes after they were saved, until so many were lost."""
    lost = bad = 0
    wrong: Counter[str] = Counter()
    while lost < amount.open_answers:
        account = chance.choice(accounts)
        if chance.random() < 0.3:
            _begin_anew(notion, account)
        losing = _Losing(notion, chance, share=0.3)
        theirs = _theirs(notion, account)
        facts = any_facts(chance)
        # So many lost in a row and the update gives up; the next one goes on with what stands.
        with suppress(PortError):
            profiles.update(account, facts=facts, workspace=losing.workspace(), today=NOW.date(), now=NOW)
        _update(notion, account, facts)
        lost += losing.lost
        faults = _faults(notion, account, facts, theirs)
        wrong.update(faults)
        bad += bool(faults)
    return Measured(
        check="CHECK 28",
        what="profiles with something twice after lost answers",
        reached=bad,
        target=0,
        is_reached=not bad,
        note=f"{lost:,} answers to writes were lost after the workspace had saved them. {_told(wrong)}",
    )


def _update(notion: Connected, account: Account, facts: ProfileFacts) -> None:
    profiles.update(account, facts=facts, workspace=notion.workspace(), today=NOW.date(), now=NOW)


def _begin_anew(notion: Connected, account: Account) -> None:
    """Put the page into the trash and let the portal forget it."""
    for page_id in _pages(notion, account):
        notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})
    CSMProfile.objects.filter(account=account).delete()


def _somebody(notion: Connected, account: Account, chance: random.Random) -> None:
    page_id = CSMProfile.objects.get(account=account).page_id
    somebody = Person(notion=notion, page_id=page_id, chance=chance)
    if len(somebody.blocks()) > 60:
        for block in somebody.blocks()[::2]:
            somebody.remove(block["id"])
    for number in range(chance.randrange(6)):
        somebody.do_something(number)


def _pages(notion: Connected, account: Account) -> list[str]:
    standing = notion.api("GET", f"/v1/blocks/{account.notion_page_id}/children")["results"]
    return [
        block["id"]
        for block in standing
        if block["type"] == "child_page" and block["child_page"]["title"] == TITLE
    ]


def _theirs(notion: Connected, account: Account) -> list[tuple[str, str]]:
    """Return what is people's before an update: what the portal did not write, or what it wrote and they changed."""
    kept = CSMProfile.objects.filter(account=account).first()
    if kept is None or not kept.page_id:
        return []
    ours = {one["id"]: one["digest"] for one in kept.blocks}
    standing = notion.workspace().read_blocks(kept.page_id, whole=set(ours))
    taken = {block.id for block in standing if ours.get(block.id) != block.digest}
    return [(block["id"], words(block)) for block in _blocks(notion, kept) if block["id"] in taken]


def _blocks(notion: Connected, kept: CSMProfile) -> list[dict[str, Any]]:
    path = f"/v1/blocks/{kept.page_id}/children?page_size=100"
    answer = notion.api("GET", path)
    found = list(answer["results"])
    while answer["has_more"]:
        answer = notion.api("GET", f"{path}&start_cursor={answer['next_cursor']}")
        found += answer["results"]
    return found


def _faults(
    notion: Connected, account: Account, facts: ProfileFacts, theirs: list[tuple[str, str]]
) -> list[str]:
    """Name what is not as it should be after an update."""
    kept = CSMProfile.objects.get(account=account)
    workspace = notion.workspace()
    ours = [one["id"] for one in kept.blocks]
    standing = workspace.read_blocks(kept.page_id, whole=set(ours))
    digests = [block.digest for block in standing if block.id in set(ours)]
    wanted = workspace.render_blocks(profile.document(facts, as_of=NOW.date()))
    left = [(block["id"], words(block)) for block in _blocks(notion, kept) if block["id"] not in set(ours)]
    faults = {
        "not one page": _pages(notion, account) != [kept.page_id],
        "ours is not the document": digests != [block.digest for block in wanted],
        "theirs is not as it was": [line for line in left if line in theirs] != theirs,
        "a block twice": len(left) > len(theirs),
    }
    return [name for name, is_so in faults.items() if is_so]


class _Killing:
    """A workspace that kills its own process at the nth call of a name, before it is made or after it was answered."""

    def __init__(
        self, workspace: Workspace, *, name: str, nth: int, after: bool = False, count: Any = None
    ) -> None:
        self._workspace, self._name, self._after, self._left = workspace, name, after, nth
        # Shared by all processes: how many of these calls were made.
        self._count = count
        self.usage = workspace.usage

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(self._workspace, name)
        if name != self._name:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if not self._left and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = real(*args, **kwargs)
            if self._count is not None:
                self._count.value += 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call


def _dies(
    notion: Connected, account: Account, facts: ProfileFacts, *, name: str, after: bool, nth: int
) -> bool:
    """Update in a process that kills itself on the way; tell whether it came to that."""

    def work() -> None:
        with tenant_scope(notion.tenant):
            killing = _Killing(_own(notion), name=name, after=after, nth=nth)
            profiles.update(account, facts=facts, workspace=killing, today=NOW.date(), now=NOW)  # type: ignore[arg-type]

    return _killed_itself(work)


def _killed_itself(work: Callable[[], None]) -> bool:
    process = ground.start(work)
    process.join()
    return process.exitcode == -signal.SIGKILL


def _own(notion: Connected, *, transport: httpx.BaseTransport | None = None) -> NotionCSMAdapter:
    """Return the adapter on a simulator of this process alone, over the same file."""
    clock = FakeTime()
    built = client.build(
        token=notion.seeded.token,
        base_url="http://simulator.test",
        budget=100_000,
        transport=transport or httpx.WSGITransport(create_app(notion.app.store.path)),
        gate=pacing.Pacer(100_000, clock=clock.now, sleep=clock.sleep),
        sleep=clock.sleep,
    )
    return NotionCSMAdapter(built, notion.seeded.accounts_database_id, notion.seeded.qbr_database_id)


class _Losing(httpx.BaseTransport):
    """Loses a share of the answers to writes after the workspace has saved them."""

    def __init__(self, notion: Connected, chance: random.Random, *, share: float) -> None:
        self._notion = notion
        self._inner = httpx.WSGITransport(notion.app)
        self._chance = chance
        self._share = share
        self.lost = 0

    def workspace(self) -> NotionCSMAdapter:
        return _own(self._notion, transport=self)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        is_write = request.method in ("PATCH", "DELETE") or request.url.path == "/v1/pages"
        if is_write and self._chance.random() < self._share:
            self.lost += 1
            raise httpx.ReadError("The answer was lost.")
        return answer


# Score and risk on the account pages.


def _figures(tenant: Tenant, folder: Path, amount: _Amount) -> Iterator[Measured]:
    Account.objects.update(is_archived=True)
    rows = [a_row(1000 + number, **BAD) for number in range(amount.accounts)]
    notion = _reconnected(tenant, folder, rows)
    sync.run(workspace=notion.workspace(), now=NOW)
    health.scan(as_of=NOW.date(), now=NOW)
    wanted = FiguresInNotion.objects.filter(account__is_archived=False).count()
    job = Job.objects.create(task=writeback.TASK, title="Write scores to Notion")
    chance = random.Random(32)
    count = Value("i", 0)
    died = sum(
        _step_dies(
            notion, job, at=chance.randrange(1, max(2, wanted // amount.kills)), chance=chance, count=count
        )
        for _ in range(amount.kills)
    )
    counting = _Killing(notion.workspace(), name="write_figures", nth=-1, count=count)
    over = writeback.run(workspace=counting, now=NOW, job=job, step_seconds=10_000)  # type: ignore[arg-type]
    yield Measured(
        check="CHECK 27",
        what="account pages that say what the portal says",
        reached=_right(notion),
        target=amount.accounts,
        is_reached=_right(notion) == amount.accounts == wanted and over.state == WriteState.DONE and died > 0,
        note=f"The step that writes them was killed {died} times and run again; it stayed one run.",
    )
    sent = count.value
    yield Measured(
        check="CHECK 27",
        what="writes made a second time, at most one a kill",
        reached=sent - amount.accounts,
        target=f"≤ {died}",
        is_reached=amount.accounts <= sent <= amount.accounts + died and FiguresRun.objects.count() == 1,
        note=f"{sent:,} writes for {amount.accounts:,} pages.",
    )
    yield from _wakes_nothing(notion, amount)
    yield _gives_way(notion, chance, amount)
    yield _lost_answers(notion, chance, amount)


def _reconnected(tenant: Tenant, folder: Path, rows: list[dict[str, Any]]) -> Connected:
    NotionConnection.objects.all().delete()
    notion = connected(tenant, folder, settings)
    notion.change_schema({"CSM Health Score": {"number": {"format": "number"}}, "Churn Risk": {"select": {}}})
    notion.add_accounts(*rows)
    return notion


def _step_dies(notion: Connected, job: Job, *, at: int, chance: random.Random, count: Any) -> bool:
    after = chance.random() < 0.5

    def work() -> None:
        with tenant_scope(notion.tenant):
            killing = _Killing(_own(notion), name="write_figures", after=after, nth=at, count=count)
            writeback.run(workspace=killing, now=NOW, job=job, step_seconds=10_000)  # type: ignore[arg-type]

    return _killed_itself(work)


def _right(notion: Connected) -> int:
    """Count the pages that say what the portal shows."""
    shown = {
        page_id: (score, level)
        for page_id, score, level in Account.objects.current().values_list(
            "notion_page_id", "health__score", "health__churn_level"
        )
    }
    right = 0
    for page in notion.workspace().scan_accounts({}):
        for record in page.records:
            score, level = shown.get(record.id, (None, None))
            right += dict(record.figures) == {"score": str(score), "risk": level}
    return right


def _wakes_nothing(notion: Connected, amount: _Amount) -> Iterator[Measured]:
    again = sync.run(workspace=notion.workspace(), now=NOW + timedelta(hours=1))
    yield Measured(
        check="CHECK 35",
        what="rows that a sync takes for changed after our own writes",
        reached=again.created + again.updated,
        target=0,
        is_reached=again.created + again.updated == 0 and again.unchanged == amount.accounts,
        note=f"{again.unchanged:,} rows unchanged.",
    )
    run = writeback.run(workspace=notion.workspace(), now=NOW + timedelta(hours=1))
    yield Measured(
        check="CHECK 35",
        what="requests of a run where nothing has changed",
        reached=run.requests,
        target=0,
        is_reached=run.requests == 0,
    )


def _gives_way(notion: Connected, chance: random.Random, amount: _Amount) -> Measured:
    """Let people change figures by hand; the next scan puts ours back and tells how many."""
    pages = list(Account.objects.current().values_list("notion_page_id", flat=True))
    touched = chance.sample(pages, max(1, len(pages) // 10))
    for page_id in touched:
        notion.change(page_id, {"CSM Health Score": {"number": 101}})
    sync.run(workspace=notion.workspace(), now=NOW + timedelta(hours=2))
    run = writeback.run(workspace=notion.workspace(), now=NOW + timedelta(hours=2), step_seconds=10_000)
    return Measured(
        check="CHECK 35",
        what="changes by hand that gave way, told, and nothing else written",
        reached=run.overruled,
        target=len(touched),
        is_reached=run.overruled == run.written == len(touched) and _right(notion) == amount.accounts,
        note=run.problems[-1] if run.problems else "Nothing was told.",
    )


def _lost_answers(notion: Connected, chance: random.Random, amount: _Amount) -> Measured:
    FiguresInNotion.objects.update(held=None)
    losing = _Losing(notion, chance, share=0.25)
    lost, rounds = 0, 0
    while lost < amount.open_answers and rounds < 20:
        rounds += 1
        FiguresInNotion.objects.update(held=None)
        moment = NOW + timedelta(hours=2 + rounds)
        writeback.run(workspace=losing.workspace(), now=moment, step_seconds=10_000)
        lost = losing.lost
    left = len(due_figures.everything())
    return Measured(
        check="CHECK 28",
        what="account pages wrong or left over after lost answers",
        reached=left + amount.accounts - _right(notion),
        target=0,
        is_reached=left == 0 and _right(notion) == amount.accounts and lost >= amount.open_answers,
        note=f"{lost:,} answers were lost after the page had been written; the same write was made again.",
    )


def _told(wrong: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in wrong.items())
