"""Queries that go on beyond the 10,000 rows at which Notion ends one (SPEC 2.4).

Rows come by ``created_time``. Where Notion cuts the result short, the next query begins at the minute of the last
row: times are floored to the minute, so the rest of that minute may still be to come.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from csm_portal.integrations.notion import paging
from csm_portal.integrations.notion.answers import ListAnswer, RequestStatus
from csm_portal.integrations.notion.client import NotionClient

_SORTS = [{"timestamp": "created_time", "direction": "ascending"}]
_MINUTE = timedelta(minutes=1)


def pages(client: NotionClient, path: str, *, what: str, body: Mapping[str, Any]) -> Iterator[ListAnswer]:
    """Yield the answers of a query, each result once, window after window.

    An answer is incomplete where one minute alone holds more rows than a query gives: what is left of that minute
    cannot be asked for, and the minutes after it follow. Raises PortError.
    """
    since: datetime | None = None
    # Ids of the minute that a window begins with: those that the one before it gave already.
    given: set[str] = set()
    while True:
        last, of_last = since, set(given)
        is_cut = False
        for answer in paging.pages(client, path, what=what, body={**body, "sorts": _SORTS, **_from(since)}):
            fresh = [result for result in answer.results if result.get("id") not in given]
            for result in answer.results:
                at = _created(result)
                if at is not None and at != last:
                    last, of_last = at, set()
                of_last.add(str(result.get("id")))
            is_cut = answer.is_incomplete
            stands_still = is_cut and last == since
            status = answer.request_status if stands_still else RequestStatus()
            yield answer.model_copy(update={"results": fresh, "request_status": status})
        if not is_cut or last is None:
            return
        if last == since:
            since, given = last + _MINUTE, set()
        else:
            since, given = last, of_last


def _from(since: datetime | None) -> dict[str, Any]:
    if since is None:
        return {}
    at = since.astimezone(UTC).isoformat(timespec="seconds")
    return {"filter": {"timestamp": "created_time", "created_time": {"on_or_after": at}}}


def _created(result: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(result.get("created_time")))
    except ValueError:
        return None
