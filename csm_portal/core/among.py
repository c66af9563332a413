"""``key__among=keys``: rows by thousands of keys at once, handed to the database as one value.

``__in`` makes a parameter of every key: Django prepares each of them, the driver binds each of them, and some builds
of SQLite take no more than 999. One list costs the same statement whatever its length, and uses the same index.
"""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler


@models.UUIDField.register_lookup
@models.ForeignKey.register_lookup
class Among(models.Lookup):  # type: ignore[type-arg]  # not subscriptable at run time
    """Whether a key, or a column that points at one, is one of these keys. They are UUIDs, None is not among them."""

    lookup_name = "among"
    prepare_rhs = False
    rhs: Collection[UUID]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", [*params, list(self.rhs)]
        # SQLite keeps a UUID as its 32 hex digits.
        keys = json.dumps([key.hex for key in self.rhs])
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, keys]  # noqa: S608
