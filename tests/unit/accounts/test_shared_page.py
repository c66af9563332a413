"""Which blocks of a shared page are ours, and what makes our part the document: any page, any document, any death."""

import itertools
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import shared_page
from accounts.shared_page import Own, Plan
from csm_portal.ports.profiles import NewBlock, PageBlock

US, THEM = "portal", "person"
KINDS = ("paragraph", "bullet", "heading", "table")


def block(kind: str, words: str) -> NewBlock:
    return NewBlock(kind=kind, digest=f"{kind}:{words}", is_changeable=kind != "table", content={})


@dataclass
class Sheet:
    """A page in memory."""

    blocks: list[PageBlock] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def put(self, kind: str, digest: str, by: str, at: int) -> PageBlock:
        made = PageBlock(id=f"b{next(self.numbers)}", kind=kind, digest=digest, made_by=by)
        self.blocks.insert(at, made)
        return made

    def place(self, block_id: str | None) -> int:
        return 0 if block_id is None else [one.id for one in self.blocks].index(block_id) + 1

    def carry_out(self, plan: Plan) -> None:
        for change in plan.changes:
            at = self.place(change.id) - 1
            was = self.blocks[at]
            assert was.kind == change.block.kind
            self.blocks[at] = PageBlock(
                id=was.id, kind=was.kind, digest=change.block.digest, made_by=was.made_by
            )
        for insert in plan.inserts:
            at = self.place(insert.after)
            for offset, new in enumerate(insert.blocks):
                self.put(new.kind, new.digest, US, at + offset)
        for block_id in plan.removals:
            del self.blocks[self.place(block_id) - 1]


documents = st.lists(
    st.builds(block, st.sampled_from(KINDS), st.sampled_from(["a", "b", "c", "d"])), max_size=9
)
# What a person does, and where.
deeds = st.lists(
    st.tuples(st.sampled_from(["add", "edit", "move", "remove"]), st.integers(0, 30)), max_size=8
)


def do(sheet: Sheet, deed: str, at: int) -> None:
    if deed == "add":
        sheet.put("paragraph", f"note {at}", THEM, at % (len(sheet.blocks) + 1))
        return
    if not sheet.blocks:
        return
    chosen = sheet.blocks.pop(at % len(sheet.blocks))
    if deed == "edit":
        edited = PageBlock(id=chosen.id, kind=chosen.kind, digest=f"by hand {at}", made_by=chosen.made_by)
        sheet.blocks.insert(at % (len(sheet.blocks) + 1), edited)
    elif deed == "move":
        sheet.blocks.insert((at // 3) % (len(sheet.blocks) + 1), chosen)


def update(sheet: Sheet, own: list[Own], wanted: list[NewBlock]) -> list[Own]:
    page = shared_page.recognise(sheet.blocks, own)
    ours = {one.id for one in page.own}
    before = [one for one in sheet.blocks if one.id not in ours]
    plan = shared_page.plan(page, wanted)
    known = {one.id for one in sheet.blocks}

    sheet.carry_out(plan)

    kept = [one for one in sheet.blocks if one.id in ours or one.id not in known]
    assert [one for one in sheet.blocks if one.id not in ours and one.id in known] == before
    assert [one.digest for one in kept] == [one.digest for one in wanted]
    return [Own(id=one.id, digest=one.digest) for one in kept]


@settings(max_examples=40)
@given(st.lists(st.tuples(documents, deeds), min_size=1, max_size=5))
def test_ours_is_the_document_and_theirs_is_as_they_left_it(
    rounds: list[tuple[list[NewBlock], list[tuple[str, int]]]],
) -> None:
    sheet, own = Sheet(), list[Own]()
    for wanted, by_hand in rounds:
        for deed, at in by_hand:
            do(sheet, deed, at)
        own = update(sheet, own, wanted)

        page = shared_page.recognise(sheet.blocks, own)
        assert shared_page.plan(page, wanted).is_empty


@settings(max_examples=40)
@given(documents, documents)
def test_what_says_the_same_is_kept_and_nothing_is_moved(
    first: list[NewBlock], second: list[NewBlock]
) -> None:
    sheet = Sheet()
    own = update(sheet, [], first)
    order = [one.id for one in sheet.blocks]

    update(sheet, own, second)

    stayed = [one.id for one in sheet.blocks if one.id in set(order)]
    assert stayed == [block_id for block_id in order if block_id in set(stayed)]
    # A shorter or longer document of the same lines costs no change at all.
    if [one.digest for one in second] == [one.digest for one in first][: len(second)]:
        assert [one.id for one in sheet.blocks] == order[: len(second)]


@settings(max_examples=40)
@given(documents, documents, st.integers(0, 12))
def test_an_append_without_an_answer_is_taken_up_as_far_as_it_got(
    first: list[NewBlock], more: list[NewBlock], got_through: int
) -> None:
    sheet = Sheet()
    own = update(sheet, [], first)
    wanted = [*first, *more]
    for new in more[:got_through]:
        sheet.put(new.kind, new.digest, US, len(sheet.blocks))
    sheet.put("paragraph", "somebody's", THEM, len(sheet.blocks))

    page = shared_page.recognise(sheet.blocks, own, appending=[new.digest for new in more], made_by=US)

    assert len(page.own) == len(first) + len(more[:got_through])
    sheet.carry_out(shared_page.plan(page, wanted))
    assert [one.digest for one in sheet.blocks if one.made_by == US] == [one.digest for one in wanted]


def test_what_a_person_wrote_word_for_word_like_ours_stays_theirs() -> None:
    sheet = Sheet()
    theirs = sheet.put("paragraph", "paragraph:a", THEM, 0)

    page = shared_page.recognise(sheet.blocks, [], appending=["paragraph:a"], made_by=US)

    assert page.own == ()
    assert page.order == (theirs.id,)


def test_a_change_under_way_may_have_got_through_or_not() -> None:
    for digest, is_ours in (("old", True), ("new", True), ("by hand", False)):
        standing = [PageBlock(id="b", kind="paragraph", digest=digest, made_by=US)]

        page = shared_page.recognise(standing, [Own(id="b", digest="old", next="new")])

        assert bool(page.own) is is_ours
        assert page.handed_over == (() if is_ours else ("b",))


def test_ours_goes_beside_the_line_that_somebody_made_theirs() -> None:
    sheet = Sheet()
    wanted = [block("heading", "h"), block("paragraph", "a"), block("paragraph", "b")]
    own = update(sheet, [], wanted)
    sheet.blocks[1] = PageBlock(id=own[1].id, kind="paragraph", digest="by hand", made_by=US)
    sheet.put("paragraph", "note", THEM, 1)

    update(sheet, own, wanted)

    assert [one.digest for one in sheet.blocks] == [
        "heading:h",
        "note",
        "by hand",
        "paragraph:a",
        "paragraph:b",
    ]


def test_a_changed_table_is_put_anew_where_it_stood() -> None:
    sheet = Sheet()
    own = update(sheet, [], [block("heading", "h"), block("table", "a")])
    sheet.put("paragraph", "before the table", THEM, 1)
    sheet.put("paragraph", "after the table", THEM, 3)

    update(sheet, own, [block("heading", "h"), block("table", "b")])

    assert [one.digest for one in sheet.blocks] == [
        "heading:h",
        "before the table",
        "table:b",
        "after the table",
    ]
