"""The rows of a data source that were edited since a moment: what a quick refresh reads (SPEC 2.4).

``last_edited_time`` is floored to the minute and says nothing of rollups, formulas and deletions, so this makes the
mirror newer and never complete: the full scan does that.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from csm_portal.integrations.notion import account_pages, errors, paging, records
from csm_portal.integrations.notion.answers import DataSourceAnswer, ListAnswer, PageAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.workspace import AccountRecord, EditedPage, PropertyMapping

# Oldest first: a row that is edited meanwhile moves to the end and comes once more, and none is skipped.
_SORTS = [{"timestamp": "last_edited_time", "direction": "ascending"}]
# A cursor that keeps expiring would read the first pages for ever.
_RESTARTS = 3


def edited(
    client: NotionClient,
    source_id: str,
    *,
    since: datetime,
    describe: Callable[[], DataSourceAnswer],
) -> Iterator[EditedPage]:
    """Yield rows edited in the minute of ``since`` or later, then archived ones; a row may come twice.

    ``describe`` returns the live schema; it is asked for only where rows came. Raises PortError.
    """
    path = f"data_sources/{source_id}/query"
    # Of the first records under a mapping: it keeps the titles behind relations, so that each is asked for once.
    readers: list[tuple[PropertyMapping, records.Reader]] = []

    def read(
        pages: tuple[PageAnswer, ...], mapping: PropertyMapping, *, is_many: bool
    ) -> tuple[AccountRecord, ...]:
        if not readers or readers[0][0] != mapping:
            # Titles are asked for one by one where few rows came, all at once where many did.
            readers[:] = [(mapping, records.Reader(client, describe(), mapping, is_scan=is_many))]
        return tuple(readers[0][1].record(page) for page in pages)

    for body in ({}, {"is_archived": True}):
        for answer in _answers(client, path, body=body, since=since):
            found = tuple(account_pages.pages_of(client, answer.results))
            yield EditedPage(
                ids=tuple(page.id for page in found),
                read=partial(read, found, is_many=answer.has_more),
                is_incomplete=answer.is_incomplete,
            )


def _answers(
    client: NotionClient, path: str, *, body: dict[str, Any], since: datetime
) -> Iterator[ListAnswer]:
    """Yield the answers of one half. One is incomplete where a single minute holds more rows than a query gives."""
    restarts = 0
    while True:
        last = since
        is_cut = False
        try:
            for answer in paging.pages(
                client, path, what=account_pages.ACCOUNTS, body={**body, "sorts": _SORTS, **_from(since)}
            ):
                last = max([last, *filter(None, map(_edited_at, answer.results))])
                is_cut = answer.is_incomplete
                stands_still = is_cut and _minute(last) == _minute(since)
                yield (
                    answer
                    if stands_still or not is_cut
                    else answer.model_copy(update={"request_status": _COMPLETE})
                )
        except errors.StaleCursor:
            restarts += 1
            if restarts > _RESTARTS:
                raise
            # What was given up to here was edited before the rest, so the rest begins with its last minute.
            since = last
            continue
        if not is_cut or _minute(last) == _minute(since):
            return
        since = last


_COMPLETE = ListAnswer(results=[]).request_status


def _from(since: datetime) -> dict[str, Any]:
    at = _minute(since).isoformat(timespec="seconds")
    return {"filter": {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": at}}}


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _edited_at(result: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(result.get("last_edited_time")))
    except ValueError:
        return None
