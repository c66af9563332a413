"""The simulator's own addresses, outside /v1, as tests use them."""

from typing import Any

import httpx

from csm_portal.simulators.notion import app


class Control:
    """Asks ``/_sim/...`` in process. ``lay`` and the like return the answer; ``told`` insists that it is a good one."""

    def __init__(self, simulator: app.App) -> None:
        self._client = httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://simulator")

    def ask(self, method: str, address: str, body: Any = None) -> httpx.Response:
        return self._client.request(method, f"/_sim/{address}", json=body)

    def told(self, method: str, address: str, body: Any = None) -> dict[str, Any]:
        answer = self.ask(method, address, body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def lay(self, **fault: Any) -> httpx.Response:
        return self.ask("POST", "faults", fault)

    def lift(self) -> httpx.Response:
        return self.ask("DELETE", "faults")

    def set_budget(self, **budget: Any) -> httpx.Response:
        return self.ask("POST", "budget", budget)

    def lift_budget(self) -> httpx.Response:
        return self.ask("DELETE", "budget")

    def state(self) -> dict[str, Any]:
        return self.told("GET", "state")
