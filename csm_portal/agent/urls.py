"""Addresses of the agent's JSON endpoint."""

from django.urls import URLPattern, path

from csm_portal.agent import api

urlpatterns: list[URLPattern] = [
    path("tasks/", api.ask, name="agent-tasks"),
    path("capabilities/", api.capabilities, name="agent-capabilities"),
    path("runs/<uuid:run_id>/", api.run, name="agent-run-result"),
]
