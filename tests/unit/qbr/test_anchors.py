"""A passage is found again through edits, or told to have changed; never taken for another one."""

from hypothesis import given
from hypothesis import strategies as st

from qbr import anchors
from qbr.anchors import Anchor, Place, find

TEXT = [
    "Adoption rose to 46 % this quarter, below the median of the segment.",
    "Harbour Logistics had 62 of 100 seats in use.",
    "Train the planners, and train the planners again.",
]


def at(block, quote, occurrence=0):
    start = -1
    for _ in range(occurrence + 1):
        start = TEXT[block].index(quote, start + 1)
    return anchors.anchor(TEXT[block], start, start + len(quote))


def test_a_passage_is_found_where_it_stands():
    assert find(at(1, "62 of 100 seats"), TEXT) == Place(block=1, start=22, end=37)


def test_it_is_found_after_edits_around_it_and_in_another_place():
    moved = ["A new first paragraph.", "As we said, 62 of 100 seats are in use.", TEXT[0]]

    assert find(at(1, "62 of 100 seats"), moved) == Place(block=1, start=12, end=27)


def test_of_two_equal_passages_the_words_around_decide():
    second = at(2, "rain the planners", 1)

    assert find(second, TEXT) == Place(block=2, start=25, end=42)


def test_a_passage_that_was_rewritten_is_told_as_changed():
    place = find(at(0, "below the median of the segment"), ["Adoption rose to 46 % this quarter, far under the segment's median."])  # fmt: skip

    assert place is not None
    assert not place.is_exact


def test_a_passage_that_is_gone_is_told_as_gone():
    assert find(at(1, "62 of 100 seats"), ["We meet the board in May."]) is None
    assert find(at(1, "62 of 100 seats"), []) is None


def test_a_remark_on_a_whole_section_has_no_place():
    assert find(Anchor(quote=""), TEXT) is None


def test_what_a_browser_gives_as_a_selection_finds_its_words():
    assert anchors.of_quote(TEXT[1], "62  of\n100 seats ").quote == "62 of 100 seats"
    assert anchors.of_quote(TEXT[1], "nothing of it") is None
    assert anchors.of_quote(TEXT[1], " \n").quote == TEXT[1]


@given(st.text(min_size=1), st.data())
def test_any_stretch_of_any_text_is_found_in_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))

    place = find(anchors.anchor(text, start, end), [text])

    assert place is not None
    assert text[place.start : place.end] == text[start:end]
