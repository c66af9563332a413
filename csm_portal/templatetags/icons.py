"""The portal's icons: stroked paths in a box of 16 by 16, drawn for it."""

from typing import Final

PATHS: Final[dict[str, str]] = {
    "account": "M3 14V3.5L8.5 2v12M8.5 6H13v8M1.8 14h12.4M5.3 5.6h.9M5.3 8.3h.9M5.3 11h.9M10.7 8.7v0M10.7 11.3v0",
    "alert": "M8 2.2 14.4 13.4H1.6ZM8 6.4v3.4M8 11.7v0",
    "arrow-down": "M8 3v10M3.8 8.8 8 13l4.2-4.2",
    "arrow-left": "M13 8H3M7.2 3.8 3 8l4.2 4.2",
    "arrow-right": "M3 8h10M8.8 3.8 13 8l-4.2 4.2",
    "arrow-up": "M8 13V3M3.8 7.2 8 3l4.2 4.2",
    "audit": "M4 2h8v12H4ZM6.3 5.3h3.4M6.3 8h3.4M6.3 10.7h2",
    "bell": "M4 11.2V7a4 4 0 0 1 8 0v4.2l1.3 1.3H2.7ZM6.7 14.2h2.6",
    "calendar": "M2.6 3.6h10.8v10H2.6ZM2.6 6.8h10.8M5.4 2v2.6M10.6 2v2.6M8 8.8v2l1.4.8",
    "check": "M3 8.6 6.4 12 13 4.6",
    "chevron-down": "M4 6.2 8 10.2l4-4",
    "chevron-right": "M6.2 4 10.2 8l-4 4",
    "clock": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.4 1.6",
    "close": "M4 4l8 8M12 4l-8 8",
    "comment": "M2.4 3h11.2v7.8H7.6L4.6 13.4v-2.6H2.4Z",
    "dark": "M13.4 9.4A5.8 5.8 0 0 1 6.6 2.6a5.8 5.8 0 1 0 6.8 6.8Z",
    "document": "M4 2h5.4L12.6 5.2V14H4ZM9.2 2.2v3.2h3.2M6.2 11.6V9.4M8.3 11.6V7.8M10.4 11.6v-1.4",
    "dot": "M8 8v0",
    "download": "M8 2.4v7.8M4.4 6.8 8 10.4l3.6-3.6M2.6 13.4h10.8",
    "edit": "M10.8 2.6l2.6 2.6L5.6 13H3v-2.6ZM9.2 4.2l2.6 2.6",
    "external": "M9.4 2.6h4v4M13.2 2.8 7.4 8.6M11.4 9.4v4H2.6V4.6h4",
    "filter": "M2 3.6h12M4.4 8h7.2M6.6 12.4h2.8",
    "handoff": "M2 5h9.2M8.4 2.2 11.2 5 8.4 7.8M14 11H4.8M7.6 8.2 4.8 11l2.8 2.8",
    "help": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6.2 6.4a1.8 1.8 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.3v0",
    "home": "M2.4 7.4 8 2.6l5.6 4.8M3.9 6.3v7.1h8.2V6.3",
    "inbox": "M2.4 9 4.2 3.4h7.6L13.6 9v4.2H2.4ZM2.4 9h3.2l.9 1.8h3L10.4 9h3.2",
    "info": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 7.4v3.4M8 5.2v0",
    "light": "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.6v1.2M8 13.2v1.2M1.6 8h1.2M13.2 8h1.2M3.5 3.5l.8.8M11.7 11.7l.8.8M3.5 12.5l.8-.8M11.7 4.3l.8-.8",
    "list": "M5.6 4h8M5.6 8h8M5.6 12h8M2.6 4v0M2.6 8v0M2.6 12v0",
    "menu": "M2.4 4.4h11.2M2.4 8h11.2M2.4 11.6h11.2",
    "people": "M6 2.8a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8ZM1.6 13.2c0-2.6 1.8-4 4.4-4s4.4 1.4 4.4 4M10.6 3.1a2.3 2.3 0 0 1 0 4.2M12 9.5c1.5.5 2.4 1.8 2.4 3.7",
    "plug": "M5.4 6.2V2.4M10.6 6.2V2.4M3.6 6.2h8.8v1.6a4.4 4.4 0 0 1-8.8 0ZM8 12.2v1.8",
    "plus": "M8 3v10M3 8h10",
    "print": "M4.6 6V2.4h6.8V6M4.6 11.4H2.4V6h11.2v5.4h-2.2M4.6 9.4h6.8v4.2H4.6Z",
    "refresh": "M13.4 6.2A5.7 5.7 0 0 0 3 5.4M2.6 9.8A5.7 5.7 0 0 0 13 10.6M2.8 2.4v3.2H6M13.2 13.6v-3.2H10",
    "risk": "M1.8 10.6 5.4 6l3 3 5.6-6M10.6 3H14v3.4M1.8 13.8h12.4",
    "search": "M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2ZM10.4 10.4 13.8 13.8",
    "sign-out": "M6.4 2.6H2.8v10.8h3.6M10.2 4.8 13.4 8l-3.2 3.2M13.2 8H6",
    "sliders": "M2 4.4h6M11.6 4.4H14M9.8 2.6a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6ZM2 11.6h2.4M8 11.6h6M6.2 9.8a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z",
    "system": "M2 3h12v8H2ZM5.6 13.8h4.8M8 11v2.8",
    "today": "M2.6 3.6h10.8v10H2.6ZM2.6 6.8h10.8M5.4 2v2.6M10.6 2v2.6M5.6 10.2l1.6 1.6 3.2-3.2",
}

# Names that say what a page is about, for the drawings above.
PATHS.update(
    qbr=PATHS["document"], schedule=PATHS["calendar"], sync=PATHS["refresh"], thresholds=PATHS["sliders"]
)

DEFAULT: Final = "dot"
