"""Which words are plain English, or of the trade, so that a capital makes no name of them."""

import re
from functools import cache
from importlib import resources

_CONTRACTION = re.compile(r"(?:'(?:d|ve|re|ll|m|s)|n't)$")
_SUFFIXES = (
    "ly", "ing", "tion", "sion", "ment", "ness", "ance", "ence", "ency", "able", "ible", "ity", "ful", "less", "ous", "ive", "ship",
    "ward", "wise", "hood",
)  # fmt: skip
_ENDINGS = (
    ("'s", ""), ("ies", "y"), ("ied", "y"), ("ing", ""), ("ing", "e"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"),
    ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("ly", ""), ("al", ""), ("ment", ""), ("ation", "e"), ("ation", ""),
    ("ion", ""), ("ion", "e"), ("d", ""), ("r", ""), ("ity", ""), ("ity", "e"),
)  # fmt: skip
_SHORTEST_PART = 4
_PREFIXES = (
    "un",
    "re",
    "in",
    "non",
    "over",
    "under",
    "pre",
    "mis",
    "dis",
    "co",
    "sub",
    "multi",
    "cross",
    "mid",
)


def is_ordinary(word: str) -> bool:
    """Say whether a word is plain English, so that its capital at the start of a sentence says nothing."""
    folded = _CONTRACTION.sub("", word.casefold().replace("’", "'"))
    if "-" in folded:
        return all(is_ordinary(part) for part in folded.split("-") if part)
    return _is_listed(folded) or (len(folded) > 5 and folded.endswith(_SUFFIXES))


def is_compound(word: str) -> bool:
    """Say whether a word is plain English, or made of two such words: whitespace."""
    folded = word.casefold()
    return is_ordinary(folded) or any(
        _has_listed_stem(folded[:at]) and _has_listed_stem(folded[at:])
        for at in range(_SHORTEST_PART, len(folded) - _SHORTEST_PART + 1)
    )


def is_of_a_heading(words: tuple[str, ...]) -> bool:
    """Say whether one of the folded words is one that headings hold and names hardly ever."""
    return any(word in _listed_in("headings.txt") or is_of_the_trade((word,)) for word in words)


def is_of_the_trade(words: tuple[str, ...]) -> bool:
    """Say whether folded words name no more than a role, a team or a heading: Customer Success Team."""
    return all(word.removesuffix("'s") in _listed_in("trade.txt") for word in words)


def is_function_word(word: str) -> bool:
    """Say whether a word only holds a sentence together: of, which, were."""
    return word in _listed_in("function_words.txt")


def is_of_talk(noun: str) -> bool:
    """Say whether a noun in the singular is one of talk: a reason, a slide, an option."""
    return noun in _listed_in("nouns_of_talk.txt")


def _is_listed(word: str) -> bool:
    listed = _ordinary_words()
    if word in listed:
        return True
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) > 3 and _has_listed_stem(word[len(prefix) :]):
            return True
    return _has_listed_stem(word)


def _has_listed_stem(word: str) -> bool:
    listed = _ordinary_words()
    if word in listed:
        return True
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 1:
            stem = word[: -len(ending)] + instead
            # "planned" and "running" double the last letter.
            if stem in listed or (len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in listed):
                return True
    return False


def _ordinary_words() -> frozenset[str]:
    return _listed_in("words.txt")


@cache
def _listed_in(name: str) -> frozenset[str]:
    lines = resources.files("qbr.grounding").joinpath(name).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
