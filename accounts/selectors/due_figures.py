"""What is still to be written on the account pages, and what a run of writing it came to (SPEC 2.5a)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from accounts import mirror
from accounts.models import Account, FiguresInNotion, FiguresRun, WrittenFigures
from csm_portal.ports.figures import Figure, FiguresHeld

_NAMED: Final = 5
_LABELS: Final[Mapping[str, str]] = {Figure.SCORE: "CSM Health Score", Figure.RISK: "Churn Risk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the page of one account is to say, and what it says as far as is known (None: nobody has looked)."""

    account_id: UUID
    page_id: str
    name: str
    wanted: Mapping[str, int | str]
    written: FiguresHeld
    held: FiguresHeld | None

    def changes(self, names: Iterable[str]) -> dict[str, int | str]:
        """Return those of the named figures that the page does not show yet."""
        return {
            name: self.wanted[name]
            for name in names
            if name in self.wanted and not _is_same(self._on_page(name), str(self.wanted[name]))
        }

    def overruled(self, names: Iterable[str]) -> list[str]:
        """Name the figures that somebody has changed since the portal wrote them."""
        held = self.held or {}
        return [
            name
            for name in names
            if name in held and self.written.get(name) and not _is_same(held[name], self.written[name])
        ]

    def _on_page(self, name: str) -> str | None:
        return None if self.held is None else self.held.get(name)


def everything() -> list[Due]:
    """Return the accounts whose page is not known to say what the portal says. One query."""
    rows = (
        FiguresInNotion.objects.filter(
            account__is_archived=False, account__removed_at=None, account__health__isnull=False
        )
        .order_by("account__name", "pk")
        .values_list(
            "pk",
            "account__notion_page_id",
            "account__name",
            "account__health__score",
            "account__health__churn_level",
            "score",
            "risk",
            "held",
        )
    )
    found = []
    for account_id, page_id, name, score, level, written_score, written_risk, held in rows:
        one = Due(
            account_id=account_id,
            page_id=page_id,
            name=name,
            wanted={Figure.SCORE: score, **({Figure.RISK: level} if level else {})},
            written={
                Figure.SCORE: None if written_score is None else str(written_score),
                Figure.RISK: written_risk or None,
            },
            held=held,
        )
        if one.changes(Figure):
            found.append(one)
    return found


def counts(run: FiguresRun) -> dict[str, int | float]:
    """Return what a run came to, for a job's result and the audit log."""
    names = ("wanted", "written", "failed", "overruled", "requests", "waited_seconds")
    return {name: getattr(run, name) for name in names}


def tried_in_vain(run: FiguresRun) -> QuerySet[FiguresInNotion]:
    return FiguresInNotion.objects.filter(tried_at__gte=run.started_at).exclude(trouble="")


def about_failed(run: FiguresRun) -> list[str]:
    failed = tried_in_vain(run).order_by("account__name", "pk").values_list("account__name", "trouble")
    told = [f"“{name}” was not written: {trouble}" for name, trouble in failed[:_NAMED]]
    more = failed.count() - len(told)
    return (
        [*told, f"{more:,} more accounts were not written. Their pages here say why."] if more > 0 else told
    )


def about_overruled(run: FiguresRun) -> list[str]:
    """Say whose changes gave way: these two properties are the portal's, and whoever edits them should know."""
    found = WrittenFigures.objects.filter(run=run, overruled=True)
    total = found.count()
    if not total:
        return []
    names = Account.objects.filter(pk__in=found.values("account_id")).order_by("name", "pk")
    listed = mirror.listed([f"“{name}”" for name in names.values_list("name", flat=True)[:3]], total=total)
    return [
        f"Somebody had changed {' or '.join(_LABELS.values())} of {listed} in Notion. These two "
        "properties belong to the portal, so its own values stand there again."
    ]


def _is_same(one: str | None, other: str | None) -> bool:
    return one == other or (one is not None and other is not None and one.casefold() == other.casefold())
