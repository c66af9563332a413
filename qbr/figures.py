"""The locked blocks of a QBR: tables and lists that the portal renders from facts, and nobody edits."""

from collections.abc import Iterable, Sequence

from csm_portal.ports.documents import Bullets, Callout, Heading, Paragraph, Span, Table, Text
from qbr.document import Audience, LockedBlock
from qbr.facts import NUMERIC_KINDS, Fact, FactKind, FactSheet, shown, shown_date, shown_with_unit

_DASH: Text = (Span(text="–"),)
_NO_ROI = (
    "No ROI fact is mapped for this account, so this review states no return. "
    "Agree the following with the customer and fill it in before this goes out:"
)
_ROI_TO_FILL_IN = (
    "The outcome that the customer bought the product for, in their words",
    "One figure that shows it, with its unit and the period that it covers",
    "Where the figure comes from, and who on the customer's side confirms it",
)
_HISTORY_ROWS = 14


def health(facts: FactSheet) -> tuple[LockedBlock, ...]:
    """Score history, weeks in each band, what costs points: all internal."""
    blocks: list[LockedBlock] = []
    scores = facts.family("history.")
    rows: list[Sequence[Text]] = []
    for fact in scores:
        if fact.kind is not FactKind.SCORE:
            continue
        band = facts.known(fact.id.removesuffix(".score") + ".band")
        rows.append((text(shown_date(fact.as_of)), cell(fact), cell(band)))
    if rows:
        blocks.append(_table(("Day", "Score", "Band"), rows[-_HISTORY_ROWS:], Audience.INTERNAL))
    weeks = [facts.known(f"health.weeks_{band}") for band in ("green", "amber", "red", "unknown")]
    if any(weeks):
        blocks.append(
            _table(
                ("RAG trend", "Weeks this quarter"),
                [(text(fact.label.removeprefix("Weeks in ")), cell(fact)) for fact in weeks if fact],
                Audience.INTERNAL,
            )
        )
    drivers = [(facts.known(f"driver.{n}.name"), facts.known(f"driver.{n}.points")) for n in range(1, 6)]
    costs = [(cell(name), cell(points)) for name, points in drivers if name and points]
    if costs:
        blocks.append(_table(("What costs points", "Points"), costs, Audience.INTERNAL))
    return tuple(blocks)


def roi(facts: FactSheet) -> tuple[LockedBlock, ...]:
    """The mapped ROI facts; without any, what the CSM must fill in. Nothing is invented (SPEC 6.1)."""
    found = facts.family("roi.")
    if not found:
        return (
            LockedBlock(
                block=Callout(spans=(Span(text=_NO_ROI),), tone="warning"), audience=Audience.INTERNAL
            ),
            LockedBlock(
                block=Bullets(items=tuple(text(line) for line in _ROI_TO_FILL_IN)), audience=Audience.INTERNAL
            ),
        )
    rows = [
        (text(fact.label), with_unit(fact), text(fact.period or "–"), text(fact.source)) for fact in found
    ]
    return (_table(("Measure", "Figure", "Period", "Source"), rows, Audience.BOTH),)


def scorecard(facts: FactSheet) -> tuple[LockedBlock, ...]:
    """Rates at both ends of the quarter against the segment's median, and the licensed features not in use."""
    median = facts.known("benchmark.adoption_median")
    rows: list[Sequence[Text]] = []
    for label, name, benchmark in (
        ("Feature adoption", "feature_adoption_rate", median),
        ("Seat utilisation", "seats_utilization", None),
        ("Login frequency", "login_frequency_score", None),
    ):
        now, start = facts.known(f"input.{name}.now"), facts.known(f"input.{name}.at_start")
        if now or start:
            rows.append((text(label), cell(start), cell(now), cell(benchmark)))
    blocks: list[LockedBlock] = []
    if rows:
        header = ("Measure", "Start of quarter", "Now", "Median of the segment")
        blocks.append(_table(header, rows, Audience.BOTH))
    size = facts.known("benchmark.accounts")
    if median and size:
        note = (Span(text="The median is taken over "), *with_unit(size), Span(text=" of the same segment."))
        blocks.append(LockedBlock(block=Paragraph(spans=note)))
    unused = facts.known("features.unused")
    if unused and isinstance(unused.value, tuple):
        blocks.append(LockedBlock(block=Paragraph(spans=text("Licensed and not in use yet:"))))
        items = tuple((Span(text=name, fact=unused.id),) for name in unused.value)
        blocks.append(LockedBlock(block=Bullets(items=items)))
    elif not facts.known("features.licensed"):
        blocks.append(
            LockedBlock(
                block=Callout(
                    spans=text("Features are not mapped for this workspace: only overall adoption is known.")
                ),
                audience=Audience.INTERNAL,
            )
        )
    return tuple(blocks)


