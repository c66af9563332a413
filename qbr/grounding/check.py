"""The number check: every number, date, percentage, amount and proper name of a text is traced to a fact or marked.

What it marks blocks submission until it is corrected, or a person vouches for it by name (SPEC 6.3). Locked
blocks are rendered from facts by the portal and are not checked. When in doubt it marks: a person looks at a
mark, nobody looks at what is not marked.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from csm_portal.ports.documents import Span
from qbr.document import Audience, Content, SectionKey, TextBlock
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet, shown, shown_with_unit
from qbr.grounding import context, dates, evidence, names, quantities, spelling, tracing
from qbr.grounding.evidence import Evidence
from qbr.grounding.names import KnownNames, Name
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, SHARE, Quantity


class FindingKind(StrEnum):
    NUMBER = "number"
    PERCENTAGE = "percentage"
    AMOUNT = "amount"
    DATE = "date"
    NAME = "name"
    CITATION = "citation"
    LINK = "link"
    WORDING = "wording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """A person's word for one figure or name in one section."""

    section: SectionKey
    text: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the text that no fact carries.

    ``block`` counts the text blocks of the section, ``start`` and ``end`` the characters of that block's
    words. ``vouch`` is the person's word for it, where there is one. A citation of a fact that does not
    exist cannot be vouched for.
    """

    section: SectionKey
    block: int
    start: int
    end: int
    text: str
    kind: FindingKind
    message: str
    vouch: Vouch | None = None

    @property
    def is_open(self) -> bool:
        return self.vouch is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A stretch of a block that follows from facts, the closest first. ``is_part`` marks half of a name."""

    start: int
    end: int
    facts: tuple[str, ...]
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the check made of one block: what it could trace and what it could not."""

    traced: tuple[Traced, ...]
    untraced: tuple[tuple[int, int, FindingKind, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The facts, prepared once for many blocks."""

    facts: FactSheet
    evidence: Evidence
    names: KnownNames


_MARKER = re.compile(r"\[no such fact: [^\]]*\]|\{\{[^{}]*\}\}")
_LINK = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+\w", re.IGNORECASE)
_NOT_FOR_CUSTOMERS = re.compile(
    r"(?i:\b(?:churn\w*|health scores?|at[- ]risk|red accounts?|upsell\w*|cross-sell\w*|expansion opportunit\w+|stakeholder engagement)\b)"
    r"|\b(?:Amber|Red|Green)\b(?! [A-Z])"
)
_MOST_FIGURES = 150
_ADVICE = "Correct it, or vouch for it."


def prepare(facts: FactSheet) -> Knowledge:
    """Prepare facts for checking."""
    return Knowledge(facts=facts, evidence=evidence.collect(facts), names=names.known_names(facts))


def check(content: Content, facts: FactSheet, vouches: Iterable[Vouch] = ()) -> list[Finding]:
    """Return everything in the text that the facts do not carry, in order, vouched for or not."""
    known = prepare(facts)
    given = {(vouch.section, spelling.normalised(vouch.text)): vouch for vouch in vouches}
    return [
        finding
        for section in content.sections
        for index, block in enumerate(section.text)
        for finding in _findings(section.key, index, block, known, given)
    ]


