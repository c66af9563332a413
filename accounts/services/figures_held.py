"""Notes what a sync read of the portal's own figures on account pages, so that a person's change is seen (SPEC 2.5a).

The figures are no part of the mirror: nothing here makes an account count as changed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accounts.models import FiguresInNotion
from csm_portal.ports.workspace import AccountRecord


def note(records: Iterable[AccountRecord]) -> None:
    """Keep what these pages say of the figures, where that is not what was known.

    Only of accounts whose figures the portal keeps. One query, and one update for each page that says something
    else; call it in the transaction that stores the records.
    """
    read = {record.id: record for record in records if record.figures}
    if not read:
        return
    known = FiguresInNotion.objects.filter(account__notion_page_id__in=list(read)).values_list(
        "pk", "account__notion_page_id", "held", "page_edited_at"
    )
    for account_id, page_id, held, edited_at in known:
        record = read[page_id]
        if held != dict(record.figures) and not _is_older(record, edited_at):
            FiguresInNotion.objects.filter(pk=account_id, page_edited_at=edited_at).update(
                held=dict(record.figures)
            )


def _is_older(record: AccountRecord, edited_at: Any) -> bool:
    """Tell whether the page was read before the portal's own last write to it reached the workspace."""
    return isinstance(edited_at, datetime) and record.last_edited_at < edited_at
