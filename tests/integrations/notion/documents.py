"""Documents of every shape that the port allows, the awkward ones above all."""

from hypothesis import strategies as st

from csm_portal.ports.documents import Bullets, Callout, Document, Heading, Paragraph, Span, Table

# Narrow and wide characters, one of two UTF-16 units, one of six bytes in JSON, line ends and our own separator.
_characters = st.sampled_from("ab é€ß漢😀\n\x01|-•")
_short = st.text(_characters, max_size=30)
_long = st.builds(
    lambda seed, times: seed * times,
    st.text(_characters, min_size=1, max_size=7),
    st.integers(min_value=1, max_value=12_000),
)
_cut_exactly = st.builds(
    lambda limit, off, character: character * (limit + off),
    st.sampled_from([2_000, 20_000, 30_000, 60_000]),
    st.integers(min_value=-2, max_value=2),
    st.sampled_from("a😀"),
)
_texts = _short | _long | _cut_exactly
_spans = st.lists(st.builds(Span, text=_texts), max_size=3).map(tuple)
_short_spans = st.builds(lambda text: (Span(text=text),), _short)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(min_value=1, max_value=4))
    is_long = draw(st.booleans())
    cells = _spans if is_long else _short_spans
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width).map(tuple), max_size=3))
    # Many rows or long ones: both at once make a document of a hundred megabytes.
    times = 1 if is_long else draw(st.sampled_from([1, 33, 50, 99, 100, 120]))
    header = draw(st.lists(_short, min_size=width, max_size=width))
    return Table(header=tuple(header), rows=tuple(rows * times))


_blocks = st.one_of(
    st.builds(Heading, text=_texts, level=st.sampled_from([1, 2, 3])),
    st.builds(Paragraph, spans=_spans),
    st.builds(Bullets, items=st.lists(_spans, max_size=4).map(tuple)),
    st.builds(Callout, spans=_spans, tone=st.sampled_from(["info", "warning"])),
    _tables(),
)

documents = st.builds(Document, title=_short, blocks=st.lists(_blocks, max_size=6).map(tuple))

QBR = Document(
    title="QBR",
    blocks=(
        Heading(text="Account Health Summary"),
        Paragraph(spans=(Span(text="The score is "), Span(text="72", fact="health.score"), Span(text="."))),
        Bullets(items=((Span(text="One"),), (Span(text="Two"),))),
        Table(header=("Month", "Score"), rows=(((Span(text="May"),), (Span(text="72"),)),)),
        Callout(spans=(Span(text="Renewal is near."),), tone="warning"),
    ),
)


def of_paragraphs(count: int) -> Document:
    """Return a document of many short blocks."""
    return Document(title="", blocks=tuple(Paragraph(spans=(Span(text=f"Line {n}"),)) for n in range(count)))


def of_tables(count: int, rows: int) -> Document:
    """Return a document of many tables."""
    table = Table(header=("n", "m"), rows=tuple(((Span(text=str(n)),), ()) for n in range(rows)))
    return Document(title="", blocks=(table,) * count)
