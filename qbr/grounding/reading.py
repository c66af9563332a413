"""Reads one block of text: what in it follows from the facts, and what does not."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from qbr.document import TextBlock
from qbr.facts import NUMERIC_KINDS, FactKind, FactSheet
from qbr.grounding import (
    citations,
    context,
    couples,
    dates,
    day_tracing,
    direction,
    evidence,
    findings,
    idle,
    labels,
    moments,
    names,
    quantities,
    sides,
    spelling,
    together,
    tracing,
)
from qbr.grounding.context import Surroundings
from qbr.grounding.dates import When
from qbr.grounding.direction import Mention
from qbr.grounding.evidence import Evidence
from qbr.grounding.findings import FindingKind, Traced
from qbr.grounding.names import KnownNames, Name
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, SHARE, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the check made of one block: what it could trace and what it could not."""

    traced: tuple[Traced, ...]
    untraced: tuple[tuple[int, int, FindingKind, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Knowledge:
    """The facts, prepared once for many blocks."""

    facts: FactSheet
    evidence: Evidence
    names: KnownNames


@dataclass(frozen=True, slots=True)
class _Notes:
    """What was noted so far about one block; ``text`` is its levelled text, ``unnamed`` the same without known names.

    Who is called Rising Sun has not risen.
    """

    original: str
    text: str
    unnamed: str
    cited: tuple[Traced, ...]
    traced: list[Traced] = field(default_factory=list)
    untraced: list[tuple[int, int, FindingKind, str]] = field(default_factory=list)

    def words(self, start: int, end: int) -> str:
        return self.original[start:end]

    def mark(self, start: int, end: int, kind: FindingKind, message: str) -> None:
        self.untraced.append((start, end, kind, message))


_LINK = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+\w", re.IGNORECASE)
_MAY = re.compile(r"(?:\d{1,2}|[a-z-]+)\s+may")
_VERB = re.compile(
    r"\s+(?:be|not|have|also|well|need|seem|look|come|go|read|still|want|take|become|change|move|help)\b"
)
_FAR_PERCENT = 40
_MOST_FIGURES = 150
# A figure whose unit stands before it: Days until notice: 143.
_NEAR = 60
_LABEL = re.compile(r"\b(?P<noun>days|weeks|hours)\b[^.;:\d]*(?::|=|\bis|\bare)\s*$", re.IGNORECASE)
_OPEN_AFTER = re.compile(r"\s+(?:still |currently )?(?:open|unresolved)\s*(?:[.,;()]|$)", re.IGNORECASE)
_BAND_AFTER = re.compile(
    r"\s+(?:(?:of them |more |weeks? |were |was |are |spent |stayed )*(?:in |on )?(?:the )?)(?:green|amber|red)\b",
    re.IGNORECASE,
)
_BAND_BEFORE = re.compile(
    r"\b(?:green|amber|red)(?: weeks)?(?:\s*[:=(]|\s+(?:was|were|is|are|came to|numbered|for))?\s*$",
    re.IGNORECASE,
)
# A sentence that goes on from the one before.
_POINTS_BACK = re.compile(
    r"\b(?:this|that|it|they|them|these|those|both|the two|difference|gap|distance|together|in all|add|change|which|so|hence|move|swing)\b",
    re.IGNORECASE,
)
_WEEKS = re.compile(r"\b(?:week(?:s|ly)?|wks?)\b", re.IGNORECASE)
_IN_MONTH = re.compile(
    r"\b(?:in|by|since|until|till|during|before|after|from|last|next|late|early|of|mid)[\s-]+$", re.IGNORECASE
)


def prepare(facts: FactSheet) -> Knowledge:
    """Prepare facts for checking."""
    return Knowledge(facts=facts, evidence=evidence.collect(facts), names=names.known_names(facts))


def read(block: TextBlock, known: Knowledge) -> Reading:
    """Trace what one block says."""
    original = block.words
    text = spelling.levelled(original)
    unnamed = names.masked(text, _masking(text, known.names))
    notes = _Notes(original, text, unnamed, tuple(citations.cited(block.spans, known.facts)))
    notes.untraced.extend(citations.misquoted(block, known.facts))
    for match in citations.MARKER.finditer(text):
        notes.mark(match.start(), match.end(), FindingKind.CITATION, findings.no_such_fact(match[0]))
    for match in _LINK.finditer(text):
        notes.mark(match.start(), match.end(), FindingKind.LINK, findings.about_link(match[0]))
    plain = _blank(text, citations.MARKER, _LINK)
    figures = names.masked(plain, _masking(plain, known.names))
    whens = [when for when in dates.find(figures) if not _is_first_name(when, figures, known.names)]
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


def _is_first_name(when: When, text: str, known: KnownNames) -> bool:
    """Say whether a month that stands alone is somebody's name: kudos to June."""
    if _MAY.fullmatch(text, when.start, when.end) and _VERB.match(text, when.end):
        # Of which 4 may be marked as kept.
        return True
    is_month = when.month is not None and not (when.readings or when.day or when.year)
    if not is_month or (text[when.start : when.end].casefold(),) not in known.parts:
        return False
    return not _IN_MONTH.search(text[max(0, when.start - 12) : when.start])


def _read_dates(whens: list[When], notes: _Notes, known: Knowledge) -> None:
    for when in whens:
        if _inside(when.start, when.end, notes.cited):
            continue
        around = context.surroundings(notes.text, when.start)
        facts = day_tracing.trace(when, around, known.evidence)
        if not facts and day_tracing.claims_nothing(when, around):
            continue
        if facts:
            notes.traced.append(Traced(start=when.start, end=when.end, facts=facts))
        else:
            hint = day_tracing.nearest(around, known.evidence)
            message = findings.about_date(notes.words(when.start, when.end), hint, known.facts)
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
                name.start,
                name.end,
                FindingKind.NAME,
                findings.about_name(text, names.nearest(text, known.names)),
            )


def _read_quantities(found: list[Quantity], notes: _Notes, known: Knowledge) -> None:
    noted = _with_elided_units(found, notes.text)
    traces = [_trace(quantity, notes, known) for quantity in noted[:_MOST_FIGURES]]
    for at, facts in enumerate(traces):
        if facts == ():
            traces[at] = _trace_again(at, noted, traces, notes, known)
    for of_two in (couples.both_ends, couples.parts_of_wholes):
        for at, facts in of_two(noted[:_MOST_FIGURES], traces, notes.text, known.evidence):
            traces[at] = facts
    for quantity, facts in zip(noted, traces, strict=False):
        _note(quantity, facts, notes, known)
    for quantity in noted[_MOST_FIGURES:]:
        message = findings.too_many(notes.words(quantity.start, quantity.end))
        notes.mark(quantity.start, quantity.end, findings.kind_of(quantity), message)
    for first, second in itertools.pairwise(found):
        if (start := couples.moved_otherwise(first, second, notes.unnamed)) is not None:
            message = (
                f"“{notes.words(start, second.end)}” says the opposite of its figures. {findings.ADVICE}"
            )
            notes.mark(first.start, second.end, findings.kind_of(second), message)
    for first, second in couples.told_twice(noted, traces, notes.text, known.evidence):
        text = notes.words(first.start, second.end)
        message = f"“{text}” tells one figure twice where two are meant. {findings.ADVICE}"
        notes.mark(first.start, second.end, findings.kind_of(second), message)
    for other in couples.other_units(noted, notes.text):
        message = f"“{notes.words(other.start, max(other.end, other.noun_end))}” is compared with a percentage and is none. {findings.ADVICE}"
        notes.mark(other.start, max(other.end, other.noun_end), findings.kind_of(other), message)
    for gap in (
        *couples.gaps_told_wrongly(noted, traces, notes.text),
        *couples.distances_told_wrongly(noted, traces, notes.text),
    ):
        message = f"“{notes.words(gap.start, gap.end)}” is not the distance of the two figures before it. {findings.ADVICE}"
        notes.mark(gap.start, gap.end, findings.kind_of(gap), message)
    for first, second in couples.parts_over_wholes(noted, notes.text):
        text = notes.words(first.start, second.end)
        message = f"“{text}” tells a part that is more than its whole. {findings.ADVICE}"
        notes.mark(first.start, second.end, findings.kind_of(second), message)
    _read_directions(noted, traces, notes, known)


def _trace(found: Quantity, notes: _Notes, known: Knowledge) -> tuple[str, ...] | None:
    """Return the facts of a figure, empty where there are none; None where a citation says what it is."""
    if any(citation.start < found.end and found.start < citation.end for citation in notes.cited):
        return None
    if labels.is_a_label(found, notes.text):
        return ()
    around = context.surroundings(notes.text, found.start)
    facts = tracing.quantity(found, around, known.evidence)
    if not facts and found.elided_unit:
        facts = tracing.quantity(replace(found, unit=found.elided_unit), around, known.evidence)
        if found.elided_unit == PERCENT and len(facts) > 1:
            # What a percentage before it leaves to a bare number is a level, and no arithmetic.
            facts = ()
    if not facts and found.elided_scale:
        facts = tracing.quantity(replace(found, out_of=found.elided_scale), around, known.evidence)
    if not facts and found.unit == FOLD and notes.words(found.start, found.end).endswith("times"):
        # "Escalated four times" multiplies nothing.
        counted = replace(found, unit="time", numeral=replace(found.numeral, is_fold=False))
        facts = tracing.quantity(counted, around, known.evidence)
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
    if not facts and (pair := couples.range_of(at, found, notes.text)):
        facts = tracing.between(*pair, around, known.evidence)
    return facts or _follow(quantity, found, traces, around, notes, known)


def _follow(
    quantity: Quantity,
    found: list[Quantity],
    traces: list[tuple[str, ...] | None],
    around: Surroundings,
    notes: _Notes,
    known: Knowledge,
) -> tuple[str, ...]:
    """Work a figure out of what its sentence tells beside it, or else of that and the sentence before."""
    if "week" in (quantity.unit, quantity.elided_unit) and sides.band_of(quantity, around) is not None:
        # Weeks of a band are counted, and follow from nothing.
        return ()
    if quantity.unit == PERCENT and moments.told(around, quantity.start, quantity.end) is moments.Told.START:
        # What is told of the start is not worked out of what is told of now.
        return ()
    for start in (around.sentence_start, around.sentence_start - len(around.previous)):
        told = together.Beside(
            figures=[
                (other, facts)
                for other, facts in zip(found, traces, strict=False)
                if other is not quantity and facts and start <= other.start < around.sentence_end
            ],
            days=[
                item.facts
                for item in (*notes.traced, *notes.cited)
                if start <= item.start < around.sentence_end
            ],
        )
        if facts := together.follows(quantity, told, around, known.facts):
            return () if tracing.is_of_another(quantity, facts, around, known.evidence) else facts
        if not around.previous or not context.says(_POINTS_BACK, around.sentence[:_NEAR]):
            break
    return ()


def _note(found: Quantity, facts: tuple[str, ...] | None, notes: _Notes, known: Knowledge) -> None:
    if facts is None:
        citation = next(item for item in notes.cited if item.start < found.end and found.start < item.end)
        notes.untraced.extend(
            citations.miscited(found, citation, notes.original, known.facts, known.evidence)
        )
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
        found.start,
        end,
        findings.kind_of(found),
        findings.about_figure(notes.words(found.start, end), hint, known.facts),
    )


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
        for wrong in direction.contradictions(notes.unnamed, sentence, inside, known.facts):
            if not any(start < wrong.end and wrong.start < end for start, end in marked):
                word = notes.words(wrong.start, wrong.end)
                message = f"“{word}” says the opposite of the facts: {wrong.told}. {findings.ADVICE}"
                notes.mark(wrong.start, wrong.end, FindingKind.NUMBER, message)


