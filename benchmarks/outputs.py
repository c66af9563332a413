"""CHECK 18 at full size: 200 hostile samples in every kind of block, in Markdown, PDF, slides and Notion blocks.

``python -m benchmarks.outputs`` prints a table and exits 0 only when none of them does anything. Sockets are closed while it runs.
"""

import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from csm_portal.integrations.notion import blocks as notion
from qbr.outputs import markdown, pdf, pptx
from qbr.outputs.handout import Handout
from tests.unit.qbr import paper, test_outputs
from tests.unit.qbr.hostile import samples

COUNT, AT_ONCE = 200, 10

_FORMATS: tuple[tuple[str, Callable[[Handout], Any], Callable[[Any], None]], ...] = (
    ("Markdown", markdown.render, test_outputs.assert_markdown_is_inert),
    ("PDF", lambda made: pdf.render(made, now=paper.NOW), test_outputs.assert_pdf_is_inert),
    ("PPTX", lambda made: pptx.render(made, now=paper.NOW), test_outputs.assert_slides_are_inert),
    ("Notion", lambda made: notion.render_qbr_blocks(made.document), test_outputs.assert_notion_is_inert),
)


def main() -> int:
    fetches: list[object] = []

    def refuse(_self: object, address: object) -> NoReturn:
        fetches.append(address)
        raise OSError("Nothing is fetched while a file is made.")

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]
    hostile, live = samples(COUNT), 0
    print(f"{'format':<10} {'samples':>8} {'live':>6} {'ms a file':>10}")
    for name, render, check in _FORMATS:
        bad, began = 0, time.perf_counter()
        for first in range(0, COUNT, AT_ONCE):
            body = render(paper.saying(*hostile[first : first + AT_ONCE]))
            try:
                check(body)
            except AssertionError as error:
                bad += 1
                print(f"  {name}, samples {first} to {first + AT_ONCE}: {str(error)[:200]}")
        spent = (time.perf_counter() - began) / (COUNT / AT_ONCE) * 1000
        print(f"{name:<10} {COUNT:>8} {bad:>6} {spent:>10.0f}")
        live += bad
    reached = not live and not fetches
    print(f"{'Reached' if reached else 'Falls short'}: {live} live of {COUNT * 4}, {len(fetches)} fetches.")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
