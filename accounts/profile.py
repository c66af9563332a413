"""The CSM Profile of an account as a document (SPEC 2.7). Pure: no Django, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from accounts.scoring import wording
from csm_portal.ports.documents import (
    Block,
    Bullets,
    Callout,
    Document,
    Heading,
    Paragraph,
    Span,
    Table,
    Text,
)
from csm_portal.ports.profiles import TITLE

# Any day will do: the hash is to tell facts and wording apart, not days.
_ANY_DAY: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The last score of a calendar month; ``change`` is since the month before, None where there is none."""

    month: date
    score: int
    band: str
    change: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSpell:
    """A time in which the churn risk stayed what it was; ``called_by`` is what called for it, in words."""

    since: date
    level: str
    called_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A QBR of the account. ``state`` is a word for a person, ``on`` the day since which it is so."""

    label: str
    state: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFacts:
    """What the profile tells. Months, spells and reviews come newest first."""

    owner: str
    segment: str
    stage: str
    arr: Decimal | None
    currency: str
    renewal_on: date | None
    notice_on: date | None
    seats_used: int | None
    seats_purchased: int | None
    last_interaction_on: date | None
    contacts: tuple[str, ...]
    goals: str
    score: int | None
    band: str
    band_since: date | None
    band_reason: str
    months: tuple[Month, ...]
    risks: tuple[RiskSpell, ...]
    reviews: tuple[Review, ...]

    def hash(self) -> str:
        """Return a hash of all that the profile would say, the age of its dates aside."""
        return document(self, as_of=_ANY_DAY).canonical_hash()


def document(facts: ProfileFacts, *, as_of: date) -> Document:
    """Return the profile with ages counted as of a day."""
    return Document(title=TITLE, blocks=tuple(_blocks(facts, as_of)))


def _blocks(facts: ProfileFacts, as_of: date) -> Iterator[Block]:
    yield Callout(
        spans=_text(
            f"The CSM Portal keeps its lines on this page up to date; they are as of {wording.day(as_of)}. What you add "
            "stays where you put it, above all under “Playbook notes”. A line of the portal's that you change becomes "
            "yours: it stays, and the portal writes its own again beside it."
        )
    )
    yield Heading(text="Commercial relationship")
    yield Bullets(items=tuple(_text(line) for line in _relationship(facts, as_of)))
    yield Heading(text="Stakeholders")
    yield from _list(facts.contacts, otherwise="The account names no primary contacts in Notion.")
    yield Heading(text="Health history")
    yield from _health(facts)
    yield Heading(text="Churn history")
    yield from _churn(facts)
    yield Heading(text="QBR history")
    reviews = tuple(f"{one.label}: {one.state}, {wording.day(one.on)}" for one in facts.reviews)
    yield from _list(reviews, otherwise="There is no QBR of this account yet.")
    # The rest of the page is people's: nothing of ours follows that they could write into by mistake.
    yield Heading(text="Playbook notes")


def _relationship(facts: ProfileFacts, as_of: date) -> Iterator[str]:
    yield f"Owner: {facts.owner or 'nobody'}"
    if kind := " · ".join(word for word in (facts.segment, facts.stage) if word):
        yield f"Segment and stage: {kind}"
    yield f"ARR: {_money(facts.arr, facts.currency)}"
    yield f"Renewal: {_dated(facts.renewal_on, as_of)}"
    if facts.notice_on:
        yield f"Notice by: {_dated(facts.notice_on, as_of)}"
    if facts.seats_purchased is not None:
        used = "an unknown number" if facts.seats_used is None else f"{facts.seats_used:,}"
        yield f"Seats: {used} of {facts.seats_purchased:,} in use"
    yield f"Last interaction: {_dated(facts.last_interaction_on, as_of)}"
    if facts.goals:
        yield f"Customer goals: {facts.goals}"


def _health(facts: ProfileFacts) -> Iterator[Block]:
    if facts.score is None:
        yield Paragraph(spans=_text("The account has not been scored yet."))
        return
    since = f" since {wording.day(facts.band_since)}" if facts.band_since else ""
    yield Paragraph(spans=_text(f"{facts.score} of 100, {facts.band}{since}. {facts.band_reason}".strip()))
    if facts.months:
        yield Table(
            header=("Month", "Score", "Status", "Change"),
            rows=tuple(
                _row(_month(one.month), str(one.score), one.band, _change(one.change)) for one in facts.months
            ),
        )


def _churn(facts: ProfileFacts) -> Iterator[Block]:
    if not facts.risks:
        yield Paragraph(spans=_text("The churn risk of the account has not been assessed yet."))
        return
    now = facts.risks[0]
    called = f", called by {now.called_by}" if now.called_by else ""
    yield Paragraph(spans=_text(f"{now.level.capitalize()} since {wording.day(now.since)}{called}."))
    yield Table(
        header=("Since", "Churn risk", "Called by"),
        rows=tuple(
            _row(wording.day(one.since), one.level.capitalize(), one.called_by or "–") for one in facts.risks
        ),
    )


def _list(lines: tuple[str, ...], *, otherwise: str) -> Iterator[Block]:
    if lines:
        yield Bullets(items=tuple(_text(line) for line in lines))
    else:
        yield Paragraph(spans=_text(otherwise))


def _row(*cells: str) -> tuple[Text, ...]:
    return tuple(_text(cell) for cell in cells)


def _text(words: str) -> Text:
    return (Span(text=words),)


def _dated(on: date | None, as_of: date) -> str:
    return "not known" if on is None else f"{wording.day(on)} ({wording.away((on - as_of).days)})"


def _money(amount: Decimal | None, currency: str) -> str:
    return "not known" if amount is None else f"{amount:,.0f} {currency}".strip()


def _month(first: date) -> str:
    return wording.day(first).split(" ", 1)[1]


def _change(points: int | None) -> str:
    if points is None:
        return "–"
    return f"+{points}" if points > 0 else f"−{-points}" if points else "0"
