"""Reads one block of text: what in it follows from the facts, and what does not."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from csm_portal.ports.documents import Span
from qbr.document import TextBlock
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet, shown, shown_with_unit
from qbr.grounding import (
    context,
    dates,
    day_tracing,
    direction,
    evidence,
    idle,
    motion,
    names,
    quantities,
    spelling,
    together,
    tracing,
)
from qbr.grounding.dates import When
from qbr.grounding.direction import Mention
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


@dataclass(frozen=True, slots=True)
class _Notes:
    """What was noted so far about one block; ``text`` is its levelled text."""

    original: str
    text: str
    cited: tuple[Traced, ...]
    traced: list[Traced] = field(default_factory=list)
    untraced: list[tuple[int, int, FindingKind, str]] = field(default_factory=list)

    def words(self, start: int, end: int) -> str:
        return self.original[start:end]

    def mark(self, start: int, end: int, kind: FindingKind, message: str) -> None:
        self.untraced.append((start, end, kind, message))


_MARKER = re.compile(r"\[no such fact: [^\]]*\]|\{\{[^{}]*\}\}")
_LINK = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+\w", re.IGNORECASE)
_MOST_FIGURES = 150
# A figure whose unit stands before it: Days until notice: 143.
_LABEL = re.compile(r"\b(?P<noun>days|weeks|hours)\b[^.;:\d]*(?::|=|\bis|\bare)\s*$", re.IGNORECASE)
# How far a part may stand from its whole.
_NEAR = 60
# Words between two figures that are two: you bought six and use four; it was 5 and is 6.
_TWO_MEANT = re.compile(
    r"\b(?:of|out|then|was|were|is|are|now|today|from|to|versus|vs|against|after|previously|before|with|us(?:e|es|ed|ing)|work\w*|rocking|did|kept|deliver\w*|and|last|between)\b|[;/]",
    re.IGNORECASE,
)
_TOO_MANY = re.compile(r"\s+too (?:many|much|few)\b", re.IGNORECASE)
_ADVICE = "Correct it, or vouch for it."
_FROM = re.compile(r"\bfrom\s+(?:a |an |about |the )*$", re.IGNORECASE)
_TO = re.compile(r"[\w\s()%]{0,24}\bto\s+(?:a |an |about |the )*", re.IGNORECASE)


def prepare(facts: FactSheet) -> Knowledge:
    """Prepare facts for checking."""
    return Knowledge(facts=facts, evidence=evidence.collect(facts), names=names.known_names(facts))


def read(block: TextBlock, known: Knowledge) -> Reading:
    """Trace what one block says."""
    original = block.words
    text = spelling.levelled(original)
    notes = _Notes(original, text, tuple(_cited(block.spans, known.facts)))
    notes.untraced.extend(_misquoted(block, known.facts))
    for match in _MARKER.finditer(text):
        notes.mark(match.start(), match.end(), FindingKind.CITATION, _no_such_fact(match[0]))
    for match in _LINK.finditer(text):
        notes.mark(match.start(), match.end(), FindingKind.LINK, _about_link(match[0]))
    plain = _blank(text, _MARKER, _LINK)
    figures = names.masked(plain, _masking(plain, known.names))
    whens = dates.find(figures)
    _read_dates(whens, notes, known)
    figures = _blank_ranges(figures, [(when.start, when.end) for when in whens])
    found = quantities.find(figures, nouns=known.evidence.units)
    _read_quantities(found, notes, known)
    hidden = [(when.start, when.end) for when in whens]
    hidden += [(quantity.start, quantity.end) for quantity in found if quantity.unit == MONEY]
    hidden += [(item.start, item.end) for item in notes.cited if not _is_name(item, known.facts)]
    _read_names(_blank_ranges(plain, hidden), notes, known)
    return Reading(
        traced=tuple(sorted([*notes.cited, *notes.traced], key=lambda item: item.start)),
        untraced=tuple(sorted(set(notes.untraced))),
    )


def _read_dates(whens: list[When], notes: _Notes, known: Knowledge) -> None:
    for when in whens:
        if _inside(when.start, when.end, notes.cited):
            continue
        facts = day_tracing.trace(when, context.surroundings(notes.text, when.start), known.evidence)
        if facts:
            notes.traced.append(Traced(start=when.start, end=when.end, facts=facts))
        else:
            hint = day_tracing.nearest(context.surroundings(notes.text, when.start), known.evidence)
            message = _about_date(notes.words(when.start, when.end), hint, known.facts)
            notes.mark(when.start, when.end, FindingKind.DATE, message)


def _read_names(text: str, notes: _Notes, known: Knowledge) -> None:
    for name in names.find(text, known.names):
        if _inside(name.start, name.end, notes.cited):
            continue
        if name.facts:
            notes.traced.append(
                Traced(start=name.start, end=name.end, facts=name.facts, is_part=not name.is_whole)
            )
        else:
            text = notes.words(name.start, name.end)
            notes.mark(
                name.start, name.end, FindingKind.NAME, _about_name(text, names.nearest(text, known.names))
            )


def _read_quantities(found: list[Quantity], notes: _Notes, known: Knowledge) -> None:
    noted = _with_elided_units(found, notes.text)
    traces = [_trace(quantity, notes, known) for quantity in noted[:_MOST_FIGURES]]
    for at, (quantity, facts) in enumerate(zip(noted, traces, strict=False)):
        if facts == ():
            traces[at] = _trace_again(at, noted, traces, notes, known)
        _note(quantity, traces[at], notes, known)
    for quantity in noted[_MOST_FIGURES:]:
        message = _too_many(notes.words(quantity.start, quantity.end))
        notes.mark(quantity.start, quantity.end, _kind(quantity), message)
    for first, second in itertools.pairwise(found):
        _read_movement(first, second, notes)
    _read_repeats(noted, traces, notes)
    _read_directions(noted, traces, notes, known)


def _trace(found: Quantity, notes: _Notes, known: Knowledge) -> tuple[str, ...] | None:
    """Return the facts of a figure, empty where there are none; None where a citation says what it is."""
    if any(citation.start < found.end and found.start < citation.end for citation in notes.cited):
        return None
    around = context.surroundings(notes.text, found.start)
    facts = tracing.quantity(found, around, known.evidence)
    if not facts and found.elided_unit:
        facts = tracing.quantity(replace(found, unit=found.elided_unit), around, known.evidence)
    return facts


def _trace_again(
    at: int,
    found: list[Quantity],
    traces: list[tuple[str, ...] | None],
    notes: _Notes,
    known: Knowledge,
) -> tuple[str, ...]:
    """Trace a figure by what the others of its sentence are: a range's other end, their sum, or what they leave over."""
    quantity = found[at]
    around = context.surroundings(notes.text, quantity.start)
    beside = [
        (other, facts)
        for other, facts in zip(found, traces, strict=False)
        if other is not quantity and facts and around.sentence_start <= other.start < around.sentence_end
    ]
    told = frozenset(fact for _, facts in beside for fact in facts)
    told |= {
        fact
        for day in notes.traced
        if around.sentence_start <= day.start < around.sentence_end
        for fact in day.facts
    }
    told |= {
        citation.facts[0]
        for citation in notes.cited
        if around.sentence_start <= citation.start < around.sentence_end
    }
    ends = {facts[0] for _, facts in beside if len(facts) == 1}
    ends |= {citation.facts[0] for citation in notes.cited if citation.facts[0] in told}
    facts = (
        tracing.quantity(quantity, around, known.evidence, told=told, ends=frozenset(ends)) if told else ()
    )
    if not facts and (pair := _range(at, found, notes.text)):
        facts = tracing.between(*pair, around, known.evidence)
    return facts or together.follows(quantity, beside, around, notes.text)


