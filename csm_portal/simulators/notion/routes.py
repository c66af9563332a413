"""The endpoints of the API: their addresses, what answers them, and whether they write, create or list."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from csm_portal.simulators.notion import blocks, pages, query, search, sources, users
from csm_portal.simulators.notion.call import Call

Handler: TypeAlias = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    writes: bool
    creates: bool
    lists: bool


def _route(
    method: str,
    template: str,
    handler: Handler,
    *,
    writes: bool = False,
    creates: bool = False,
    lists: bool = False,
) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
    return Route(
        method=method,
        template=template,
        pattern=re.compile(pattern),
        handler=handler,
        writes=writes or creates,
        creates=creates,
        lists=lists,
    )


ROUTES = (
    _route("GET", "/v1/users/me", users.me),
    _route("GET", "/v1/users", users.index, lists=True),
    _route("GET", "/v1/users/{user_id}", users.retrieve),
    _route("POST", "/v1/search", search.search, lists=True),
    _route("POST", "/v1/databases", sources.create_database, creates=True),
    _route("GET", "/v1/databases/{database_id}", sources.retrieve_database),
    _route("PATCH", "/v1/databases/{database_id}", sources.update_database, writes=True),
    _route("POST", "/v1/data_sources", sources.create_data_source, creates=True),
    _route("GET", "/v1/data_sources/{data_source_id}", sources.retrieve_data_source),
    _route("PATCH", "/v1/data_sources/{data_source_id}", sources.update_data_source, writes=True),
    _route("POST", "/v1/data_sources/{data_source_id}/query", query.query, lists=True),
    _route("POST", "/v1/pages", pages.create, creates=True),
    _route("GET", "/v1/pages/{page_id}", pages.retrieve),
    _route("PATCH", "/v1/pages/{page_id}", pages.update, writes=True),
    _route("POST", "/v1/pages/{page_id}/move", pages.move, writes=True),
    _route("GET", "/v1/pages/{page_id}/properties/{property_id}", pages.retrieve_property, lists=True),
    _route("GET", "/v1/blocks/{block_id}", blocks.retrieve),
    _route("PATCH", "/v1/blocks/{block_id}", blocks.update, writes=True),
    _route("DELETE", "/v1/blocks/{block_id}", blocks.delete, writes=True),
    _route("GET", "/v1/blocks/{block_id}/children", blocks.children, lists=True),
    _route("PATCH", "/v1/blocks/{block_id}/children", blocks.append, creates=True),
)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the endpoint at an address and the ids in it, or None where there is none."""
    for route in ROUTES:
        if route.method == method:
            found = route.pattern.fullmatch(path)
            if found:
                return route, found.groupdict()
    return None
