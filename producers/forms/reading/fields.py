"""Any nesting of objects, lists and labelled rows -> a flat list of fields with what is known about each."""

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from producers.forms.reading import rows, vocabulary
from producers.forms.reading.names import compact, identity, words
from producers.forms.reading.paths import Path, embedded, parts_of_name
from producers.forms.reading.vocabulary import word_set

# Lists that describe the form's questions rather than answer them.
_DEFINITIONS = word_set("schema definition definitions fields questions columns fieldstructure structure")
_PARALLEL = (
    *(("labels", "values"), ("keys", "values"), ("names", "values"), ("fields", "values"), ("columns", "values")),
    *(("questions", "answers"), ("labels", "answers"), ("headers", "row"), ("headers", "values")),
)
_PARTS_OF_A_NAME = ("first", "last")
_FILE = {"filename", "size", "content_type"}
_NESTING_MAX = 48
_FIELDS_MAX = 4_000
_PARENT_CHARACTERS_MAX = 60
_DEFINITIONS_MAX = 8
_DEFINITION_FIELDS_MAX = 100
_definitions: deque[tuple[list[Any], dict[str, str]]] = deque(maxlen=_DEFINITIONS_MAX)


class Field(NamedTuple):
    """One value. `parents` are the names of the objects around it that say something ("company", not "data")."""

    path: Path
    key: str
    label: str
    type: str
    value: Any
    parents: tuple[str, ...]

    @property
    def container(self) -> Path:
        """Where it stands."""
        return self.path[:-1]


def question_of(field: Field) -> str:
    """What its answer is found by: the question's text, else the field's name with the object it belongs to."""
    return field.label.strip() or ".".join((*field.parents, field.key)) or "value"


def read(payload: Any) -> list[Field]:
    """The fields of a payload in its order, at most 4,000. JSON inside a text is read too."""
    reader = Reader()
    reader.value(payload, (), "", ())
    return reader.labelled()


class Reader:
    """Walks one payload."""

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.titles: dict[str, str] = {}

    def labelled(self) -> list[Field]:
        """The fields, with the question text that the form's own definition gives for their key."""
        if not self.titles:
            return self.fields
        return [
            Field(f.path, f.key, self.titles[f.key], f.type, f.value, f.parents) if not f.label and f.key in self.titles else f
            for f in self.fields
        ]

    def value(self, node: Any, path: Path, key: str, parents: tuple[str, ...], label: str = "", type_: str = "") -> None:
        """Read whatever stands at `path`."""
        if len(path) > _NESTING_MAX:
            return
        if isinstance(node, str):
            if node[:1] in ("{", "["):
                inner = embedded(node)
                node = node if inner is None else inner
            elif "\n" in node:
                node = parts_of_name(node) or node
        if not isinstance(node, dict | list):
            self.leaf(node, path, key, parents, label, type_)
        elif isinstance(node, dict):
            if node.keys() == _FILE:
                self.leaf(node, path, key, parents, label, type_)
            elif not path or not self.row(node, path, key, parents):
                self.object(node, path, _within(parents, label or key))
        else:
            self.items(node, path, key, parents, label, type_)

    def leaf(self, value: Any, path: Path, key: str, parents: tuple[str, ...], label: str, type_: str) -> None:
        """Take a value."""
        if len(self.fields) < _FIELDS_MAX:
            self.fields.append(Field(path, key, label, type_, value, parents))

    def object(self, node: dict[str, Any], path: Path, parents: tuple[str, ...]) -> None:
        """Read what an object holds."""
        pairs = _parallel(node)
        if pairs is not None:
            for label, value, where in pairs:
                self.value(value, (*path, *where), label, parents)
            return
        # Some tools send every value in an array of one.
        boxed = len(node) > 1 and all(isinstance(value, list) and len(value) <= 1 for value in node.values())
        for key, value in node.items():
            if boxed and value and not isinstance(value[0], dict | list):
                self.value(value[0], (*path, key, 0), key, parents)
            else:
                self.value(value, (*path, key), key, parents)

    def items(self, node: list[Any], path: Path, key: str, parents: tuple[str, ...], label: str, type_: str) -> None:
        """Read a list: one value, pairs, a definition, or things each for themselves."""
        if not any(isinstance(item, dict | list) for item in node):
            self.leaf(node, path, key, parents, label, type_)
        elif _are_pairs(node):
            for index, (name, value) in enumerate(node):
                self.value(value, (*path, index, 1), name, parents)
        elif not self.definition(node, key):
            for index, item in enumerate(node):
                self.value(item, (*path, index), key, parents)

    def definition(self, node: list[Any], key: str) -> bool:
        """Whether the list only describes questions; their titles are kept for the answers."""
        if compact(key) not in _DEFINITIONS:
            return False
        titles = _titles(node)
        if titles is None:
            return False
        self.titles |= titles
        return True

    def row(self, node: dict[str, Any], path: Path, key: str, parents: tuple[str, ...]) -> bool:
        """Take the object as one labelled answer, if that is what it is."""
        columns = rows.columns(node)
        type_ = rows.first_text(node, columns.types)
        value_key = rows.answer_key(node, columns, type_)
        inside: Path = (value_key,) if value_key else rows.wrapped(node, columns)
        if not inside:
            return False
        about: dict[str, Any] = next((node[key] for key in columns.about if isinstance(node[key], dict)), {})
        described = rows.columns(about)
        kind = rows.first_text(about, described.types) or type_
        label = rows.first_text(about, described.labels) or rows.first_text(node, columns.labels, value_key)
        name = rows.first_text(about, described.names) or rows.first_text(node, _naming(columns.names, path, key), value_key)
        if not (label or name):
            # A row within a list needs a name of its own, unless it can be nothing else; in an object, the key is its name.
            if isinstance(path[-1], int) and not type_ and value_key:
                return False
            name = type_ if type_ and _says_more(type_, path, key) else key
        value = rows.chosen(rows.within(node, inside), node)
        where = (*path, *inside)
        if isinstance(value, list) and len(value) == 1 and value_key.lower() in rows.BOXING:
            value, where = value[0], (*where, 0)
        self.value(value, where, name, parents, label, kind)
        if type_ in rows.NAME_TYPES:
            for part in _PARTS_OF_A_NAME:
                if isinstance(node.get(part), str) and part != value_key:
                    self.leaf(node[part], (*path, part), f"{part} name", parents, "", "")
        return True


