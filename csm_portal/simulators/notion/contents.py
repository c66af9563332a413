"""What each type of block holds: read from a request, and given back.

A kept content is a small dictionary; ``rich_text`` and ``caption`` are kept runs (richtext), cells a list of them.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from csm_portal.simulators.notion import errors, richtext
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.sources import read_decoration
from csm_portal.simulators.notion.users import Directory

Content: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[Node, Directory], Content]

HEADINGS = ("heading_1", "heading_2", "heading_3", "heading_4")
_MEDIA = ("image", "video", "pdf", "audio")
PARENTS = frozenset(
    {"paragraph", *HEADINGS, "bulleted_list_item", "numbered_list_item", "quote", "to_do", "toggle", "template",
     "callout", "synced_block", "table", "column_list", "column", "child_page"}
)  # fmt: skip
"""The types that may have children; a heading only where it is toggleable."""


def read(kind: str, node: Node, *, directory: Directory) -> Content:
    """Return the content of one block, its children left aside."""
    return READERS[kind](node, directory)


def _text(*extra: str) -> Reader:
    def reader(node: Node, directory: Directory) -> Content:
        node.object({"rich_text", "color", "children", *extra})
        content: Content = {"rich_text": richtext.read(node["rich_text"], directory=directory)}
        content["color"] = node["color"].one_of(richtext.COLORS) if node["color"] else "default"
        for key in extra:
            content[key] = _EXTRAS[key](node[key])
        return content

    return reader


def _flag(node: Node) -> bool:
    return node.boolean() if node else False


def _icon(node: Node) -> dict[str, Any] | None:
    return read_decoration(node, is_icon=True) if node else None


_EXTRAS: dict[str, Callable[[Node], Any]] = {"is_toggleable": _flag, "checked": _flag, "icon": _icon}


def _template(node: Node, directory: Directory) -> Content:
    node.object({"rich_text", "children"})
    return {"rich_text": richtext.read(node["rich_text"], directory=directory)}


def _code(node: Node, directory: Directory) -> Content:
    node.object({"rich_text", "language", "caption"})
    return {
        "rich_text": richtext.read(node["rich_text"], directory=directory),
        "language": node["language"].text(),
        "caption": richtext.read(node["caption"], directory=directory) if node["caption"] else [],
    }


def _equation(node: Node, _directory: Directory) -> Content:
    node.object({"expression"})
    return {"expression": node["expression"].text(at_most=richtext.MAX_EXPRESSION_UNITS)}


def _empty(node: Node, _directory: Directory) -> Content:
    node.object(())
    return {}


def _table_of_contents(node: Node, _directory: Directory) -> Content:
    node.object({"color"})
    return {"color": node["color"].one_of(richtext.COLORS) if node["color"] else "default"}


def _link_to_page(node: Node, _directory: Directory) -> Content:
    sent = node.object({"type", "page_id", "database_id"})
    kind = "database_id" if "database_id" in sent else "page_id"
    return {"type": kind, kind: node[kind].uuid()}


def _table(node: Node, _directory: Directory) -> Content:
    node.object({"table_width", "has_column_header", "has_row_header", "children"})
    width = node["table_width"]
    if int(width.number()) < 1:
        raise width.should("≥ `1`")
    return {
        "table_width": int(width.number()),
        "has_column_header": _flag(node["has_column_header"]),
        "has_row_header": _flag(node["has_row_header"]),
    }


def _table_row(node: Node, directory: Directory) -> Content:
    node.object({"cells"})
    return {"cells": [richtext.read(cell, directory=directory) for cell in node["cells"].items()]}


def _column(node: Node, _directory: Directory) -> Content:
    node.object({"children", "width_ratio"})
    return {"width_ratio": node["width_ratio"].number()} if node["width_ratio"] else {}


def _column_list(node: Node, _directory: Directory) -> Content:
    node.object({"children"})
    return {}


def _linked(node: Node, directory: Directory) -> Content:
    node.object({"url", "caption"})
    caption = richtext.read(node["caption"], directory=directory) if node["caption"] else []
    return {"url": node["url"].text(at_most=richtext.MAX_URL_UNITS), "caption": caption}


def _media(node: Node, directory: Directory) -> Content:
    node.object({"type", "external", "caption"})
    return _external(node, directory)


def _file(node: Node, directory: Directory) -> Content:
    node.object({"type", "external", "caption", "name"})
    content = _external(node, directory)
    # A file without a name is called as its address ends.
    last = content["external"]["url"].split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    return content | {"name": node["name"].text() if node["name"] else last}


def _external(node: Node, directory: Directory) -> Content:
    return {
        "type": "external",
        "external": {"url": node["external"].defined()["url"].text(at_most=richtext.MAX_URL_UNITS)},
        "caption": richtext.read(node["caption"], directory=directory) if node["caption"] else [],
    }


def _synced(node: Node, _directory: Directory) -> Content:
    node.object({"synced_from", "children"})
    origin = node["synced_from"].defined()
    return {
        "synced_from": None if origin.is_null else {"type": "block_id", "block_id": origin["block_id"].uuid()}
    }


READERS: dict[str, Reader] = {
    "embed": _linked,
    "bookmark": _linked,
    **dict.fromkeys(_MEDIA, _media),
    "file": _file,
    "code": _code,
    "equation": _equation,
    "divider": _empty,
    "breadcrumb": _empty,
    "table_of_contents": _table_of_contents,
    "link_to_page": _link_to_page,
    "table_row": _table_row,
    "table": _table,
    "column_list": _column_list,
    "column": _column,
    **dict.fromkeys(HEADINGS, _text("is_toggleable")),
    "paragraph": _text("icon"),
    **dict.fromkeys(("bulleted_list_item", "numbered_list_item", "quote", "toggle"), _text()),
    "to_do": _text("checked"),
    "template": _template,
    "callout": _text("icon"),
    "synced_block": _synced,
}


def kind_of(node: Node) -> str:
    """Return the type of a block of a request."""
    sent = node.object({"object", "type", *READERS})
    found = [kind for kind in READERS if kind in sent]
    if len(found) != 1:
        lines = "\n".join(
            f"{node.path}.{kind} should be defined, instead was `undefined`." for kind in READERS
        )
        raise errors.validation(f"body failed validation. Fix one:\n{lines}")
    if node["type"]:
        node["type"].one_of(found)
    return found[0]


def write(kind: str, content: Content, *, directory: Directory) -> Content:
    """Return a block's content as Notion gives it."""
    answer = dict(content)
    for key in ("rich_text", "caption"):
        if key in content:
            answer[key] = richtext.write(content[key], directory=directory)
    if "cells" in content:
        answer["cells"] = [richtext.write(cell, directory=directory) for cell in content["cells"]]
    return answer


def words(content: Content) -> str:
    """Return the words of a block."""
    if "cells" in content:
        return " | ".join(richtext.plain(cell) for cell in content["cells"])
    return richtext.plain(content.get("rich_text", ()))
