"""The text of a section as a person edits it, and back.

The form, one block a line, blank lines between paragraphs:

    A paragraph is a line.

    - A bullet begins with a dash.
    - Another one.

    [internal] A line that begins so is for colleagues only.
    - [internal] So is this bullet.

A line that neither begins with a dash nor follows a blank line goes on with the paragraph before it. Headings
and tables are not part of the form: the portal sets them. Figures are typed as they read; on the way back
each one that is written the way the portal writes a fact is tied to that fact again. A fact can also be cited
as ``{{fact.id}}``. Whatever is not tied to a fact is for the number check to judge.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from csm_portal.ports.documents import Span, Text
from qbr import citations, drafting
from qbr.document import Audience, Content, Section, SectionKey, TextBlock, TextKind
from qbr.drafting import INTERNAL_MARK
from qbr.facts import Fact, FactKind, FactSheet, shown, shown_with_unit
from qbr.grounding import check
from qbr.grounding.check import Knowledge

_BULLET = "- "


def to_editable(section: Section) -> str:
    """Return the text blocks of a section in the form above; ``from_editable`` gives back equal blocks."""
    return joined(_written(block.kind, block.audience, block.words) for block in section.text)


def passages(text: str) -> list[str]:
    """Return what somebody typed as its blocks, each on a line as ``to_editable`` writes it."""
    return [_written(*parsed) for parsed in _parsed(text)]


def joined(passages: Iterable[str]) -> str:
    """Return blocks as one text: an empty line between them, but between two bullets."""
    lines: list[str] = []
    for passage in passages:
        if lines and not (passage.startswith(_BULLET) and lines[-1].startswith(_BULLET)):
            lines.append("")
        lines.append(passage)
    return "\n".join(lines)


def _written(kind: TextKind, audience: Audience, words: str) -> str:
    mark = f"{INTERNAL_MARK} " if audience is Audience.INTERNAL else ""
    return f"{_BULLET if kind is TextKind.BULLET else ''}{mark}{words}"


def from_editable(text: str, facts: FactSheet, previous: Section) -> Section:
    """Return the section with its text as edited; the locked blocks stay.

    A block that is unchanged keeps its ties to facts. In the others, a figure written as a fact is shown is
    tied to that fact: to the one that the section tied the same figure to before, where there is one.
    """
    known = check.prepare(facts)
    unchanged: dict[tuple[TextKind, str], list[TextBlock]] = {}
    for block in previous.text:
        unchanged.setdefault((block.kind, block.words), []).append(block)
    tied_before = {span.text: span.fact for block in previous.text for span in block.spans if span.fact}
    blocks = []
    for kind, audience, words in _parsed(text):
        same = unchanged.get((kind, words))
        if same and all(span.fact is None or span.fact in facts for span in same[0].spans):
            # Two blocks of the same words may cite different facts: each keeps its own, in order.
            spans = same.pop(0).spans
        else:
            spans = _tied(citations.resolve(words, facts), known, tied_before)
        blocks.append(drafting.text_block(spans, facts, kind=kind, audience=audience))
    return replace(previous, text=tuple(blocks))


def edited(content: Content, texts: dict[SectionKey, str], facts: FactSheet) -> Content:
    """Return the content with the given sections replaced by what a person typed."""
    for key, text in texts.items():
        content = content.with_section(from_editable(text, facts, content.section(key)))
    return drafting.with_sources(content, facts)


def refreshed(content: Content, facts: FactSheet) -> Content:
    """Return the content with newer facts: cited figures and locked blocks follow, prose stays.

    A sentence that no longer holds ("rose", "the last two") is for a person to see; a figure that somebody
    typed and that no longer agrees is for the number check. A fact that is gone leaves its old figure behind,
    marked by the check.
    """
    sections = []
    for section in content.sections:
        above, below = drafting.locked_blocks(section.key, facts)
        text = tuple(
            drafting.text_block(
                tuple(_newer(span, facts) for span in block.spans),
                facts,
                kind=block.kind,
                audience=block.audience,
            )
            for block in section.text
        )
        sections.append(replace(section, above=above, text=text, below=below))
    return drafting.with_sources(replace(content, sections=tuple(sections)), facts)


def _parsed(text: str) -> Iterator[tuple[TextKind, Audience, str]]:
    """Yield the kind, the audience and the words of each block of the form."""
    open_block: tuple[TextKind, Audience, list[str]] | None = None
    for line in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        stripped = line.strip()
        is_bullet = stripped.startswith((_BULLET, "* ", "• "))
        if open_block and (not stripped or is_bullet or stripped.lower().startswith(INTERNAL_MARK)):
            words = drafting.plain_prose(" ".join(open_block[2]))
            if words:
                yield open_block[0], open_block[1], words
            open_block = None
        if not stripped:
            continue
        if open_block:
            open_block[2].append(stripped)
            continue
        body = stripped[1:].strip() if is_bullet else stripped
        is_internal = body.lower().startswith(INTERNAL_MARK)
        open_block = (
            TextKind.BULLET if is_bullet else TextKind.PARAGRAPH,
            Audience.INTERNAL if is_internal else Audience.BOTH,
            [body],
        )


def _tied(spans: Text, known: Knowledge, tied_before: dict[str, str]) -> Text:
    """Tie what is written as a fact is shown to that fact; leave every other word as it is."""
    block = TextBlock(spans=spans)
    words = block.words
    cuts: list[tuple[int, int, str]] = []
    for item in check.read(block, known).traced:
        written = words[item.start : item.end]
        agreeing = [] if item.is_part else _shown_as(item.facts, written, known.facts)
        if tied_before.get(written) in agreeing:
            agreeing = [tied_before[written]]
        if agreeing and not any(item.start < end and start < item.end for start, end, _ in cuts):
            cuts.append((item.start, item.end, agreeing[0]))
    tied: list[Span] = []
    at = 0
    for start, end, fact_id in sorted(cuts):
        if start > at:
            tied.append(Span(text=words[at:start]))
        tied.append(Span(text=words[start:end], fact=fact_id))
        at = end
    if at < len(words):
        tied.append(Span(text=words[at:]))
    return tuple(tied)


def _shown_as(fact_ids: Iterable[str], written: str, facts: FactSheet) -> list[str]:
    """Return the facts that are shown just so; those that the customer may see come first."""
    agreeing = [
        fact_id
        for fact_id in fact_ids
        if facts[fact_id].kind is not FactKind.WORD and _may_read(facts[fact_id], written)
    ]
    return sorted(agreeing, key=lambda fact_id: facts[fact_id].is_internal)


def _may_read(fact: Fact, written: str) -> bool:
    return written == shown(fact) or (isinstance(fact.value, tuple) and written in fact.value)


def _newer(span: Span, facts: FactSheet) -> Span:
    fact = facts.get(span.fact or "")
    if fact is None:
        return span
    if isinstance(fact.value, tuple) and span.text in fact.value:
        return span
    if span.text.endswith(fact.unit) and fact.unit and span.text != shown(fact):
        return Span(text=shown_with_unit(fact), fact=fact.id)
    return Span(text=shown(fact), fact=fact.id)
