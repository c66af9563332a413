"""Two versions side by side: nothing is missing on either side, and what moved is told as moved."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from qbr import editing, side_by_side
from qbr.document import Audience, SectionKey
from qbr.side_by_side import compare, compare_texts
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft

HARBOUR = portfolio.harbour()
DRAFT = template_draft(HARBOUR)

LINES = st.lists(
    st.sampled_from(["Seats rose to 62.", "Seats fell to 62.", "- Train the planners.", "We meet in May.", "x", "One two three four."]),
    max_size=8,
)  # fmt: skip


def told(rows):
    return [
        (row.kind, "".join(part.text for part in row.before), "".join(part.text for part in row.after))
        for row in rows
    ]


def edited(**texts):
    return editing.edited(DRAFT, {SectionKey[name]: text for name, text in texts.items()}, HARBOUR)


@given(LINES, LINES)
def test_every_passage_of_both_sides_stands_there_in_order(before, after):
    rows = compare_texts(before, after)

    bare = [[line.removeprefix("- ") for line in side] for side in (before, after)]
    assert [old for _, old, _ in told(rows) if old] == bare[0]
    assert [new for _, _, new in told(rows) if new] == bare[1]
    assert (before == after) == (not any(row.is_change for row in rows)) or bare[0] == bare[1]


def test_the_same_version_differs_in_nothing():
    parts = compare(DRAFT, DRAFT)

    assert [part.heading for part in parts] == [
        "Account Health Summary", "ROI & Business Impact", "Feature Adoption Scorecard", "Expansion & Next Steps", side_by_side.APPENDIX
    ]  # fmt: skip
    assert sum(part.changes for part in parts) == 0
    assert all(part.rows for part in parts)


def test_a_word_that_changed_is_one_change_in_its_section():
    text = editing.to_editable(DRAFT.section(SectionKey.ROI))
    after = edited(ROI=f"{text}\n\nWe meet every month.")

    parts = {part.heading: part for part in compare(DRAFT, after)}

    assert parts["ROI & Business Impact"].changes == 1
    assert told(parts["ROI & Business Impact"].rows)[-1] == ("added", "", "We meet every month.") or (
        "added",
        "",
        "We meet every month.",
    ) in told(parts["ROI & Business Impact"].rows)
    assert parts["Account Health Summary"].changes == 0


def test_a_passage_that_moved_to_another_section_is_told_as_moved():
    moved = "The planners asked for forecasts before the summer."
    one, other = (editing.to_editable(DRAFT.section(key)) for key in (SectionKey.HEALTH, SectionKey.ROI))
    before = edited(HEALTH=f"{one}\n\n{moved}")
    after = edited(ROI=f"{other}\n\n{moved}")

    parts = {part.heading: part for part in compare(before, after)}

    away = [row for row in parts["Account Health Summary"].rows if row.kind == "moved_away"]
    here = [row for row in parts["ROI & Business Impact"].rows if row.kind == "moved_here"]
    assert [row.where for row in away] == ["ROI & Business Impact"]
    assert [row.where for row in here] == ["Account Health Summary"]
    assert sum(part.changes for part in parts.values()) == 1


def test_a_passage_that_moved_down_says_so():
    rows = compare_texts(
        ["The planners asked for forecasts.", "Alpha beta gamma delta.", "Epsilon zeta eta theta."],
        ["Alpha beta gamma delta.", "Epsilon zeta eta theta.", "The planners asked for forecasts."],
    )

    assert [(row.kind, row.where) for row in rows if row.is_change] == [
        ("moved_away", "further down"),
        ("moved_here", "further up"),
    ]


def test_marking_a_passage_as_internal_is_a_change():
    section = DRAFT.section(SectionKey.ROI)
    marked = replace(section, text=(replace(section.text[0], audience=Audience.INTERNAL), *section.text[1:]))

    parts = {part.heading: part for part in compare(DRAFT, DRAFT.with_section(marked))}

    (row,) = [row for row in parts["ROI & Business Impact"].rows if row.is_change]
    assert [part.text for part in row.after if part.kind == "added"] == ["[internal] "]


def test_a_version_of_hundreds_of_passages_is_compared_all_the_same():
    before = [f"Line {number} about seats" for number in range(300)]
    after = [f"Row {number} on users" for number in range(300)]

    assert len(compare_texts(before, after)) == 600
