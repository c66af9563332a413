"""Reads every row that a query of a data source can give, in as many threads as are worth it (SPEC 2.4)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csm_portal.integrations.notion import answers, crowds, errors, paging
from csm_portal.integrations.notion.answers import ListAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.integrations.notion.crew import Crew
from csm_portal.integrations.notion.windows import MINUTE, Gap, Line, Window, created
from csm_portal.ports.workspace import AccountRecord, AccountsPage

WINDOWS = 4
"""At most so many parts of the time line are read at once."""
AHEAD = 32
"""So many pages may wait until the ones before them are stored: reading need not keep the pace of storing."""
# A cursor that keeps expiring would read the same pages for ever.
RESTARTS = 3
_DEEPEST_CUT = 12

Records = Callable[[Sequence[Mapping[str, Any]]], tuple[AccountRecord, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One query over a data source, read to its end. ``body`` is what all its requests have in common.

    ``records`` turns rows into records and may ask Notion for more. It is called where the pages are taken, not in the
    threads that read: each of those asks for its next page as soon as it has the place where that begins.
    """

    client: NotionClient
    path: str
    what: str
    body: Mapping[str, Any]
    records: Records
    known: Sequence[datetime] = ()

    def pages(self) -> Iterator[AccountsPage]:
        """Yield every row once, at most 100 a page. Raises PortError.

        A page is incomplete where one minute holds more rows than queries could be made to give.
        """
        known = [made.replace(second=0, microsecond=0) for made in self.known]
        reading = _Reading(self, Line(known=known))
        with closing(iter(Crew[_Found](reading.work, most=WINDOWS, depth=AHEAD))) as found:
            for one in found:
                yield AccountsPage(
                    records=self.records(one.results), is_incomplete=bool(one.unread), unread=one.unread
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Rows that came together, or a sentence about those that did not."""

    results: Sequence[Mapping[str, Any]] = ()
    unread: str = ""


class _Reading:
    """What the threads of one scan do."""

    def __init__(self, scan: Scan, line: Line) -> None:
        self._scan = scan
        self._line = line

    def work(self, crew: Crew[_Found]) -> None:
        while (task := self._line.take()) is not None:
            if task.is_measuring:
                self._measure(task.gap, crew)
            else:
                self._read(task.gap, crew)

    def _measure(self, gap: Gap, crew: Crew[_Found]) -> None:
        body = self._line.window(gap).body(is_descending=True)
        answer = self._ask(body)
        is_all = not answer.has_more and not answer.is_incomplete
        self._hand(self._line.measured(gap, answer.results, is_all=is_all), crew)

    def _read(self, gap: Gap, crew: Crew[_Found]) -> None:
        restarts = 0
        while not gap.is_over:
            window, is_cut = self._line.window(gap), False
            seen, of_last = 0, 0
            if self._line.is_worth_helping():
                crew.call_in()
            try:
                for answer in self._answers(window):
                    is_cut = is_cut or answer.is_incomplete
                    before, fresh = gap.at, self._line.note(gap, answer.results)
                    seen += len(answer.results)
                    of_last = of_last if before == gap.at else 0
                    of_last += sum(created(result) == gap.at for result in answer.results)
                    restarts = 0 if fresh else restarts
                    self._hand(fresh, crew)
                    if gap.is_over:
                        break
                    if self._line.is_worth_helping():
                        crew.call_in()
                else:
                    if not is_cut:
                        break
                    self._go_on(gap, crew, is_crowd=2 * of_last > seen or gap.at == window.since)
            except errors.StaleCursor:
                restarts += 1
                if restarts > RESTARTS:
                    raise
        self._line.close(gap)

    def _go_on(self, gap: Gap, crew: Crew[_Found], *, is_crowd: bool) -> None:
        """Begin a window where the last one was cut; a minute that fills most of one is read in parts.

        Such a minute may turn out to hold less than a query gives: then the parts of it are a little more work.
        """
        minute = gap.at
        if minute is None:
            # Rows without a time cannot be told apart by it.
            self._hand_incomplete(None, crew)
            gap.is_read = True
        elif is_crowd:
            self._read_crowd(minute, crew)
            self._line.pass_by(gap, minute)

    def _read_crowd(self, minute: datetime, crew: Crew[_Found]) -> None:
        whole = Window(since=minute, before=minute + MINUTE)
        sample = [row for down in (False, True) for row in self._ask(whole.body(is_descending=down)).results]
        if not self._parts(whole, sample, crew, depth=0):
            self._hand_incomplete(minute, crew)

    def _parts(
        self, window: Window, sample: Sequence[Mapping[str, Any]], crew: Crew[_Found], *, depth: int
    ) -> bool:
        """Read a window of one minute part by part; tell whether all of it came."""
        cut = crowds.best_cut(sample) if depth < _DEEPEST_CUT else ()
        if not cut:
            return self._backwards(window, crew)
        is_whole = True
        for condition in cut:
            part = Window(
                since=window.since, before=window.before, conditions=(*window.conditions, condition)
            )
            is_whole = self._part(part, crew, depth=depth) and is_whole
        return is_whole

    def _part(self, part: Window, crew: Crew[_Found], *, depth: int) -> bool:
        for restart in range(RESTARTS + 1):
            first: Sequence[Mapping[str, Any]] = ()
            last: Sequence[Mapping[str, Any]] = ()
            is_cut = False
            try:
                for answer in self._answers(part):
                    first, last = first or answer.results, answer.results or last
                    is_cut = is_cut or answer.is_incomplete
                    self._hand(self._line.once(answer.results), crew)
            except errors.StaleCursor:
                if restart == RESTARTS:
                    raise
                continue
            return not is_cut or self._parts(part, [*first, *last], crew, depth=depth + 1)
        return False

    def _backwards(self, window: Window, crew: Crew[_Found]) -> bool:
        """Read rows that nothing tells apart from their other end; tell whether that came to rows known before.

        Only an order that is the exact reverse brings first what is new, then what is known, and nothing else; but
        for the newest rows, which may have come when their gap was measured.
        """
        is_known: list[bool] = []
        is_cut = False
        for answer in self._answers(window, is_descending=True):
            is_cut = is_cut or answer.is_incomplete
            fresh = self._line.once(answer.results)
            new = {result.get("id") for result in fresh}
            is_known += [result.get("id") not in new for result in answer.results]
            self._hand(fresh, crew)
        since_new = is_known[is_known.index(False) :] if False in is_known else []
        has_met = any(since_new) and since_new == sorted(since_new)
        return not is_cut or has_met

    def _answers(self, window: Window, *, is_descending: bool = False) -> Iterator[ListAnswer]:
        body = {**self._scan.body, **window.body(is_descending=is_descending)}
        return paging.pages(self._scan.client, self._scan.path, what=self._scan.what, body=body)

    def _ask(self, body: Mapping[str, Any]) -> ListAnswer:
        whole = {**self._scan.body, **body, "page_size": paging.PAGE_SIZE}
        answer = self._scan.client.read(self._scan.path, what=self._scan.what, method="POST", body=whole)
        return answers.parse(ListAnswer, answer, what=self._scan.what)

    def _hand(self, results: Sequence[Mapping[str, Any]], crew: Crew[_Found]) -> None:
        crew.hand(_Found(results=results))

    def _hand_incomplete(self, minute: datetime | None, crew: Crew[_Found]) -> None:
        when = (
            "at a time that it does not tell"
            if minute is None
            else f"in the minute of {minute:%-d %B %Y, %H:%M} UTC"
        )
        unread = (
            f"Notion holds more rows that were made {when} than it hands out, and neither their names, their numbers nor "
            "their last edits tell them apart. Archive some of them there, or give them a property of type ID."
        )
        crew.hand(_Found(unread=unread))
