"""The base of everything published: a frozen pydantic model that knows its type and its topic.

A class is one version of one type. Fields are facts that may stay readable for ever. What identifies a person travels beside
them as one `personal` object, which the codec encrypts (infra/crypto): in a published body it is one opaque string.
"""

from typing import Annotated, Any, ClassVar, NewType, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, JsonValue
from pydantic_core import CoreSchema, core_schema

from schemas.topics import Topic

LeadId = NewType("LeadId", str)
"""UUID text, lower case with hyphens."""

Sealed = NewType("Sealed", str)
"""An encrypted `personal` object: `1.<key id>.<base64 of nonce and ciphertext>`; `2.` where it was compressed before."""


class Frozen(BaseModel):
    """A value: immutable, and open to fields that a newer version adds."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class _AsItIs:
    """pydantic's own JsonValue asks Python about each value, although what was read as JSON can be nothing else."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()


Json = Annotated[JsonValue, _AsItIs()]
"""Any JSON. Taken as it is: whoever makes a message from something else than JSON has checked it."""


class Message(Frozen):
    """One published type. `lead` is None only for messages about no lead.

    Class attributes:
        TYPE: CloudEvents type with its version.
        TOPIC: where it goes; the runtime routes by it.
        PERSON: shape of the decrypted `personal`, None where there is none.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    PERSON: ClassVar[type[Frozen] | None] = None

    lead: LeadId | None = None
    personal: Sealed | None = None

    def key(self) -> str | None:
        """The record key; None sends it to the partition of its cause."""
        return self.lead

    def sealed_by(self) -> tuple[LeadId | None, type[Frozen] | None]:
        """The lead whose key sealed `personal`, and the shape of what it sealed (None: nothing that this code knows)."""
        return self.lead, self.PERSON


M = TypeVar("M", bound=Message)
F = TypeVar("F", bound=Frozen)


def to_json(value: Frozen) -> bytes:
    """The bytes to publish or store; a text in between would cost as much again."""
    written: bytes = value.__pydantic_serializer__.to_json(value)
    return written


def from_json(cls: type[F], value: bytes) -> F:
    """Raises ValidationError."""
    read: F = cls.__pydantic_validator__.validate_json(value)
    return read


class Registry:
    """Message classes by type. Two classes of one type are a mistake of ours and fail at import."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Message]] = {}

    def add(self, cls: type[M]) -> type[M]:
        """Class decorator."""
        if cls.TYPE in self._classes:
            raise TypeError(f"{cls.TYPE} is declared twice: {self._classes[cls.TYPE].__name__} and {cls.__name__}")
        self._classes[cls.TYPE] = cls
        return cls

    def get(self, type_: str) -> type[Message] | None:
        """The class for a CloudEvents type, None if nobody declared it."""
        return self._classes.get(type_)

    def all(self) -> dict[str, type[Message]]:
        """Every class by type."""
        return dict(self._classes)


registry = Registry()
JsonObject = dict[str, Any]
