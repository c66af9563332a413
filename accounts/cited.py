"""Sentences that cite facts by id: put together with the figures of the portal, and held to them (SPEC P1, 4.1).

A model writes ``{{fall}}, so {{contact.1.name}} should hear from us.``; the portal puts the facts in. ``problems`` refuses
whatever states a figure, a date or a name without a fact, and words that say the opposite of the facts. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from accounts import cited_words as words
from csm_portal.ports import untrusted

_CITATION: Final = re.compile(r"\{\{\s*([^{}]{0,120}?)\s*\}\}")
_END: Final = re.compile(r"[.!?…]+[\"')\]’”]*(?=\s|$)")
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# What a citation is while the rest is looked at: a word that says nothing.
_BLANK: Final = "\ufffc"
_LONGEST_NAMED: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that may be said. ``shown`` is the wording of the portal: a figure, a name, or a clause without its full stop.

    ``goes`` is "up" or "down" where the fact says that something rose or fell.
    """

    id: str
    label: str
    shown: str
    goes: str = ""


def ids(prose: str) -> frozenset[str]:
    """Return the ids that a text cites."""
    return frozenset(match[1] for match in _CITATION.finditer(prose))


def rendered(prose: str, facts: Mapping[str, Fact]) -> str:
    """Return the text with its facts put in, each sentence with a capital. Raises KeyError for a fact that is not there."""
    text = _CITATION.sub(lambda match: facts[match[1]].shown, prose)
    text = " ".join(untrusted.clean_line(text).split())
    # Where a fact begins a sentence its first letter becomes a capital.
    starts = [0, *(end + 1 for end in _ends(prose, facts) if end + 1 < len(text))]
    for at in starts:
        text = f"{text[:at]}{text[at : at + 1].upper()}{text[at + 1 :]}"
    return text


def _ends(prose: str, facts: Mapping[str, Fact]) -> list[int]:
    """Return where, in the rendered text, the sentences of the prose end: not where a fact holds a full stop."""
    ends, at, length = [], 0, 0
    plain = untrusted.clean_line(prose)
    for match in _CITATION.finditer(plain):
        between = plain[at : match.start()]
        ends += [length + found.end() for found in _END.finditer(between + ("x" if between else ""))]
        length += len(between) + len(untrusted.clean_line(facts[match[1]].shown))
        at = match.end()
    ends += [length + found.end() for found in _END.finditer(plain[at:])]
    return ends


def problems(prose: str, facts: Mapping[str, Fact], *, is_advice: bool = False) -> list[str]:
    """Return what is wrong with a text, a sentence each that its writer is told; none where it may be shown.

    ``is_advice`` says that the text asks somebody to do something: it may speak of what shall rise, and of this week.
    """
    found: list[str] = []
    unknown = sorted(ids(prose) - facts.keys())
    found += [
        f"There is no fact {{{{{name[:_LONGEST_NAMED]}}}}}; cite only ids from the list." for name in unknown
    ]
    if prose != untrusted.clean(prose) or words.MARKUP.search(_CITATION.sub("", prose)):
        found.append("Write plain text: no markup, links, addresses or invisible characters.")
    for sentence in sentences(prose):
        cited = [facts[name] for name in ids(sentence) if name in facts]
        typed = _CITATION.sub(_BLANK, sentence)
        found += _typed_figures(typed, is_advice=is_advice)
        found += [
            f"“{name[:_LONGEST_NAMED]}” reads as a name that is no fact; cite the fact, or leave it out."
            for name in _names(typed, facts)
        ]
        if not is_advice:
            found += _against(typed, cited)
    return list(dict.fromkeys(found))


def sentences(prose: str) -> list[str]:
    """Return the sentences of a text; a full stop within a citation ends none."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return _BLANK

    hidden = _CITATION.sub(hide, " ".join(prose.split()))
    parts, at = [], 0
    for end in _END.finditer(hidden):
        parts.append(hidden[at : end.end()].strip())
        at = end.end()
    parts.append(hidden[at:].strip())
    citations = iter(kept)
    return [re.sub(_BLANK, lambda _: next(citations), part) for part in parts if part]


def _typed_figures(typed: str, *, is_advice: bool) -> Iterator[str]:
    if any(char.isnumeric() for char in typed) or words.SIGNS.search(typed):
        yield "Type no digits, percentages or amounts; cite the fact that holds the figure."
    if match := words.NUMBERS.search(typed):
        yield f"“{match[0]}” is a figure; cite the fact that holds it, or leave it out."
    if match := words.DATES.search(typed):
        yield f"“{match[0]}” is a date; cite the fact that holds it, or leave it out."
    if not is_advice and (match := words.NEAR_DATES.search(typed)):
        yield f"“{match[0]}” is a date; cite the fact that holds it, or leave it out."


def _names(typed: str, facts: Mapping[str, Fact]) -> list[str]:
    """Return the capitalised words that no fact shows; at a sentence's start those that are not ordinary."""
    known = {token.casefold() for fact in facts.values() for token in _TOKEN.findall(fact.shown)}
    found = []
    for match in _TOKEN.finditer(typed):
        word = match[0]
        if not word[0].isupper() or word.casefold() in known or word in words.TERMS:
            continue
        opens = not typed[: match.start()].strip(" \"'(“‘")
        if opens and word[1:].islower() | (len(word) == 1) and words.is_ordinary(word):
            continue
        found.append(word)
    return found


def _against(typed: str, cited: list[Fact]) -> Iterator[str]:
    goes = {fact.goes for fact in cited}
    if (match := words.RISES.search(typed)) and "up" not in goes:
        yield f"“{match[0]}” says that something rose or got better, which no fact of that sentence does."
    if (match := words.FALLS.search(typed)) and "down" not in goes:
        yield f"“{match[0]}” says that something fell, which no fact of that sentence does."
    if match := words.VERDICTS.search(typed):
        yield f"“{match[0]}” is a verdict of your own; cite the risk that is given, and predict nothing."
