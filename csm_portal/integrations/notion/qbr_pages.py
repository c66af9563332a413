"""QBR pages in Notion: looked for, made, written, read back and marked, a call at a time (SPEC 2.6).

Nothing here decides what is written next or whether a call is made again: the publisher does, who keeps the journal.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from csm_portal.integrations.notion import answers, blocks, entries, errors, paging, sources
from csm_portal.integrations.notion.answers import PageAnswer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.documents import Document
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.qbr_pages import QBRBlock, QBRBody, QBRPageState
from csm_portal.ports.workspace import QBREntry, QBRPageRef

QBRS, QBR_PAGE = "the QBR database", "the QBR's page"
DRAFT = "Draft"
# Whole pages of their own: what they hold is not part of the page they stand in.
_OF_THEIR_OWN = frozenset({"child_page", "child_database"})


class QBRPages:
    """The entries of one QBR data source.

    ``source_id`` and ``columns`` are asked for when they are needed. Raises PortError and nothing else.
    """

    def __init__(
        self,
        client: NotionClient,
        *,
        source_id: Callable[[], str],
        columns: Callable[[], entries.Columns],
    ) -> None:
        self._client = client
        self._source_id = source_id
        self._columns = columns

    def find(self, key: str) -> list[QBRPageRef]:
        """Return every page that carries this key, the archived ones after the others; none in the trash."""
        columns = self._columns()
        path = f"data_sources/{self._source_id()}/query"
        found: dict[str, QBRPageRef] = {}
        # Archived rows are a partition of their own.
        places: tuple[dict[str, Any], ...] = ({}, {"is_archived": True})
        for place in places:
            body = {"filter": columns.with_key(key), **place}
            for answer in paging.results(self._client, path, what=QBRS, body=body):
                reference = columns.reference(answer)
                if reference is not None and reference.key == key:
                    found.setdefault(reference.id, reference)
        return list(found.values())

    def create(self, entry: QBREntry, document: Document) -> tuple[QBRPageRef, list[str]]:
        """Create the entry as Draft with the first blocks of the body; return it and the ids of its top blocks.

        An error after the page was made carries its id in ``committed_id``.
        """
        columns = self._columns()
        body = {
            "parent": {"type": "data_source_id", "data_source_id": self._source_id()},
            "properties": columns.for_entry(entry, status=DRAFT),
            "children": blocks.batch(blocks.render_qbr_blocks(document)),
        }
        answer = self._client.write("POST", "pages", what=QBRS, body=body)
        reference = columns.reference(answer)
        if reference is None:
            raise errors.bad_answer(QBRS, is_write=True)
        try:
            return reference, self.block_ids(reference.id)
        except PortError as error:
            error.maybe_written, error.committed_id = True, reference.id
            raise

    def count(self, document: Document) -> int:
        """Return how many top blocks a document becomes. Raises PortError where a table is too wide for Notion."""
        return len(blocks.render_qbr_blocks(document))

    def append(self, page_id: str, document: Document, *, after: int) -> list[str]:
        """Append the next call's worth of top blocks at the end of the page, skipping the first ``after``.

        Returns their ids. An empty list means that there is nothing left to append; no request is made then.
        """
        following = blocks.batch(blocks.render_qbr_blocks(document)[after:])
        if not following:
            return []
        identifier = sources.parsed(page_id, what=QBR_PAGE)
        answer = self._client.write(
            "PATCH", f"blocks/{identifier}/children", what=QBR_PAGE, body={"children": following}
        )
        appended = answers.parse(answers.ListAnswer, answer, what=QBR_PAGE)
        if len(appended.results) != len(following):
            raise errors.bad_answer(QBR_PAGE, is_write=True)
        return [str(block.get("id")) for block in appended.results]

    def remove(self, block_id: str) -> None:
        """Put one block with all it holds into Notion's trash. One that is gone already is no error."""
        identifier = sources.parsed(block_id, what=QBR_PAGE)
        try:
            self._client.write("DELETE", f"blocks/{identifier}", what=QBR_PAGE, body=None)
        except PortError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise

    def block_ids(self, page_id: str) -> list[str]:
        """Return the ids of the page's top blocks in order."""
        return [str(block.get("id")) for block in self._children(sources.parsed(page_id, what=QBR_PAGE))]

    def body(self, page_id: str, *, without: Collection[str] = ()) -> QBRBody:
        """Return the page's body; the blocks named in ``without`` are left out of its ``lines``.

        One request for each 100 top blocks and one for each 100 blocks inside another (rows of a table).
        """
        tree = list(self._tree(sources.parsed(page_id, what=QBR_PAGE)))
        left_out = set(without)
        return QBRBody(
            blocks=tuple(
                QBRBlock(
                    id=str(block.get("id")),
                    fingerprint=blocks.fingerprint(block),
                    lines=tuple(blocks.lines([block])),
                )
                for block in tree
            ),
            lines=tuple(blocks.lines(block for block in tree if block.get("id") not in left_out)),
        )

    def state(self, page_id: str) -> QBRPageState:
        """Return a page by its id, be it in the trash, archived or moved. Raises NOT_FOUND where it is gone or unshared."""
        identifier = sources.parsed(page_id, what=QBR_PAGE)
        return self._state(self._client.read(f"pages/{identifier}", what=QBR_PAGE))

    def update(
        self, page_id: str, entry: QBREntry, *, status: str, leave: Collection[str] = ()
    ) -> QBRPageState:
        """Set title and properties but those named in ``leave``, and return the page as it is then."""
        written = self._columns().for_entry(entry, status=status, leave=leave)
        identifier = sources.parsed(page_id, what=QBR_PAGE)
        answer = self._client.write(
            "PATCH", f"pages/{identifier}", what=QBR_PAGE, body={"properties": written}
        )
        return self._state(answer, is_write=True)

    def _state(self, answer: dict[str, Any], *, is_write: bool = False) -> QBRPageState:
        try:
            page = answers.parse(PageAnswer, answer, what=QBR_PAGE)
        except PortError as error:
            error.maybe_written = is_write
            raise
        return self._columns().state(page, source_id=self._source_id())

    def _children(self, block_id: str) -> Iterator[dict[str, Any]]:
        return paging.results(self._client, f"blocks/{block_id}/children", what=QBR_PAGE)

    def _tree(self, block_id: str) -> Iterator[dict[str, Any]]:
        for block in self._children(block_id):
            kind = str(block.get("type"))
            content = block.get(kind)
            if not block.get("has_children") or kind in _OF_THEIR_OWN or not isinstance(content, dict):
                yield block
                continue
            yield {**block, kind: {**content, "children": list(self._inside(block))}}

    def _inside(self, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
        try:
            yield from self._tree(str(block["id"]))
        except PortError as error:
            # A synced block that somebody put there may lead to a page that is not shared with the integration.
            if error.trouble is not Trouble.NOT_FOUND:
                raise