def _naming(names: tuple[str, ...], path: Path, key: str) -> tuple[str, ...]:
    """Without the id, where the row has a key that somebody gave it."""
    if isinstance(path[-1], int) or not words(key):
        return names
    return tuple(name for name in names if compact(name) != "id")


def _says_more(type_: str, path: Path, key: str) -> bool:
    """Whether a row that has only a type is named by it: rather than by the list it stands in, or by no name at all."""
    if compact(key) in ("", *_DEFINITIONS) or key.lower().startswith("consent"):
        return True
    return isinstance(path[-1], int) and identity(type_) is not None and identity(key) is None


def _titles(node: list[Any]) -> dict[str, str] | None:
    """Question texts by what names the question; None if the list is no definition.

    A form sends the same definition with every submission, so the last few are remembered, and told by being equal.
    """
    for known, titles in _definitions:
        if known == node:
            return titles
    found: dict[str, str] = {}
    for item in node:
        columns = rows.columns(item) if isinstance(item, dict) else rows.NO_COLUMNS
        if not (columns.labels or columns.names) or columns.answered:
            return None
        title = next((item[name] for name in columns.labels if isinstance(item[name], str)), "")
        if not title and len(columns.names) > 1 and isinstance(item[columns.names[0]], str):
            title = item[columns.names[0]]
        for name in columns.names if title else ():
            if isinstance(item[name], str | int):
                found.setdefault(str(item[name]), title)
        found |= _titles_of_parts(item, title)
    if len(node) <= _DEFINITION_FIELDS_MAX:
        _definitions.appendleft((node, found))
    return found


def _titles_of_parts(item: Mapping[str, Any], title: str) -> dict[str, str]:
    """Of a question with several boxes, which have labels of their own: "Name" with "First" and "Last"."""
    found: dict[str, str] = {}
    parts = next((value for key, value in item.items() if compact(key) == "subfields" and isinstance(value, list)), ())
    for part in parts:
        told = rows.columns(part) if isinstance(part, dict) else rows.NO_COLUMNS
        label, name = rows.first_text(part, told.labels), rows.first_text(part, told.names)
        if label and name:
            found[name] = f"{title} {label}".strip()
    return found


def _within(parents: tuple[str, ...], key: str) -> tuple[str, ...]:
    name = compact(key)
    if not name or name in vocabulary.WRAPPERS or all(word in vocabulary.WRAPPERS for word in words(key)):
        return parents
    return (*parents, key[:_PARENT_CHARACTERS_MAX])


def _parallel(node: Mapping[str, Any]) -> list[tuple[str, Any, Path]] | None:
    """`{"labels": [...], "values": [...]}` as (label, value, path of the value)."""
    for labels, values in _PARALLEL:
        names, found = node.get(labels), node.get(values)
        if not (isinstance(names, list) and isinstance(found, list) and names and len(names) == len(found)):
            continue
        if all(isinstance(name, str) for name in names):
            both = zip(names, found, strict=True)
            return [(name, value, (values, index)) for index, (name, value) in enumerate(both)]
    return None


def _are_pairs(node: list[Any]) -> bool:
    return could_be_pairs(node) and not all(isinstance(item[1], str) and item[0] == item[1] for item in node)


def could_be_pairs(node: list[Any]) -> bool:
    """Whether a list has the shape of names with their values."""
    return all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in node)
