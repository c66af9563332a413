"""A workspace of the tenant's own for the tests about accounts."""

from pathlib import Path
from typing import Any

import pytest

from csm_portal.core.models import Tenant
from tests.workspace import Connected, connected


@pytest.fixture
def notion(tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    """The tenant's empty simulated workspace, connected."""
    return connected(tenant, tmp_path, settings)
