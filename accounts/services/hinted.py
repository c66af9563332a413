"""Looks at what the hints name: each page once, as it is now, however many hints there are and in whatever order they came.

A hint is settled in the transaction that stores what it led to, so that one that was not answered yet waits for the
next refresh, whatever happens to this one (SPEC 2.4, CHECK 38).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from accounts.models import Absence, Account, Hint, HintState, NotionWatch, SyncKind, SyncRun
from accounts.services import absences, hints, refresh
from accounts.services.refresh import Progress, Refreshed, Refreshing
from csm_portal.core.models import Job, TenantSecret
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.hooks import About
from csm_portal.ports.workspace import LookedUp, Workspace

log = structlog.get_logger(__name__)

# Beyond this many pages it is cheaper to ask which rows were edited, 100 an answer, than for each by its id.
SWEEP_BEYOND = 20
# A run takes no more than about a minute of a budget of 180; what is left waits for the next one.
MOST_BY_ID = 120
AT_A_TIME = 25
_OVERLAP = timedelta(minutes=1)
_ASK_ANEW_WHO_WE_ARE = timedelta(days=1)
# What is the matter with one page alone. Anything else is the workspace's, and the next page would meet it too.
_OF_ONE_PAGE = (Trouble.INVALID, Trouble.BAD_ANSWER)

_BY_SCAN = "A full sync has read everything since."
_ELSEWHERE = "The page is not in the accounts database."
_READ = "The account was read again."
_GONE = "The account is gone from Notion."
_SCHEMA_CHANGED = "The properties of the accounts database were changed in Notion."
_MANY_GONE = "Many accounts are gone from Notion at once."
_MASS = (
    "Many accounts are gone from Notion, or no longer shared, at once: too many to remove without asking. They stand as "
    "they were last known; the next full sync looks at all of them and asks."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """The hints that this refresh answers. What comes after it was chosen waits for the next."""

    hints: Sequence[Hint]

    def about(self, about: About) -> list[Hint]:
        return [hint for hint in self.hints if hint.about == about]

    def of_pages(self) -> dict[str, list[Hint]]:
        """Return the hints of each page, the page that has waited longest first."""
        pages: dict[str, list[Hint]] = {}
        for hint in self.about(About.PAGE):
            pages.setdefault(hint.page_id, []).append(hint)
        return pages


def answer(
    *, workspace: Workspace, now: datetime, job: Job | None = None, progress: Progress | None = None
) -> Refreshed | None:
    """Bring the accounts up to date that hints name; return what it came to, or None where none needed a look.

    Raises sync.AlreadyRunning while a full scan is at work. A workspace that cannot be read ends the run as FAILED. In
    both cases the hints wait.
    """
    _settle_what_a_scan_read(now)
    own_id = _own_id(workspace, now=now)
    waiting = _Waiting(hints=_without_own_edits(_pending(), own_id=own_id, now=now))
    if not waiting.hints:
        _forget_old(now)
        return None
    with refresh.at_work(
        SyncKind.PAGES, workspace=workspace, now=now, job=job, progress=progress
    ) as refreshing:
        _look_at_schema(waiting, refreshing)
        pages = _worth_a_look(waiting, refreshing)
        if len(pages) > SWEEP_BEYOND or (not pages and waiting.about(About.ROWS)):
            _sweep(pages, waiting, refreshing)
        _ask_by_id(pages, refreshing)
        _settle(waiting.about(About.ROWS), HintState.DONE, _READ, run=refreshing.run, now=refreshing.at())
    _forget_old(now)
    return refreshing.result()


def _settle_what_a_scan_read(now: datetime) -> None:
    """Settle every hint that came before the last full scan began: it has read the page since."""
    if (scan := refresh.last_scan()) is not None:
        NotionWatch.objects.filter(scan_wanted_at__lt=scan.started_at).update(
            scan_wanted_at=None, scan_wanted_because=""
        )
    if (whole := refresh.last_scan(is_whole=True)) is not None:
        Hint.objects.filter(state=HintState.PENDING, received_at__lt=whole.started_at).update(
            state=HintState.DONE, settled_at=now, note=_BY_SCAN, run=whole
        )


def _pending() -> list[Hint]:
    return list(Hint.objects.filter(state=HintState.PENDING).order_by("received_at", "pk"))


def _own_id(workspace: Workspace, *, now: datetime) -> str:
    """Return who the author of the portal's own edits is; asked for once a day, and for each token anew."""
    watch, _ = NotionWatch.objects.get_or_create()
    asked_at = watch.own_id_at
    is_known = (
        asked_at is not None
        and asked_at > now - _ASK_ANEW_WHO_WE_ARE
        and not TenantSecret.objects.filter(name="notion_token", updated_at__gt=asked_at).exists()
    )
    if not is_known:
        try:
            watch.own_id, watch.own_id_at = workspace.own_id(), now
        except PortError as error:
            # Not worth failing for: at worst the portal looks at a page that it has written itself.
            log.warning("own_id_unknown", trouble=error.trouble)
        else:
            watch.save(update_fields=["own_id", "own_id_at"])
    return watch.own_id


