"""Structured logs: one event a line, with tenant, account, run and request ids (SPEC 8)."""

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# The part of a webhook's address that nobody can guess: whoever reads a log must not learn where to post.
_ADDRESS = re.compile(r"(/hooks/[a-z]+/)[^/\s\"'?]+")


def hide_addresses(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut the unguessable part out of the addresses of webhooks, wherever in a line they stand."""
    for name, value in event.items():
        if isinstance(value, str) and "/hooks/" in value:
            event[name] = _ADDRESS.sub(r"\1(hidden)", value)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    hide_addresses,
]


def logging_config(level: str, *, as_json: bool) -> dict[str, Any]:
    """Configure structlog and the standard library alike, and return the ``dictConfig`` that was applied."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "portal": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
                "foreign_pre_chain": _SHARED,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "portal"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Its lines name the queue's payloads; the portal logs each job itself.
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            # A refusal is an answer, not a fault: it is a line of its own without a traceback.
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            # Its debug lines hold everything that a page was made from, addresses that are secrets included.
            "django.template": {"level": "INFO"},
            "LiteLLM": {"level": "ERROR"},
        },
    }
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return config