def _range(at: int, found: list[Quantity], text: str) -> tuple[Quantity, Quantity] | None:
    """Return the two ends of the range that a figure is an end of: between 50 and 55 %, 50-55 %."""
    for first, second in itertools.pairwise(found[max(0, at - 1) : at + 2]):
        joint = text[first.end : second.start]
        is_between = re.search(r"\bbetween\s+$", text[max(0, first.start - 12) : first.start], re.IGNORECASE)
        if re.fullmatch(r"\s?[-–—]\s?|\s+to\s+", joint) and not _FROM.search(
            text[max(0, first.start - 12) : first.start]
        ):
            return first, second
        if is_between and re.fullmatch(r"\s+and\s+", joint):
            return first, second
    return None


def _note(found: Quantity, facts: tuple[str, ...] | None, notes: _Notes, known: Knowledge) -> None:
    if facts is None:
        citation = next(item for item in notes.cited if item.start < found.end and found.start < item.end)
        notes.untraced.extend(_miscited(found, citation, notes.original, known))
        return
    if facts:
        # "7 out of 10" cites the 7.
        end = found.numeral.end if found.out_of else found.end
        notes.traced.append(Traced(start=found.start, end=end, facts=facts))
        return
    around = context.surroundings(notes.text, found.start)
    if idle.claims_nothing(found, around):
        return
    end = max(found.end, found.noun_end)
    hint = tracing.nearest(found, around, known.evidence)
    notes.mark(
        found.start, end, _kind(found), _about_figure(notes.words(found.start, end), hint, known.facts)
    )


