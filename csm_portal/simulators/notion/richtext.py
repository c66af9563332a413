"""Rich text: what a request may hold, how it is kept, and how it is given back.

Kept compactly, since most texts are plain: a run without annotations or link is just its string.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.users import Directory

MAX_ITEMS = 100
MAX_CONTENT_UNITS = 2000
MAX_EXPRESSION_UNITS = 1000
MAX_URL_UNITS = 2000
MAX_REFERENCES = 25

_HUES = ("gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
COLORS = ("default", *_HUES, "default_background", *(f"{hue}_background" for hue in _HUES))
OPTION_COLORS = ("default", *_HUES)
_STYLES = ("bold", "italic", "strikethrough", "underline", "code")
_KINDS = ("text", "mention", "equation")

Run: TypeAlias = str | dict[str, Any]


def read(node: Node, *, directory: Directory) -> list[Run]:
    """Return a request's rich text as it is kept.

    Limits: 100 items, 2,000 UTF-16 units a text, 1,000 an equation, 2,000 a link (SPEC 2.4).
    """
    runs = [_read_run(item, directory) for item in node.items(at_most=MAX_ITEMS)]
    return [run for run in runs if run != ""]


def _read_run(node: Node, directory: Directory) -> Run:
    sent = node.object({"type", "plain_text", "href", "annotations", *_KINDS})
    kind = node["type"].one_of(_KINDS) if "type" in sent else next((k for k in _KINDS if k in sent), "text")
    inner = node[kind].defined()
    run: dict[str, Any] = {}
    match kind:
        case "text":
            inner.object({"content", "link"})
            run["content"] = inner["content"].text(at_most=MAX_CONTENT_UNITS)
            link = inner["link"]
            if link and not link.is_null:
                link.object({"url", "type"})
                run["link"] = link["url"].text(at_most=MAX_URL_UNITS)
        case "equation":
            inner.object({"expression"})
            run["expression"] = inner["expression"].text(at_most=MAX_EXPRESSION_UNITS)
        case _:
            run["mention"] = _read_mention(inner, directory)
    styles = _read_annotations(node["annotations"]) if "annotations" in sent else {}
    if styles:
        run["annotations"] = styles
    return run["content"] if set(run) == {"content"} else run


def _read_mention(node: Node, directory: Directory) -> dict[str, Any]:
    sent = node.object()
    if "user" in sent:
        user = node["user"]["id"]
        user_id = user.uuid()
        if user_id not in directory:
            raise user.should("the id of a user of this workspace")
        return {"type": "user", "id": user_id}
    if "date" in sent:
        return {"type": "date", "date": read_date(node["date"])}
    for kind in ("page", "database"):
        if kind in sent:
            return {"type": kind, "id": node[kind]["id"].uuid()}
    raise node["user"].should("defined")


def _read_annotations(node: Node) -> dict[str, Any]:
    node.object({*_STYLES, "color"})
    styles: dict[str, Any] = {}
    for key, value in node.pairs():
        if key == "color":
            if value.one_of(COLORS) != "default":
                styles["color"] = value.value
        elif value.boolean():
            styles[key] = True
    return styles


def read_date(node: Node) -> dict[str, Any]:
    """Return a date object: ``start``, ``end`` or None, ``time_zone`` or None."""
    node.object({"start", "end", "time_zone"})
    end, zone = node["end"], node["time_zone"]
    return {
        "start": node["start"].date(),
        "end": end.date() if end and not end.is_null else None,
        "time_zone": zone.text() if zone and not zone.is_null else None,
    }


def write(runs: Iterable[Run], *, directory: Directory, page_address: str = "") -> list[dict[str, Any]]:
    """Return rich text as Notion gives it."""
    return [_write_run(run, directory, page_address) for run in runs]


def _write_run(run: Run, directory: Directory, page_address: str) -> dict[str, Any]:
    if isinstance(run, str):
        run = {"content": run}
    answer: dict[str, Any]
    href = None
    if "content" in run:
        href = run.get("link")
        link = {"url": href} if href else None
        answer = {"type": "text", "text": {"content": run["content"], "link": link}}
        words = run["content"]
    elif "expression" in run:
        words = run["expression"]
        answer = {"type": "equation", "equation": {"expression": words}}
    else:
        mention, words, href = _write_mention(run["mention"], directory, page_address)
        answer = {"type": "mention", "mention": mention}
    annotations: dict[str, Any] = dict.fromkeys(_STYLES, False)
    answer["annotations"] = annotations | {"color": "default"} | run.get("annotations", {})
    answer["plain_text"] = words
    answer["href"] = href
    return answer


def _write_mention(
    mention: dict[str, Any], directory: Directory, page_address: str
) -> tuple[dict[str, Any], str, str | None]:
    match mention["type"]:
        case "user":
            user = directory[mention["id"]]
            return {"type": "user", "user": user}, f"@{user.get('name') or 'Anonymous'}", None
        case "date":
            date = mention["date"]
            words = date["start"] if date["end"] is None else f"{date['start']} → {date['end']}"
            return {"type": "date", "date": date}, words, None
        case kind:
            words = mention.get("title") or "Untitled"
            href = f"{page_address}/{mention['id'].replace('-', '')}" if page_address else None
            return {"type": kind, kind: {"id": mention["id"]}}, words, href


def plain(runs: Iterable[Run]) -> str:
    """Return the words of kept rich text; a mention counts as nothing, as its name may change."""
    return "".join(
        run if isinstance(run, str) else str(run.get("content") or run.get("expression") or "")
        for run in runs
    )


def cut_references(runs: list[Run]) -> list[Run]:
    """Return the runs without the mentions beyond the 25th; a page object drops them without a sign."""
    kept, mentions = [], 0
    for run in runs:
        if isinstance(run, dict) and "mention" in run:
            mentions += 1
            if mentions > MAX_REFERENCES:
                continue
        kept.append(run)
    return kept
