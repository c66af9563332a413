"""Addresses of the agent's JSON endpoint."""

from django.urls import URLPattern, path, re_path

from csm_portal.agent import api

urlpatterns: list[URLPattern] = [
    path("tasks/", api.ask, name="agent-tasks"),
    path("capabilities/", api.capabilities, name="agent-capabilities"),
    path("runs/<uuid:run_id>/", api.run, name="agent-run-result"),
    # Whoever asks here is a program and is answered in JSON, also where there is nothing. Without the slash at its end an
    # address is left to Django, which leads to the one with it.
    re_path(r"^(?P<rest>(?:.*/)?)$", api.nothing, name="agent-nothing"),
]
