"""Citations: ``{{fact.id}}`` in prose, where the portal puts the figure in (ARCHITECTURE, decision 3)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from csm_portal.ports.documents import Span, Text
from qbr.facts import Fact, shown

# Anything between double braces is taken for a citation, so that a misspelt one is noticed, not printed.
_CITATION = re.compile(r"\{\{\s*([^{}]{0,120}?)\s*\}\}")
UNKNOWN_FACT = "unknown:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    fact_id: str
    start: int
    end: int


def find(prose: str) -> Iterator[Citation]:
    """Yield the citations of a text in order."""
    for match in _CITATION.finditer(prose):
        yield Citation(fact_id=match[1], start=match.start(), end=match.end())


def tidied(prose: str) -> str:
    """Return a text without braces that belong to no citation, on single spaces; a second round changes nothing."""
    while True:
        parts, at = [], 0
        for citation in find(prose):
            parts += [_without_braces(prose[at : citation.start]), prose[citation.start : citation.end]]
            at = citation.end
        parts.append(_without_braces(prose[at:]))
        after = " ".join("".join(parts).split())
        if after == prose:
            return after
        prose = after


def _without_braces(text: str) -> str:
    return text.replace("{{", "").replace("}}", "")


def resolve(prose: str, facts: Mapping[str, Fact]) -> Text:
    """Replace citations by the figures of their facts.

    A citation of a fact that does not exist becomes the visible marker ``[no such fact: …]`` in a span whose
    fact is ``unknown:…``, which the number check reports.
    """
    spans: list[Span] = []
    at = 0
    for citation in find(prose):
        if citation.start > at:
            spans.append(Span(text=prose[at : citation.start]))
        fact = facts.get(citation.fact_id)
        if fact is None:
            label = citation.fact_id or "empty"
            spans.append(Span(text=f"[no such fact: {label}]", fact=f"{UNKNOWN_FACT}{label}"))
        else:
            spans.append(Span(text=shown(fact), fact=fact.id))
        at = citation.end
    if at < len(prose):
        spans.append(Span(text=prose[at:]))
    return tuple(spans)
