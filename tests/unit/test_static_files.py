"""The style sheets and scripts as files: contrast of the tokens, the vendored sheet as published, nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(TOKENS)}
SURFACES = ("canvas", "surface", "sunken", "raised", "hover")
TONES = ("green", "amber", "red", "unknown", "info")

TEXT_PAIRS = [
    *(
        (word, ground)
        for word in ("text", "muted", "faint", "accent", "accent-hover", *(f"{tone}-text" for tone in TONES))
        for ground in SURFACES
    ),
    *((word, f"{tone}-soft") for tone in TONES for word in ("text", "muted", f"{tone}-text")),
]
MARK_PAIRS = [
    *((f"{tone}-mark", ground) for tone in TONES for ground in (*SURFACES, f"{tone}-soft")),
    *((line, ground) for line in ("line-strong", "focus") for ground in SURFACES),
]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3: from 1 (the same) to 21 (black on white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_every_ground_they_are_set_on(theme: str):
    weak = [
        f"{word} on {ground}: {ratio:.2f}"
        for word, ground in TEXT_PAIRS
        if (ratio := contrast(COLOURS[word][theme], COLOURS[ground][theme])) < 4.5
    ]

    assert len(TEXT_PAIRS) > 60
    assert not weak


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_lines_and_focus_rings_can_be_seen(theme: str):
    weak = [
        f"{mark} on {ground}: {ratio:.2f}"
        for mark, ground in MARK_PAIRS
        if (ratio := contrast(COLOURS[mark][theme], COLOURS[ground][theme])) < 3
    ]

    assert not weak


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("fill", ["accent-fill", "accent-fill-hover", "danger-fill", "danger-fill-hover"])
def test_white_words_can_be_read_on_filled_buttons(fill: str, theme: str):
    assert contrast("#ffffff", COLOURS[fill][theme]) >= 4.5


def test_the_vendored_sheet_is_the_published_one_inside_a_layer():
    layered = (STATIC / "vendor" / "pico" / "pico.layered.css").read_bytes()
    published = b'@charset "UTF-8";' + layered.removeprefix(b"@layer vendor{\n").removesuffix(b"\n}\n")
    stated = re.search(r"SHA-256 `([0-9a-f]{64})`", (STATIC / "vendor" / "README.md").read_text())

    assert stated is not None
    assert hashlib.sha256(published).hexdigest() == stated[1]
    assert (STATIC / "vendor" / "pico" / "LICENSE.md").exists()


def served_files() -> list[Path]:
    return sorted(path for path in STATIC.rglob("*") if path.suffix in {".css", ".js", ".svg"})


def test_nothing_is_fetched_from_elsewhere():
    remote = re.compile(r"""(?:url\(|@import|src=|href=|fetch\()\s*["']?(?:https?:)?//""")
    files = served_files()

    assert len(files) >= 10
    assert [path.name for path in files if remote.search(path.read_text())] == []


def test_our_sheets_and_scripts_stay_small_enough_to_read():
    ours = [path for path in served_files() if "vendor" not in path.parts]

    # The editor's are fetched by the pages of a review alone.
    assert sum(path.stat().st_size for path in ours if path.stem != "editor") < 66_000
    assert sum(path.stat().st_size for path in ours if path.stem == "editor") < 20_000


def test_templates_carry_no_inline_style_script_or_unescaped_text():
    forbidden = re.compile(
        r"\bstyle\s*=|<style|\son[a-z]+\s*=|<script(?![^>]*\bsrc=)|\|\s*safe\b|autoescape off|hx-on|https?://(?!www\.w3\.org)"
    )
    templates = sorted((ROOT / "templates").rglob("*.html"))
    found = {
        str(path.relative_to(ROOT)): hits[0]
        for path in templates
        if (hits := forbidden.findall(path.read_text()))
    }

    assert len(templates) >= 30
    assert found == {}


def test_every_class_that_a_component_uses_is_defined_somewhere():
    """A misspelt class looks like nothing at all; only names with template logic in them are left out."""
    defined = set(
        re.findall(r"\.(-?[_a-zA-Z][\w-]*)", "".join(path.read_text() for path in STATIC.rglob("*.css")))
    )
    used = {
        name
        for path in sorted((ROOT / "templates" / "components").glob("*.html"))
        for value in re.findall(r'class="([^"{}%]*)"', path.read_text())
        for name in value.split()
    }

    assert len(used) > 60
    assert used - defined == set()
