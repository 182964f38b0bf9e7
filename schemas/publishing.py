"""Message classes -> schemas/published/<type>.json, and `<type>.personal.json` for what is sealed in them.

`python -m schemas.publishing` writes what is new and refuses what would break a reader: a published file is frozen, and its class
may only add to it (schemas/compatibility.py). JSON Schema 2020-12, as a reader has to accept it: a field with a default may be
missing, because records from before that field stay in the log.
"""

import importlib
import json
import pkgutil
import re
import sys
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema

import schemas
from schemas.compatibility import breaks
from schemas.message import Frozen, JsonObject, Message, registry

FOLDER: Final = Path(__file__).parent / "published"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ADDRESS: Final = "https://leadflow.dev/schemas/"
PERSONAL: Final = ".personal"

_VERSION = re.compile(r"(.+)\.v(\d+)")
_ATTRIBUTE = re.compile(r"^ {4}([\w., ]+): (.+(?:\n {5,}\S.*)*)", re.MULTILINE)


class Readable(GenerateJsonSchema):
    """Without titles that only repeat a field's name, and with what docstrings say about fields as their descriptions."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """A field's name is its title."""
        return False

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """A class's name is no title: the type is."""
        found = super().generate(schema, mode)
        for part in (found, *found.get("$defs", {}).values()):
            part.pop("title", None)
        return found

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """The summary of the docstring, and its lines on fields where they belong."""
        found = super().model_schema(schema)
        cls: type[Frozen] = schema["cls"]
        if "description" in found:
            found["description"] = summary(cls)
        for name, text in field_notes(cls).items():
            field = found.get("properties", {}).get(name)
            if field is not None:
                field.setdefault("description", text)
        return found


def summary(cls: type[Frozen]) -> str:
    """A class's docstring without its list of attributes."""
    text = (cls.__doc__ or "").partition("Attributes:")[0]
    return "\n".join(line.strip() for line in text.strip().splitlines())


def field_notes(cls: type[Frozen]) -> dict[str, str]:
    """What docstrings, its own and inherited, say about fields under `Attributes:`."""
    notes: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        section = (owner.__doc__ or "").partition("Attributes:")[2]
        for names, text in _ATTRIBUTE.findall(re.sub(r"^ {4}", "", section, flags=re.MULTILINE)):
            words = " ".join(text.split()).rstrip(".")
            notes.update({name.strip(): words for name in names.split(",")})
    return notes


def messages() -> dict[str, type[Message]]:
    """Every message class by type, sorted; imports all of this package, so that adding a module touches no list."""
    for found in pkgutil.iter_modules(schemas.__path__):
        if found.name != "publishing":
            importlib.import_module(f"{schemas.__name__}.{found.name}")
    return dict(sorted(registry.all().items()))


def schema_of(cls: type[Message]) -> JsonObject:
    """The published form of a body."""
    more: JsonObject = {"x-topic": cls.TOPIC.name}
    if cls.PERSON is not None:
        more["x-personal"] = f"{cls.TYPE}{PERSONAL}.json"
    return _document(cls.TYPE, cls, more)


def schema_of_person(type_: str, cls: type[Frozen]) -> JsonObject:
    """The published form of what `personal` holds once it is opened."""
    return _document(type_ + PERSONAL, cls, {})


def _document(name: str, cls: type[Frozen], more: JsonObject) -> JsonObject:
    body = cls.model_json_schema(schema_generator=Readable)
    return {"$schema": DIALECT, "$id": f"{ADDRESS}{name}.json", "title": name, **more, **body}


def generated() -> dict[str, str]:
    """Every file by name, as it is to stand in schemas/published."""
    found: dict[str, JsonObject] = {}
    for type_, cls in messages().items():
        found[f"{type_}.json"] = schema_of(cls)
        if cls.PERSON is not None:
            found[f"{type_}{PERSONAL}.json"] = schema_of_person(type_, cls.PERSON)
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in found.items()}


def objections(published: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """What in `wanted` would break whoever reads by `published` (both file name -> text), with what to do instead."""
    found = []
    for name, text in sorted(published.items()):
        if name not in wanted:
            found.append(f"{name}: its class is gone, and records of this type are not: keep the class for as long as the log")
            continue
        broken = breaks(json.loads(text), json.loads(wanted[name]))
        if broken:
            listed = "\n".join(f"  {line}" for line in broken)
            found.append(f"{name}: readers of what is in the log already would break:\n{listed}\n{_remedy(name)}")
    return found


def _remedy(name: str) -> str:
    versioned = _VERSION.fullmatch(name.removesuffix(".json").removesuffix(PERSONAL))
    following = f"`{versioned[1]}.v{int(versioned[2]) + 1}`" if versioned else "the next version"
    return (
        f"  A published type only grows. Leave this class as it was; add a new class with TYPE {following}, handle both where it"
        " is read, and write the new one once every reader can."
    )


def published(folder: Path = FOLDER) -> dict[str, str]:
    """Files as they stand."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


def main(folder: Path = FOLDER) -> int:
    """Write what is new or grew; 1, and nothing written, if anything would break."""
    wanted, frozen = generated(), published(folder)
    refused = objections(frozen, wanted)
    if refused:
        sys.stderr.write("\n".join(refused) + "\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in wanted.items() if frozen.get(name) != text]
    for name in changed:
        (folder / name).write_text(wanted[name], encoding="utf-8")
    sys.stdout.write(f"{len(wanted)} schemas, {len(changed)} of them new or changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
