"""Numbers as people write them: 1,200 · 1.200 · 1.2k · 1.2 million · twelve hundred · two thirds · doubled."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "bn": 9, "b": 9, "billion": 9, "hundred": 2,
}  # fmt: skip
_LARGEST = Decimal(10) ** 15
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: number for number, word in enumerate(_ONES)} | {
    word: 10 * number for number, word in enumerate(_TENS, start=2)
}
_MULTIPLIERS = {"hundred": 100, "dozen": 12, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_FRACTION_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5,
    "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
_VULGAR = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅛": (1, 8)}
_FOLDS = {
    "doubled": 2, "doubles": 2, "doubling": 2, "double": 2, "twice": 2, "twofold": 2, "two-fold": 2,
    "tripled": 3, "triples": 3, "tripling": 3, "triple": 3, "threefold": 3, "three-fold": 3, "thrice": 3,
    "quadrupled": 4, "quadruple": 4, "quadrupling": 4, "fourfold": 4, "fivefold": 5, "tenfold": 10,
}  # fmt: skip
_HALVINGS = ("halved", "halves", "halving")

_word = "|".join(sorted((*SMALL, *_MULTIPLIERS), key=len, reverse=True))
_NUMBER_WORDS = re.compile(
    rf"\b(?:(?:a|half a)\s+(?:hundred|thousand|million|billion|dozen)|(?:{_word}))"
    rf"(?:(?:\s+|-|\s+and\s+)(?:{_word})\b)*(?:\s+and\s+a\s+half)?\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"""(?<![\w.,])(?<!\d')
    (?P<sign>[+-](?=\d|\.\d))?
    (?P<digits>\d{1,3}(?:(?:,\d{3})+|(?:[ ]\d{3})+(?!\d)|(?:'\d{3})+|(?:\.\d{3})+)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|\.\d+)
    (?:(?P<tight>k|K|mn|m|M|bn|B)\b|[ -]?(?P<loose>thousand|million|mio|billion|hundred|mn|bn)\b)?
    (?:(?!\w)|(?=(?!(?:st|nd|rd|th)\b)[a-z]{2,}\b))""",
    re.VERBOSE,
)
_FRACTION_WORDS = re.compile(
    r"\b(?:(?P<count>a|one|two|three|four|five|six|seven|eight|nine)[\s-])?(?P<part>half|thirds?|quarters?|fifths?|sixths?|eighths?|tenths?)(?![\s-]part(?:y|ies)\b)"
    r"(?P<of>\s+(?:of|the|its|their|our|all|as)\b|\s+a\b(?!\s+(?:hundred|thousand|million|dozen)))?",
    re.IGNORECASE,
)
# "Seat use is half, roughly": a share without its whole.
_LEVEL_BEFORE = re.compile(
    r"\b(?:is|was|at|to|from)\s+(?:about |around |roughly |nearly |almost |just |over |under |more than |less than )*$",
    re.IGNORECASE,
)
_ENDS_AFTER = re.compile(
    r"\s*(?:[,;)]|\.(?!\d)|$|roughly\b|full\b|used\b|in use\b|adopted\b|occupied\b)", re.IGNORECASE
)
_SHARE_AFTER = re.compile(
    r"\s*(?:[.,;:)!?-]|$|\s(?:of|are|is|were|was|remain|less|more|lower|higher|fewer|better|worse|empty|unused|used|in|full|idle|to|from|by|up|down|below|above|and|or|adopted|licen[cs]es|seats|users)\b)",
    re.IGNORECASE,
)
_HALF_BEFORE = re.compile(
    r"\b(?:by|in|than|nearly|almost|about|roughly|only|just|over|under|at|to|around)\s+$", re.IGNORECASE
)
# "A quarter of steady progress" is a time, "a quarter of the seats" is a share.
_WHOLE_AFTER = re.compile(
    r"\s+of\s+(?:the|its|their|our|all|your|those|these|what|everything|every|licensed|purchased|\w+s\b)(?!\s+progress)",
    re.IGNORECASE,
)
_fold = "|".join(sorted((*_FOLDS, *_HALVINGS), key=len, reverse=True))
_FOLD_WORDS = re.compile(rf"\b(?P<word>{_fold})\b(?!-|\s+(?:check|down|click|sided|digit))", re.IGNORECASE)
# "Twice the load" is a multiple, "asked for it twice" is not.
_TWICE_AS = re.compile(r"\s+(?:as|the|that|what|its|their|our|your|this)\b", re.IGNORECASE)
_FOLD_DIGITS = re.compile(
    r"(?<![\w.,])(?P<digits>\d+(?:[.,]\d+)?)\s?(?:x\b|×|-?fold\b|\s?times\b)", re.IGNORECASE
)
_ORDINALS = re.compile(
    r"(?<![\w.,])\d+(?:st|nd|rd|th)\b|\b(?:third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\b"
    r"(?![\s-]part(?:y|ies)\b)",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"\b(?:dozens|hundreds|thousands|millions|billions)\b", re.IGNORECASE)
# "one in ten" is a tenth; "12 in 2026" is not, and dates are gone before numbers are read.
_ONE_IN = re.compile(
    rf"\b(?P<over>\d|{_word})\s+(?:in|out of(?!\s+\w+\s+(?:(?:licensed|bought|purchased|agreed)\s+)?(?:features|modules|tools|capabilities|commitments|promises|undertakings|actions|pledges)\b)(?=\s+\w+\s+of\b|\s+\w+\s+(?:the\s+|its\s+|their\s+|your\s+|our\s+|all\s+)*(?!this\b)[a-z]+s\b))\s+(?P<under>\d\d?|{_word})\b"
    r"(?!\s*%|[.,]\d)",
    re.IGNORECASE,
)
_VULGAR_SIGN = re.compile(r"(?P<whole>\d+\s?)?(?P<sign>[½⅓⅔¼¾⅕⅛])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeral:
    """A number in a text. ``readings`` are (value, step) pairs, where ``step`` is the weight of the last
    digit written: 100 for ``1.2k``. ``1.200`` has two readings, "hundreds" and "third" none. ``is_share`` marks a fraction of a whole,
    ``is_fold`` a multiple (doubled); a share or fold counts 1 as the whole.
    """

    start: int
    end: int
    readings: tuple[tuple[Decimal, Decimal], ...]
    sign: int = 0
    is_share: bool = False
    is_fold: bool = False
    is_word: bool = False


def find(text: str) -> list[Numeral]:
    """Return the numbers of a levelled text in order, the longest reading of each place."""
    found: list[Numeral] = []
    for reader in (_folds, _vulgar, _shares, _digits, _number_words, _unreadable):
        for numeral in reader(text):
            if not any(numeral.start < old.end and old.start < numeral.end for old in found):
                found.append(numeral)
    return sorted(map(_readable, found), key=lambda numeral: numeral.start)


def _readable(numeral: Numeral) -> Numeral:
    """A number beyond all business is a claim that no fact can bear out."""
    return (
        replace(numeral, readings=()) if any(value > _LARGEST for value, _ in numeral.readings) else numeral
    )


def _folds(text: str) -> list[Numeral]:
    found = []
    for match in _FOLD_WORDS.finditer(text):
        word = match["word"].casefold()
        if word == "halves" and re.search(
            rf"\b(?:both|the|{_word})\s+$", text[: match.start()], re.IGNORECASE
        ):
            continue
        if word == "twice" and not _TWICE_AS.match(text, match.end()):
            continue
        value = Decimal("0.5") if word in _HALVINGS else Decimal(_FOLDS[word])
        found.append(_exact(match.start(), match.end(), value, is_fold=True, is_word=True))
    for match in _FOLD_DIGITS.finditer(text):
        readings = tuple(_read(match["digits"]))
        found.append(Numeral(start=match.start(), end=match.end(), readings=readings, is_fold=True))
    return found


def _unreadable(text: str) -> list[Numeral]:
    """Ordinals and round plurals claim a number that no fact can be compared with."""
    return [
        Numeral(start=match.start(), end=match.end(), readings=(), is_word=True)
        for pattern in (_ORDINALS, _VAGUE)
        for match in pattern.finditer(text)
    ]


def _vulgar(text: str) -> list[Numeral]:
    found = []
    for match in _VULGAR_SIGN.finditer(text):
        over, under = _VULGAR[match["sign"]]
        value = Decimal(over) / Decimal(under)
        whole = match["whole"]
        if whole:
            found.append(_exact(match.start(), match.end(), Decimal(whole.strip()) + value))
        else:
            found.append(_exact(match.start(), match.end(), value, is_share=True))
    return found


def _shares(text: str) -> list[Numeral]:
    found = []
    for match in _FRACTION_WORDS.finditer(text):
        count = (match["count"] or "").casefold()
        part = match["part"].casefold()
        # "the quarter", "three quarters" and "the first half" are times unless something is divided.
        is_half = part == "half" and _HALF_BEFORE.search(text[max(0, match.start() - 20) : match.start()])
        stands = _LEVEL_BEFORE.search(text[max(0, match.start() - 20) : match.start()]) and _ENDS_AFTER.match(
            text, match.end()
        )
        if (
            not match["of"]
            and not is_half
            and not stands
            and not (
                count and (part.startswith(("third", "fifth", "sixth", "eighth", "tenth")) or "-" in match[0])
            )
        ):
            continue
        if not count and part != "half":
            continue
        if (
            count == "a"
            and not match["of"]
            and part != "half"
            and not stands
            and not _SHARE_AFTER.match(text, match.end())
        ):
            # A third e-mail, a fifth reminder.
            continue
        if part.startswith("quarter") and (
            count in {"", "two"}
            or (count == "one" and not stands and not _WHOLE_AFTER.match(text, match.end("part")))
        ):
            continue
        if part == "quarter" and not stands and not _WHOLE_AFTER.match(text, match.end("part")):
            continue
        if part == "half" and text[max(0, match.start() - 20) : match.start()].rstrip().casefold().endswith(
            ("first", "second", "other")
        ):
            continue
        parts = 1 if count in {"", "a"} else SMALL[count]
        value = Decimal(parts) / Decimal(_FRACTION_PARTS[part])
        end = match.end("part")
        found.append(_exact(match.start(), end, value, is_share=True, is_word=True))
    for match in _ONE_IN.finditer(text):
        over, under = (_small(match[name]) for name in ("over", "under"))
        if over is not None and under is not None and 0 < over < under <= 20:
            value = Decimal(over) / Decimal(under)
            found.append(_exact(match.start(), match.end(), value, is_share=True, is_word=True))
    return found


def _small(word: str) -> int | None:
    return int(word) if word.isdigit() else SMALL.get(word.casefold())


def _digits(text: str) -> list[Numeral]:
    found = []
    for match in _DIGITS.finditer(text):
        scale = (match["tight"] or match["loose"] or "").casefold()
        factor = Decimal(10) ** _SCALES.get(scale, 0)
        readings = tuple((value * factor, step * factor) for value, step in _read(match["digits"]))
        start, sign = match.start(), match["sign"]
        before = text[start - 1 : start]
        if sign and before and not before.isspace() and before not in "([":
            # In "10-12" the dash joins a range.
            start, sign = start + 1, None
        found.append(
            Numeral(
                start=start,
                end=match.end(),
                readings=readings,
                sign={"+": 1, "-": -1}.get(sign or "", 0),
            )
        )
    return found


def _read(digits: str) -> list[tuple[Decimal, Decimal]]:
    """Return what a run of digits can mean, as (value, weight of the last digit)."""
    plain = digits.replace(" ", "").replace("'", "")
    commas, dots = plain.count(","), plain.count(".")
    if commas and dots:
        decimal_mark = max(plain.rfind(","), plain.rfind("."))
        whole = plain[:decimal_mark].replace(",", "").replace(".", "")
        return [_decimal(f"{whole}.{plain[decimal_mark + 1 :]}")]
    mark = "," if commas else "."
    groups = plain.split(mark)
    if len(groups) > 2:
        return [_decimal("".join(groups))]
    if len(groups) == 2:
        readings = []
        looks_grouped = len(groups[1]) == 3 and 1 <= len(groups[0]) <= 3 and groups[0] != "0"
        if looks_grouped:
            readings.append(_decimal("".join(groups)))
        if mark == "." or not looks_grouped:
            readings.append(_decimal(f"{groups[0] or '0'}.{groups[1]}"))
        return readings
    return [_decimal(plain)]


def _decimal(plain: str) -> tuple[Decimal, Decimal]:
    value = Decimal(plain)
    exponent = value.as_tuple().exponent
    return value, Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def _number_words(text: str) -> list[Numeral]:
    found = []
    for match in _NUMBER_WORDS.finditer(text):
        parts = re.findall(r"[a-z]+", match[0].casefold())
        for start, end, value in _split_words(match[0], match.start(), parts):
            found.append(_exact(start, end, value, is_word=True))
    return found


def _split_words(words: str, offset: int, parts: list[str]) -> list[tuple[int, int, Decimal]]:
    """Read a run of number words; "two and three" is two numbers, "two hundred and three" is one."""
    total = current = Decimal(0)
    last = 0
    begun = False
    results: list[tuple[int, int, Decimal]] = []
    start = position = 0
    end = 0
    previous_scale = Decimal(10) ** 12

    def close() -> None:
        nonlocal total, current, begun, last, previous_scale
        if begun:
            results.append((offset + start, offset + end, total + current))
        total = current = Decimal(0)
        begun, last, previous_scale = False, 0, Decimal(10) ** 12

    for index, part in enumerate(parts):
        found = words.casefold().find(part, position)
        position = found + len(part)
        if part == "and":
            continue
        if part in ("a", "half"):
            if part == "half" and index and parts[index - 1] == "a":
                current += Decimal("0.5")
                end = position
            elif not begun:
                nxt = parts[index + 1] if index + 1 < len(parts) else ""
                if part == "half" or nxt in _MULTIPLIERS:
                    start = found
                    current = Decimal("0.5") if part == "half" else Decimal(1)
                    begun, last = True, 1
                    end = position
            elif part == "a" and last and current == Decimal("0.5"):
                end = position
            continue
        if part in _MULTIPLIERS:
            factor = Decimal(_MULTIPLIERS[part])
            if not begun:
                start, begun, current = found, True, Decimal(1)
            if part in ("hundred", "dozen"):
                current = (current or 1) * factor
            elif factor < previous_scale:
                total += (current or 1) * factor
                current, previous_scale = Decimal(0), factor
            last = 1000
        else:
            value = SMALL[part]
            fits = (
                not begun or last >= 100 or (last in range(20, 100, 10) and 0 < value < 10 and last % 10 == 0)
            )
            if not fits:
                close()
            if not begun:
                start, begun = found, True
            current += value
            last = value if value else 1
        end = position
    close()
    return results


def _exact(
    start: int,
    end: int,
    value: Decimal,
    *,
    is_share: bool = False,
    is_fold: bool = False,
    is_word: bool = False,
) -> Numeral:
    return Numeral(
        start=start,
        end=end,
        readings=((value, Decimal(0) if is_share or is_fold else Decimal(1)),),
        is_share=is_share,
        is_fold=is_fold,
        is_word=is_word,
    )


def zero(start: int, end: int) -> Numeral:
    """Return the numeral that "no" is in "no open tickets"."""
    return _exact(start, end, Decimal(0), is_word=True)
