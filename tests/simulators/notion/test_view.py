"""The workspace in a browser: everything is shown, nothing that was written becomes markup."""

from datetime import date
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import app, seed
from tests.simulators.notion import everything
from tests.simulators.notion.conftest import paragraph, text

pytestmark = pytest.mark.one_database

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "'-alert(1)-'",
    "<!--",
    "&lt;b&gt;",
)
KNOWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "a", "div", "h1", "h2", "h3", "h4", "h5", "dl",
    "dt", "dd", "hr", "p", "span", "ul", "ol", "li", "table", "tr", "td", "th", "aside", "blockquote", "details",
    "summary", "pre", "code", "b", "i", "s", "u", "br",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects the tags, the attributes and the words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def get(simulator: app.App, path: str) -> httpx.Response:
    with httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://simulator") as client:
        return client.get(path)


def qbr(notion: Any, workspace: seed.Workspace, title: str, **more: Any) -> dict[str, Any]:
    page: dict[str, Any] = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id},
        properties={"Name": {"title": text(title)}},
        **more,
    )
    return page


def test_a_page_shows_its_properties_and_blocks(
    simulator: app.App, workspace: seed.Workspace, notion: Any
) -> None:
    (account_id,) = seed.add_account_rows(
        simulator.store,
        workspace.accounts_data_source_id,
        [
            {
                "name": "Acme",
                "owner": Person(name="Åsa"),
                "feature_adoption_rate": 0.45,
                "renewal_on": date(2027, 1, 2),
            }
        ],
    )
    cells = [
        {"table_row": {"cells": [text("Signal"), text("Value")]}},
        {"table_row": {"cells": [text("NPS"), text("9")]}},
    ]
    page = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id},
        properties={
            "Name": {"title": text("QBR - Acme - 2026 Q4")},
            "Account": {"relation": [{"id": account_id}]},
            "Status": {"select": {"name": "Ready"}},
        },
        children=[
            {"heading_2": {"rich_text": text("Highlights")}},
            paragraph("Adoption rose."),
            {"bulleted_list_item": {"rich_text": text("One")}},
            {"bulleted_list_item": {"rich_text": text("Two")}},
            {"table": {"table_width": 2, "has_column_header": True, "children": cells}},
            {"callout": {"rich_text": text("Renewal is near"), "icon": {"emoji": "⚠️"}}},
        ],
    )
    bare = page["id"].replace("-", "")

    answer = get(simulator, f"/{bare}")
    html = answer.text

    assert answer.status_code == 200
    for part in (
        "<h1>QBR - Acme - 2026 Q4</h1>",
        f'<a href="/{account_id.replace("-", "")}">Acme</a>',
        '<span class="tag green">Ready</span>',
        "<h3>Highlights</h3>",
        "<p>Adoption rose.</p>",
        "<ul><li>One</li><li>Two</li></ul>",
        "<tr><th>Signal</th><th>Value</th></tr><tr><td>NPS</td><td>9</td></tr>",
        "Renewal is near",
    ):
        assert part in html
    for path in (f"/p/{bare}", f"/QBR-Acme-2026-Q4-{bare}"):
        assert get(simulator, path).text == html
    account = get(simulator, f"/{account_id.replace('-', '')}").text
    assert "<dd>Åsa</dd>" in account
    assert "<dd>45 %</dd>" in account
    assert "<dd>2027-01-02</dd>" in account


def test_a_database_and_the_workspace_are_lists(simulator: app.App, workspace: seed.Workspace) -> None:
    rows = ({"name": f"Account {number}"} for number in range(130))
    seed.add_account_rows(simulator.store, workspace.accounts_data_source_id, rows)

    whole = get(simulator, "/").text
    database = get(simulator, f"/{workspace.accounts_database_id.replace('-', '')}").text

    assert "<h2>Northwind</h2>" in whole
    assert "130 pages" in whole
    assert "The newest 100 of 130 pages." in database
    assert database.count("<tr>") == 101


def test_what_is_not_there_is_told(simulator: app.App) -> None:
    answer = get(simulator, "/" + "0" * 32)

    assert answer.status_code == 404
    assert "holds no page at this address" in answer.text
    assert get(simulator, "/favicon.ico").status_code == 400


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_that_was_written_becomes_markup(
    simulator: app.App, workspace: seed.Workspace, notion: Any, words: str
) -> None:
    source_id = everything.create(simulator, workspace)
    person_id = seed.add_person(simulator.store, words, words)
    (account_id,) = seed.add_account_rows(
        simulator.store,
        workspace.accounts_data_source_id,
        [{"name": words, "owner": Person(name=words), "notes": words}],
    )
    notion.data_sources.update(source_id, properties={words: {"rich_text": {}}})
    values = everything.values(account_id, person_id)
    values |= {
        words: {"rich_text": text(words)},
        "Name": {"title": text(words)},
        "Select": {"select": {"name": words}},
        "Link": {"url": words},
        "Mail": {"email": words},
        "Files": {"files": [{"name": words, "external": {"url": "javascript:alert(1)"}}]},
    }
    rich = [{"text": {"content": words, "link": {"url": "javascript:alert(1)"}}}, *text(words)]
    cells = {"table_row": {"cells": [rich, rich]}}
    page = notion.pages.create(
        parent={"data_source_id": source_id},
        properties=values,
        icon={"emoji": f"💡{words}"},
        children=[
            {"paragraph": {"rich_text": rich}},
            {"code": {"rich_text": rich, "language": "python"}},
            {"callout": {"rich_text": rich, "icon": {"emoji": f"💡{words}"}}},
            {"equation": {"expression": words}},
            {"bookmark": {"url": words}},
            {"table": {"table_width": 2, "children": [cells]}},
        ],
    )
    notion.pages.create(parent={"page_id": page["id"]}, properties={"title": {"title": text(words)}})

    paths = [page["id"], account_id, workspace.accounts_database_id, source_id]
    for path in ["/", *(f"/{object_id.replace('-', '')}" for object_id in paths)]:
        answer = get(simulator, path)
        read = Reader(answer.text)
        assert answer.status_code == 200
        assert read.tags <= KNOWN_TAGS
        assert read.attributes <= {"lang", "charset", "name", "content", "class", "href", "rel", "open"}
        assert all(link.startswith(("/", "https://example.com")) for link in read.links), read.links
        assert path == "/" or words in read.words


def test_the_policy_lets_in_the_one_style_sheet_and_nothing_else(simulator: app.App) -> None:
    answer = get(simulator, "/")

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in answer.text
    assert "http" not in answer.text.split("</style>")[0].split("<style>")[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1, max_size=60))
def test_any_text_is_shown_as_it_is(
    simulator: app.App, workspace: seed.Workspace, notion: Any, words: str
) -> None:
    page = qbr(
        notion, workspace, "Title", children=[{"code": {"rich_text": text(words), "language": "plain text"}}]
    )

    html = get(simulator, f"/{page['id'].replace('-', '')}").text

    assert Reader(html).tags <= KNOWN_TAGS
