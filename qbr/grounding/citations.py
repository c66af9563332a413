"""Citations of facts: what they may read, and what stands around a cited figure and changes it."""

import re
from collections.abc import Iterable, Iterator

from csm_portal.ports.documents import Span
from qbr.document import TextBlock
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet, shown, shown_with_unit
from qbr.grounding.evidence import Evidence
from qbr.grounding.findings import ADVICE, FindingKind, Traced, kind_of
from qbr.grounding.quantities import Quantity

MARKER = re.compile(r"\[no such fact: [^\]]*\]|\{\{[^{}]*\}\}")


def miscited(
    found: Quantity, citation: Traced, original: str, facts: FactSheet, evidence: Evidence
) -> list[tuple[int, int, FindingKind, str]]:
    """Find what stands around a cited figure and changes it: more digits, a scale, another unit."""
    fact = facts[citation.facts[0]]
    start, end = min(found.start, citation.start), max(found.end, citation.end)
    numeral = found.numeral
    if numeral.end > citation.end or numeral.start < citation.start or found.start < citation.start:
        text = original[start:end]
        return [
            (start, end, kind_of(found), f"“{text}” is not the figure {shown(fact)} that it cites. {ADVICE}")
        ]
    if fact.kind not in NUMERIC_KINDS:
        return []
    figure = next(item for item in evidence.figures if item.facts == (fact.id,))
    named = figure.units - {""}
    if found.unit and named and found.unit not in figure.units and not _is_time(found, figure.units):
        end = max(end, found.noun_end)
        text = original[start:end]
        return [
            (
                start,
                end,
                kind_of(found),
                f"“{text}” cites {fact.label}, which is {shown_with_unit(fact)}. {ADVICE}",
            )
        ]
    return []


def _is_time(found: Quantity, units: frozenset[str]) -> bool:
    return found.unit == "day" and "day" in units


def misquoted(block: TextBlock, facts: FactSheet) -> Iterator[tuple[int, int, FindingKind, str]]:
    """Find spans that claim a fact and do not show its figure: an older figure, or a fact that is gone."""
    at = 0
    for span in block.spans:
        start, at = at, at + len(span.text)
        if span.fact is None or _shows(span, facts) or MARKER.fullmatch(span.text):
            continue
        fact = facts.get(span.fact)
        now = f"it is now {shown(fact)}" if fact else "that fact is not known any more"
        yield start, at, FindingKind.CITATION, f"“{span.text}” was taken from a fact, and {now}. Correct it."


def cited(spans: Iterable[Span], facts: FactSheet) -> Iterator[Traced]:
    at = 0
    for span in spans:
        start, at = at, at + len(span.text)
        if span.fact is not None and _shows(span, facts):
            yield Traced(start=start, end=at, facts=(span.fact,))


def _shows(span: Span, facts: FactSheet) -> bool:
    fact = facts.get(span.fact or "")
    return fact is not None and _may_read(span.text, fact)


def _may_read(text: str, fact: Fact) -> bool:
    if fact.kind is FactKind.NAMES and isinstance(fact.value, tuple) and text in fact.value:
        return True
    return text in (shown(fact), shown_with_unit(fact))
