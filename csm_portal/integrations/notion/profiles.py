"""A sub-page in Notion and its single blocks: found, made, read, inserted, changed and removed (SPEC 2.7).

Nothing here decides what is written next or whether a call is made again: the service does, who keeps the journal.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from csm_portal.integrations.notion import answers, blocks, errors, paging, sources
from csm_portal.integrations.notion.answers import Answer
from csm_portal.integrations.notion.client import NotionClient
from csm_portal.ports.documents import Document
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.profiles import NewBlock, PageBlock, SubPage

ACCOUNT_PAGE, PROFILE = "the account's page", "the CSM Profile"


class _User(Answer):
    id: str = ""


class _Parent(Answer):
    type: str = ""
    page_id: str = ""
    block_id: str = ""


class _Page(Answer):
    id: str
    url: str
    in_trash: bool = False
    parent: _Parent = _Parent()
    created_by: _User = _User()
    properties: dict[str, dict[str, Any]] = {}


class _Block(Answer):
    id: str
    type: str
    has_children: bool = False
    created_by: _User = _User()


def own_id(client: NotionClient) -> str:
    """Return the id under which the integration appears as the author of what it writes."""
    return answers.parse(_User, client.read("users/me", what="the integration"), what="the integration").id


def find(client: NotionClient, account_id: str, title: str) -> list[SubPage]:
    """Return the pages of this title that stand directly on an account's page. One request for each 100 blocks."""
    identifier = sources.parsed(account_id, what="the account")
    found = paging.results(client, f"blocks/{identifier}/children", what=ACCOUNT_PAGE)
    wanted = [
        block
        for block in found
        if block.get("type") == "child_page" and _title_of_block(block) == title.casefold()
    ]
    # The block says neither the page's address nor whether it is in the trash.
    pages = [_state(client, str(block["id"])) for block in wanted]
    return [page for page in pages if not page.is_in_trash]


def state(client: NotionClient, page_id: str) -> SubPage:
    """Return a page by its id, be it renamed, moved or in the trash. Raises NOT_FOUND where it is gone or unshared."""
    return _state(client, sources.parsed(page_id, what=PROFILE))


def create(client: NotionClient, account_id: str, title: str) -> SubPage:
    """Make an empty page under an account's page. An error after it was made carries its id in ``committed_id``."""
    identifier = sources.parsed(account_id, what="the account")
    body = {
        "parent": {"type": "page_id", "page_id": identifier},
        "properties": {"title": {"title": blocks.rich_text(title)}},
    }
    answer = client.write("POST", "pages", what=PROFILE, body=body)
    try:
        return _sub_page(answer)
    except PortError as error:
        error.maybe_written = True
        raise


def render(document: Document) -> list[NewBlock]:
    """Return the blocks that a document takes, in order."""
    return [
        NewBlock(
            kind=block["type"],
            digest=blocks.fingerprint(_as_read(block)),
            # The rows of a table are blocks of their own; a new table costs one request, new rows one each.
            is_changeable="children" not in block[block["type"]],
            content=block,
        )
        for block in blocks.render_qbr_blocks(document)
    ]


def read(
    client: NotionClient, page_id: str, *, whole: Collection[str] = (), made_by: str = ""
) -> list[PageBlock]:
    """Return the top blocks of a page in order.

    What is inside a block counts for its digest where the block is named in ``whole`` or was made by ``made_by``: one
    request each, besides one for each 100 top blocks.
    """
    identifier = sources.parsed(page_id, what=PROFILE)
    found = []
    for answer in paging.results(client, f"blocks/{identifier}/children", what=PROFILE):
        block = answers.parse(_Block, answer, what=PROFILE)
        is_looked_into = block.id in whole or (made_by and block.created_by.id == made_by)
        seen = _with_inside(client, answer) if block.has_children and is_looked_into else answer
        found.append(
            PageBlock(
                id=block.id, kind=block.type, digest=blocks.fingerprint(seen), made_by=block.created_by.id
            )
        )
    return found


def insert(client: NotionClient, page_id: str, new: Sequence[NewBlock], *, after: str | None) -> list[str]:
    """Put as many of the first blocks as one request takes behind a block, or at the start; return their ids."""
    sent = blocks.batch([dict(block.content) for block in new])
    place = {"type": "after_block", "after_block": {"id": after}} if after else {"type": "start"}
    identifier = sources.parsed(page_id, what=PROFILE)
    answer = client.write(
        "PATCH", f"blocks/{identifier}/children", what=PROFILE, body={"children": sent, "position": place}
    )
    made = answers.parse(answers.ListAnswer, answer, what=PROFILE).results
    if len(made) != len(sent):
        raise errors.bad_answer(PROFILE, is_write=True)
    return [str(block.get("id")) for block in made]


def change(client: NotionClient, block_id: str, new: NewBlock) -> None:
    """Make a block of the same kind into this one, where it stands. Safe to be made again."""
    identifier = sources.parsed(block_id, what=PROFILE)
    body = {new.kind: new.content[new.kind]}
    client.write("PATCH", f"blocks/{identifier}", what=PROFILE, body=body, is_repeatable=True)


def remove(client: NotionClient, block_id: str) -> None:
    """Put one block with all it holds into Notion's trash. One that is gone already is no error."""
    identifier = sources.parsed(block_id, what=PROFILE)
    try:
        client.write("DELETE", f"blocks/{identifier}", what=PROFILE, body={}, is_repeatable=True)
    except PortError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise


def _state(client: NotionClient, page_id: str) -> SubPage:
    return _sub_page(client.read(f"pages/{page_id}", what=PROFILE))


def _sub_page(answer: Mapping[str, Any]) -> SubPage:
    page = answers.parse(_Page, answer, what=PROFILE)
    held = next((value for value in page.properties.values() if value.get("type") == "title"), {})
    title = "".join(str(item.get("plain_text", "")) for item in held.get("title") or ())
    return SubPage(
        id=page.id,
        url=page.url,
        title=title,
        parent_id=page.parent.page_id or page.parent.block_id,
        made_by=page.created_by.id,
        is_in_trash=page.in_trash,
    )


def _title_of_block(block: Mapping[str, Any]) -> str:
    content = block.get("child_page")
    return str(content.get("title", "")).strip().casefold() if isinstance(content, dict) else ""


def _with_inside(client: NotionClient, block: dict[str, Any]) -> dict[str, Any]:
    kind = str(block.get("type"))
    content = block.get(kind)
    if not isinstance(content, dict):
        return block
    return {**block, kind: {**content, "children": list(_inside(client, str(block["id"])))}}


def _inside(client: NotionClient, block_id: str) -> Iterator[dict[str, Any]]:
    for child in paging.results(client, f"blocks/{block_id}/children", what=PROFILE):
        yield _with_inside(client, child) if child.get("has_children") else child


def _as_read(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block that is sent as Notion gives it back: its words under ``plain_text``."""
    kind = str(block["type"])
    content = dict(block[kind])
    if "rich_text" in content:
        content["rich_text"] = _items_as_read(content["rich_text"])
    if "cells" in content:
        content["cells"] = [_items_as_read(cell) for cell in content["cells"]]
    if "children" in content:
        content["children"] = [_as_read(child) for child in content["children"]]
    return {**block, kind: content}


def _items_as_read(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "plain_text": item["text"]["content"]} for item in items]
