"""A list as it stands, as a CSV file."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone

from accounts import spreadsheets
from csm_portal.core import audit
from csm_portal.http import PortalRequest


def asked_for(query: QueryDict) -> bool:
    """Tell whether the address asks for the file instead of the page, and take that word out of it."""
    return query.pop("as", [""])[-1:] == ["csv"]


def answer(
    request: PortalRequest, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponse:
    """Return the rows as a file, and write down who took how many of what out of the portal."""
    listed = list(rows)
    now = timezone.now()
    audit.record(
        "list.downloaded",
        request.tenant,
        actor=request.user,
        at=now,
        data={"list": name, "rows": len(listed)},
    )
    response = HttpResponse(spreadsheets.as_csv(header, listed), content_type="text/csv; charset=utf-8")
    day = timezone.localdate(now, timezone=request.tenant.zone)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{day.isoformat()}.csv"'
    return response
