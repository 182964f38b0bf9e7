"""One answer written as an object: `{"label": "Team size", "type": "number", "value": 5}` in all its spellings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from producers.forms.reading.names import compact, words
from producers.forms.reading.paths import Path
from producers.forms.reading.vocabulary import word_set

_LABELS = (
    *("label", "question", "title", "fieldlabel", "questiontext", "prompt", "caption", "heading", "displayname", "columnname"),
    *("questiontitle", "fieldtitle", "rowheading"),
)
_NAMES = (
    *("name", "key", "field", "fieldname", "slug", "ref", "columnid", "fieldid", "questionid", "property", "attribute"),
    *("variable", "purpose", "channel", "param", "checkboxkey", "customkey", "id"),
)
_VALUES = (
    *("value", "answer", "values", "answers", "response", "stringvalue", "textvalue", "uservalue", "content", "val"),
    *("selected", "granted", "accepted", "agreed", "checked", "ischecked", "choice", "choices", "input", "text"),
)
_EXTRAS = word_set("""
    type fieldtype inputtype options required optional position order index step visible hidden description placeholder uuid
    validation group rawvalue properties settings timestamp source updatedat weight isrequired multiple kind elementid
    fieldelementid allowmultipleselections alloworotherchoice family subtype objecttypeid subscriptiontypeid
    """)
_ROW_WORDS = frozenset((*_LABELS, *_NAMES, *_VALUES, *_EXTRAS, "text"))
_TYPES = ("type", "fieldtype", "inputtype", "kind")
# With a label and a type beside it, one of these is an answer whatever else stands there.
_ANSWERS = word_set("value answer values answers response")
_TEXT_KEYS = word_set("text id choiceid rowid colid simpletext")
# Beside the value of a row of such a type: the same in parts.
NAME_TYPES = ("name", "fullname")
_PARTS_OF_A_NAME = word_set("first middle last prefix suffix")
_ENVELOPES = word_set("answers values content response input")
_CHOICE_TEXTS = ("label", "text", "title", "other")
_CHOICE_KEYS_MAX = 4
# What stands beside the `name` of something that was chosen, and not beside somebody's.
_BESIDE_CHOSEN = word_set("id name color colour value key ref position")
# Where an answer is wrapped once more by its kind: {"answerDetails": {"textQuestionAnswer": {"answer": "..."}}}.
_WRAPPED = frozenset((*_VALUES, "options"))
_WRAPPINGS_MAX = 4
_SAYING = word_set("answer answers response responses reply")
_WRITTEN = "plain_text"
# Under these, a list of one is the one.
BOXING = ("values", "answers")
_ROW_KEYS_MAX = 40
_ROW_CHARACTERS_MAX = 600


@dataclass(frozen=True, slots=True)
class Columns:
    """The keys of an object by what they would be in a labelled row, likeliest first. `about` describe the question."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[str, ...]
    types: tuple[str, ...]
    about: tuple[str, ...]
    foreign: frozenset[str]
    answered: bool


NO_COLUMNS = Columns((), (), (), (), (), frozenset(), answered=False)
_TOO_WIDE = Columns((), (), (), (), (), frozenset(("",)), answered=False)
_REMEMBERED_MAX = 4096
_remembered: dict[tuple[str, ...], Columns] = {}


def columns(node: Mapping[str, Any]) -> Columns:
    """Sort an object's keys; remembered, since every row of a form has the same ones."""
    keys = tuple(node)
    found = _remembered.get(keys)
    if found is None:
        if len(keys) > _ROW_KEYS_MAX or sum(map(len, keys)) > _ROW_CHARACTERS_MAX:
            return _TOO_WIDE
        if len(_remembered) >= _REMEMBERED_MAX:
            _remembered.clear()
        found = _remembered[keys] = _columns(keys)
    return found


