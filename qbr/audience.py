"""What must never reach a customer (SPEC 6.1): scores, bands, words of risk and expansion, stakeholder notes. Pure.

Which blocks a customer reads is decided where they are written. This looks at what came of it, once more and as
a whole, before anything is submitted, approved or handed out.
"""

import re
from collections.abc import Iterator
from typing import Final

from csm_portal.ports.documents import Bullets, Callout, Document, Heading, Paragraph, Table, Text
from qbr.document import Content, Version
from qbr.facts import FactKind, FactSheet
from qbr.grounding import check

# So many words in the order in which they stand in a colleague's notes are no coincidence.
_RUN: Final = 6
_WORD: Final = re.compile(r"\w+")
_MOST_TOLD: Final = 5


class NotForCustomers(Exception):
    """The customer's version holds what customers never read; the message names it."""


def require(content: Content, facts: FactSheet, *, notes: str) -> None:
    """Raise NotForCustomers where ``leaks`` finds anything."""
    found = leaks(content, facts, notes=notes)
    if found:
        more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
        told = ", ".join(f"“{words}”" for words in found[:_MOST_TOLD])
        raise NotForCustomers(
            f"The customer would read {told}{more}, which only colleagues may. "
            "Mark these paragraphs as internal, or say them differently."
        )


def leaks(content: Content, facts: FactSheet, *, notes: str = "") -> tuple[str, ...]:
    """Return what the customer's version says and must not, each once, in order.

    That is a figure of an internal fact, whoever wrote it; a word of ``check.not_for_customers``; and a stretch
    of the stakeholder ``notes`` that is not in a fact that the customer may read.
    """
    known = check.prepare(facts)
    document = content.document(Version.CUSTOMER)
    found = [span.text for text in _texts(document) for span in text if _is_internal(span.fact, facts)]
    open_words = " ".join(
        str(fact.value) for fact in facts.values() if fact.kind is FactKind.TEXT and not fact.is_internal
    )
    secret = _runs(notes) - _runs(open_words)
    for line in (document.title, *document.plain_lines()):
        found += [line[start:end] for start, end in check.not_for_customers(line, known)]
        found += _quoted(line, secret)
    found += [
        block.words[one.start : one.end]
        for section in content.sections
        for block in section.text
        if block.audience.includes(Version.CUSTOMER)
        for one in check.internal_figures(check.read(block, known), known)
    ]
    return tuple(dict.fromkeys(found))


def _is_internal(fact_id: str | None, facts: FactSheet) -> bool:
    return fact_id is not None and fact_id in facts and facts[fact_id].is_internal


def _texts(document: Document) -> Iterator[Text]:
    for block in document.blocks:
        match block:
            case Paragraph() | Callout():
                yield block.spans
            case Bullets():
                yield from block.items
            case Table():
                for row in block.rows:
                    yield from row
            case Heading():
                continue


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [match[0].casefold() for match in _WORD.finditer(text)]
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}


def _quoted(line: str, secret: set[tuple[str, ...]]) -> Iterator[str]:
    """Yield the stretches of a line that stand in the notes, each as long as it is."""
    words = list(_WORD.finditer(line)) if secret else []
    start = end = -1
    for at in range(len(words) - _RUN + 1):
        if tuple(match[0].casefold() for match in words[at : at + _RUN]) not in secret:
            continue
        if end >= 0 and words[at].start() > end:
            yield line[start:end]
            start = -1
        start = words[at].start() if start < 0 else start
        end = words[at + _RUN - 1].end()
    if end >= 0:
        yield line[start:end]
