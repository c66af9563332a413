"""Blocks of a request: checked against the limits of one call before anything is kept."""

from dataclasses import dataclass, field

from csm_portal.simulators.notion import contents, errors
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Call
from csm_portal.simulators.notion.users import Directory

MAX_CHILDREN = 100
MAX_BLOCKS = 1000
MAX_NESTING = 2


@dataclass(slots=True, kw_only=True)
class Block:
    """A block of a request, checked, with what stands inside it."""

    kind: str
    content: contents.Content
    children: "list[Block]" = field(default_factory=list)

    def count(self) -> int:
        return 1 + sum(child.count() for child in self.children)


def read(node: Node, *, call: Call) -> list[Block]:
    """Return the blocks of a request: 100 in a list, two levels below the first, 1,000 together (SPEC 2.4)."""
    directory = Directory(call.db)
    found = [_read_one(item, directory, level=0) for item in node.items(at_most=MAX_CHILDREN)]
    total = sum(block.count() for block in found)
    if total > MAX_BLOCKS:
        raise errors.should(f"{node.path}.total_blocks", f"≤ `{MAX_BLOCKS}`", total)
    return found


def _read_one(node: Node, directory: Directory, *, level: int) -> Block:
    kind = contents.kind_of(node)
    inner = node[kind]
    block = Block(kind=kind, content=contents.read(kind, inner, directory=directory))
    children = inner["children"]
    if level >= MAX_NESTING and children:
        raise children.should("not present")
    if kind == "table":
        block.children = _read_rows(children, directory, width=block.content["table_width"])
    elif children:
        if kind.startswith("heading") and not block.content["is_toggleable"]:
            raise children.should("not present, as the heading is not toggleable")
        items = children.items(at_most=MAX_CHILDREN)
        block.children = [_read_one(item, directory, level=level + 1) for item in items]
    if kind == "column_list":
        if len(block.children) < 2:
            raise errors.should(f"{children.path}.length", "≥ `2`", len(block.children))
        if any(child.kind != "column" for child in block.children):
            raise children.should("a list of columns")
    return block


def _read_rows(node: Node, directory: Directory, *, width: int) -> list[Block]:
    rows = []
    items = node.items(at_most=MAX_CHILDREN)
    if not items:
        raise errors.should(f"{node.path}.length", "≥ `1`", 0)
    for item in items:
        item.object({"object", "type", "table_row"})
        content = contents.read("table_row", item["table_row"].defined(), directory=directory)
        check_width(content, width)
        rows.append(Block(kind="table_row", content=content))
    return rows


def check_width(content: contents.Content, width: int) -> None:
    """Refuse a table row of another width than its table."""
    if len(content["cells"]) != width:
        raise errors.validation(
            "Number of cells in table row must match the table width of the parent table."
        )
