"""The template that slides are made from: the portal's own, or one that a company brings. Pure.

``pptx`` is loaded when the first file is made. What a company brings is read as a document and nothing else: a
template with macros, with parts that are fetched from elsewhere, or of an unreasonable size is refused.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 10 * 1024 * 1024
_MOST_UNPACKED: Final = 120 * 1024 * 1024
_MOST_PARTS: Final = 3_000
_PRESENTATION: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"

# Points; 16:9.
_WIDTH, _HEIGHT = 960, 540
_FRAMES: Final = {
    "Title Slide": {"ctrTitle": (60, 170, 840, 110), "subTitle": (60, 290, 840, 120)},
    "Title and Content": {"title": (48, 34, 864, 58), "body": (48, 106, 864, 372)},
    "Title Only": {"title": (48, 34, 864, 58)},
}
_FOOT: Final = {"dt": (700, 500, 10, 24), "ftr": (48, 500, 700, 24), "sldNum": (812, 500, 100, 24)}


class Unreadable(ValueError):
    """The file cannot be a template; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layouts:
    """A presentation without slides, and its three layouts that a review needs."""

    presentation: Any
    title: Any
    content: Any


def opened(file: bytes | None) -> Layouts:
    """Open a company's template, or the portal's own where there is none. Raises Unreadable."""
    presentation = _own() if file is None else _theirs(file)
    _without_slides(presentation)
    title = _layout(presentation, needs=({"CENTER_TITLE", "TITLE"}, {"SUBTITLE"}))
    content = _layout(presentation, needs=({"TITLE"}, {"OBJECT", "BODY"}))
    if title is None or content is None:
        raise Unreadable(
            "The template needs a layout with a title and a subtitle, and one with a title and a text box for content. "
            "The layouts “Title Slide” and “Title and Content” of PowerPoint are such."
        )
    return Layouts(presentation=presentation, title=title, content=content)


def own() -> bytes:
    """Return the portal's own template, for a company to begin with."""
    return _bytes(_own())


def _theirs(file: bytes) -> Any:
    import pptx
    from pptx.exc import PackageNotFoundError

    _check_package(file)
    try:
        found = pptx.Presentation(io.BytesIO(file))
        # Layouts are read here, so that a broken one is told of now and not when a review is to go out.
        _ = [layout.placeholders for layout in found.slide_layouts], found.slide_width + found.slide_height
    except (PackageNotFoundError, KeyError, ValueError, TypeError, AttributeError, SyntaxError) as error:
        raise Unreadable(_NOT_A_PRESENTATION) from error
    return found


_NOT_A_PRESENTATION: Final = "This file is not a PowerPoint presentation. Save your template as a presentation (.pptx) and upload that."


def _check_package(file: bytes) -> None:
    """Refuse what no template is, before any of it is unpacked."""
    if len(file) > MOST_BYTES:
        raise Unreadable("The template is larger than 10 MB. Take pictures and sample slides out of it.")
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as package:
            parts = package.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
                raise Unreadable(
                    "The template unpacks to more than a template holds. Save it anew and smaller."
                )
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise Unreadable(
                    "The template holds macros. Save it as a presentation without macros (.pptx)."
                )
            types = package.read("[Content_Types].xml").decode("utf-8", "replace")
            relations = b"".join(
                package.read(part) for part in parts if part.filename.lower().endswith(".rels")
            )
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Unreadable(_NOT_A_PRESENTATION) from error
    if _PRESENTATION not in types:
        raise Unreadable(_NOT_A_PRESENTATION)
    if b"External" in relations:
        raise Unreadable(
            "The template links to something outside it (a picture, a video or an address). "
            "Embed pictures, remove links, and upload it again."
        )


def _layout(presentation: Any, *, needs: tuple[set[str], ...]) -> Any | None:
    for layout in presentation.slide_layouts:
        kinds = {shape.placeholder_format.type.name for shape in layout.placeholders}
        if all(kinds & need for need in needs):
            return layout
    return None


def _without_slides(presentation: Any) -> None:
    """Take sample slides out: a template is its layouts."""
    listed = presentation.slides._sldIdLst
    for slide in list(listed):
        presentation.part.drop_rel(slide.rId)
        listed.remove(slide)


def _own() -> Any:
    """Return the portal's template: 16:9, three layouts, a bar at the top, one accent colour."""
    import pptx
    from pptx.util import Pt

    made = pptx.Presentation()
    made.slide_width, made.slide_height = Pt(_WIDTH), Pt(_HEIGHT)
    master = made.slide_master
    for layout in list(made.slide_layouts):
        if layout.name not in _FRAMES:
            made.slide_layouts.remove(layout)
    _place(master, {"title": _FRAMES["Title Only"]["title"], "body": _FRAMES["Title and Content"]["body"]})
    for layout in made.slide_layouts:
        _place(layout, _FRAMES[layout.name])
    _colour(master)
    return made


def _place(holder: Any, frames: dict[str, tuple[int, int, int, int]]) -> None:
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    for shape in holder.placeholders:
        kind = shape.element.ph.get("type") or "body"
        kind = "body" if kind == "obj" else kind
        frame = {**_FOOT, **frames}.get(kind)
        if not frame:
            continue
        for style in shape.element.iter(qn("a:lvl1pPr")):
            style.set("algn", "r" if kind == "sldNum" else "l")
        shape.left, shape.top, shape.width, shape.height = map(Pt, frame)


def _colour(master: Any) -> None:
    """Set the theme's accent, the title's looks, and the bar at the top."""
    from lxml import etree
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls, qn

    theme = next(rel.target_part for rel in master.part.rels.values() if rel.reltype.endswith("/theme"))
    root = etree.fromstring(theme.blob)
    space = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main"}
    for name, colour in (("accent1", "254E8C"), ("dk2", "1E222A")):
        for found in root.findall(f".//a:clrScheme/a:{name}/a:srgbClr", space):
            found.set("val", colour)
    theme._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    style = master.element.find(qn("p:txStyles")).find(qn("p:titleStyle")).find(qn("a:lvl1pPr"))
    style.set("algn", "l")
    looks = style.find(qn("a:defRPr"))
    looks.set("sz", "2800")
    looks.set("b", "1")
    bar = parse_xml(
        f"<p:sp {nsdecls('p', 'a')}><p:nvSpPr><p:cNvPr id='99' name='Bar'/><p:cNvSpPr/><p:nvPr userDrawn='1'/></p:nvSpPr>"
        f"<p:spPr><a:xfrm><a:off x='0' y='0'/><a:ext cx='{_WIDTH * 12700}' cy='{10 * 12700}'/></a:xfrm>"
        "<a:prstGeom prst='rect'><a:avLst/></a:prstGeom><a:solidFill><a:schemeClr val='accent1'/></a:solidFill>"
        "<a:ln><a:noFill/></a:ln></p:spPr><p:txBody><a:bodyPr/><a:p/></p:txBody></p:sp>"
    )
    master.shapes._spTree.insert(2, bar)


def _bytes(presentation: Any) -> bytes:
    held = io.BytesIO()
    presentation.save(held)
    return held.getvalue()
