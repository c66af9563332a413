"""Word by word: what is told rebuilds both sides."""

from hypothesis import given
from hypothesis import strategies as st

from qbr import word_changes
from qbr.word_changes import changes, likeness, tokens

TEXTS = st.lists(st.sampled_from(["seats", "rose", "to", "1,240", "72 %", "café", "座席", "席", " ", ".", "\n"]), max_size=14).map("".join)  # fmt: skip


@given(st.text())
def test_tokens_are_the_text(text):
    assert "".join(tokens(text)) == text


@given(TEXTS, TEXTS)
def test_each_side_is_told_as_it_was(before, after):
    left, right = changes(before, after)

    assert "".join(part.text for part in left) == before
    assert "".join(part.text for part in right) == after
    assert {part.kind for part in left} <= {"same", "removed"}
    assert {part.kind for part in right} <= {"same", "added"}
    stayed = [
        "".join("".join(one.text for one in side if one.kind == "same").split()) for side in (left, right)
    ]
    assert stayed[0] == stayed[1]
    assert (before == after) == all(part.kind == "same" for part in (*left, *right))


def test_one_figure_that_changed_is_told_as_one():
    left, right = changes("Adoption rose to 1,240 seats.", "Adoption rose to 1,320 seats.")

    assert [part.text for part in left if part.kind == "removed"] == ["1,240"]
    assert [part.text for part in right if part.kind == "added"] == ["1,320"]


def test_scripts_without_spaces_are_told_letter_by_letter():
    left, _ = changes("座席は増えた", "座席は減った")

    assert [part.text for part in left if part.kind == "removed"] == ["増え"]


def test_two_sentences_without_much_in_common_are_not_told_as_confetti():
    left, right = changes("Seats are fully used by planners.", "We meet the board in May.")

    assert [part.kind for part in left] == ["removed"]
    assert [part.kind for part in right] == ["added"]


def test_likeness_is_a_share():
    assert likeness("a b c d", "a b c e") == 0.75
    assert likeness("", "") == 1.0
    assert likeness("a", "b") == 0.0


def test_what_is_too_large_to_compare_is_told_as_a_whole():
    one, other = "a b " * 5_000, "b a c " * 3_300

    assert [code[0] for code in word_changes.opcodes(one.split(), other.split())] == ["replace"]
    assert [part.kind for part in changes(one, other)[0]] == ["removed"]
