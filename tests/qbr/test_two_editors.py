"""Two people, three windows, any order (CHECK 24): no version and no kept text is written over unseen."""

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from csm_portal.core.models import User
from qbr import editing as form
from qbr.document import Content, SectionKey
from qbr.models import QBR, QBRRevision, WorkingCopy
from qbr.selectors import editor as selector
from qbr.services import copies, editing, moves
from qbr.services import review as reviewing
from qbr.services.copies import KeptElsewhere, Window
from tests.qbr.conftest import NOW
from tests.qbr.reviews import drafted, fresh

pytestmark = pytest.mark.django_db

SECTIONS = (SectionKey.HEALTH, SectionKey.ROI)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "type", "keep", "save", "merge", "late"]),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    min_size=6,
    max_size=12,
)


@dataclass(slots=True)
class Editor:
    """One window: what it was opened with, what stands in its field, what of both its person has been shown."""

    person: User
    section: SectionKey = SectionKey.HEALTH
    tab: uuid.UUID = field(default_factory=uuid.uuid4)
    turn: int = 0
    seen: int = 0
    version: int = 0
    base: int = 0
    weighed: int | None = None
    text: str = ""
    shown: set[str] = field(default_factory=set)
    is_open: bool = False

    @property
    def window(self) -> Window:
        return Window(tab=self.tab, turn=self.turn, seen=self.seen)


class World:
    """A review with three windows on it: two of Alice's, one of Bob's."""

    def __init__(self, qbr: QBR, alice: User, bob: User) -> None:
        self.qbr = qbr
        self.editors = [Editor(alice), Editor(alice), Editor(bob)]
        self.words = 0

    def newest(self) -> QBRRevision:
        found: QBRRevision = QBRRevision.objects.filter(qbr=self.qbr).latest("number")
        return found

    def saved(self, section: SectionKey) -> str:
        # Read without the number check, which is not what is looked at here.
        return form.to_editable(Content.from_json(self.newest().content).section(section))

    def kept(self, editor: Editor) -> WorkingCopy | None:
        rows = WorkingCopy.objects.filter(qbr=self.qbr, section=editor.section, person=editor.person)
        return rows.first()

    def show(self, editor: Editor) -> None:
        editor.shown = {self.saved(editor.section)}

    def open(self, editor: Editor, section: SectionKey) -> None:
        editor.section, editor.tab, editor.turn, editor.is_open = section, uuid.uuid4(), 0, True
        copy, qbr, present = self.kept(editor), fresh(self.qbr), self.newest().number
        editor.version, editor.weighed = qbr.version, None
        editor.text = self.saved(section) if copy is None else copy.text
        editor.base, editor.seen = (present, 0) if copy is None else (copy.base, copy.serial)
        editor.shown = {self.saved(section), editor.text}

    def type(self, editor: Editor) -> None:
        self.words += 1
        letters = "".join(chr(97 + int(digit)) for digit in str(self.words))
        editor.text = f"{editor.text}\n\nWord {letters} of {editor.person}."

    def keep(self, editor: Editor, *, is_late: bool = False) -> None:
        before, text = self.kept(editor), editor.text
        editor.turn += 1
        window = editor.window
        if is_late:
            window, text = Window(tab=editor.tab, turn=max(0, editor.turn - 2), seen=editor.seen), "Late."
        try:
            copy = copies.keep(
                fresh(self.qbr), section=editor.section, text=text, base=editor.base, window=window,
                actor=editor.person, now=NOW,
            )  # fmt: skip
        except KeptElsewhere as elsewhere:
            assert before is not None
            assert self.kept(editor) == before, "a refusal changes nothing"
            editor.shown.add(elsewhere.copy.text)
            editor.seen = elsewhere.copy.serial
            return
        if before is not None and copy.text != before.text:
            own = before.tab == editor.tab
            assert own or before.text in editor.shown, "another window's text was replaced unseen"
            assert not own or before.turn <= window.turn, "what came late replaced what came after it"
        editor.seen = copy.serial
        editor.shown.add(copy.text)

    def save(self, editor: Editor) -> None:
        before, versions = self.saved(editor.section), QBRRevision.objects.filter(qbr=self.qbr).count()
        others = {key: self.saved(key) for key in SECTIONS if key != editor.section}
        kept = self.kept(editor)
        try:
            revision = editing.save_section(
                self.qbr, section=editor.section, text=editor.text, actor=editor.person, version=editor.version,
                base=editor.base if editor.weighed is None else editor.weighed, window=editor.window, now=NOW,
            )  # fmt: skip
        except moves.OutOfDate:
            assert self.saved(editor.section) == before
            assert self.kept(editor) == kept, "what was kept stays for the loser"
            # The page shows both texts; the next save is a decision.
            self.show(editor)
            editor.weighed, editor.version = self.newest().number, fresh(self.qbr).version
            return
        assert before in editor.shown, "somebody's version was replaced unseen"
        assert {key: self.saved(key) for key in others} == others, "another section moved"
        assert QBRRevision.objects.filter(qbr=self.qbr).count() == versions + (revision is not None)
        if kept is not None and kept.tab != editor.tab and kept.text not in editor.shown:
            assert self.kept(editor) == kept, "another window's unsaved text went with it"
        self.open(editor, editor.section)

    def merge(self, editor: Editor) -> None:
        qbr, theirs = fresh(self.qbr), self.saved(editor.section)
        begun = selector.begun_with(qbr, editor.section, editor.base)
        both = selector.merged(base=begun, mine=editor.text, theirs=theirs)
        mine = set(form.passages(editor.text)) - set(form.passages(begun))
        added = set(form.passages(theirs)) - set(form.passages(begun))
        assert mine | added <= set(both.passages), "a passage that somebody wrote was left out"
        editor.text, editor.base = form.joined(both.passages), self.newest().number
        editor.version, editor.weighed = qbr.version, None
        self.show(editor)


