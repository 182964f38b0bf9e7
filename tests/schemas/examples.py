"""schemas/examples as records of one partition: they tell one story, from a form that is sent to a person who is forgotten."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.kafka.ports import Record
from schemas.envelope import Envelope
from schemas.message import JsonObject, Message
from schemas.publishing import messages
from schemas.topics import Topic

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"
BEGIN = ("leads", "identity")
"""What these say comes before what others conclude from it, though both happened at the same time."""


@dataclass(frozen=True)
class Example:
    """One file: headers and body as they stand in the log, and what `body.personal` holds once it is opened."""

    topic: str
    name: str
    headers: dict[str, str]
    body: JsonObject
    personal: JsonObject | None

    @property
    def cls(self) -> type[Message]:
        return messages()[self.name]

    @property
    def message(self) -> Message:
        return self.cls.model_validate(self.body)

    @property
    def envelope(self) -> Envelope:
        return Envelope.read([(name, value.encode()) for name, value in self.headers.items()])

    def record(self, offset: int, message: Message | None = None) -> Record:
        """As Kafka would hand it over; `message` takes the place of its body."""
        message = message or self.message
        key = message.key()
        return Record(
            partition=0,
            offset=offset,
            recorded_ms=round(self.envelope.occurred_at.timestamp() * 1000) + 9,
            key=None if key is None else key.encode(),
            headers=[(name, value.encode()) for name, value in self.headers.items()],
            value=message.model_dump_json().encode(),
        )


def load(path: Path) -> Example:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    unknown = found.keys() - {"headers", "body", "personal"}
    assert not unknown, f"{path.name}: an example has headers, body and perhaps personal, not {sorted(unknown)}"
    return Example(path.parent.name, path.stem, found["headers"], found["body"], found.get("personal"))


def files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.is_file())


def story(topic: Topic) -> list[Example]:
    """A topic's examples in the order of what they tell."""
    found = [load(path) for path in files() if path.parent.name == topic.name]
    return sorted(found, key=_when)


def _when(example: Example) -> tuple[Any, ...]:
    envelope = example.envelope
    return envelope.occurred_at, envelope.source not in BEGIN, envelope.source, envelope.sequence or ()
