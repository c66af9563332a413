"""All that the editor of one section shows: the text as this person left it, how it reads, who else is at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from csm_portal.core.models import Membership, User
from qbr import editing, merging, policies, preview, side_by_side, vouching, workflow
from qbr.document import Content, Section, SectionKey, Version
from qbr.grounding import check
from qbr.grounding.check import Finding
from qbr.merging import Merged
from qbr.models import QBR, QBRRevision, Transition, WorkingCopy
from qbr.preview import Part
from qbr.selectors import current, remarks
from qbr.selectors import page as page_selector
from qbr.selectors.current import Current
from qbr.selectors.page import ShownFact
from qbr.selectors.remarks import ShownThread
from qbr.side_by_side import Row
from qbr.workflow import Action, State

# Whoever kept something in a section this long ago is not at it any more.
_AT_IT_SECONDS: Final = 30 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A section as it would be published to one of its readers; ``part`` is None where that one gets nothing of it."""

    version: Version
    part: Part | None
    findings: tuple[Finding, ...]
    is_empty: bool = False

    @property
    def open_findings(self) -> int:
        return sum(finding.is_open for finding in self.findings)

    @property
    def parts(self) -> tuple[Part, ...]:
        return () if self.part is None else (self.part,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One section to go to: what is to be done in it, and whether the person has left something there.

    ``is_stand_in`` marks one that the templates wrote in a model's place.
    """

    key: SectionKey
    heading: str
    is_current: bool
    open_findings: int
    open_threads: int
    has_copy: bool
    is_stand_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two texts of one section: the person's own, and one that somebody else made of the same beginning.

    ``rows`` lead from the other text to the person's. ``is_own`` says that the other is the same person's, from
    another window. ``clashes`` counts the places where both wrote the same passage.
    """

    who: str
    at: datetime | None
    theirs: str
    rows: tuple[Row, ...]
    clashes: int
    is_own: bool = False

    @property
    def differs(self) -> bool:
        return any(row.is_change for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorPage:
    """``copy`` is what this person typed and did not save; ``others`` are colleagues who type here, since when."""

    text: Current
    section: Section
    copy: WorkingCopy | None
    tabs: tuple[Tab, ...]
    facts: tuple[ShownFact, ...]
    threads: tuple[ShownThread, ...]
    others: tuple[tuple[str, datetime], ...]
    voids: bool
    loses_approval: bool
    state_label: str
    last_step: Transition | None

    @property
    def open_threads(self) -> int:
        return sum(thread.is_open for thread in self.threads)

    @property
    def stand_in(self) -> str:
        """Say why the templates wrote this section in a model's place, "" where they did not."""
        return str(self.text.revision.stand_ins.get(self.section.key.value, ""))

    @property
    def saved(self) -> str:
        """Return the text of the section as the newest version has it."""
        return editing.to_editable(self.section)


def editor(
    qbr: QBR, membership: Membership, *, text: Current, section: SectionKey, user: User, now: datetime
) -> EditorPage:
    """Gather what the editor of a section shows to a person. Four queries; ``text`` is what the review says now."""
    history = tuple(Transition.objects.filter(qbr=qbr).order_by("-version"))
    standing = policies.actor_facts(membership, qbr, history=history, open_findings=0)
    copies = tuple(WorkingCopy.objects.filter(qbr=qbr).defer("text").select_related("person"))
    own = next((one for one in copies if one.person_id == user.pk and one.section == section), None)
    if own is not None:
        own = WorkingCopy.objects.filter(pk=own.pk).first()
    threads = remarks.threads(qbr, text.content)
    left = {one.section for one in copies if one.person_id == user.pk}
    return EditorPage(
        text=text,
        section=text.content.section(section),
        copy=own,
        tabs=tuple(_tab(one, section, text, threads, left) for one in text.content.sections),
        facts=page_selector.known_facts(text),
        threads=tuple(thread for thread in threads if thread.section == section),
        others=tuple(
            (str(one.person), one.kept_at)
            for one in copies
            if one.person_id != user.pk
            and one.section == section
            and (now - one.kept_at).total_seconds() < _AT_IT_SECONDS
        ),
        voids=qbr.state != State.DRAFT,
        loses_approval=standing.is_manager
        and workflow.refusal(Action.APPROVE, State.IN_REVIEW, standing) is None,
        state_label=workflow.STATE_LABELS[State(qbr.state)].lower(),
        last_step=history[0] if history else None,
    )


def checked(text: Current, key: SectionKey, written: str, version: Version) -> Checked:
    """Return how a section would read with what somebody typed, from the tree that is published. No query."""
    section = editing.from_editable(written, text.facts, text.content.section(key))
    content = text.content.with_section(section)
    found = [one for one in check.check(content, text.facts) if one.section == key]
    findings = vouching.answered(content, found, current.given(text.vouches))
    marked = findings if version is Version.INTERNAL else ()
    known = check.prepare(text.facts)
    part = preview.section_part(content, key, version, known=known, findings=marked)
    return Checked(version=version, part=part, findings=findings, is_empty=not written.strip())


def begun_with(qbr: QBR, key: SectionKey, base: int | None) -> str:
    """Return what a section said in the version that somebody began with; nothing where there is none. One query."""
    begun = QBRRevision.objects.filter(qbr=qbr, number=base).first() if base is not None else None
    return "" if begun is None else editing.to_editable(Content.from_json(begun.content).section(key))


def conflict(
    *, base: str, mine: str, theirs: str, who: str, at: datetime | None, is_own: bool = False
) -> Conflict:
    """Hold a person's text against another one."""
    return Conflict(
        who=who,
        at=at,
        theirs=theirs,
        rows=side_by_side.compare_texts(editing.passages(theirs), editing.passages(mine)),
        clashes=merged(base=base, mine=mine, theirs=theirs).clashes,
        is_own=is_own,
    )


def merged(*, base: str, mine: str, theirs: str) -> Merged:
    """Make one text of two that were made from ``base``."""
    return merging.merge(editing.passages(base), editing.passages(mine), editing.passages(theirs))


def _tab(
    section: Section,
    chosen: SectionKey,
    text: Current,
    threads: tuple[ShownThread, ...],
    left: set[str],
) -> Tab:
    return Tab(
        key=section.key,
        heading=section.heading,
        is_current=section.key == chosen,
        open_findings=sum(one.is_open for one in text.findings if one.section == section.key),
        open_threads=sum(one.is_open for one in threads if one.section == section.key),
        has_copy=section.key in left,
        is_stand_in=section.key.value in text.revision.stand_ins,
    )