def _read_repeats(found: list[Quantity], traces: list[tuple[str, ...] | None], notes: _Notes) -> None:
    """Mark "4 of the 4 features" and "52 %, after 52 %": two figures of one sentence that are one fact.

    One of the two was meant to be another.
    """
    told = [(quantity, facts) for quantity, facts in zip(found, traces, strict=False) if facts]
    for (first, some), (second, others) in itertools.pairwise(told):
        between = notes.text[first.end : second.start]
        is_same = some == others and _value(first) == _value(second) is not None
        units = {first.unit or second.unit, second.unit or first.unit, second.elided_unit or second.unit}
        if (
            is_same
            and len(between) < _NEAR
            and not re.search(r"[.!?]\s", between)
            and (first.unit == second.unit or (len(units - {""}) <= 1 and _TWO_MEANT.search(between)))
            and not _TOO_MANY.match(notes.text, second.end)
        ):
            text = notes.words(first.start, second.end)
            message = f"“{text}” tells one figure twice where two are meant. {_ADVICE}"
            notes.mark(first.start, second.end, _kind(second), message)


def _value(quantity: Quantity) -> Decimal | None:
    return quantity.numeral.readings[0][0] if quantity.numeral.readings else None


def _read_directions(
    found: list[Quantity], traces: list[tuple[str, ...] | None], notes: _Notes, known: Knowledge
) -> None:
    mentions = [
        Mention(start=quantity.start, end=quantity.end, facts=facts)
        for quantity, facts in zip(found, traces, strict=False)
        if facts
    ]
    mentions += [
        Mention(start=citation.start, end=citation.end, facts=citation.facts)
        for citation in notes.cited
        if known.facts[citation.facts[0]].kind in NUMERIC_KINDS
    ]
    marked = [(start, end) for start, end, *_ in notes.untraced]
    for sentence in context.sentences(notes.text):
        inside = [item for item in mentions if sentence[0][0] <= item.start < sentence[-1][1]]
        for wrong in direction.contradictions(notes.text, sentence, inside, known.facts):
            if not any(start < wrong.end and wrong.start < end for start, end in marked):
                word = notes.words(wrong.start, wrong.end)
                message = f"“{word}” says the opposite of the facts: {wrong.told}. {_ADVICE}"
                notes.mark(wrong.start, wrong.end, FindingKind.NUMBER, message)


