"""What a review is handed out as: one version of its content in one shape, with who approved it. Pure.

Every file is made from a ``Handout``, so that all of them say the same. A shape leaves blocks out or puts
sections in another order; it never changes a word, so one approval covers every shape.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from csm_portal.ports import untrusted
from csm_portal.ports.documents import (
    Block,
    Bullets,
    Callout,
    Document,
    Heading,
    Paragraph,
    Span,
    Table,
    Text,
    plain,
)
from qbr.document import Content, SectionKey, Version
from qbr.facts import Fact, FactSheet, shown_date, shown_with_unit

NOT_APPROVED: Final = "Draft: nobody has approved this text yet."


class Shape(StrEnum):
    """How much of a review is handed out, and in which order."""

    FULL = "full"
    BRIEF = "brief"
    AT_RISK = "at_risk"


SHAPE_LABELS: Final[Mapping[Shape, str]] = {
    Shape.FULL: "Full review",
    Shape.BRIEF: "One-page brief",
    Shape.AT_RISK: "At-risk review",
}
# An account at risk is talked about from the trouble to the plan; what goes well follows.
_AT_RISK_ORDER: Final = (SectionKey.HEALTH, SectionKey.NEXT_STEPS, SectionKey.ADOPTION, SectionKey.ROI)
_FORMULA: Final = re.compile(r"\s*(?:[=@]|[+-][^\d\s])")
# The summary of a brief keeps what needs attention, its last section the steps.
_BRIEF_PARAGRAPHS: Final = {SectionKey.HEALTH: 2}
_BRIEF_BULLETS: Final = {SectionKey.NEXT_STEPS: 4}
_BEFORE_SIGN: Final = re.compile(r"(?<=\d) (?=%)|(?<=[€$£¥]) (?=\d)")
_BRIEF_ROWS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A heading and what stands under it, to the next one."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """One version of a review, ready to be written as a file.

    ``period`` says in words what days it covers, ``company`` whose review it is, ``stamp`` who approved it when
    and the hash of the content. ``sources`` says where a cited fact was read, by its id.
    """

    document: Document
    account_name: str
    quarter: str
    period: str
    company: str
    stamp: str
    shape: Shape
    version: Version
    is_approved: bool
    sources: Mapping[str, str]

    @property
    def is_internal(self) -> bool:
        return self.version is Version.INTERNAL

    @property
    def title(self) -> str:
        return "Executive brief" if self.shape is Shape.BRIEF else "Quarterly business review"

    @property
    def notice(self) -> str:
        """What each page says about who may read it; empty for an approved customer version."""
        parts = ("For colleagues only" if self.is_internal else "", "" if self.is_approved else "Draft")
        return " · ".join(part for part in parts if part)

    def chapters(self) -> Iterator[Chapter]:
        """Yield the headings of the document, each with its blocks, in order."""
        heading, blocks = "", list[Block]()
        for block in self.document.blocks:
            if isinstance(block, Heading):
                if blocks:
                    yield Chapter(heading=heading, blocks=tuple(blocks))
                heading, blocks = block.text, []
            else:
                blocks.append(block)
        if blocks:
            yield Chapter(heading=heading, blocks=tuple(blocks))


def of(
    content: Content,
    facts: FactSheet,
    *,
    version: Version,
    shape: Shape,
    period: str,
    company: str,
    stamp: str,
) -> Handout:
    """Return one version of a content in one shape; without a ``stamp`` it is a draft."""
    return cleaned(
        Handout(
            document=_shaped(content, version, shape),
            account_name=content.account_name,
            quarter=content.quarter,
            period=period,
            company=company,
            stamp=stamp or NOT_APPROVED,
            shape=shape,
            version=version,
            is_approved=bool(stamp),
            sources={
                fact.id: _source(fact)
                for fact in facts.values()
                if fact.is_known and (version is Version.INTERNAL or not fact.is_internal)
            },
        )
    )


def cleaned(handout: Handout) -> Handout:
    """Return a handout without characters that nobody can see, and without cells that a spreadsheet calculates."""
    return replace(
        handout,
        document=_cleaned(handout.document),
        account_name=untrusted.clean_line(handout.account_name),
        quarter=untrusted.clean_line(handout.quarter),
        company=untrusted.clean_line(handout.company),
        stamp=untrusted.clean_line(handout.stamp),
        sources={fact: untrusted.clean_line(words) for fact, words in handout.sources.items()},
    )


def kept_together(words: str) -> str:
    """Return the words with each figure tied to its sign, so that no line ends between them."""
    return _BEFORE_SIGN.sub("\u00a0", words)


def _shaped(content: Content, version: Version, shape: Shape) -> Document:
    match shape:
        case Shape.FULL:
            return content.document(version)
        case Shape.AT_RISK:
            sections = sorted(content.sections, key=lambda section: _AT_RISK_ORDER.index(section.key))
            return replace(content, sections=tuple(sections)).document(version)
        case Shape.BRIEF:
            return _brief(content, version)


def _brief(content: Content, version: Version) -> Document:
    """Return a page's worth: what each section says first, its first figures, and the next steps."""
    blocks: list[Block] = []
    for section in content.sections:
        whole = replace(content, sections=(section,), appendix=()).document(version).blocks
        if not whole:
            continue
        heading, *body = whole
        kept = [*_firsts(body, section.key)]
        if kept:
            blocks += [heading, *kept]
    return Document(title=content.document(version).title, blocks=tuple(blocks))


def _firsts(body: Iterable[Block], key: SectionKey) -> Iterator[Block]:
    """Yield the first paragraph, the first list where lists are wanted, and the first table's first rows."""
    left = {Paragraph: _BRIEF_PARAGRAPHS.get(key, 1), Bullets: int(key in _BRIEF_BULLETS), Table: 1}
    for block in body:
        if not left.get(type(block)):
            continue
        left[type(block)] -= 1
        match block:
            case Bullets():
                yield Bullets(items=block.items[: _BRIEF_BULLETS[key]])
            case Table():
                yield replace(block, rows=block.rows[:_BRIEF_ROWS])
            case _:
                yield block


def _source(fact: Fact) -> str:
    stale = ", out of date" if fact.is_stale else ""
    return f"{fact.label}: {shown_with_unit(fact)} ({fact.source}, as of {shown_date(fact.as_of)}{stale})"


def _cleaned(document: Document) -> Document:
    return Document(
        title=untrusted.clean_line(document.title), blocks=tuple(map(_clean_block, document.blocks))
    )


def _clean_block(block: Block) -> Block:
    match block:
        case Heading():
            return replace(block, text=untrusted.clean_line(block.text))
        case Paragraph() | Callout():
            return replace(block, spans=_clean_text(block.spans))
        case Bullets():
            return Bullets(items=tuple(map(_clean_text, block.items)))
        case Table():
            return Table(
                header=tuple(plain(_clean_cell((Span(text=name),))) for name in block.header),
                rows=tuple(tuple(map(_clean_cell, row)) for row in block.rows),
            )


def _clean_text(text: Text) -> Text:
    """Take out what nobody can see; a span keeps its spaces, since words go on in the next."""
    return tuple(Span(text=_on_one_line(span.text), fact=span.fact) for span in text)


def _clean_cell(text: Text) -> Text:
    """Clean a cell; one that is pasted into a spreadsheet is no formula there (SPEC 10.6)."""
    clean = _clean_text(text)
    return (Span(text="'"), *clean) if _FORMULA.match(plain(clean)) else clean


def _on_one_line(text: str) -> str:
    return untrusted.clean(text).replace("\n", " ").replace("\t", " ")
