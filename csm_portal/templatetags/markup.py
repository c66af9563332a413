"""Values put into HTML, each escaped: what ``format_html`` does, at half its price.

Django's looks at every argument for a lazy translation several times over. Fifty rows of a list put nine hundred values
into their cells, and there is nothing to translate.
"""

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString


def fill(pattern: str, *values: object, **named: object) -> SafeString:
    """Return the pattern with the values in it; what is no HTML by its own word (``__html__``) is escaped."""
    return SafeString(
        pattern.format(*map(_escaped, values), **{name: _escaped(value) for name, value in named.items()})
    )


def fill_each(pattern: str, rows: Iterable[tuple[object, ...]]) -> SafeString:
    """Return the pattern once for each row of values, one behind the other."""
    return SafeString("".join(fill(pattern, *row) for row in rows))


def _escaped(value: object) -> str:
    if isinstance(value, SafeString):
        return value
    html = getattr(value, "__html__", None)
    return str(html()) if html is not None else escape(str(value))
