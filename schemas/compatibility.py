"""May a published JSON Schema become this one? Pure.

Two readers have to go on: new code reads every old record (the log is kept for ever), and old code, or somebody else's, reads new
records while a deployment rolls. So a type only grows: optional fields, and values of an enumeration (deploy readers first).
Everything else is a new version of the type: fields removed, required anew or no longer, another type, format or default, fewer
values, other limits.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

Schema = dict[str, Any]

_NOTES: Final = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated", "x-personal"})
"""Words for people, and where definitions stand: free to change."""

_WALKED: Final = frozenset(
    {"$ref", "anyOf", "oneOf", "type", "enum", "const", "properties", "required", "items", "additionalProperties"}
)
_DEPTH_MAX: Final = 40
_MISSING: Final = object()


def breaks(published: Schema, current: Schema) -> list[str]:
    """One line for every change that breaks a reader, starting with the field's path; empty if the type only grew."""
    return list(_Comparison(published, current).schema(published, current, "", 0))


class _Comparison:
    """Two documents, each with its own definitions."""

    def __init__(self, published: Schema, current: Schema) -> None:
        self._published, self._current = published.get("$defs", {}), current.get("$defs", {})
        self._seen: set[tuple[str, str]] = set()

    def schema(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        """Differences at and below `path`."""
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = _resolved(old, self._published), _resolved(new, self._current)
        if depth > _DEPTH_MAX:
            yield f"{_at(path)}: nested deeper than {_DEPTH_MAX} levels, which nobody can compare"
            return
        yield from _words(old, new, path)
        yield from self._variants(old, new, path, depth)

    def _variants(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        """A value of several shapes (`anyOf`): each kept, none added, because a reader knows only those."""
        before, after = self._kinds(old, self._published), self._kinds(new, self._current)
        if before.keys() != after.keys():
            yield f"{_at(path)}: was {_listed(before)} and is {_listed(after)}"
            return
        for kind, variant in before.items():
            yield from self._same_kind(variant, after[kind], path, depth)

    def _same_kind(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        lost = [value for value in _values(old) if value not in _values(new)]
        if _values(new) and lost:
            yield f"{_at(path)}: no longer takes {', '.join(map(repr, lost))}"
        elif bool(_values(old)) is not bool(_values(new)):
            yield f"{_at(path)}: {'has only certain values now' if _values(new) else 'takes any value now'}"
        yield from self._fields(old, new, path, depth)
        for word, suffix in (("items", "[]"), ("additionalProperties", ".*")):
            before, after = _open(old.get(word)), _open(new.get(word))
            if before is not False and after is not False:
                if before or after:
                    yield from self.schema(before, after, path + suffix, depth + 1)
            elif before != after:
                yield f"{_at(path)}: {word} {'are no longer' if after is False else 'are now'} allowed"

    def _fields(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name, field in before.items():
            inner = f"{path}.{name}" if path else name
            if name not in after:
                yield f"{inner}: was removed"
                continue
            if name in needed and name not in needed_before:
                yield f"{inner}: is required now, and older records have none"
            elif name in needed_before and name not in needed:
                yield f"{inner}: is no longer required, and readers rely on it"
            yield from self.schema(field, after[name], inner, depth + 1)
        for name in after.keys() - before.keys():
            if name in needed:
                yield f"{path}.{name}".lstrip(".") + ": is new and required, and older records have none: give it a default"

    @staticmethod
    def _kinds(schema: Schema, definitions: Schema) -> dict[str, Schema]:
        """Shapes by a name of their kind; two objects in one union are told apart by the definition they come from."""
        found: dict[str, Schema] = {}
        for variant in schema.get("anyOf") or schema.get("oneOf") or [schema]:
            inner = _resolved(variant, definitions)
            kind = _kind(inner)
            if kind in found:
                kind = f"{kind} {variant.get('$ref', len(found))}"
            found[kind] = inner
        return dict(sorted(found.items()))


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """With its definition in place of `$ref`; words beside the reference win."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**definitions[reference.rpartition("/")[2]], **{word: said for word, said in schema.items() if word != "$ref"}}


def _kind(schema: Schema) -> str:
    values = _values(schema)
    type_ = schema.get("type") or (_json_type(values[0]) if values else "anything")
    return f"{type_} ({schema['format']})" if "format" in schema else str(type_)


def _open(schema: Schema | bool | None) -> Schema | Literal[False]:
    """Absent, true and empty are the same: anything."""
    return False if schema is False else schema if isinstance(schema, dict) else {}


def _json_type(value: object) -> str:
    for cls, name in ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number")):
        if isinstance(value, cls):
            return name
    return "null"


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _words(old: Schema, new: Schema, path: str) -> Iterator[str]:
    """Everything that is not walked and no mere note: defaults, limits, patterns, the topic."""
    for word in sorted((old.keys() | new.keys()) - _NOTES - _WALKED - {"format"}):
        before, after = old.get(word, _MISSING), new.get(word, _MISSING)
        if before == after and type(before) is type(after):
            continue
        said = [("none" if value is _MISSING else repr(value)) for value in (before, after)]
        yield f"{_at(path)}: {word} was {said[0]} and is {said[1]}"


def _at(path: str) -> str:
    return path or "the whole"


def _listed(kinds: dict[str, Schema]) -> str:
    return " or ".join(kinds)