def commitments(facts: FactSheet) -> tuple[LockedBlock, ...]:
    """What the previous review promised, scored before anything new is promised (SPEC 6.1)."""
    rows: list[Sequence[Text]] = []
    for fact in facts.family("commitment."):
        if not fact.id.endswith(".text"):
            continue
        stem = fact.id.removesuffix(".text")
        parts = (facts.known(f"{stem}.{name}") for name in ("owner", "due_on", "outcome"))
        rows.append((cell(fact), *(cell(part) for part in parts)))
    if not rows:
        return ()
    header = ("Agreed in the previous review", "Owner", "Due", "Outcome")
    return (_table(header, rows, Audience.BOTH),)


def contract(facts: FactSheet) -> tuple[LockedBlock, ...]:
    """ARR, seats and the dates of the contract; internal."""
    ids = (
        "contract.arr",
        "seats.purchased",
        "seats.used",
        "contract.renewal_on",
        "contract.notice_on",
    )
    found = [fact for fact_id in ids if (fact := facts.known(fact_id))]
    if not found:
        return ()
    rows = [(text(fact.label), with_unit(fact)) for fact in found]
    return (_table(("Contract", "Figure"), rows, Audience.INTERNAL),)


def sources(facts: FactSheet, cited: Iterable[str]) -> tuple[LockedBlock, ...]:
    """Where each cited fact comes from and how old it is; the customer's table leaves internal facts out."""
    found = [facts[fact_id] for fact_id in cited if fact_id in facts and _is_sourced(facts[fact_id])]
    blocks: list[LockedBlock] = []
    for audience, chosen in (
        (Audience.INTERNAL, found),
        (Audience.CUSTOMER, [fact for fact in found if not fact.is_internal]),
    ):
        if chosen:
            blocks.append(LockedBlock(block=Heading(text="Sources", level=3), audience=audience))
            header = ("Fact", "Figure", "Source", "As of")
            blocks.append(_table(header, [_source_row(fact) for fact in chosen], audience))
    return tuple(blocks)


def text(words: str) -> Text:
    return (Span(text=words),)


def cell(fact: Fact | None) -> Text:
    """Return a fact's figure as a table cell; a dash where there is none."""
    return _DASH if fact is None else (Span(text=shown(fact), fact=fact.id),)


def with_unit(fact: Fact) -> Text:
    """Return a fact's figure with its noun, as one span."""
    words = shown_with_unit(fact) if fact.kind in NUMERIC_KINDS else shown(fact)
    return (Span(text=words, fact=fact.id),)


def _is_sourced(fact: Fact) -> bool:
    """Names and words need no source, and the portal's own proposals have none."""
    return fact.kind not in (FactKind.NAME, FactKind.WORD, FactKind.QUARTER) and not fact.id.startswith(
        ("driver.", "plan.")
    )


def _source_row(fact: Fact) -> tuple[Text, ...]:
    as_of = shown_date(fact.as_of) + (" (out of date)" if fact.is_stale else "")
    return (text(fact.label), with_unit(fact), text(fact.source), text(as_of))


def _table(header: tuple[str, ...], rows: Sequence[Sequence[Text]], audience: Audience) -> LockedBlock:
    return LockedBlock(block=Table(header=header, rows=tuple(tuple(row) for row in rows)), audience=audience)