def _without_own_edits(pending: list[Hint], *, own_id: str, now: datetime) -> list[Hint]:
    mapped = hints.mapped_properties()
    own = [
        hint
        for hint in pending
        if hints.is_own_edit(
            author_id=hint.author_id, property_ids=hint.property_ids, own_id=own_id, mapped=mapped
        )
    ]
    _settle(own, HintState.IGNORED, hints.OWN_EDIT, run=None, now=now)
    known = {hint.pk for hint in own}
    return [hint for hint in pending if hint.pk not in known]


def _look_at_schema(waiting: _Waiting, refreshing: Refreshing) -> None:
    """Hold the mapping against the live schema, and note that only a full scan reads every row under it."""
    source_id = refreshing.mapped.source.id
    about = waiting.about(About.SCHEMA)
    ours = [hint for hint in about if hint.source_id == source_id]
    if ours:
        _want_scan(_SCHEMA_CHANGED, now=refreshing.now)
        refreshing.problems += refreshing.mapped.sentences()
    run, at = refreshing.run, refreshing.at()
    _settle(ours, HintState.DONE, _SCHEMA_CHANGED, run=run, now=at)
    _settle([hint for hint in about if hint not in ours], HintState.IGNORED, _ELSEWHERE, run=run, now=at)


def _worth_a_look(waiting: _Waiting, refreshing: Refreshing) -> dict[str, list[Hint]]:
    """Return the hints of the pages that are accounts, or may be; those of other databases are settled unseen."""
    pages = waiting.of_pages()
    known = set(_known(pages))
    source_id = refreshing.mapped.source.id
    elsewhere = [
        page_id
        for page_id, of_page in pages.items()
        # An account that was moved away is known, and has to be looked at.
        if page_id not in known and all(hint.source_id not in ("", source_id) for hint in of_page)
    ]
    settled = [hint for page_id in elsewhere for hint in pages.pop(page_id)]
    _settle(settled, HintState.IGNORED, _ELSEWHERE, run=refreshing.run, now=refreshing.at())
    return pages


def _sweep(pages: dict[str, list[Hint]], waiting: _Waiting, refreshing: Refreshing) -> None:
    """Read all that was edited since the first of these events, and take the pages that came off the list.

    The events' own times are Notion's, as the times of the edits are: no two clocks are compared.
    """
    since = min(hint.happened_at for hint in waiting.hints) - _OVERLAP

    def settle(ids: Iterable[str]) -> Callable[[SyncRun, datetime], object]:
        answered = [hint for page_id in ids for hint in pages.pop(page_id, ())]
        return lambda run, at: _settle(answered, HintState.DONE, _READ, run=run, now=at)

    refresh.sweep(refreshing, since=since, settle=settle)


def _ask_by_id(pages: Mapping[str, list[Hint]], refreshing: Refreshing) -> None:
    """Ask for each page, store what is there, and remove what is gone: at the end, when it is known how many are."""
    rest = list(pages)[:MOST_BY_ID]
    if len(pages) > len(rest):
        refreshing.problems.append(
            f"{len(pages) - len(rest):,} pages more that Notion told of wait for the next refresh."
        )
    gone: list[str] = []
    done, total = 0, len(rest)
    while rest:
        try:
            for looked_up in _looked_up(rest, refreshing):
                gone += _take(looked_up, pages, refreshing)
                del rest[: len(looked_up)]
                done += len(looked_up)
                refreshing.tell(done, total, f"{done:,} of {total:,} pages asked for.")
        except PortError as error:
            if not error.permanent or error.trouble not in _OF_ONE_PAGE:
                raise
            # One page that Notion cannot give must not hold the others up for ever; the full scan tells of it.
            refreshing.is_partial = True
            refreshing.problems.append(str(error))
            run, at = refreshing.run, refreshing.at()
            _settle(pages[rest.pop(0)], HintState.IGNORED, str(error), run=run, now=at)
    if gone:
        _remove(gone, pages, refreshing)


