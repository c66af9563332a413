"""The widgets that stand in every filter bar, drawn without a template each.

Django renders a choice through two templates and an include for its attributes, and a filter bar has forty choices: a
sixth of what a list's page costs. What is drawn here is what Django's own templates draw, to the letter.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.safestring import SafeString

from csm_portal.templatetags.markup import fill

_WIDGETS: Final = "django/forms/widgets"
_OPTION: Final = f"{_WIDGETS}/select_option.html"


class Renderer(DjangoTemplates):
    """Django's renderer of forms, quicker with selects and inputs."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        draw = _DRAWN.get(template_name)
        drawn = draw(context["widget"]) if draw is not None else None
        return super().render(template_name, context, request) if drawn is None else drawn


def _input(widget: Mapping[str, Any]) -> SafeString:
    value = "" if widget["value"] is None else fill(' value="{}"', widget["value"])
    return fill(
        '<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], value, _attributes(widget["attrs"])
    )


def _select(widget: Mapping[str, Any]) -> SafeString | None:
    options = []
    for group, choices, _ in widget["optgroups"]:
        if group or any(choice["template_name"] != _OPTION for choice in choices):
            return None
        options += [
            fill(
                '\n  <option value="{}"{}>{}</option>\n',
                choice["value"],
                _attributes(choice["attrs"]),
                localize(choice["label"]),
            )
            for choice in choices
        ]
    return fill(
        '<select name="{}"{}>{}\n</select>',
        widget["name"],
        _attributes(widget["attrs"]),
        SafeString("".join(options)),
    )


def _attributes(held: Mapping[str, Any]) -> SafeString:
    """Return attributes with the space before each: True stands for the bare name, False for nothing."""
    drawn = [
        fill(" {}", name) if value is True else fill(' {}="{}"', name, value)
        for name, value in held.items()
        if value is not False
    ]
    return SafeString("".join(drawn))


_DRAWN: Final[Mapping[str, Callable[[Mapping[str, Any]], SafeString | None]]] = {
    f"{_WIDGETS}/select.html": _select,
    **{
        f"{_WIDGETS}/{kind}.html": _input
        for kind in ("input", "text", "search", "hidden", "number", "email", "date", "checkbox")
    },
}
