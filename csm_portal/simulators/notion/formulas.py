"""Formulas: a small part of Notion's language, worked out whenever a page is given.

Numbers, texts, ``prop("Name")``, arithmetic, comparisons, ``and``, ``or``, ``not``, ``if``, ``empty``, ``round``, ``abs``,
``min``, ``max``, ``length``, ``concat``, ``format``. A formula that needs more than that has no result.
"""

import ast
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_IF = re.compile(r"\bif\s*\(")
_LONGEST = 2000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALLED: dict[str, Callable[..., Any]] = {
    "empty": lambda value: value in (None, "", [], 0, False),
    "round": lambda value, digits=0: round(value, int(digits)),
    "abs": abs,
    "min": min,
    "max": max,
    "length": len,
    "concat": lambda *texts: "".join(map(str, texts)),
    "format": lambda value: _text(value),
}


class Unknown(Exception):
    """The formula asks for something that is not worked out here, or of something that is not there."""


def result(expression: str, value_of: Callable[[str], Any]) -> dict[str, Any]:
    """Return a formula's result as a page gives it; ``value_of`` gives the plain value of a property by its name."""
    try:
        found = _value(_parsed(expression), value_of)
    except (Unknown, ArithmeticError, TypeError, ValueError, RecursionError):
        # What cannot be worked out for a row reads as empty there.
        found = None
    match found:
        case bool():
            return {"type": "boolean", "boolean": found}
        case int() | float():
            return {"type": "number", "number": found}
        case dict():
            return {"type": "date", "date": found}
        case _:
            return {"type": "string", "string": found}


@lru_cache(maxsize=256)
def _parsed(expression: str) -> ast.expr:
    if len(expression) > _LONGEST:
        raise Unknown
    try:
        return ast.parse(_IF.sub("if_(", expression.strip()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError):
        raise Unknown from None


def _value(node: ast.expr, value_of: Callable[[str], Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as constant):
            return constant
        case ast.Name(id="true" | "false" as word):
            return word == "true"
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, value_of)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, value_of)
        case ast.BinOp(op=ast.Add()):
            return _sum(_value(node.left, value_of), _value(node.right, value_of))
        case ast.BinOp() if type(node.op) in _BINARY:
            return _BINARY[type(node.op)](_value(node.left, value_of), _value(node.right, value_of))
        case ast.BoolOp():
            parts = (_value(part, value_of) for part in node.values)
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in _COMPARED:
            return _COMPARED[type(op)](_value(node.left, value_of), _value(right, value_of))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _called(name, arguments, value_of)
    raise Unknown


def _called(name: str, arguments: list[ast.expr], value_of: Callable[[str], Any]) -> Any:
    match name, arguments:
        case "prop", [ast.Constant(value=str() as wanted)]:
            return value_of(wanted)
        case "if_", [condition, then, otherwise]:
            return _value(then if _value(condition, value_of) else otherwise, value_of)
    if name not in _CALLED:
        raise Unknown
    return _CALLED[name](*(_value(argument, value_of) for argument in arguments))


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return _text(left) + _text(right)
    return left + right


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return str(value.get("start", ""))
        case _:
            return str(value)
