"""Two texts made one: no word that either wrote is lost (CHECK 24)."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from qbr import word_changes
from qbr.merging import merge

WORDS = ["seats", "rose", "fell", "planners", "in", "May", "1,240"]
PASSAGE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
TEXTS = st.lists(PASSAGE, max_size=5)


def added(base, other):
    """The words that a person put in: those of their text that were not kept from the base."""
    old, new = (
        [token for line in side for token in (*word_changes.tokens(line), "\n")] for side in (base, other)
    )
    return Counter(
        token
        for tag, _, _, start, end in word_changes.opcodes(old, new)
        if tag != "equal"
        for token in new[start:end]
        if not token.isspace()
    )


@settings(max_examples=300)
@given(TEXTS, TEXTS, TEXTS)
def test_no_word_that_either_wrote_is_lost(base, mine, theirs):
    merged = merge(base, mine, theirs)

    there = Counter(token for line in merged.passages for token in word_changes.tokens(line))
    for side in (mine, theirs):
        distinct = set(added(base, side))
        assert distinct <= set(there), (base, mine, theirs, merged)
    for side in (mine, theirs):
        for line in side:
            if merged.clashes == 0 or line in base:
                continue
            # Where both wrote, each passage stands as its author left it, or merged word by word.
            assert set(word_changes.tokens(line)) <= set(there)


@given(TEXTS, TEXTS)
def test_where_only_one_wrote_the_result_is_theirs(base, mine):
    assert merge(base, mine, base).passages == tuple(mine)
    assert merge(base, base, mine).passages == tuple(mine)
    assert merge(base, mine, mine) == merge(base, mine, base)


def test_different_passages_come_together_without_a_clash():
    merged = merge(
        ["One.", "Two.", "Three."], ["One!", "Two.", "Three."], ["One.", "Two.", "Three.", "Four."]
    )

    assert merged.passages == ("One!", "Two.", "Three.", "Four.")
    assert merged.clashes == 0


def test_different_words_of_one_passage_come_together():
    merged = merge(["Seats rose to 62 in May."], ["Seats fell to 62 in May."], ["Seats rose to 62 in June."])

    assert merged.passages == ("Seats fell to 62 in June.",)
    assert merged.clashes == 0


def test_the_same_word_changed_by_both_leaves_both_passages_for_a_person_to_decide():
    merged = merge(["Seats rose to 62."], ["Seats rose to 63."], ["Seats rose to 64."])

    assert merged.passages == ("Seats rose to 63.", "Seats rose to 64.")
    assert merged.clashes == 1


def test_what_one_took_out_and_the_other_rewrote_stays():
    merged = merge(["One.", "Two.", "Three."], ["One.", "Three."], ["One.", "Two, rewritten.", "Three."])

    assert merged.passages == ("One.", "Two, rewritten.", "Three.")
    assert merged.clashes == 1