def _columns(keys: tuple[str, ...]) -> Columns:
    by_word = {compact(key): key for key in reversed(keys)}

    def those(wanted: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(by_word[word] for word in wanted if word in by_word)

    labels = those((*_LABELS, "text"))
    return Columns(
        labels=labels,
        names=those(_NAMES),
        values=those(_VALUES),
        types=those(_TYPES),
        about=tuple(key for key in keys if compact(key) == "field"),
        foreign=frozenset(key for key in keys if not (compact(key) in _ROW_WORDS or (labels and words(key)[-1:] == ("id",)))),
        answered=any(word in by_word for word in _VALUES if word not in ("choices", "text")),
    )


def answer_key(node: Mapping[str, Any], told: Columns, type_: str) -> str:
    """The key that holds the answer if the object can be a row at all, else ""."""
    # Typeform and its kin: {"type": "email", "email": "..."}.
    own = type_ if type_ in node and type_ not in told.types and not (type_ in told.names and told.answered) else ""
    key = own or value_key(node, told)
    certain = bool(told.labels and told.types) and compact(key) in _ANSWERS
    parts = _PARTS_OF_A_NAME if type_ in NAME_TYPES else frozenset[str]()
    if not (certain or told.foreign <= {own} | parts):
        return ""
    return "" if not key or holds_fields(key, node[key]) else key


def wrapped(node: Mapping[str, Any], told: Columns) -> Path:
    """Where the answer of a row stands if it is wrapped by its kind, () if there is none such.

    Nothing else may stand in the wrappings, nor beside them but what describes the question.
    """
    around = [key for key in node if isinstance(node[key], dict)]
    if len(around) != 1 or told.answered or not (told.labels or told.names):
        return ()
    if any(words(key)[-1:] != ("id",) for key in told.foreign if key != around[0]):
        return ()
    path: Path = (around[0],)
    held: Any = node[around[0]]
    while len(path) <= _WRAPPINGS_MAX and isinstance(held, dict | list) and len(held) == 1:
        step, held = next(iter(held.items() if isinstance(held, dict) else enumerate(held)))
        path = (*path, step)
        if isinstance(step, str) and compact(step) in _WRAPPED and not _holds_things(held):
            return path if any(_SAYING & set(words(key)) for key in path if isinstance(key, str)) else ()
    return ()


def within(node: Any, path: Path) -> Any:
    """What stands at a path that is there."""
    for step in path:
        node = node[step]
    return node


def _holds_things(held: Any) -> bool:
    return isinstance(held, dict) or (isinstance(held, list) and any(isinstance(item, dict | list) for item in held))


def value_key(node: Mapping[str, Any], told: Columns) -> str:
    """The key that holds the answer: the likeliest word that is there and isn't null, else the likeliest there."""
    there = told.values
    return next((key for key in there if node[key] is not None), there[0] if there else "")


def first_text(row: Mapping[str, Any], keys: tuple[str, ...], without: str = "") -> str:
    """The first of the values that is a text or a whole number, else ""."""
    for key in keys:
        value = row[key]
        if key == without or isinstance(value, bool):
            continue
        if isinstance(value, int) or (isinstance(value, str) and value.strip()):
            return str(value)
    return ""


def holds_fields(key: str, value: Any) -> bool:
    """Whether what looks like a row's answer is rather an envelope with rows or fields in it."""
    if isinstance(value, dict):
        return compact(key) in _ENVELOPES and not any(isinstance(value.get(name), str) for name in _CHOICE_TEXTS)
    if not isinstance(value, list) or compact(key) not in _ENVELOPES or _are_texts(value):
        return False
    return any(isinstance(item, dict | list) for item in value)


def _are_texts(value: list[Any]) -> bool:
    """Texts with their ids, as surveys send what was typed in or chosen."""
    return bool(value) and all(isinstance(item, dict) and (_is_text(item) or _is_answer(item)) for item in value)


def _is_text(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("text"), str) and all(compact(key) in _TEXT_KEYS for key in item)


def _is_answer(item: Mapping[str, Any]) -> bool:
    return len(item) == 1 and isinstance(item.get("answer"), str)


def chosen(value: Any, row: Mapping[str, Any]) -> Any:
    """A choice in words: option ids looked up in the row's own options, choice objects replaced by their label."""
    if isinstance(value, dict):
        if _is_answer(value):
            return value["answer"]
        if isinstance(value.get("name"), str) and all(compact(key) in _BESIDE_CHOSEN for key in value):
            return value["name"]
        labels = value.get("labels")
        if isinstance(labels, list):
            return [*labels, value["other"]] if isinstance(value.get("other"), str) else labels
        label = next((value[key] for key in _CHOICE_TEXTS if isinstance(value.get(key), str)), None)
        return value if label is None or len(value) > _CHOICE_KEYS_MAX else label
    texts = dict(_options(row.get("options"))) or dict(_options(row.get("choices")))
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and isinstance(item.get(_WRITTEN), str) for item in value):
            return "".join(item[_WRITTEN] for item in value)
        items = [chosen(item, {}) if isinstance(item, dict) else item for item in value]
        return [texts.get(str(item), item) if not isinstance(item, dict | list) else item for item in items]
    return texts.get(str(value), value) if isinstance(value, str | int) and not isinstance(value, bool) else value


def chosen_key(value: Any) -> str:
    """Where within a choice `chosen` finds its words as they are; "" where it does not, or changes them."""
    if not isinstance(value, dict):
        return ""
    labels = value.get("labels")
    if isinstance(labels, list):
        plain = not isinstance(value.get("other"), str) and not any(isinstance(label, dict | list) for label in labels)
        return "labels" if plain else ""
    if isinstance(value.get("name"), str) and all(compact(key) in _BESIDE_CHOSEN for key in value):
        return "name"
    return next((key for key in _CHOICE_TEXTS if isinstance(value.get(key), str)), "") if len(value) <= _CHOICE_KEYS_MAX else ""


def has_options(row: Mapping[str, Any]) -> bool:
    """Whether `chosen` may look a value up in the row."""
    return isinstance(row.get("options"), list) or isinstance(row.get("choices"), list)


def _options(options: Any) -> Iterator[tuple[str, str]]:
    for option in options if isinstance(options, list) else ():
        if isinstance(option, dict):
            text = next((option[key] for key in ("text", "label", "title", "name") if isinstance(option.get(key), str)), "")
            name = next((option[key] for key in ("id", "value", "ref", "key") if option.get(key) is not None), None)
            if text and isinstance(name, str | int):
                yield str(name), text