def open_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that nobody has vouched for: these block submission."""
    return [finding for finding in findings if finding.is_open]


def read(block: TextBlock, known: Knowledge) -> Reading:
    """Trace what one block says."""
    original = block.words
    text = spelling.levelled(original)
    cited = list(_cited(block.spans, known.facts))
    blanked = _blank(text, _MARKER, _LINK)
    markers = [
        (m.start(), m.end(), FindingKind.CITATION, _no_such_fact(m[0])) for m in _MARKER.finditer(text)
    ]
    links = [
        (m.start(), m.end(), FindingKind.LINK, f"“{m[0]}” is an address; remove it, or vouch for it.")
        for m in _LINK.finditer(text)
    ]
    untraced = [*markers, *links, *_misquoted(block, known.facts)]
    masking = _masking(blanked, known.names)
    figures = names.masked(blanked, masking)
    traced = [Traced(start=name.start, end=name.end, facts=name.facts) for name in masking]
    whens = [when for when in dates.find(figures) if not _inside(when.start, when.end, cited)]
    for when in whens:
        facts = tracing.day(when, context.surroundings(text, when.start), known.evidence)
        if facts:
            traced.append(Traced(start=when.start, end=when.end, facts=facts))
        else:
            untraced.append(
                (when.start, when.end, FindingKind.DATE, _about_date(original[when.start : when.end]))
            )
    dateless = figures
    for when in dates.find(figures):
        dateless = dateless[: when.start] + "x" * (when.end - when.start) + dateless[when.end :]
    found_quantities = quantities.find(dateless, nouns=known.evidence.units)
    for found in _with_elided_units(found_quantities[_MOST_FIGURES:], text):
        text_of = original[found.start : found.end]
        untraced.append((found.start, found.end, _kind(found), _too_many(text_of)))
    for found in _with_elided_units(found_quantities[:_MOST_FIGURES], text):
        _read_quantity(found, original, text, cited, known, traced, untraced)
    amounts = [(found.start, found.end) for found in found_quantities if found.unit == MONEY]
    nameless = _blank_ranges(dateless, [(t.start, t.end) for t in cited] + amounts)
    for name in names.find(nameless, known.names):
        if name.facts:
            traced.append(Traced(start=name.start, end=name.end, facts=name.facts, is_part=not name.is_whole))
        else:
            untraced.append(
                (name.start, name.end, FindingKind.NAME, _about_name(original[name.start : name.end]))
            )
    return Reading(
        traced=tuple(sorted([*cited, *traced], key=lambda item: item.start)),
        untraced=tuple(sorted(set(untraced))),
    )


def _findings(
    section: SectionKey,
    index: int,
    block: TextBlock,
    known: Knowledge,
    given: dict[tuple[SectionKey, str], Vouch],
) -> Iterator[Finding]:
    words = block.words
    problems = list(read(block, known).untraced)
    if block.audience is not Audience.INTERNAL:
        problems += [
            (match.start(), match.end(), FindingKind.WORDING, _not_for_customers(match[0]))
            for match in _NOT_FOR_CUSTOMERS.finditer(_without_names(words, known))
        ]
    for start, end, kind, message in sorted(problems):
        text = words[start:end]
        vouch = None if kind is FindingKind.CITATION else given.get((section, spelling.normalised(text)))
        yield Finding(
            section=section,
            block=index,
            start=start,
            end=end,
            text=text,
            kind=kind,
            message=message,
            vouch=vouch,
        )


def _read_quantity(
    found: Quantity,
    original: str,
    text: str,
    cited: list[Traced],
    known: Knowledge,
    traced: list[Traced],
    untraced: list[tuple[int, int, FindingKind, str]],
) -> None:
    touching = [item for item in cited if item.start < found.end and found.start < item.end]
    if touching:
        untraced += _miscited(found, touching[0], original, known)
        return
    around = context.surroundings(text, found.start)
    facts = tracing.quantity(found, around, known.evidence)
    if not facts and found.elided_unit:
        facts = tracing.quantity(replace(found, unit=found.elided_unit), around, known.evidence)
    if facts:
        # "7 out of 10" cites the 7.
        end = found.numeral.end if found.out_of else found.end
        traced.append(Traced(start=found.start, end=end, facts=facts))
        return
    end = max(found.end, found.noun_end)
    hint = tracing.nearest(found, around, known.evidence)
    untraced.append(
        (found.start, end, _kind(found), _about_figure(original[found.start : end], hint, known.facts))
    )


def _with_elided_units(found: list[Quantity], text: str) -> list[Quantity]:
    """Note the unit that a number leaves out where the one before it has it: six weeks in Red, seven in Amber."""
    noted: list[Quantity] = []
    for quantity in found:
        before = noted[-1] if noted else None
        if before is not None and not quantity.unit and not quantity.out_of:
            same_sentence = not re.search(r"[.!?;]\s", text[before.end : quantity.start])
            unit = before.unit or before.elided_unit
            if same_sentence and unit and unit not in (MONEY, SHARE, FOLD):
                quantity = replace(quantity, elided_unit=unit)
        noted.append(quantity)
    return noted


def _miscited(
    found: Quantity, citation: Traced, original: str, known: Knowledge
) -> list[tuple[int, int, FindingKind, str]]:
    """Find what stands around a cited figure and changes it: more digits, a scale, another unit."""
    fact = known.facts[citation.facts[0]]
    start, end = min(found.start, citation.start), max(found.end, citation.end)
    numeral = found.numeral
    if numeral.end > citation.end or numeral.start < citation.start or found.start < citation.start:
        text = original[start:end]
        return [
            (start, end, _kind(found), f"“{text}” is not the figure {shown(fact)} that it cites. {_ADVICE}")
        ]
    if fact.kind not in NUMERIC_KINDS:
        return []
    figure = next(item for item in known.evidence.figures if item.facts == (fact.id,))
    named = figure.units - {""}
    if found.unit and named and found.unit not in figure.units and not _is_time(found, figure.units):
        end = max(end, found.noun_end)
        text = original[start:end]
        return [
            (
                start,
                end,
                _kind(found),
                f"“{text}” cites {fact.label}, which is {shown_with_unit(fact)}. {_ADVICE}",
            )
        ]
    return []


def _is_time(found: Quantity, units: frozenset[str]) -> bool:
    return found.unit == "day" and "day" in units


def _misquoted(block: TextBlock, facts: FactSheet) -> Iterator[tuple[int, int, FindingKind, str]]:
    """Find spans that claim a fact and do not show its figure: an older figure, or a fact that is gone."""
    at = 0
    for span in block.spans:
        start, at = at, at + len(span.text)
        if span.fact is None or _shows(span, facts) or _MARKER.fullmatch(span.text):
            continue
        fact = facts.get(span.fact)
        now = f"it is now {shown(fact)}" if fact else "that fact is not known any more"
        yield start, at, FindingKind.CITATION, f"“{span.text}” was taken from a fact, and {now}. Correct it."


def _cited(spans: Iterable[Span], facts: FactSheet) -> Iterator[Traced]:
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


def _masking(text: str, known: KnownNames) -> list[Name]:
    """Return known names in which nothing is counted or dated: Studio 54, Three Rivers, May & March.

    A name that is nothing but a number or a month stays in sight: it would hide every such number and month.
    """
    return [name for name in names.whole_names(text, known) if not _is_figure(text[name.start : name.end])]


def _is_figure(name: str) -> bool:
    if not any(char.isalpha() for char in name):
        return True
    lengths = [found.end - found.start for found in quantities.find(name)]
    lengths += [when.end - when.start for when in dates.find(f"in {name}")]
    return max(lengths, default=0) >= len(name)


def _inside(start: int, end: int, stretches: list[Traced]) -> bool:
    return any(item.start <= start and end <= item.end for item in stretches)


def _blank(text: str, *patterns: re.Pattern[str]) -> str:
    for pattern in patterns:
        text = pattern.sub(lambda match: "x" * len(match[0]), text)
    return text


def _blank_ranges(text: str, ranges: list[tuple[int, int]]) -> str:
    for start, end in ranges:
        text = text[:start] + "x" * (end - start) + text[end:]
    return text


def _without_names(words: str, known: Knowledge) -> str:
    text = spelling.levelled(words)
    return names.masked(text, names.whole_names(text, known.names))


def _kind(found: Quantity) -> FindingKind:
    if found.unit == MONEY:
        return FindingKind.AMOUNT
    return FindingKind.PERCENTAGE if found.unit in (PERCENT, PERCENT_POINTS, SHARE) else FindingKind.NUMBER


def _about_figure(text: str, hint: str | None, facts: FactSheet) -> str:
    if hint and hint in facts:
        fact = facts[hint]
        return f"“{text}” follows from no fact; {fact.label} is {shown_with_unit(fact)}. {_ADVICE}"
    return f"“{text}” follows from no fact. {_ADVICE}"


def _about_date(text: str) -> str:
    return f"“{text}” is the date of no fact that this sentence speaks of. {_ADVICE}"


def _about_name(text: str) -> str:
    return f"“{text}” is named in no fact. {_ADVICE}"


def _too_many(text: str) -> str:
    return f"“{text}” stands in a paragraph with more figures than can be checked. Make paragraphs of it."


def _no_such_fact(text: str) -> str:
    return f"“{text}” cites a fact that does not exist. Write what you mean instead."


def _not_for_customers(text: str) -> str:
    return f"“{text}” stands in text that the customer reads. Mark the paragraph as internal, or say it differently."
