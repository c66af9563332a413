"""Two versions, line by line: what is told rebuilds both."""

from hypothesis import given
from hypothesis import strategies as st

from qbr import comparison

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12)


@given(LINES, LINES)
def test_what_is_told_leads_from_one_text_to_the_other(before, after):
    told = comparison.lines(before, after)

    assert (told == ()) == (before == after)
    old, new, at = [], [], 0
    for line in told:
        if line.kind == "gap":
            old += before[at : at + line.left_out]
            new += before[at : at + line.left_out]
            at += line.left_out
        if line.kind in ("same", "removed"):
            old.append(line.text)
            at += 1
        if line.kind in ("same", "added"):
            new.append(line.text)
    if told:
        assert (old, new) == (before, after)


def test_unchanged_stretches_are_left_out():
    before = [str(number) for number in range(30)]
    after = [*before[:15], "new", *before[15:]]

    kinds = [(line.kind, line.left_out) for line in comparison.lines(before, after)]

    assert kinds == [("gap", 14), ("same", 0), ("added", 0), ("same", 0), ("gap", 14)]
