"""Commitments read from the next steps of a published review."""

from datetime import date

import pytest

from csm_portal.ports.documents import Span
from qbr import commitments
from qbr.commitments import Agreed
from qbr.document import Audience, Content, Section, SectionKey, TextBlock, TextKind


def content(*lines: str, audience: Audience = Audience.BOTH, kind: TextKind = TextKind.BULLET) -> Content:
    text = tuple(TextBlock(spans=(Span(text=line),), kind=kind, audience=audience) for line in lines)
    sections = (Section(key=SectionKey.NEXT_STEPS, text=text),)
    return Content(account_name="Acme", quarter="Q2 2026", sections=sections)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Train the planners. Owner: Alice Moreno. By: 14 July 2026.",
            Agreed(text="Train the planners.", owner_name="Alice Moreno", due_on=date(2026, 7, 14)),
        ),
        ("Train. By: 1 May 2026.", Agreed(text="Train.", owner_name="", due_on=date(2026, 5, 1))),
        ("Train the planners.", Agreed(text="Train the planners.", owner_name="", due_on=None)),
        ("Meet. Owner: J. Weber.", Agreed(text="Meet.", owner_name="J. Weber", due_on=None)),
        ("Meet. By: 31 February 2026.", Agreed(text="Meet.", owner_name="", due_on=None)),
        ("Say: Owner: nobody", Agreed(text="Say: Owner: nobody", owner_name="", due_on=None)),
    ],
)
def test_a_step_is_read_as_it_was_written(line, expected):
    assert commitments.agreed(content(line)) == [expected]


def test_only_points_that_the_customer_may_read_are_commitments():
    assert commitments.agreed(content("Upsell.", audience=Audience.INTERNAL)) == []
    assert commitments.agreed(content("A sentence.", kind=TextKind.PARAGRAPH)) == []