def _read_movement(first: Quantity, second: Quantity, notes: _Notes) -> None:
    """Mark "fell from 46 % to 58 %": both figures may be right and the sentence wrong."""
    if not _FROM.search(notes.text[max(0, first.start - 12) : first.start]):
        return
    if not _TO.fullmatch(notes.text[first.end : second.start]) or not first.numeral.readings:
        return
    around = context.surroundings(notes.text, first.start)
    verbs = notes.text[around.clause_start : first.start]
    rises, falls = context.says(motion.RISE, verbs), context.says(motion.FALL, verbs)
    was, is_now = (
        first.numeral.readings[0][0],
        second.numeral.readings[0][0] if second.numeral.readings else None,
    )
    if rises == falls or is_now is None or was == is_now:
        return
    if rises != (is_now > was):
        start = around.clause_start + len(verbs) - len(verbs.lstrip())
        message = f"“{notes.words(start, second.end)}” says the opposite of its figures. {_ADVICE}"
        notes.mark(first.start, second.end, _kind(second), message)


def _with_elided_units(found: list[Quantity], text: str) -> list[Quantity]:
    """Note the unit that a number leaves out where the one before it has it: six weeks in Red, seven in Amber."""
    noted: list[Quantity] = []
    for quantity in found:
        before = noted[-1] if noted else None
        if (
            not quantity.unit
            and not quantity.out_of
            and (label := _LABEL.search(text[max(0, quantity.start - _NEAR) : quantity.start]))
        ):
            quantity = replace(quantity, elided_unit=quantities.noun_of(label["noun"]))
        elif before is not None and not quantity.unit and not quantity.out_of:
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


def _inside(start: int, end: int, stretches: Iterable[Traced]) -> bool:
    return any(item.start <= start and end <= item.end for item in stretches)


def _blank(text: str, *patterns: re.Pattern[str]) -> str:
    for pattern in patterns:
        text = pattern.sub(lambda match: "x" * len(match[0]), text)
    return text


def _blank_ranges(text: str, ranges: list[tuple[int, int]]) -> str:
    for start, end in ranges:
        text = text[:start] + "x" * (end - start) + text[end:]
    return text


def _is_name(item: Traced, facts: FactSheet) -> bool:
    return facts[item.facts[0]].kind in (FactKind.NAME, FactKind.NAMES)


def _kind(found: Quantity) -> FindingKind:
    if found.unit == MONEY:
        return FindingKind.AMOUNT
    return FindingKind.PERCENTAGE if found.unit in (PERCENT, PERCENT_POINTS, SHARE) else FindingKind.NUMBER


def _about_figure(text: str, hint: str | None, facts: FactSheet) -> str:
    if hint and hint in facts:
        fact = facts[hint]
        return f"“{text}” follows from no fact; {fact.label} is {shown_with_unit(fact)}. {_ADVICE}"
    return f"“{text}” follows from no fact. {_ADVICE}"


def _about_date(text: str, hint: str | None, facts: FactSheet) -> str:
    if hint and hint in facts:
        fact = facts[hint]
        return f"“{text}” is the date of no fact that this sentence speaks of; {fact.label} is {shown(fact)}. {_ADVICE}"
    return f"“{text}” is the date of no fact that this sentence speaks of. {_ADVICE}"


def _about_name(text: str, nearest: str | None) -> str:
    if nearest:
        return f"“{text}” is named in no fact; the nearest name is {nearest}. {_ADVICE}"
    return f"“{text}” is named in no fact. {_ADVICE}"


def _too_many(text: str) -> str:
    return f"“{text}” stands in a paragraph with more figures than can be checked. Make paragraphs of it."


def _no_such_fact(text: str) -> str:
    return f"“{text}” cites a fact that does not exist. Write what you mean instead."


def _about_link(text: str) -> str:
    return f"“{text}” is an address. Remove it, or vouch for it."
