"""Proper names: which capitals in a text name somebody, and which of those the facts know."""

import difflib
import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from qbr.facts import FactKind, FactSheet, shown
from qbr.grounding import ordinary, spelling, terms
from qbr.grounding.numerals import SMALL
from qbr.grounding.spelling import levelled
from qbr.grounding.words_of_names import TOKEN, Words, fold, words_of

_JOINED = re.compile(r" (?:& )?|, (?=(?:Inc|Ltd|LLC)\b)|\. (?=[A-Z])")
# A band is named as a border here, which claims nothing of where the account is.
_BORDER = re.compile(
    r"\b(?:Amber|Red|Green)(?= (?:threshold|limit|line|border)\b| is \S+ points? (?:away|off))"
    r"|(?:(?<=points short of )|(?<=points from )|(?<=points away from )|(?<=point from ))(?:Amber|Red|Green)\b"
)
_OPENS = re.compile(
    r"""(?:^|[.!?…:;]["')\]*_~]*\s+|["(\[•–—*_#>|✓✔-]\s*|\s/\s|\n|(?:^|\W)\(?\d{1,2}[.)]\s+|[^\w\s.,'’&%€$£¥°)\]\x00-\x7f]\s*)$"""
)
# The full stop of these ends no sentence: incl. Dispute Center.
_SHORTENED = re.compile(
    r"\b(?:incl|excl|e\.g|i\.e|vs|esp|approx|resp|cf|etc|dept|feat|w|aka|a\.k\.a)\.\s+$", re.IGNORECASE
)
# What follows a heading that stands before its text: Commercials: …, **Efficiency:** …
_LABELS = re.compile(r"\s*[*_]*:")
# Words that a plain word with a capital and a heading's word may follow one another with: Open Tickets, Dear Team.
_QUALIFIERS = frozenset({
    "open", "active", "idle", "used", "unused", "licensed", "purchased", "bought", "total", "average", "current", "overall", "new", "key", "strong", "low",
    "high", "weak", "good", "great", "dear", "hello", "hi", "thanks", "hey", "many", "most", "more", "few", "some", "other", "both", "all", "each", "every",
    "no", "any", "strategic", "commercial", "technical", "general", "internal", "external", "recent", "past", "future", "early", "late", "top", "main",
    "additional", "further", "proposed", "recommended", "agreed", "suggested", "positive", "negative", "best", "better", "real", "true", "full", "final",
    "regular", "monthly", "daily", "joint", "shared", "stable", "steady", "solid", "rising", "falling", "growing", "declining", "improved",
    "please", "let", "ask", "bring", "show", "give", "offer", "plan", "make", "get", "keep", "start", "set", "send", "see", "closing", "opening", "login",
    "prioritise", "prioritize", "address", "tackle", "reduce", "raise", "lift", "discuss", "improve", "increase", "resolve", "fix", "watch",
    "under", "on", "in", "for", "about", "with", "from", "to", "at", "by", "of", "as", "per", "regarding", "beyond", "despite", "between",
    "logins", "feature", "seat", "ticket", "median", "peer", "peers", "renewal", "notice", "risk", "next", "value", "health", "net", "promoter",
})  # fmt: skip
_LOWER_AFTER = re.compile(r"\s+[a-z]|,\s")
# A segment or a stage is claimed of the account: an Enterprise account in the Onboarding stage, segment Strategic.
_CLASSED_BEFORE = re.compile(
    r"\b(?:(?:segment|stage|tier)(?: is| of|:|,)?|(?:account|customer|company|they|it) (?:is|are|sits|falls) in)\s+$",
    re.IGNORECASE,
)
_CLASSED_AFTER = re.compile(
    r"\s(?:segment|stage|tier|account|customer|company|client)\b(?! (?:teams?|managers?|plans?|reviews?|leads?|owners?|success|health|portal)\b)"
)
_UNCLASSED = frozenset(
    {
        "customer",
        "user",
        "partner",
        "sales",
        "marketing",
        "platform",
        "product",
        "portal",
        "executive",
        "sponsor",
        "success",
        "team",
        "report",
    }
)
_OF_FEATURES = re.compile(
    r"\b(?:features?|modules?|tools?|capabilit(?:y|ies)|licen[cs]\w*|deployed|unused|untouched|adopt\w*|routine|go(?:es)? live|in use)\b",
    re.IGNORECASE,
)
_OF_PROMISES = re.compile(
    r"\b(?:commit\w*|promis\w+|agreed|undertak\w+|pledg\w+|action|due|goals?|aims?|objective|owes?|owed|kept|deliver\w*)\b",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"\b(?:plan|path|route|choice|option|scenario|variant|part|group|team|point|appendix|annex|exhibit|schedule|class|type|grade|room|wave|phase|track|block|lane|level|side|case|list)(?:e?s)? $",
    re.IGNORECASE,
)
_MARK = re.compile(r"[pP]\d\d|[hHyYnN]\d{1,2}|[Ͱ-Ͽ]|[vV]\d{1,2}(?:\.\d{1,2}){0,2}")
_PARTS_OF_PAPERS = frozenset({
    "top", "driver", "section", "slide", "page", "chapter", "appendix", "annex", "exhibit", "schedule", "clause", "article", "table", "figure", "part", "step", "phase", "item", "point",
    "option", "scenario", "week", "day", "level", "tier", "room", "rule", "action", "paragraph", "attachment", "footnote", "milestone", "commitment", "priority",
})  # fmt: skip
_NUMBER_AFTER = re.compile(r"s?\s\d")
# A text this long that is told word by word is a quotation.
_WORDS_OF_A_QUOTATION = 4
_SHORTEST_QUOTATION = 8
# How far apart the names of a list stand.
_LISTED = 7
_SHORTEST_STEM = 3
_ALIKE = 0.6
_LEEWAY = 0.05
# A word in small letters, as names of many languages have them: van der Meer, Travel ehf.
_SMALL_WORD = re.compile(r" (?P<word>[a-z]{1,5})\b")
_WORD_AFTER = re.compile(r" (?P<word>[^\W\d_]+)")
_LONGEST_NAME = 16
_LONGEST_WRITTEN = 60
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof"})
_Piece = tuple[int, int, tuple[str, ...], str]
_BANDS = frozenset({"green", "amber", "red"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A proper name in a text. ``facts`` are the facts that it follows from; none means that it is unknown."""

    start: int
    end: int
    facts: tuple[str, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """The names in the facts as folded words, each with the facts that hold it; and every part of them.

    ``values`` are whole names as they are written, the longest first.
    """

    values: tuple[tuple[str, str], ...]
    whole: dict[Words, tuple[str, ...]]
    parts: dict[Words, tuple[str, ...]]
    terms: frozenset[Words]
    texts: dict[str, frozenset[str]]


"""From and to which word of a run, the facts that know it, and what it is: whole, part, term, trade or unknown."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        return fold(self.text)


def known_names(facts: FactSheet) -> KnownNames:
    """Collect what the facts name: whole values, their parts, and the capitalised words of longer texts."""
    whole: dict[Words, tuple[str, ...]] = {}
    written: list[tuple[str, str]] = []
    parts: dict[Words, tuple[str, ...]] = {}
    texts: dict[str, frozenset[str]] = {}
    for fact in facts.values():
        if not fact.is_known:
            continue
        values: Iterable[str] = ()
        if isinstance(fact.value, tuple):
            values = fact.value
            written += [(levelled(value), fact.id) for value in (*fact.value, shown(fact))]
        elif isinstance(fact.value, str) and fact.kind in (FactKind.NAME, FactKind.WORD):
            values = (fact.value,)
            if fact.kind is FactKind.NAME:
                written += [(levelled(value), fact.id) for value in (fact.value, *_short_forms(fact.value))]
        elif isinstance(fact.value, str) and fact.kind is FactKind.TEXT:
            values = _capitalised(fact.value)
            texts[fact.id] = frozenset(word for word in words_of(fact.value) if len(word) > _SHORTEST_STEM)
            if len(fact.value) >= _SHORTEST_QUOTATION:
                written.append((levelled(fact.value), fact.id))
        # ROI facts have labels of their own, and weeks in a band name that band.
        named = fact.id.startswith("roi.") or (fact.id.startswith("health.weeks_") and fact.value != 0)
        labels = _capitalised(fact.label) if named else ()
        for value in (*values, *labels):
            phrase = words_of(value)
            if not phrase:
                continue
            whole[phrase] = (*whole.get(phrase, ()), fact.id)
            for start in range(len(phrase)):
                for end in range(start + 1, len(phrase) + 1):
                    part = phrase[start:end]
                    # A bare "of" or "and" of a long name proves nothing.
                    if len(part) < len(phrase) and (len(part) > 1 or len(part[0]) > 1):
                        parts[part] = (*parts.get(part, ()), fact.id)
    written.sort(key=lambda pair: -len(pair[0]))
    return KnownNames(values=tuple(written), whole=whole, parts=parts, terms=terms.terms(), texts=texts)


def _short_forms(name: str) -> list[str]:
    """Return the beginnings of a name that hold its digits: Studio 54, of Studio 54 Interiors."""
    parts = name.split()
    return [
        " ".join(parts[:end])
        for end in range(2, len(parts))
        if any(char.isdigit() for part in parts[:end] for char in part)
    ]


def find(text: str, known: KnownNames) -> list[Name]:
    """Return the proper names of a levelled text in order, each with the facts that know it."""
    found = whole_names(text, known)
    text = _BORDER.sub(lambda match: "x" * len(match[0]), masked(text, found))
    for run in _runs(text):
        found += _read_run(run, text, known)
    found = [_with_small_words(name, text, known) for name in found]
    return sorted(_without_mentions(_without_mixtures(found), text, known), key=lambda name: name.start)


def _without_mentions(found: list[Name], text: str, known: KnownNames) -> list[Name]:
    """Take the facts from a name that only the text of a promise or a goal holds, where features are told of.

    What a promise mentions is not what the account has: Access Log and Claims Desk are in use.
    """
    checked = []
    for name in found:
        is_word = ordinary.is_ordinary(text[name.start : name.end])
        if not name.facts or is_word or not all(fact in known.texts for fact in name.facts):
            checked.append(name)
            continue
        sentence = next(
            (item for item in spelling.sentences(text) if item.covers(name.start, name.start)), None
        )
        words = text[sentence.start : sentence.end] if sentence else text
        told = set(words_of(words)) - set(words_of(text[name.start : name.end]))
        is_quoted = (
            len(words_of(text[name.start : name.end])) >= _WORDS_OF_A_QUOTATION
            or any(known.texts[fact] & told for fact in name.facts)
            or _OF_PROMISES.search(words)
        )
        is_beside = any(
            0 < max(other.start - name.end, name.start - other.end) < _LISTED
            for other in found
            if any(fact.startswith("features.") for fact in other.facts)
        )
        is_feature = is_beside or _OF_FEATURES.search(words)
        checked.append(replace(name, facts=()) if is_feature and not is_quoted else name)
    return checked


def _with_small_words(name: Name, text: str, known: KnownNames) -> Name:
    """Take the facts from the beginning of a name whose small word behind it is another: Pieter (an) der Meer, Travel (eaf.)"""
    if name.is_whole or not name.facts:
        return name
    told = words_of(text[name.start : name.end])
    for whole in known.whole:
        if not told or whole[: len(told)] != told:
            continue
        end, rest = name.end, whole[len(told) :]
        while rest and (behind := _SMALL_WORD.match(text, end)):
            word, end = fold(behind["word"]), behind.end()
            if word != rest[0] and _is_slip(word, rest, text, end):
                return replace(name, end=end, facts=())
            if word != rest[0]:
                break
            rest = rest[1:]
    return name


def _is_slip(word: str, rest: Words, text: str, end: int) -> bool:
    """Say whether a small word stands for the first of ``rest``: the next one follows, or it looks like it."""
    if len(rest) > 1:
        after = _WORD_AFTER.match(text, end)
        return after is not None and fold(after["word"]) == rest[1]
    alike = difflib.SequenceMatcher(None, word, rest[0]).ratio()
    return not ordinary.is_ordinary(word) and alike > _ALIKE - _LEEWAY


def _without_mixtures(found: list[Name]) -> list[Name]:
    """Take the facts from half a name that stands right beside a whole other one: Mid-Market (Harbour) Logistics."""
    wholes = [name for name in found if name.is_whole]
    checked = []
    for name in found:
        beside = [w for w in wholes if w.end + 1 == name.start or name.end + 1 == w.start]
        is_mixed = not name.is_whole and any(not set(w.facts) & set(name.facts) for w in beside)
        checked.append(replace(name, facts=()) if is_mixed else name)
    return checked


def whole_names(text: str, known: KnownNames) -> list[Name]:
    """Return where names of the facts stand exactly as they are written there."""
    found: list[Name] = []
    for value, fact in known.values:
        at = text.find(value)
        while at >= 0 and value:
            end = at + len(value)
            is_word = not (text[at - 1 : at].isalnum() and value[0].isalnum()) and not (
                text[end : end + 1].isalnum() and value[-1].isalnum()
            )
            if is_word and not any(at < old.end and old.start < end for old in found):
                found.append(Name(start=at, end=end, facts=(fact,), is_whole=True))
            at = text.find(value, end)
    return found


def nearest(text: str, known: KnownNames) -> str | None:
    """Return the name of the facts that looks most like an unknown one; None where none is near."""
    written = list(dict.fromkeys(value for value, _ in known.values if len(value) <= _LONGEST_WRITTEN))
    return next(iter(difflib.get_close_matches(text, written, n=1, cutoff=0.6)), None)


def masked(text: str, names: Iterable[Name]) -> str:
    """Return the text, of the same length, with names made of letters that say nothing.

    The mark that ends a quoted sentence stays: the word behind it begins another one.
    """
    for name in names:
        end = name.end - 1 if text[name.end - 1 : name.end] in {".", "!", "?"} else name.end
        text = text[: name.start] + "x" * (end - name.start) + text[end:]
    return text


def _read_run(run: list[_Token], text: str, known: KnownNames) -> list[Name]:
    """Cut a run of capitalised words into known names, terms and the rest."""
    pieces: list[_Piece] = []
    is_heading = ordinary.is_of_a_heading(tuple(token.folded for token in run)) and (
        _is_title(text, run[0].start) or _is_long_label(text, run)
    )
    at = 0
    while at < len(run):
        length, facts, kind = _longest(run, at, known)
        if not length:
            opens = at == 0 and _opens(text, run[0].start)
            length, facts = 1, ()
            is_title = is_heading and run[at].text[1:].islower() and ordinary.is_ordinary(run[at].text)
            if (
                run[at].folded in _TITLES
                or is_title
                or (opens and ordinary.is_ordinary(run[at].text) and run[at].text[1:].islower())
                or (opens and run[at].text == "A")
                or _is_label(text, run, at, opens=opens)
                or _is_made_of_words(run[at].folded, known)
                or run[at].text.split("'")[0] == "I"
                or (len(run) == 1 and _is_stressed(run[at]))
                or _is_numbered(run[at], text)
            ):
                kind = "term"
            else:
                kind = "trade" if ordinary.is_of_the_trade((run[at].folded,)) else "unknown"
        pieces.append((at, at + length, facts, kind))
        at += length
    pieces = _with_openers(pieces, run, text, is_heading=is_heading)
    return _names(
        _classed(_distrust_mixtures(_without_slips(pieces, known, run), known, run), run, text), run
    )


def _opens(text: str, at: int) -> bool:
    """Say whether a sentence, a line, a label or a cell of a table begins at a position."""
    before = text[max(0, at - 12) : at]
    return bool(_OPENS.search(before)) and not _SHORTENED.search(before)


def _is_label(text: str, run: list[_Token], at: int, *, opens: bool) -> bool:
    """Say whether a single word is the heading of its line: Whitespace: …"""
    return (
        opens
        and len(run) == 1
        and run[at].text[1:].islower()
        and bool(_LABELS.match(text, run[at].end))
        and ordinary.is_compound(run[at].text)
    )


def _is_stressed(token: _Token) -> bool:
    """Say whether a plain word is in capitals for its weight alone: put both in your calendar NOW."""
    return len(token.text) > 1 and token.text.isupper() and ordinary.is_ordinary(token.text)


def _is_numbered(token: _Token, text: str) -> bool:
    """Say whether a word with a capital names a part of a paper by its number: Section 4."""
    return token.folded in _PARTS_OF_PAPERS and bool(_NUMBER_AFTER.match(text, token.end))


def _is_long_label(text: str, run: list[_Token]) -> bool:
    """Say whether several words are the heading of their line: Value Delivered: …"""
    return len(run) > 1 and bool(_LABELS.match(text, run[-1].end)) and _opens(text, run[0].start)


def _is_made_of_words(folded: str, known: KnownNames) -> bool:
    """Say whether a word with strokes joins words that name nobody: Green/Amber/Red, Owner/Action."""
    parts = folded.split("/")
    return len(parts) > 1 and all(
        (part,) in known.terms or part in _BANDS or ordinary.is_of_the_trade((part,)) for part in parts
    )


def _with_openers(pieces: list[_Piece], run: list[_Token], text: str, *, is_heading: bool) -> list[_Piece]:
    """Take a plain word that a heading's word follows, both with capitals, for a name: Dispute Center is the workhorse."""
    if len(pieces) != 2 or is_heading or not _opens(text, run[0].start):
        return pieces
    (first, second), opener = pieces, run[0]
    is_plain = (
        first[3] == "term" and opener.text[1:].islower() and not ordinary.is_of_a_heading((opener.folded,))
    )
    is_next = second[3] == "trade" or (second[3] == "term" and second[1] - second[0] == 1)
    if (
        not is_plain
        or not is_next
        or opener.folded in _QUALIFIERS
        or opener.folded in _TITLES
        or not run[-1].text[1:].islower()
    ):
        return pieces
    if (opener.folded,) in terms.terms() or not _LOWER_AFTER.match(text, run[-1].end):
        return pieces
    return [(first[0], first[1], (), "unknown"), (second[0], second[1], (), "unknown")]


def _classed(pieces: list[_Piece], run: list[_Token], text: str) -> list[_Piece]:
    """Take words of the trade for a name where they say of which segment or in which stage the account is."""
    first = len(pieces)
    while first and pieces[first - 1][3] in ("trade", "term"):
        first -= 1
    if first == 0 and _opens(text, run[0].start):
        first = 1
    kinds = {kind for *_, kind in pieces[first:]}
    if "trade" not in kinds or run[-1].folded in _UNCLASSED:
        return pieces
    at = run[pieces[first][0]].start
    if not _CLASSED_BEFORE.search(text[max(0, at - 24) : at]) and not _CLASSED_AFTER.match(text, run[-1].end):
        return pieces
    return [*pieces[:first], *((start, end, (), "unknown") for start, end, _, _ in pieces[first:])]


def _longest(run: list[_Token], at: int, known: KnownNames) -> tuple[int, tuple[str, ...], str]:
    words = tuple(token.folded for token in run[at : at + _LONGEST_NAME])
    for kind, names in (("whole", known.whole), ("part", known.parts)):
        for length in range(len(words), 0, -1):
            facts = names.get(words[:length])
            if facts is not None:
                return length, facts, kind
        if kind == "whole":
            for length in range(min(len(words), 4), 0, -1):
                if words[:length] in known.terms:
                    return length, (), "term"
    return 0, (), "unknown"


def _without_slips(pieces: list[_Piece], known: KnownNames, run: list[_Token]) -> list[_Piece]:
    """Take a first word that is plain English for a misspelt name where the rest of that name follows: Hop Summers."""
    if len(pieces) < 2 or pieces[0][3] != "term" or pieces[1][3] != "part":
        return pieces
    if run[0].folded in _TITLES:
        return pieces
    opener, rest = run[0].folded, tuple(token.folded for token in run[pieces[1][0] : pieces[1][1]])
    for whole in known.whole:
        is_rest = len(whole) == len(rest) + 1 and whole[1:] == rest
        if is_rest and difflib.SequenceMatcher(None, opener, whole[0]).ratio() > _ALIKE:
            return [(pieces[0][0], pieces[0][1], (), "unknown"), *pieces[1:]]
    return pieces


def _distrust_mixtures(pieces: list[_Piece], known: KnownNames, run: list[_Token]) -> list[_Piece]:
    """Parts of two names side by side make a third person that nobody knows: Anna (Berg) Lind (Mara)."""
    kinds = [kind for *_, kind in pieces]
    result = []
    for index, (start, end, facts, kind) in enumerate(pieces):
        beside = kinds[max(0, index - 1) : index] + kinds[index + 1 : index + 2]
        is_of_a_label = bool(facts) and all(fact.startswith("roi.") for fact in facts)
        if is_of_a_label and kind == "part" and "trade" in beside:
            # Recall Manager, where recall costs are avoided.
            kind, facts = "unknown", ()
        if kind == "part" and any(other in ("part", "unknown") for other in beside):
            kind, facts = "unknown", ()
        result.append((start, end, facts, kind))
    return result


def _names(pieces: list[_Piece], run: list[_Token]) -> list[Name]:
    """Return the names of a run. Unknown words side by side are one; of words of the trade alone, they are none."""
    names: list[Name] = []
    for is_open, group in itertools.groupby(pieces, key=lambda piece: piece[3] in ("unknown", "trade")):
        together = list(group)
        if is_open:
            if any(kind == "unknown" for *_, kind in together):
                names.append(Name(start=run[together[0][0]].start, end=run[together[-1][1] - 1].end))
            continue
        names += [
            Name(
                start=run[start].start,
                end=run[end - 1].end,
                facts=tuple(dict.fromkeys(facts)),
                is_whole=kind == "whole",
            )
            for start, end, facts, kind in together
            if kind != "term"
        ]
    return names


def _runs(text: str) -> list[list[_Token]]:
    """Return the runs of neighbouring words that look like names."""
    runs: list[list[_Token]] = []
    previous_end = -1
    for match in TOKEN.finditer(text):
        word, start, end = match[0], match.start(), match.end()
        if word.casefold().endswith("'s"):
            word, end = word[:-2], end - 2
        if not word or not _looks_like_a_name(word) or _is_lettered(text, start, end):
            continue
        token = _Token(word, start, end)
        gap = text[previous_end:start] if previous_end >= 0 else ""
        if runs and (
            gap in (" ", " & ")
            or (gap == ". " and len(runs[-1][-1].text) <= 2 and runs[-1][-1].text not in {"I", "No"})
        ):
            runs[-1].append(token)
        else:
            runs.append([token])
        previous_end = end
    return runs


def _is_lettered(text: str, start: int, end: int) -> bool:
    """Say whether a capital only tells things apart: plan B, option C."""
    return end - start == 1 and bool(_LETTERED.search(text[max(0, start - 12) : start]))


def _looks_like_a_name(word: str) -> bool:
    if not any(char.isalpha() for char in word) or _is_figure(word):
        return False
    if any(unicodedata.category(char) == "Lo" for char in word):
        return True
    if word[0].isupper() or any(char.isupper() for char in word[1:]):
        return True
    # v2 and s3 are names of things; 2nd and 45min are numbers.
    return word[0].isalpha() and any(char.isdigit() for char in word)


def _is_figure(word: str) -> bool:
    """Say whether a token is a number, a mark of a chart or a sign of change: twelve/40, p50, H1, Δ."""
    parts = re.split(r"[-/.&]", word.casefold())
    return all(part.isdigit() or part in SMALL for part in parts) or bool(_MARK.fullmatch(word))


def _is_title(text: str, at: int) -> bool:
    """Say whether a position lies in a heading, all of whose longer words have capitals."""
    return any(start <= at < end for start, end in _titles(text))


@lru_cache(maxsize=64)
def _titles(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for sentence in spelling.sentences(text):
        if sentence.end - sentence.start > _LONGEST_WRITTEN * 2 or text[: sentence.end].rstrip().endswith(
            "."
        ):
            continue
        words = [match[0] for match in TOKEN.finditer(text, sentence.start, sentence.end)]
        long = [word for word in words if len(word) > 3 and set(word) != {"x"}]
        if len(words) > 1 and long and all(word[0].isupper() or word[0].isdigit() for word in long):
            found.append((sentence.start, sentence.end))
    return tuple(found)


def _capitalised(text: str) -> list[str]:
    """Return the runs of capitalised words of a text that holds more than names."""
    return [text[run[0].start : run[-1].end] for run in _runs(levelled(text))]
