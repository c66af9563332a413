"""The neutral document tree: what was approved is what is published (ARCHITECTURE, decision 2).

The preview page and the Notion block renderer both render this tree. It is plain values all the way
down, so that it can be stored as JSON, hashed and compared.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text. ``fact`` is the id of the fact that a figure was traced to, else None."""

    text: str
    fact: str | None = None


Text: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    text: str
    level: Literal[1, 2, 3] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    spans: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A rectangle of cells; the first row of ``rows`` follows ``header``, all of the same width."""

    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    spans: Text
    tone: Literal["info", "warning"] = "info"


Block: TypeAlias = Heading | Paragraph | Bullets | Table | Callout


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    title: str
    blocks: tuple[Block, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the tree as JSON values; ``from_json`` gives back an equal tree."""
        return {"title": self.title, "blocks": [_block_to_json(block) for block in self.blocks]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Document":
        """Rebuild a tree that ``to_json`` wrote. Raises KeyError or ValueError on anything else."""
        return cls(title=value["title"], blocks=tuple(_block_from_json(item) for item in value["blocks"]))

    def canonical_hash(self) -> str:
        """Return the SHA-256 (hex) of the canonical JSON: the same text gives the same hash everywhere."""
        canonical = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def plain_lines(self) -> list[str]:
        """Return the words a reader sees, a line for each heading, paragraph, bullet, callout and table row.

        Table cells are joined by ``" | "``. Used to compare what was approved with what was read back.
        """
        return [line for block in self.blocks for line in _block_lines(block)]


def plain(text: Text) -> str:
    """Return the words of a run of spans."""
    return "".join(span.text for span in text)


def _text_to_json(text: Text) -> list[dict[str, Any]]:
    return [{"text": s.text} if s.fact is None else {"text": s.text, "fact": s.fact} for s in text]


def _text_from_json(value: list[dict[str, Any]]) -> Text:
    return tuple(Span(text=item["text"], fact=item.get("fact")) for item in value)


def _block_to_json(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"type": "heading", "text": block.text, "level": block.level}
        case Paragraph():
            return {"type": "paragraph", "spans": _text_to_json(block.spans)}
        case Bullets():
            return {"type": "bullets", "items": [_text_to_json(item) for item in block.items]}
        case Table():
            return {
                "type": "table",
                "header": list(block.header),
                "rows": [[_text_to_json(cell) for cell in row] for row in block.rows],
            }
        case Callout():
            return {"type": "callout", "spans": _text_to_json(block.spans), "tone": block.tone}


def _block_from_json(value: dict[str, Any]) -> Block:
    match value["type"]:
        case "heading":
            return Heading(text=value["text"], level=value["level"])
        case "paragraph":
            return Paragraph(spans=_text_from_json(value["spans"]))
        case "bullets":
            return Bullets(items=tuple(_text_from_json(item) for item in value["items"]))
        case "table":
            rows = tuple(tuple(_text_from_json(cell) for cell in row) for row in value["rows"])
            return Table(header=tuple(value["header"]), rows=rows)
        case "callout":
            return Callout(spans=_text_from_json(value["spans"]), tone=value["tone"])
        case other:
            raise ValueError(f"A document has no block of type {other!r}.")


def _block_lines(block: Block) -> list[str]:
    match block:
        case Heading():
            return [block.text]
        case Paragraph() | Callout():
            return [plain(block.spans)]
        case Bullets():
            return [plain(item) for item in block.items]
        case Table():
            return [
                " | ".join(block.header),
                *(" | ".join(plain(cell) for cell in row) for row in block.rows),
            ]
