"""Blocks and rich text as HTML. Everything that was written into the workspace is escaped."""

import json
import sqlite3
from html import escape
from itertools import groupby
from typing import Any

from csm_portal.simulators.notion import richtext
from csm_portal.simulators.notion.users import Directory

_LISTS = {"bulleted_list_item": "ul", "numbered_list_item": "ol"}
_HEADINGS = {"heading_1": "h2", "heading_2": "h3", "heading_3": "h4", "heading_4": "h5"}
_STYLES = {"bold": "b", "italic": "i", "strikethrough": "s", "underline": "u", "code": "code"}
_SAFE = ("http://", "https://", "mailto:")
_DEPTH = 10


class Page:
    """Renders the blocks of one page. One query for each block that holds others."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._directory = Directory(db)

    def runs(self, runs: list[richtext.Run]) -> str:
        return "".join(self._run(run) for run in richtext.write(runs, directory=self._directory))

    def _run(self, run: dict[str, Any]) -> str:
        text = escape(run["plain_text"]).replace("\n", "<br>")
        for style, tag in _STYLES.items():
            if run["annotations"][style]:
                text = f"<{tag}>{text}</{tag}>"
        if run["annotations"]["color"] != "default":
            text = f'<span class="{escape(run["annotations"]["color"])}">{text}</span>'
        return link(run["href"], text) if run["href"] else text

    def blocks(self, parent_id: str, *, depth: int = 0) -> str:
        """Return what stands inside a page or block; neighbours of one list share its element."""
        if depth > _DEPTH:
            return ""
        rows = self._db.execute(
            "SELECT b.*, (SELECT title FROM pages p WHERE p.id = b.id) AS page_title FROM blocks b"
            " WHERE parent_id = ? AND in_trash = 0 ORDER BY place",
            (parent_id,),
        ).fetchall()
        parts = []
        for kind, group in groupby(rows, key=lambda row: row["type"]):
            inside = "".join(self._block(row, depth) for row in group)
            tag = _LISTS.get(kind)
            parts.append(f"<{tag}>{inside}</{tag}>" if tag else inside)
        return "\n".join(parts)

    def _block(self, row: sqlite3.Row, depth: int) -> str:
        kind, content = row["type"], json.loads(row["content"])
        if kind == "table":
            return self._table(row["id"], content)
        if kind == "child_page":
            return f'<p>📄 <a href="/{row["id"].replace("-", "")}">{escape(row["page_title"] or "Untitled")}</a></p>'
        words = self.runs(content.get("rich_text", []))
        inside = self.blocks(row["id"], depth=depth + 1)
        if kind in _LISTS:
            return f"<li>{words}{inside}</li>"
        if kind in _HEADINGS:
            return f"<{_HEADINGS[kind]}>{words}</{_HEADINGS[kind]}>{inside}"
        match kind:
            case "paragraph":
                return f"<p>{words}</p>" + (f'<div class="inset">{inside}</div>' if inside else "")
            case "quote":
                return f"<blockquote>{words}{inside}</blockquote>"
            case "callout":
                return f'<aside class="{escape(content["color"])}">{_icon(content.get("icon"))}<div>{words}{inside}</div></aside>'
            case "to_do":
                mark = "☑" if content["checked"] else "☐"
                return f"<p>{mark} {words}</p>{inside}"
            case "toggle":
                return f"<details open><summary>{words}</summary>{inside}</details>"
            case "divider":
                return "<hr>"
            case "code":
                return f"<pre><code>{words}</code></pre>"
            case "equation":
                return f"<p><code>{escape(content['expression'])}</code></p>"
            case "column_list":
                return f'<div class="columns">{inside}</div>'
            case "column":
                return f"<div>{inside}</div>"
            case _:
                url = content.get("url") or content.get("external", {}).get("url")
                return (f"<p>{link(url, escape(url))}</p>" if url else "") + inside

    def _table(self, table_id: str, content: dict[str, Any]) -> str:
        rows = self._db.execute(
            "SELECT content FROM blocks WHERE parent_id = ? AND in_trash = 0 ORDER BY place", (table_id,)
        )
        lines = []
        for index, row in enumerate(rows):
            cells = json.loads(row["content"])["cells"]
            is_head = index == 0 and content["has_column_header"]
            tags = [
                "th" if is_head or (place == 0 and content["has_row_header"]) else "td"
                for place in range(len(cells))
            ]
            line = "".join(f"<{tag}>{self.runs(cell)}</{tag}>" for tag, cell in zip(tags, cells, strict=True))
            lines.append(f"<tr>{line}</tr>")
        return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def link(url: str, text: str) -> str:
    """Return a link where the address is one that a browser may follow from here, else the text alone."""
    if url.lower().startswith(_SAFE):
        return f'<a href="{escape(url)}" rel="noreferrer noopener">{text}</a>'
    return text


def _icon(icon: dict[str, Any] | None) -> str:
    return f"<span>{escape(icon['emoji'])}</span>" if icon and icon["type"] == "emoji" else ""
