"""Text that somebody else wrote, made fit for a prompt: data in a fence, never instructions (SPEC 5.5, 10.5).

Invisible characters can carry orders that no reader sees (zero-width text, bidirectional controls, the tag
block, variation selectors used as bytes), so they are removed on the way in.
"""

import unicodedata

# Joiners that shape real text: Persian and Indic scripts need them between letters, emoji need ZWJ and VS16.
_JOINERS = {"\u200c", "\u200d"}
_PRESENTATION = {"\ufe0e", "\ufe0f"}
_BLANK_LETTERS = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"}
_KEPT_CONTROLS = {"\n", "\t"}


def clean(text: str) -> str:
    """Return the text without characters that a reader cannot see; line ends become ``\\n``.

    Removed: control and format characters (zero-width, bidirectional, the tag block), private-use and
    unassigned code points, lone surrogates, letters that draw nothing, and variation selectors that follow
    nothing they could vary. Joiners between two letters or two emoji stay, where scripts need them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept: list[str] = []
    for at, char in enumerate(text):
        if char in _JOINERS:
            follows = text[at + 1] if at + 1 < len(text) else ""
            if kept and _is_joined(kept[-1]) and _is_joined(follows):
                kept.append(char)
        elif char in _PRESENTATION:
            if kept and _has_presentations(kept[-1]):
                kept.append(char)
        elif not _is_invisible(char):
            kept.append(char)
    return "".join(kept)


def clean_line(text: str) -> str:
    """Return the text on one line, cleaned, with single spaces: a name or a label."""
    return " ".join(clean(text).split())


def fenced(name: str, text: str) -> str:
    """Return cleaned text between markers that it cannot imitate.

    The marker is a run of ``=`` one longer than any in the text, on lines of their own, so no line inside
    can end the block early. Every line inside is prefixed with ``| `` as well.
    """
    body = clean(text)
    # Double braces would read as a citation of a fact, and the answer's JSON would carry it on.
    body = body.replace("{{", "{ {").replace("}}", "} }")
    bar = "=" * max(6, _longest_run(body, "=") + 1)
    lines = "\n".join(f"| {line}" for line in body.split("\n"))
    return f"{bar} begin data: {clean_line(name)} {bar}\n{lines}\n{bar} end data {bar}"


def _is_invisible(char: str) -> bool:
    if char in _KEPT_CONTROLS:
        return False
    code = ord(char)
    if char in _BLANK_LETTERS or 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE0FFF:
        return True
    if 0x180B <= code <= 0x180F or code in (0xFFFC, 0xFFFD):
        return True
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _is_joined(char: str) -> bool:
    return bool(char) and (
        unicodedata.category(char) in {"Lo", "Mn", "Mc", "So", "Sk"} or char in _PRESENTATION
    )


def _has_presentations(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk", "Sm", "Po", "Nd"}


def _longest_run(text: str, char: str) -> int:
    longest = run = 0
    for found in text:
        run = run + 1 if found == char else 0
        longest = max(longest, run)
    return longest
