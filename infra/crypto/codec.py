"""A person as sealed text and back. What is sealed is the model's JSON without its defaults."""

from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from infra.crypto.seal import Key
from schemas.message import Frozen, Sealed

FrozenT = TypeVar("FrozenT", bound=Frozen)


@lru_cache(maxsize=256)
def _adapter(model: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def personal_json(person: Frozen) -> bytes:
    """JSON of the fields that differ from their defaults."""
    return _adapter(type(person)).dump_json(person, exclude_defaults=True)


def seal_person(key: Key, person: Frozen, aad: str) -> Sealed:
    """`aad` is the lead's id for lead keys, the submission's id for intake keys."""
    return key.seal(personal_json(person), aad.encode())


def open_person(key: Key, sealed: Sealed, aad: str, model: type[FrozenT]) -> FrozenT:
    """Raises WrongKey, or pydantic's ValidationError if it is a person of another shape."""
    person: FrozenT = _adapter(model).validate_json(key.open(sealed, aad.encode()))
    return person
