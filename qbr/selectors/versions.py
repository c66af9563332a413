"""The versions of a review: what each was, and how any two differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qbr import fact_changes, side_by_side
from qbr.document import Content
from qbr.fact_changes import FactChange
from qbr.models import QBR, TEMPLATES, QBRRevision, RevisionKind, Transition
from qbr.selectors import current
from qbr.side_by_side import Compared
from qbr.workflow import Action

_KINDS: Final = {
    RevisionKind.DRAFT: "draft",
    RevisionKind.EDIT: "edit",
    RevisionKind.VOUCH: "vouched for",
    RevisionKind.RESTORE: "restored",
    RevisionKind.REFRESH: "figures brought up to date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One version with what it was: a draft by the model, an edit, what was approved or published."""

    revision: QBRRevision
    was: tuple[str, ...]

    @property
    def number(self) -> int:
        return self.revision.number

    @property
    def author(self) -> str:
        """Name whoever wrote it: a person, a model by name, the templates."""
        return author(self.revision)

    @property
    def label(self) -> str:
        """Return a line to choose it by: ``Version 2, edit by Alice, approved``."""
        what = _KINDS[RevisionKind(self.revision.kind)]
        return ", ".join([f"Version {self.number}", f"{what} by {self.author}", *self.was])


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """Two versions beside each other.

    ``facts`` is what changed between the figures they were written from and stands in a sentence of the newer one,
    ``other_facts`` what changed besides.
    """

    before: Named
    after: Named
    versions: tuple[Named, ...]
    parts: tuple[Compared, ...]
    facts: tuple[FactChange, ...]
    other_facts: tuple[FactChange, ...]

    @property
    def stand_ins(self) -> list[tuple[str, str]]:
        """Return which of both has a section by the templates in a model's place, and why, in a sentence each."""
        ones = (self.before,) if self.before is self.after else (self.before, self.after)
        return [(f"Version {one.number}", why) for one in ones for why in one.revision.stand_ins.values()]

    @property
    def changes(self) -> int:
        return sum(part.changes for part in self.parts)

    @property
    def before_label(self) -> str:
        return f"Version {self.before.number}"

    @property
    def after_label(self) -> str:
        return f"Version {self.after.number}"


def author(revision: QBRRevision) -> str:
    """Name whoever wrote a version: a person, a model by name, the templates, or a model and the templates."""
    is_template = revision.author_id is None and revision.author_name == TEMPLATES
    return f"the {TEMPLATES}" if is_template else revision.written_by


def named(qbr: QBR) -> tuple[Named, ...]:
    """Return every version without its content, newest first. Two queries."""
    revisions = tuple(QBRRevision.objects.filter(qbr=qbr).defer("content").order_by("-number"))
    steps = tuple(
        Transition.objects.filter(qbr=qbr, action__in=[Action.APPROVE, Action.PUBLISHED]).order_by("version")
    )
    was: dict[int, list[str]] = {}
    for step in steps:
        number = _stood(revisions, step)
        if number is not None:
            word = "approved" if step.action == Action.APPROVE else "published"
            was.setdefault(number, [])
            if word not in was[number]:
                was[number].append(word)
    return tuple(Named(revision=one, was=tuple(was.get(one.number, ()))) for one in revisions)


def compare(qbr: QBR, versions: Sequence[Named], *, before: int, after: int) -> ComparePage | None:
    """Return two versions side by side, None where there is no such version. At most three queries."""
    by_number = {one.number: one for one in versions}
    if before not in by_number or after not in by_number:
        return None
    texts = {row.number: row for row in QBRRevision.objects.filter(qbr=qbr, number__in={before, after})}
    old, new = (Content.from_json(texts[number].content) for number in (before, after))
    cited = set(new.cited())
    editions = (texts[before].fact_edition, texts[after].fact_edition)
    changed: tuple[FactChange, ...] = ()
    if editions[0] != editions[1]:
        changed = fact_changes.changes(*(current.sheet(qbr.pk, edition=edition) for edition in editions))
    return ComparePage(
        before=by_number[before],
        after=by_number[after],
        versions=tuple(versions),
        parts=side_by_side.compare(old, new),
        facts=tuple(one for one in changed if one.fact.id in cited),
        other_facts=tuple(one for one in changed if one.fact.id not in cited),
    )


def _stood(revisions: Sequence[QBRRevision], step: Transition) -> int | None:
    """Return the newest version that said what a step was taken on, when it was taken."""
    return next(
        (
            one.number
            for one in revisions
            if one.content_hash == step.content_hash and one.created_at <= step.at
        ),
        None,
    )
