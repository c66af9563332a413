"""A QBR as it is kept: four sections, each with text that people edit and figures that only the portal sets.

The text of a section is a list of paragraphs and bullets. Above and below it stand locked blocks (tables,
lists, call-outs) that are rendered from facts and that nobody can edit. From one ``Content`` come both
versions (SPEC 6.1): the internal one, and the customer's, without what is marked internal. The hash covers
the content, and so both versions: one approval covers both.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Any

from csm_portal.ports.documents import Block, Bullets, Document, Heading, Paragraph, Span, Text, plain


class SectionKey(StrEnum):
    """The sections of SPEC 6.1, in order; the names are those of the writer's answer."""

    HEALTH = "account_health_summary"
    ROI = "roi_business_impact"
    ADOPTION = "feature_adoption_scorecard"
    NEXT_STEPS = "expansion_next_steps"


HEADINGS: Mapping[SectionKey, str] = {
    SectionKey.HEALTH: "Account Health Summary",
    SectionKey.ROI: "ROI & Business Impact",
    SectionKey.ADOPTION: "Feature Adoption Scorecard",
    SectionKey.NEXT_STEPS: "Expansion & Next Steps",
}
# The customer's version speaks neither of a health score nor of expansion.
CUSTOMER_HEADINGS: Mapping[SectionKey, str] = {
    **HEADINGS,
    SectionKey.HEALTH: "Summary",
    SectionKey.NEXT_STEPS: "Next Steps",
}


class Version(StrEnum):
    """Who the rendered document is for. Notion gets the internal one; exports default to the customer's."""

    INTERNAL = "internal"
    CUSTOMER = "customer"


class Audience(StrEnum):
    """Which versions a block stands in."""

    BOTH = "both"
    INTERNAL = "internal"
    CUSTOMER = "customer"

    def includes(self, version: Version) -> bool:
        return self is Audience.BOTH or self.value == version.value


class TextKind(StrEnum):
    PARAGRAPH = "paragraph"
    BULLET = "bullet"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """One paragraph or bullet of prose, on one line; a span with a fact shows that fact's figure."""

    spans: Text
    kind: TextKind = TextKind.PARAGRAPH
    audience: Audience = Audience.BOTH

    @property
    def words(self) -> str:
        return plain(self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBlock:
    """A block that the portal renders from facts."""

    block: Block
    audience: Audience = Audience.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    key: SectionKey
    above: tuple[LockedBlock, ...] = ()
    text: tuple[TextBlock, ...] = ()
    below: tuple[LockedBlock, ...] = ()

    @property
    def heading(self) -> str:
        return HEADINGS[self.key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The whole content of one revision. ``appendix`` says where the figures of the text come from."""

    account_name: str
    quarter: str
    sections: tuple[Section, ...]
    appendix: tuple[LockedBlock, ...] = ()

    @property
    def title(self) -> str:
        return f"QBR - {self.account_name} - {self.quarter}"

    def section(self, key: SectionKey) -> Section:
        """Return one section. Raises KeyError where the content has none of that name."""
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(key)

    def with_section(self, section: Section) -> "Content":
        """Return the content with one section replaced."""
        return replace(
            self, sections=tuple(section if old.key == section.key else old for old in self.sections)
        )

    def cited(self) -> list[str]:
        """Return the ids of the facts that the text cites, each once, in order."""
        found = (
            span.fact
            for section in self.sections
            for block in section.text
            for span in block.spans
            if span.fact is not None
        )
        return list(dict.fromkeys(found))

    def document(self, version: Version = Version.INTERNAL) -> Document:
        """Render one version as the neutral tree that pages, exports and Notion share."""
        headings = HEADINGS if version is Version.INTERNAL else CUSTOMER_HEADINGS
        blocks: list[Block] = []
        for section in self.sections:
            body = list(_section_blocks(section, version))
            if body:
                blocks += [Heading(text=headings[section.key]), *body]
        title = self.title
        if version is Version.CUSTOMER:
            title = f"Quarterly business review: {self.account_name}, {self.quarter}"
        blocks += _locked(self.appendix, version)
        return Document(title=title, blocks=tuple(blocks))

    def to_json(self) -> dict[str, Any]:
        """Return the content as JSON values; ``from_json`` gives back an equal content."""
        return {
            "account_name": self.account_name,
            "quarter": self.quarter,
            "sections": [_section_to_json(section) for section in self.sections],
            "appendix": _locked_to_json(self.appendix),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Content":
        """Rebuild a content that ``to_json`` wrote. Raises KeyError or ValueError on anything else."""
        return cls(
            account_name=value["account_name"],
            quarter=value["quarter"],
            sections=tuple(_section_from_json(item) for item in value["sections"]),
            appendix=_locked_from_json(value["appendix"]),
        )

    def canonical_hash(self) -> str:
        """Return the SHA-256 (hex) of the canonical JSON; equal contents have equal hashes everywhere."""
        canonical = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _section_blocks(section: Section, version: Version) -> Iterator[Block]:
    yield from _locked(section.above, version)
    visible = [block for block in section.text if block.audience.includes(version)]
    for kind, group in groupby(visible, key=lambda block: block.kind):
        if kind is TextKind.BULLET:
            yield Bullets(items=tuple(block.spans for block in group))
        else:
            yield from (Paragraph(spans=block.spans) for block in group)
    yield from _locked(section.below, version)


def _locked(blocks: tuple[LockedBlock, ...], version: Version) -> list[Block]:
    return [locked.block for locked in blocks if locked.audience.includes(version)]


def _section_to_json(section: Section) -> dict[str, Any]:
    return {
        "key": section.key.value,
        "above": _locked_to_json(section.above),
        "text": [
            {
                "kind": block.kind.value,
                "audience": block.audience.value,
                "spans": [_span_to_json(span) for span in block.spans],
            }
            for block in section.text
        ],
        "below": _locked_to_json(section.below),
    }


def _section_from_json(value: Mapping[str, Any]) -> Section:
    return Section(
        key=SectionKey(value["key"]),
        above=_locked_from_json(value["above"]),
        text=tuple(
            TextBlock(
                kind=TextKind(item["kind"]),
                audience=Audience(item["audience"]),
                spans=tuple(Span(text=span["text"], fact=span.get("fact")) for span in item["spans"]),
            )
            for item in value["text"]
        ),
        below=_locked_from_json(value["below"]),
    )


def _span_to_json(span: Span) -> dict[str, Any]:
    return {"text": span.text} if span.fact is None else {"text": span.text, "fact": span.fact}


def _locked_to_json(blocks: tuple[LockedBlock, ...]) -> list[dict[str, Any]]:
    return [
        {
            "audience": locked.audience.value,
            "block": Document(title="", blocks=(locked.block,)).to_json()["blocks"][0],
        }
        for locked in blocks
    ]


def _locked_from_json(value: list[Mapping[str, Any]]) -> tuple[LockedBlock, ...]:
    return tuple(
        LockedBlock(
            audience=Audience(item["audience"]),
            block=Document.from_json({"title": "", "blocks": [item["block"]]}).blocks[0],
        )
        for item in value
    )
