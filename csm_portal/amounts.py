"""Numbers as people write them, with a point or with a comma before the decimals. Pure.

What can be read in one way is read so; what could be read in two is asked back, because a price that is a thousand
times too high is found by the customer.
"""

import re
from decimal import Decimal
from typing import Final

_SPACES: Final = re.compile(r"[\s'’]")
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_IN_THOUSANDS: Final = (
    # 1,234,567.50 and 1,234,567
    (",", re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3}){2,}")),
    # 1.234.567,50 and 1.234.567
    (".", re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")),
)
_THREE_BEHIND: Final = re.compile(r"([1-9][0-9]{0,2})([.,])([0-9]{3})")


class NoNumber(ValueError):
    """The text is no number."""


class TwoWays(ValueError):
    """The text can be read as two numbers; the message says how to write each."""


def read(text: str, *, decimals: int) -> Decimal:
    """Return the number that a person wrote, of which at most ``decimals`` digits are behind the point.

    Raises NoNumber; TwoWays for ``1.234`` where the decimals are two or fewer and for ``1,234`` where they are more.
    ``1,234`` with two decimals or fewer is 1234, as this portal writes it.
    """
    plain = _SPACES.sub("", text)
    sign, body = ("-", plain[1:]) if plain[:1] in ("-", "−") else ("", plain.removeprefix("+"))
    return Decimal(sign + _pointed(body, shown=text.strip(), decimals=decimals))


def _pointed(body: str, *, shown: str, decimals: int) -> str:
    for separator, form in _IN_THOUSANDS:
        if form.fullmatch(body):
            return body.replace(separator, "").replace(",", ".")
    if three := _THREE_BEHIND.fullmatch(body):
        head, separator, tail = three.groups()
        is_decimal = decimals >= len(tail)
        if is_decimal is (separator == ","):
            small = f"{head}.{tail[:decimals]} with a point" if decimals else head
            raise TwoWays(f"“{shown[:40]}” can be read in two ways: write {head}{tail}, or {small}.")
        return body if is_decimal else head + tail
    pointed = body.replace(",", ".") if body.count(",") == 1 and "." not in body else body
    if not _PLAIN.fullmatch(pointed):
        raise NoNumber(f"“{shown[:40]}” is no number.")
    return pointed
