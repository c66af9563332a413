"""How much of a text was changed, as a share of its words. Pure.

Zero is the same text, one is none of it left. It is one minus the words that stand in both in the same order, over
the words of the longer text: a word changed, added or taken out counts once.
"""

from difflib import SequenceMatcher


def changed_share(before: str, after: str) -> float:
    """Return how much of ``before`` is changed in ``after``, from 0 to 1. Empty texts are the same."""
    first, second = before.split(), after.split()
    longest = max(len(first), len(second))
    if longest == 0 or first == second:
        return 0.0
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return round(1 - same / longest, 4)