def _looked_up(page_ids: Sequence[str], refreshing: Refreshing) -> Iterable[list[LookedUp]]:
    """Yield what the workspace says of these pages, some at a time, in their order.

    Where one cannot be given, what came before it is yielded first and the error raised at the next step, so that
    whoever asks knows that the first page that is left is the one.
    """
    batch: list[LookedUp] = []
    trouble: PortError | None = None
    answers = iter(refreshing.workspace.look_up_accounts(list(page_ids), refreshing.mapped.readable))
    while True:
        try:
            one = next(answers, None)
        except PortError as error:
            one, trouble = None, error
        if one is not None:
            batch.append(one)
        if batch and (one is None or len(batch) == AT_A_TIME):
            yield batch
            batch = []
        if trouble is not None:
            raise trouble
        if one is None:
            return


def _take(
    looked_up: Sequence[LookedUp], pages: Mapping[str, list[Hint]], refreshing: Refreshing
) -> list[str]:
    """Store the accounts that are there; return the ids of those that the mirror has and the workspace does not."""
    records = [one.record for one in looked_up if one.record is not None]
    absent = [one.id for one in looked_up if one.record is None]
    gone = _known(absent, is_there=True)
    never_ours = set(absent) - set(gone)
    read = [hint for one in looked_up if one.record is not None for hint in pages[one.id]]
    foreign = [hint for page_id in never_ours for hint in pages[page_id]]

    def settle(run: SyncRun, at: datetime) -> None:
        _settle(read, HintState.DONE, _READ, run=run, now=at)
        _settle(foreign, HintState.IGNORED, _ELSEWHERE, run=run, now=at)

    refreshing.store(records, settle=settle)
    return gone


def _remove(gone: Sequence[str], pages: Mapping[str, list[Hint]], refreshing: Refreshing) -> None:
    """Remove accounts that are known to be gone, unless refreshes together would remove too many without asking.

    What a person keeps, or is asked about, is not removed by a hint.
    """
    scan = refresh.last_scan()
    accounts = Account.objects.all()
    removed_since = accounts.filter(removed_at__gte=scan.started_at).count() if scan else 0
    known = accounts.filter(removed_at=None).count() + removed_since
    is_mass = absences.is_mass(missing=len(gone) + removed_since, known=known)
    if is_mass:
        refreshing.is_partial = True
        refreshing.problems.append(_MASS)
    undecided = accounts.filter(notion_page_id__in=gone).exclude(absence__in=(Absence.WAITS, Absence.KEPT))
    removable = () if is_mass else list(undecided.values_list("notion_page_id", flat=True))
    answered = [hint for page_id in gone for hint in pages[page_id]]

    def settle(run: SyncRun, at: datetime) -> None:
        if is_mass:
            _want_scan(_MANY_GONE, now=refreshing.now)
        _settle(answered, HintState.DONE, _MANY_GONE if is_mass else _GONE, run=run, now=at)

    refreshing.store([], gone=removable, settle=settle)


def _known(page_ids: Collection[str], *, is_there: bool = False) -> list[str]:
    """Return those of the pages that are accounts of the mirror; ``is_there`` leaves out what was removed."""
    accounts = Account.objects.filter(notion_page_id__in=page_ids)
    if is_there:
        accounts = accounts.filter(removed_at=None)
    return list(accounts.values_list("notion_page_id", flat=True))


def _want_scan(because: str, *, now: datetime) -> None:
    NotionWatch.objects.filter(scan_wanted_at=None).update(scan_wanted_at=now)
    NotionWatch.objects.update(scan_wanted_because=because)


def _settle(
    answered: Sequence[Hint], state: HintState, note: str, *, run: SyncRun | None, now: datetime
) -> None:
    values: dict[str, Any] = {"state": state, "settled_at": now, "note": note[:200], "run": run}
    ids: list[UUID] = [hint.pk for hint in answered]
    # SQLite takes only so many values in one statement.
    for start in range(0, len(ids), 500):
        Hint.objects.filter(pk__in=ids[start : start + 500]).update(**values)


def _forget_old(now: datetime) -> None:
    """Drop settled hints that are too old to come once more: what comes after that long is refused as a replay."""
    old = Hint.objects.filter(received_at__lt=now - hints.KEPT - timedelta(days=1))
    old.exclude(state=HintState.PENDING).delete()
