"""Lists that Notion gives in pages of 100."""

from collections.abc import Iterator, Mapping
from typing import Any

from csm_portal.integrations.notion import answers
from csm_portal.integrations.notion.answers import ListAnswer
from csm_portal.integrations.notion.client import NotionClient

PAGE_SIZE = 100


def pages(
    client: NotionClient, path: str, *, what: str, body: Mapping[str, Any] | None = None
) -> Iterator[ListAnswer]:
    """Yield the answers of a list one after the other: a POST query where there is a body, else a GET.

    A short page is not the end: only ``has_more`` is. Raises PortError.
    """
    cursor: str | None = None
    while True:
        place: dict[str, Any] = {"page_size": PAGE_SIZE} | ({"start_cursor": cursor} if cursor else {})
        if body is None:
            answer = client.read(path, what=what, query=place)
        else:
            answer = client.read(path, what=what, method="POST", body={**body, **place})
        page = answers.parse(ListAnswer, answer, what=what)
        yield page
        if not page.has_more:
            return
        cursor = page.cursor_after(cursor, what=what)


def results(
    client: NotionClient, path: str, *, what: str, body: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield every result of a list. Raises PortError."""
    for page in pages(client, path, what=what, body=body):
        yield from page.results