def _with_elided_units(found: list[Quantity], text: str) -> list[Quantity]:
    """Note the unit that a number leaves out where the one before it has it: six weeks in Red, seven in Amber."""
    noted: list[Quantity] = []
    for quantity in found:
        before = noted[-1] if noted else None
        if not quantity.unit and not quantity.out_of and (unit := _unit_after(quantity, text)):
            is_band = unit == "week"
            quantity = replace(quantity, unit=unit) if is_band else replace(quantity, elided_unit=unit)
        elif (
            not quantity.unit
            and not quantity.out_of
            and (label := _LABEL.search(text[max(0, quantity.start - _NEAR) : quantity.start]))
        ):
            quantity = replace(quantity, elided_unit=quantities.noun_of(label["noun"]))
        elif before is not None and before.out_of and not quantity.unit and not quantity.out_of:
            # 7 out of 10, compared with 4.
            quantity = replace(quantity, elided_scale=before.out_of)
        elif before is not None and not quantity.unit and not quantity.out_of:
            same_sentence = not re.search(r"[.!?;]\s", text[before.end : quantity.start])
            unit = before.unit or before.elided_unit
            is_far = unit == PERCENT and quantity.start - before.end > _FAR_PERCENT
            if same_sentence and unit and unit not in (MONEY, SHARE, FOLD) and not is_far:
                quantity = replace(quantity, elided_unit=unit)
        noted.append(quantity)
    return noted


def _unit_after(found: Quantity, text: str) -> str:
    """Return what a number counts by the word after it: 35 open, and of a weekly mix 5 Green; "" elsewhere."""
    if _OPEN_AFTER.match(text, found.end):
        return "ticket"
    if not (
        _BAND_AFTER.match(text, found.end)
        or _BAND_BEFORE.search(text[max(0, found.start - _NEAR) : found.start])
    ):
        return ""
    around = context.surroundings(text, found.start)
    return "week" if context.says(_WEEKS, around.previous + around.sentence) else ""


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