@settings(
    max_examples=int(os.environ.get("CSM_INTERLEAVINGS", "10")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_in_any_order_nothing_is_written_over_unseen(
    steps: list[tuple[str, int, int]], review: QBR, alice: User, bob: User
) -> None:
    WorkingCopy.objects.all().delete()
    world = World(review, alice, bob)

    for step, number, section in steps:
        editor = world.editors[number]
        if step == "open" or not editor.is_open:
            world.open(editor, SECTIONS[section])
        elif step == "late":
            world.keep(editor, is_late=True)
        else:
            getattr(world, step)(editor)


@pytest.fixture
def review(harbour: Account, alice: User) -> QBR:
    return drafted(harbour, actor=alice)


def test_every_saved_text_stays_among_the_versions(review: QBR, alice: User, bob: User) -> None:
    world = World(review, alice, bob)
    said: list[str] = []
    for number in (0, 2, 0, 2):
        editor = world.editors[number]
        world.open(editor, SectionKey.HEALTH)
        world.type(editor)
        said.append(editor.text)
        world.save(editor)

    kept = [
        form.to_editable(Content.from_json(row.content).section(SectionKey.HEALTH))
        for row in QBRRevision.objects.filter(qbr=review).order_by("number")
    ]
    assert kept[1:] == said


def test_a_review_that_was_handed_over_meanwhile_is_not_pulled_back_unseen(
    review: QBR, alice: User, bob: User
) -> None:
    world = World(review, alice, bob)
    editor = world.editors[2]
    world.open(editor, SectionKey.HEALTH)
    world.type(editor)
    reviewing.submit(review, actor=alice, version=review.version, now=NOW)

    with pytest.raises(moves.OutOfDate):
        editing.save_section(
            review, section=editor.section, text=editor.text, actor=bob, version=editor.version,
            base=editor.base, window=editor.window, now=NOW,
        )  # fmt: skip
    assert fresh(review).state == "in_review"


def test_two_windows_that_send_at_once_are_told_apart(review: QBR, alice: User, bob: User) -> None:
    """The claim: of two that read the same copy, the second one writes nothing."""
    world = World(review, alice, bob)
    one, other = world.editors[:2]
    for editor in (one, other):
        world.open(editor, SectionKey.HEALTH)
    world.type(one)
    world.keep(one)
    world.type(other)

    with pytest.raises(KeptElsewhere):
        copies.keep(
            review, section=other.section, text=other.text, base=other.base, window=other.window,
            actor=alice, now=NOW,
        )  # fmt: skip
    assert world.kept(one).text == one.text  # type: ignore[union-attr]
    with suppress(KeptElsewhere):
        copies.keep(
            review, section=one.section, text=one.text, base=one.base, window=one.window, actor=alice, now=NOW
        )
    assert world.kept(one).text == one.text  # type: ignore[union-attr]
