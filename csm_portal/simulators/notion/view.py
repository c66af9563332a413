"""The workspace in a browser: a page with its properties and blocks, a database as a table.

Self-contained: one inline style sheet that the policy names by its hash, no script, nothing fetched from elsewhere.
"""

import base64
import hashlib
import json
import sqlite3
from html import escape
from typing import Any

from csm_portal.simulators.notion import richtext, schema, sources, view_blocks
from csm_portal.simulators.notion.accepted import Cells
from csm_portal.simulators.notion.users import Directory

_ROWS_SHOWN = 100
_COLUMNS_SHOWN = 7

_STYLE = """
:root { color-scheme: light dark; --ink: #2c2c2b; --soft: #6b6a66; --line: #e6e5e0; --paper: #fff; --shade: #f6f5f2;
  --gray: #e9e8e4; --brown: #eee0d9; --orange: #fbdfc8; --yellow: #fbeac2; --green: #d8ebdd; --blue: #d5e6f3;
  --purple: #e6dcf0; --pink: #f5dce8; --red: #fadcd8; --accent: #1c6ca8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e2de; --soft: #a3a19b; --line: #3a3936; --paper: #1c1c1b;
  --shade: #272725; --gray: #454440; --brown: #5a4337; --orange: #6b4524; --yellow: #64511f; --green: #2c5139;
  --blue: #274a63; --purple: #4a3a5f; --pink: #5f3249; --red: #6b332d; --accent: #7fb9e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
header { padding: .6rem 1.2rem; color: var(--soft); font-size: .875rem; border-bottom: 1px solid var(--line); }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.2rem 6rem; overflow-wrap: break-word; }
main.broad { max-width: 80rem; }
.icon { font-size: 3rem; line-height: 1; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: .4rem 0 1.4rem; }
h2, h3, h4, h5 { margin: 1.8rem 0 .4rem; line-height: 1.3; }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: minmax(7rem, 13rem) 1fr; gap: .3rem 1rem; margin: 0 0 1.6rem; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
.empty { color: var(--soft); }
.tag { display: inline-block; padding: 0 .5rem; border-radius: .25rem; margin: 0 .25rem .15rem 0; background: var(--gray); }
.notice { background: var(--yellow); padding: .5rem .9rem; border-radius: .3rem; }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.6rem 0; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--shade); font-weight: 600; }
aside { display: flex; gap: .7rem; background: var(--shade); padding: .8rem 1rem; border-radius: .3rem; margin: .8rem 0; }
blockquote { margin: .8rem 0; padding-left: 1rem; border-left: 3px solid var(--ink); }
pre { background: var(--shade); padding: .8rem 1rem; overflow-x: auto; }
.inset { padding-left: 1.5rem; } .columns { display: flex; gap: 2rem; } .columns > div { flex: 1; min-width: 0; }
.gray, .gray_background { background: var(--gray); } .brown, .brown_background { background: var(--brown); }
.orange, .orange_background { background: var(--orange); } .yellow, .yellow_background { background: var(--yellow); }
.green, .green_background { background: var(--green); } .blue, .blue_background { background: var(--blue); }
.purple, .purple_background { background: var(--purple); } .pink, .pink_background { background: var(--pink); }
.red, .red_background { background: var(--red); }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def render(db: sqlite3.Connection, object_id: str | None) -> tuple[int, str]:
    """Return status and HTML for a page, a database or data source; without an id, the list of databases."""
    if object_id is None:
        return 200, _index(db)
    page = db.execute("SELECT * FROM pages WHERE id = ?", (object_id,)).fetchone()
    if page is not None:
        return 200, _page(db, page)
    source = db.execute(
        "SELECT * FROM data_sources WHERE :id IN (id, database_id) ORDER BY rank", {"id": object_id}
    ).fetchone()
    if source is not None:
        return 200, _database(db, source)
    sentence = (
        "<p>This workspace holds no page at this address. It may have been started with another file.</p>"
    )
    return 404, _frame("Not found", f"<h1>Not found</h1>{sentence}")


def _frame(title: str, body: str, *, trail: str = "", is_broad: bool = False) -> str:
    kind = ' class="broad"' if is_broad else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><header><a href="/">Simulated Notion</a>{trail}</header><main{kind}>{body}</main></body></html>'
    )


def _index(db: sqlite3.Connection) -> str:
    parts = []
    for workspace in db.execute("SELECT * FROM workspaces ORDER BY rowid").fetchall():
        rows = db.execute(
            "SELECT d.id, d.detail, (SELECT count(*) FROM pages p JOIN data_sources s ON p.parent_id = s.id"
            " WHERE s.database_id = d.id AND p.in_trash = 0) AS pages"
            " FROM databases d JOIN users u ON d.created_by = u.id"
            " WHERE d.in_trash = 0 AND u.workspace_id = ? ORDER BY d.rowid",
            (workspace["id"],),
        )
        items = "".join(f"<li>{_listed(row)}</li>" for row in rows)
        parts.append(f"<h2>{escape(workspace['name'])}</h2><ul>{items}</ul>")
    empty = '<p class="empty">The file holds no workspace yet.</p>'
    return _frame("Simulated Notion", f"<h1>Simulated Notion</h1>{''.join(parts) or empty}")


def _listed(row: sqlite3.Row) -> str:
    detail = json.loads(row["detail"])
    return f"{_icon(detail)} {_to(row['id'], richtext.plain(detail['title']))}: {row['pages']:,} pages"


def _database(db: sqlite3.Connection, source: sqlite3.Row) -> str:
    detail, properties = json.loads(source["detail"]), sources.properties_of(source)
    rows = db.execute(
        "SELECT * FROM pages WHERE parent_id = ? AND in_trash = 0 ORDER BY seq DESC LIMIT ?",
        (source["id"], _ROWS_SHOWN),
    ).fetchall()
    total = db.execute(
        "SELECT count(*) AS n FROM pages WHERE parent_id = ? AND in_trash = 0", (source["id"],)
    ).fetchone()["n"]
    values = _Values(db)
    shown = [(i, p) for i, p in properties.items() if p["type"] != "title"][:_COLUMNS_SHOWN]
    head = "".join(f"<th>{escape(prop['name'])}</th>" for _, prop in shown)
    lines = []
    for row in rows:
        cells = json.loads(row["cells"])
        inside = "".join(
            f"<td>{values.show(prop, property_id, row, cells)}</td>" for property_id, prop in shown
        )
        lines.append(f"<tr><td>{_to(row['id'], row['title'])}</td>{inside}</tr>")
    title = richtext.plain(detail["title"])
    note = (
        f"<p>The newest {len(rows):,} of {total:,} pages.</p>"
        if total > len(rows)
        else f"<p>{total:,} pages.</p>"
    )
    table = f'<div class="wide"><table><tr><th>{escape(properties["title"]["name"])}</th>{head}</tr>{"".join(lines)}</table></div>'
    return _frame(
        title, f'<div class="icon">{_icon(detail)}</div><h1>{escape(title)}</h1>{note}{table}', is_broad=True
    )


def _page(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    cells, trail, listing = json.loads(row["cells"]), "", ""
    source = db.execute("SELECT * FROM data_sources WHERE id = ?", (row["parent_id"],)).fetchone()
    if source is not None:
        trail = f" / {_to(source['database_id'], richtext.plain(json.loads(source['detail'])['title']))}"
        values = _Values(db, empty='<span class="empty">Empty</span>')
        listing = "".join(
            f"<dt>{escape(prop['name'])}</dt><dd>{values.show(prop, property_id, row, cells)}</dd>"
            for property_id, prop in sources.properties_of(source).items()
            if prop["type"] != "title"
        )
    notice = ""
    if row["in_trash"] or row["is_archived"]:
        notice = f'<p class="notice">This page is {"in the trash" if row["in_trash"] else "archived"}.</p>'
    title = row["title"] or "Untitled"
    body = view_blocks.Page(db).blocks(row["id"])
    icon = f'<div class="icon">{_icon(json.loads(row["detail"]))}</div>'
    content = body or '<p class="empty">This page has no content.</p>'
    return _frame(
        title, f"{notice}{icon}<h1>{escape(title)}</h1><dl>{listing}</dl><hr>{content}", trail=trail
    )


class _Values:
    """Shows the values of properties."""

    def __init__(self, db: sqlite3.Connection, *, empty: str = "") -> None:
        self._db = db
        self._empty = empty
        self._directory = Directory(db)
        self._blocks = view_blocks.Page(db)

    def show(self, prop: schema.Property, property_id: str, row: sqlite3.Row, cells: Cells) -> str:
        kind, stored = prop["type"], cells.get(property_id)
        if kind in ("created_time", "last_edited_time"):
            return escape(row[kind][:16].replace("T", " "))
        if kind in ("created_by", "last_edited_by"):
            return escape(self._name(row[kind]))
        if kind == "unique_id":
            return escape("-".join(filter(None, (prop["config"]["prefix"], str(row["number"])))))
        if kind == "checkbox":
            return "☑" if stored else "☐"
        if stored is None:
            return self._empty
        return self._filled(kind, prop["config"], stored)

    def _filled(self, kind: str, config: dict[str, Any], stored: Any) -> str:
        match kind:
            case "title" | "rich_text":
                return self._blocks.runs(stored)
            case "number":
                return escape(_number(stored, config["format"]))
            case "select" | "status":
                return _tags(config, [stored])
            case "multi_select":
                return _tags(config, stored)
            case "date":
                return escape(" → ".join(filter(None, (stored["start"], stored["end"]))))
            case "people":
                return escape(", ".join(self._name(user_id) for user_id in stored))
            case "relation":
                return ", ".join(self._related(page_id) for page_id in stored)
            case "files":
                return ", ".join(
                    view_blocks.link(item[item["type"]]["url"], escape(item["name"])) for item in stored
                )
            case "url":
                return view_blocks.link(stored, escape(stored))
            case "formula" | "rollup":
                return escape(str(stored.get(stored["type"])))
            case _:
                return escape(str(stored))

    def _name(self, user_id: str) -> str:
        return str(self._directory[user_id].get("name") or "Somebody")

    def _related(self, page_id: str) -> str:
        row = self._db.execute("SELECT title FROM pages WHERE id = ?", (page_id,)).fetchone()
        return _to(page_id, row["title"] if row else "")


def _to(object_id: str, title: str) -> str:
    return f'<a href="/{object_id.replace("-", "")}">{escape(title) or "Untitled"}</a>'


def _tags(config: dict[str, Any], ids: list[str]) -> str:
    options = {option["id"]: option for option in config["options"]}
    return "".join(
        f'<span class="tag {escape(options[i]["color"])}">{escape(options[i]["name"])}</span>'
        for i in ids
        if i in options
    )


def _number(value: float, format: str) -> str:
    if format == "percent":
        return f"{value * 100:g} %"
    return f"{value:,}" if format != "number" else f"{value:g}" if isinstance(value, float) else str(value)


def _icon(detail: dict[str, Any]) -> str:
    icon = detail["icon"]
    return escape(icon["emoji"]) if icon and icon["type"] == "emoji" else ""
