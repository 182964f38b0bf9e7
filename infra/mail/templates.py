"""Template sources -> subject, text, HTML. People write templates, so what they can say is a small part of Jinja.

Allowed are output, `if`, one level of `for`, comparisons and the filters below. That leaves nothing that grows without bound:
no calls but `.items()`, no macros, no `set`, no arithmetic on text, no nested loops. The sandbox stands behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import ChainableUndefined, TemplateError, nodes
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

SOURCE_CHARACTERS_MAX: Final = 64 * 1024
RENDERED_CHARACTERS_MAX: Final = 512 * 1024
SUBJECT_CHARACTERS_MAX: Final = 250
VALUE_CHARACTERS_MAX: Final = 10_000
VALUES_MAX: Final = 200
DEPTH_MAX: Final = 4
SEPARATOR_CHARACTERS_MAX: Final = 10
COMPILED_MAX: Final = 128

FILTERS: Final = frozenset(
    {
        "capitalize",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "int",
        "join",
        "last",
        "length",
        "lower",
        "round",
        "sort",
        "string",
        "title",
        "trim",
        "truncate",
        "upper",
        "urlencode",
    }
)
NODES: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Name,
    nodes.Const,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.Call,
)


class BadTemplate(Exception):
    """A template that can't be used; the message says why and where, and quotes nothing that was filled in."""


@dataclass(frozen=True, slots=True)
class Template:
    """Sources, as published. `html` None sends text alone."""

    subject: str
    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was filled in. The subject is one line."""

    subject: str
    text: str
    html: str | None


def _joined(value: object, separator: str = ", ") -> str:
    """Choices of a list; Jinja's own would also join texts, which multiplies them."""
    if isinstance(value, list | tuple):
        return separator[:SEPARATOR_CHARACTERS_MAX].join("" if item is None else str(item) for item in value)
    return "" if value is None else str(value)


def _shown(value: object) -> object:
    return "" if value is None else _joined(value) if isinstance(value, list | tuple) else value


class _Environment(ImmutableSandboxedEnvironment):
    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=ChainableUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=0,
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters["join"] = _joined


_PLAIN: Final = _Environment(autoescape=False)
_HTML: Final = _Environment(autoescape=True)


SAMPLE: Final[Mapping[str, JsonValue]] = {"lead": {"answers": {}}, "owner": {}}


def check(template: Template) -> None:
    """Raises BadTemplate: for the moment before a template is published."""
    render(template, SAMPLE)


def render(template: Template, context: Mapping[str, JsonValue]) -> Rendered:
    """Fill in `context`; unknown names and None are empty, and `default` applies to both. HTML is escaped. Raises BadTemplate."""
    values = _bounded(dict(context), DEPTH_MAX + 1)
    return Rendered(
        subject=one_line(_fill(_PLAIN, "subject", template.subject, values))[:SUBJECT_CHARACTERS_MAX],
        text=_fill(_PLAIN, "text", template.text, values),
        html=None if template.html is None else _fill(_HTML, "html", template.html, values),
    )


def one_line(text: str) -> str:
    """Without line ends and control characters, which in a header would begin another one."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _fill(environment: _Environment, part: str, source: str, values: Mapping[str, Any]) -> str:
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise BadTemplate(f"{part}: longer than {SOURCE_CHARACTERS_MAX} characters")
    try:
        return _bounded_join(part, _compiled(environment, source).generate(values))
    except TemplateError as broken:
        line = getattr(broken, "lineno", None)
        raise BadTemplate(f"{part}: {type(broken).__name__}" + (f" in line {line}: {broken.message}" if line else "")) from None
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as broken:
        raise BadTemplate(f"{part}: {type(broken).__name__} while filling in") from None


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(environment: _Environment, source: str) -> JinjaTemplate:
    tree = environment.parse(source)
    _inspect(tree)
    return environment.from_string(tree)


def _inspect(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, NODES):
            raise BadTemplate(f"line {node.lineno}: {type(node).__name__.lower()} is not allowed in mail templates")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise BadTemplate(f"line {node.lineno}: there is no filter {node.name!r} in mail templates")
        if isinstance(node, nodes.For) and (node.recursive or next(node.find_all(nodes.For), None) is not None):
            raise BadTemplate(f"line {node.lineno}: a loop inside a loop is not allowed in mail templates")
        if isinstance(node, nodes.Call) and not _is_items(node):
            raise BadTemplate(f"line {node.lineno}: nothing can be called in mail templates but .items()")


def _is_items(call: nodes.Call) -> bool:
    plain = not (call.args or call.kwargs or call.dyn_args or call.dyn_kwargs)
    return plain and isinstance(call.node, nodes.Getattr) and call.node.attr == "items"


def _bounded_join(part: str, pieces: Iterable[str]) -> str:
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > RENDERED_CHARACTERS_MAX:
            raise BadTemplate(f"{part}: longer than {RENDERED_CHARACTERS_MAX} characters when filled in")
        kept.append(piece)
    return "".join(kept)


def _bounded(value: JsonValue, depth: int) -> Any:
    """A copy that is small enough: a lead can answer with a megabyte."""
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, dict):
        kept = list(value.items())[:VALUES_MAX] if depth else []
        return {_encodable(name): _bounded(item, depth - 1) for name, item in kept if item is not None}
    if isinstance(value, list):
        return [_bounded(item, depth - 1) for item in value[:VALUES_MAX]] if depth else []
    return value


def _encodable(text: str) -> str:
    return text[:VALUE_CHARACTERS_MAX].encode("utf-8", "replace").decode()
