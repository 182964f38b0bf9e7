"""Conditions in documents: JSON predicate trees -> closures over facts.

    {"all": [...]}, {"any": [...]}, {"not": {...}}
    {"field": "mail_domain", "operator": "matches_domain", "value": "acme.example"}

A rule builder edits such a tree as it is; there is no expression language. A tree is checked once, when its document is read, and
compiled to closures, so that a simple condition costs a fraction of a microsecond on the hot path.

What a condition means:
- `field` names a fact, or `fact.key` inside a fact that is an object (`answers.Team size`: the key may itself hold dots);
  `answers.*` is any value of it.
- A fact that is missing, null, blank or an empty list makes every condition false but `exists` with false; wrap in `not` to
  ask for absence.
- A list satisfies a condition if one of its elements does; `ne` and `not_in` are the opposite of `eq` and `in` on a fact that
  is there.
- Text is compared without case and surrounding blanks. A text that reads as a number counts as one where a number is compared.
- `all` of nothing is true, `any` of nothing is false.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from schemas.operators import OPERATORS, TEXT_CHARACTERS_MAX, BadPredicate, Check, absent

Facts = Mapping[str, Any]
Test = Callable[[Facts], bool]

DEPTH_MAX: Final = 8
CONDITIONS_MAX: Final = 200


class Predicate:
    """A checked and compiled condition; a field type for documents.

    Attributes:
        tree: the JSON as it was written, which is also how it is stored and shown.
        holds: facts -> bool. Total: it raises for no facts of JSON-like values.
        fields: names of the facts that it asks for.
    """

    __slots__ = ("fields", "holds", "tree")

    def __init__(self, tree: JsonValue) -> None:
        """Raises BadPredicate."""
        compiler = _Compiler()
        self.tree = tree
        self.holds: Test = compiler.compile(tree, "", DEPTH_MAX)
        self.fields = frozenset(compiler.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predicate) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"Predicate({self.tree!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(lambda predicate: predicate.tree)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return _JSON_SCHEMA

    @classmethod
    def _validated(cls, value: Any) -> "Predicate":
        if isinstance(value, cls):
            return value
        try:
            return cls(value)
        except BadPredicate as bad:
            raise PydanticCustomError("predicate", "{problem}", {"problem": str(bad), "path": bad.path}) from None


class _Compiler:
    """Walks one tree, counting what it holds."""

    def __init__(self) -> None:
        self.conditions = 0
        self.fields: set[str] = set()

    def compile(self, tree: Any, path: str, depth_left: int) -> Test:
        if not isinstance(tree, dict):
            raise BadPredicate(
                path, 'must be an object: {"all": [...]}, {"any": [...]}, {"not": {...}} or a condition with a field'
            )
        if depth_left == 0:
            raise BadPredicate(path, f"nested deeper than {DEPTH_MAX} levels: split the rule")
        self.conditions += 1
        if self.conditions > CONDITIONS_MAX:
            raise BadPredicate(path, f"more than {CONDITIONS_MAX} conditions: split the rule, or use `in` with a list")
        words = tree.keys() & {"all", "any", "not"}
        if not words:
            return self._condition(tree, path)
        if len(tree) > 1:
            raise BadPredicate(
                path, f"must have one of all, any, not and nothing else, but has {', '.join(sorted(map(str, tree)))}"
            )
        word = words.pop()
        inner = tree[word]
        below = f"{path}.{word}" if path else word
        if word == "not":
            return _negation(self.compile(inner, below, depth_left - 1))
        if not isinstance(inner, list):
            raise BadPredicate(below, "must be a list of conditions")
        tests = [self.compile(item, f"{below}[{index}]", depth_left - 1) for index, item in enumerate(inner)]
        return _all(tests) if word == "all" else _any(tests)

    def _condition(self, tree: dict[Any, Any], path: str) -> Test:
        dot = f"{path}." if path else ""
        for name in tree:
            if name not in ("field", "operator", "value"):
                raise BadPredicate(f"{dot}{str(name)[:40]}", "unknown; a condition has field, operator and value")
        field, operator = tree.get("field"), tree.get("operator")
        if not isinstance(field, str) or not field.strip() or len(field) > TEXT_CHARACTERS_MAX:
            raise BadPredicate(f"{dot}field", "must name a fact, such as mail_domain or answers.Team size")
        self.fields.add(field)
        if operator == "exists":
            wanted = tree.get("value", True)
            if not isinstance(wanted, bool):
                raise BadPredicate(f"{dot}value", "exists takes true or false")
            return _presence(field, wanted)
        make = OPERATORS.get(operator) if isinstance(operator, str) else None
        if make is None:
            known = ", ".join(sorted([*OPERATORS, "exists"]))
            raise BadPredicate(f"{dot}operator", f"{str(operator)[:40]!r} is no operator; use one of {known}")
        if "value" not in tree:
            raise BadPredicate(f"{dot}value", f"is missing; {operator} compares with one")
        check = make(tree["value"], f"{dot}value")
        return _on_field(field, check, negated=operator in ("ne", "not_in"))


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda facts: first(facts) and second(facts)

    def every(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would double the cost
            if not test(facts):
                return False
        return True

    return every


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def some(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would double the cost
            if test(facts):
                return True
        return False

    return some


def _negation(test: Test) -> Test:
    return lambda facts: not test(facts)


def _reader(field: str) -> Callable[[Facts], Any]:
    """Facts -> the value of `field`, None where there is none."""
    name, dot, key = field.partition(".")
    if not dot:
        return lambda facts: facts.get(field)
    if key == "*":

        def values(facts: Facts) -> Any:
            inner = facts.get(name)
            if inner.__class__ is not dict:
                return None
            return [part for value in inner.values() for part in (value if value.__class__ is list else (value,))]

        return values

    def value(facts: Facts) -> Any:
        inner = facts.get(name)
        return inner.get(key) if inner.__class__ is dict else None

    return value


def _presence(field: str, wanted: bool) -> Test:
    read = _reader(field)
    return lambda facts: absent(read(facts)) is not wanted


def _on_field(field: str, check: Check, negated: bool) -> Test:
    read = _reader(field)

    def test(facts: Facts) -> bool:
        value = read(facts)
        if value is None:
            return False
        if value.__class__ is list or value.__class__ is tuple:
            for part in value:
                if check(part):
                    return not negated
            # No check is true of a blank; for the opposites something has to be there.
            return negated and not all(map(absent, value))
        if check(value):
            return not negated
        return negated and not absent(value)

    return test


_JSON_SCHEMA: Final[JsonSchemaValue] = {
    "type": "object",
    "description": "A condition, or all/any/not of such objects",
    "anyOf": [
        {
            "properties": {
                "field": {"type": "string", "minLength": 1, "maxLength": TEXT_CHARACTERS_MAX},
                "operator": {"enum": sorted([*OPERATORS, "exists"])},
                "value": {},
            },
            "required": ["field", "operator"],
            "additionalProperties": False,
        },
        *(
            {
                "properties": {word: {"type": "array", "items": {"type": "object"}}},
                "required": [word],
                "additionalProperties": False,
            }
            for word in ("all", "any")
        ),
        {"properties": {"not": {"type": "object"}}, "required": ["not"], "additionalProperties": False},
    ],
}
