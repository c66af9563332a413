"""The writer behind which any model stands that LiteLLM names.

Importing litellm costs seconds of CPU and 180 MB, so it is imported on the first call, in the worker.
One call is one attempt: the client's own retries and litellm's are switched off, and whoever asked decides
whether to ask again.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import MOST_TOKENS, Price, Writing, WritingTask

_TEMPERATURE = 0.2


class LiteLLMWriter:
    """Writes through ``litellm.completion``.

    ``model`` is a name as litellm knows it (``openai/gpt-4o-mini``); ``api_base`` and ``api_key`` are for
    models that need them, otherwise litellm reads the provider's own variables. ``supports_schema`` says that
    the model can be held to a JSON schema, which litellm cannot know of a model behind an ``api_base``.
    ``extra`` goes to ``completion`` as it is.
    """

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        supports_schema: bool | None = None,
        max_tokens: int = MOST_TOKENS,
        temperature: float | None = _TEMPERATURE,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.name = model
        self._api_base = api_base or None
        self._api_key = api_key or None
        self._supports_schema = supports_schema
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._extra = extra or {}

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        """Return the model's answer to one task, in one attempt. Raises PortError and nothing else."""
        litellm = _litellm()
        started = time.monotonic()
        try:
            answer = litellm.completion(**self._call(task, litellm, timeout_seconds))
        except Exception as error:
            raise _port_error(error, litellm, self.name, timeout_seconds) from error
        return _writing(answer, self.name, time.monotonic() - started)

    def price(self) -> Price | None:
        """Return what litellm's own list says a token of this model costs; None where the list has no such model."""
        try:
            known = _litellm().get_model_info(self.name)
            return Price(
                prompt=float(known["input_cost_per_token"]), completion=float(known["output_cost_per_token"])
            )
        except Exception:
            # litellm raises a bare Exception for a model that it has never heard of.
            return None

    def _call(self, task: WritingTask, litellm: Any, timeout_seconds: float) -> dict[str, Any]:
        call: dict[str, Any] = {
            "model": self.name,
            "messages": [
                {"role": "system", "content": task.system},
                {"role": "user", "content": task.prompt},
            ],
            "timeout": timeout_seconds,
            "num_retries": 0,
            "max_retries": 0,
            "max_tokens": self._max_tokens,
            "api_base": self._api_base,
            "api_key": self._api_key,
        }
        if self._temperature is not None:
            call["temperature"] = self._temperature
        if self._is_held_to_schema(litellm):
            schema = {"name": task.kind, "schema": dict(task.schema)}
            call["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {**call, **self._extra}

    def _is_held_to_schema(self, litellm: Any) -> bool:
        if self._supports_schema is not None:
            return self._supports_schema
        try:
            return bool(litellm.supports_response_schema(model=self.name))
        except Exception:
            # A model that litellm has never heard of is asked without; the answer is validated anyway.
            return False


def _litellm() -> Any:
    # All three have to be set before the import: it fetches a price list, reads a stray .env and is loud.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.setdefault("LITELLM_LOG", "ERROR")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def _writing(answer: Any, model: str, seconds: float) -> Writing:
    choices = getattr(answer, "choices", None) or []
    if not choices:
        raise _bad_answer(f"The model {model} answered without any text; try again, or choose another model.")
    text = getattr(getattr(choices[0], "message", None), "content", None)
    if getattr(choices[0], "finish_reason", None) == "length":
        raise _bad_answer(
            f"The answer of the model {model} was cut off at its length limit; choose a model that may write more."
        )
    if not isinstance(text, str) or not text.strip():
        raise _bad_answer(
            f"The model {model} answered with an empty text; try again, or choose another model."
        )
    usage = getattr(answer, "usage", None)
    return Writing(
        text=text,
        author=model,
        is_template=False,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        cost_usd=_cost(answer),
        seconds=seconds,
    )


def _count(usage: Any, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) else None


def _cost(answer: Any) -> float | None:
    """Return what litellm reckons the call cost in US dollars; None for a model without a known price."""
    cost = (getattr(answer, "_hidden_params", None) or {}).get("response_cost")
    return float(cost) if isinstance(cost, int | float) else None


def _bad_answer(message: str) -> PortError:
    return PortError(message, trouble=Trouble.BAD_ANSWER, permanent=False)


_Sentence = Callable[[str, float], str]

# The first that fits counts, so subclasses stand before their parents.
_TROUBLES: tuple[tuple[str, Trouble, bool, _Sentence], ...] = (
    (
        "Timeout",
        Trouble.UNAVAILABLE,
        False,
        lambda model, seconds: (
            f"The model {model} did not answer within {seconds:g} seconds; try again later."
        ),
    ),
    (
        "RateLimitError",
        Trouble.RATE_LIMITED,
        False,
        lambda model, _: f"The model {model} has had too many requests for now; try again later.",
    ),
    (
        "AuthenticationError",
        Trouble.UNAUTHORIZED,
        True,
        lambda model, _: f"The key for the model {model} was refused; check the key in the settings.",
    ),
    (
        "PermissionDeniedError",
        Trouble.UNAUTHORIZED,
        True,
        lambda model, _: (
            f"The key may not use the model {model}; allow it with the provider, or choose another."
        ),
    ),
    (
        "NotFoundError",
        Trouble.NOT_FOUND,
        True,
        lambda model, _: f"The provider knows no model {model}; check its name in the settings.",
    ),
    (
        "ContextWindowExceededError",
        Trouble.INVALID,
        True,
        lambda model, _: f"The facts are too long for the model {model}; choose one that reads more.",
    ),
    (
        "ContentPolicyViolationError",
        Trouble.INVALID,
        True,
        lambda model, _: f"The provider of {model} refused the request under its content rules.",
    ),
    (
        "BadRequestError",
        Trouble.INVALID,
        True,
        lambda model, _: (
            f"The model {model} refused the request as it was put; check the model's name and abilities."
        ),
    ),
    (
        "APIConnectionError",
        Trouble.UNAVAILABLE,
        False,
        lambda model, _: f"The model {model} cannot be reached; check its address and that it is running.",
    ),
    (
        # Refused connections and answers that are not JSON come as this one too.
        "InternalServerError",
        Trouble.UNAVAILABLE,
        False,
        lambda model, _: (
            f"The model {model} cannot be reached or failed; check its address, or try again later."
        ),
    ),
    (
        "ServiceUnavailableError",
        Trouble.UNAVAILABLE,
        False,
        lambda model, _: f"The model {model} is not available now; try again later.",
    ),
)


def _port_error(error: Exception, litellm: Any, model: str, timeout_seconds: float) -> PortError:
    for name, trouble, permanent, sentence in _TROUBLES:
        kind = getattr(litellm.exceptions, name, None)
        if kind is not None and isinstance(error, kind):
            return PortError(
                sentence(model, timeout_seconds),
                trouble=trouble,
                permanent=permanent,
                retry_after=_retry_after(error),
                request_id=_header(error, "x-request-id"),
            )
    return PortError(
        f"Asking the model {model} failed ({type(error).__name__}); check the model's settings.",
        trouble=Trouble.UNAVAILABLE,
        permanent=False,
    )


def _retry_after(error: Exception) -> float | None:
    value = _header(error, "retry-after")
    try:
        return max(0.0, float(value)) if value is not None else None
    except ValueError:
        return None


def _header(error: Exception, name: str) -> str | None:
    for headers in (
        getattr(error, "litellm_response_headers", None),
        getattr(getattr(error, "response", None), "headers", None),
    ):
        value = headers.get(name) if headers is not None else None
        if value is not None:
            return str(value)
    return None
