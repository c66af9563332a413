"""A review as a page shows it: the blocks that are published, with each figure tied to its fact and each finding marked.

The blocks come in the order of ``Content.document``, and hold the same words: a test holds one against the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from csm_portal.ports.documents import Block, Bullets, Callout, Heading, Paragraph, Table, Text
from qbr.document import (
    CUSTOMER_HEADINGS,
    HEADINGS,
    Audience,
    Content,
    LockedBlock,
    Section,
    SectionKey,
    TextBlock,
    TextKind,
    Version,
)
from qbr.facts import Fact, FactKind, FactSheet
from qbr.grounding import check
from qbr.grounding.check import Finding, Knowledge

_SAID_IN_WORDS = frozenset({FactKind.NAME, FactKind.NAMES, FactKind.TEXT, FactKind.WORD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A passage that somebody has commented on: which characters of which block of a section's text."""

    section: SectionKey
    block: int
    start: int
    end: int
    number: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text: plain, tied to a fact, or marked by the number check.

    ``is_commented`` is a passage that comments are about, ``ends`` are the comments whose passage ends with it.
    """

    text: str
    fact: Fact | None = None
    finding: Finding | None = None
    is_commented: bool = False
    ends: tuple[Mark, ...] = ()


Runs: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One block. ``lines`` are a paragraph's one or a list's items, ``rows`` the cells of a table.

    ``places`` name each line of a section's own text (``roi_business_impact.2``), as comments do.
    """

    kind: Literal["heading", "paragraph", "bullets", "table", "callout"]
    lines: tuple[Runs, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Runs, ...], ...] = ()
    is_internal: bool = False
    is_warning: bool = False
    places: tuple[str, ...] = ()

    @property
    def placed_lines(self) -> list[tuple[Runs, str]]:
        """Return each line with its place, which is empty for what the portal sets."""
        return list(zip(self.lines, self.places or ("",) * len(self.lines), strict=True))

    @property
    def is_wide(self) -> bool:
        """Whether a phone has no room for the columns beside each other."""
        return len(self.header) > 3

    @property
    def labelled_rows(self) -> list[list[tuple[str, Runs]]]:
        """Return each cell of a table with its column's name."""
        return [list(zip(self.header, row, strict=True)) for row in self.rows]

    def plain_lines(self) -> list[str]:
        """Return the words of the block, a line each as in ``Document.plain_lines``."""
        if self.kind == "table":
            return [" | ".join(self.header), *(" | ".join(map(_words, row)) for row in self.rows)]
        return [_words(line) for line in self.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Neighbouring blocks that the same people may read."""

    is_internal: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section, or the appendix, which has neither key nor heading."""

    key: SectionKey | None
    heading: str
    groups: tuple[Group, ...]
    open_findings: int = 0

    def facts(self) -> Iterator[str]:
        """Yield the id of each fact that a figure is tied to."""
        for group in self.groups:
            for piece in group.pieces:
                for line in (*piece.lines, *(cell for row in piece.rows for cell in row)):
                    yield from (run.fact.id for run in line if run.fact is not None)

    def plain_lines(self) -> list[str]:
        heading = [self.heading] if self.heading else []
        return heading + [
            line for group in self.groups for piece in group.pieces for line in piece.plain_lines()
        ]


def parts(
    content: Content,
    version: Version,
    *,
    known: Knowledge,
    findings: Iterable[Finding] = (),
    marks: Iterable[Mark] = (),
) -> tuple[Part, ...]:
    """Return the sections that one version shows, and the appendix.

    A figure that nobody cited is tied to the fact that it follows from, too.
    """
    headings = HEADINGS if version is Version.INTERNAL else CUSTOMER_HEADINGS
    marked, commented = list(findings), list(marks)
    found = [
        Part(
            key=section.key,
            heading=headings[section.key],
            groups=_grouped(_section(section, version, known, marked, commented)),
            open_findings=sum(one.is_open for one in marked if one.section == section.key),
        )
        for section in content.sections
    ]
    appendix = Part(key=None, heading="", groups=_grouped(_locked(content.appendix, version, known)))
    return tuple(part for part in (*found, appendix) if part.groups)


def section_part(
    content: Content, key: SectionKey, version: Version, *, known: Knowledge, findings: Iterable[Finding] = ()
) -> Part | None:
    """Return one section as ``parts`` does, or None where the version shows nothing of it."""
    section = content.section(key)
    alone = replace(content, sections=(section,), appendix=())
    found = parts(alone, version, known=known, findings=findings)
    return found[0] if found else None


def _section(
    section: Section,
    version: Version,
    known: Knowledge,
    findings: Sequence[Finding],
    marks: Sequence[Mark],
) -> Iterator[Piece]:
    yield from _locked(section.above, version, known)
    yield from _texts(section, version, known, findings, marks)
    yield from _locked(section.below, version, known)


def _texts(
    section: Section,
    version: Version,
    known: Knowledge,
    findings: Sequence[Finding],
    marks: Sequence[Mark],
) -> Iterator[Piece]:
    visible = [
        (number, block) for number, block in enumerate(section.text) if block.audience.includes(version)
    ]
    for (kind, is_internal), group in groupby(
        visible, key=lambda item: (item[1].kind, item[1].audience is Audience.INTERNAL)
    ):
        lines = [
            (
                _runs(
                    block,
                    known,
                    [one for one in findings if (one.section, one.block) == (section.key, number)],
                    [one for one in marks if (one.section, one.block) == (section.key, number)],
                ),
                f"{section.key}.{number}",
            )
            for number, block in group
        ]
        for few in [lines] if kind is TextKind.BULLET else [[line] for line in lines]:
            yield Piece(
                kind="bullets" if kind is TextKind.BULLET else "paragraph",
                lines=tuple(line for line, _ in few),
                places=tuple(place for _, place in few),
                is_internal=is_internal,
            )


def _locked(blocks: Iterable[LockedBlock], version: Version, known: Knowledge) -> Iterator[Piece]:
    for locked in blocks:
        if locked.audience.includes(version):
            yield _piece(locked.block, known.facts, is_internal=locked.audience is Audience.INTERNAL)


def _piece(block: Block, facts: FactSheet, *, is_internal: bool) -> Piece:
    match block:
        case Heading():
            return Piece(kind="heading", lines=((Run(text=block.text),),), is_internal=is_internal)
        case Paragraph():
            return Piece(kind="paragraph", lines=(_plain(block.spans, facts),), is_internal=is_internal)
        case Bullets():
            return Piece(
                kind="bullets",
                lines=tuple(_plain(item, facts) for item in block.items),
                is_internal=is_internal,
            )
        case Callout():
            return Piece(
                kind="callout",
                lines=(_plain(block.spans, facts),),
                is_internal=is_internal,
                is_warning=block.tone == "warning",
            )
        case Table():
            rows = tuple(tuple(_plain(cell, facts) for cell in row) for row in block.rows)
            return Piece(kind="table", header=block.header, rows=rows, is_internal=is_internal)


def _grouped(pieces: Iterable[Piece]) -> tuple[Group, ...]:
    return tuple(
        Group(is_internal=is_internal, pieces=tuple(group))
        for is_internal, group in groupby(pieces, key=lambda piece: piece.is_internal)
    )


def _plain(text: Text, facts: FactSheet) -> Runs:
    return tuple(Run(text=span.text, fact=facts.get(span.fact or "")) for span in text)


def _runs(block: TextBlock, known: Knowledge, findings: Sequence[Finding], marks: Sequence[Mark]) -> Runs:
    """Cut a block at every border of a fact, a finding or a mark; a finding hides the fact under it."""
    words = block.words
    tied = list(_tied(block, known))
    borders = {0, len(words)}
    borders.update(place for start, end, _ in tied for place in (start, end))
    borders.update(place for one in findings for place in (one.start, one.end))
    borders.update(place for one in marks for place in (one.start, one.end))
    places = sorted(place for place in borders if 0 <= place <= len(words))
    runs: list[Run] = []
    for start, end in pairwise(places):
        finding = next((one for one in findings if one.start <= start and end <= one.end), None)
        tied_to = next((one for first, last, one in tied if first <= start and end <= last), None)
        run = Run(
            text=words[start:end],
            fact=None if finding else tied_to,
            finding=finding,
            is_commented=any(one.start <= start and end <= one.end for one in marks),
            ends=tuple(one for one in marks if one.end == end),
        )
        if runs and not runs[-1].ends and replace(runs[-1], text="") == replace(run, text="", ends=()):
            run = replace(run, text=runs.pop().text + run.text)
        runs.append(run)
    return tuple(runs)


def _tied(block: TextBlock, known: Knowledge) -> Iterator[tuple[int, int, Fact]]:
    """Yield each stretch that states a fact: what cites it, then what follows from it."""
    at = 0
    for span in block.spans:
        if span.fact is not None and span.fact in known.facts:
            yield at, at + len(span.text), known.facts[span.fact]
        at += len(span.text)
    for one in check.read(block, known).traced:
        fact = known.facts[one.facts[0]]
        # A word that happens to stand in a name is no figure whose source anybody looks for.
        if fact.kind not in _SAID_IN_WORDS:
            yield one.start, one.end, fact


def _words(runs: Runs) -> str:
    return "".join(run.text for run in runs)
