"""schemas/published: generated, and frozen."""

import json
from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest

from schemas import publishing, topics
from schemas.message import Frozen, Message


class Paid(Message):
    """An invoice was paid.

    Attributes:
        amount: in cents,
            never negative.
        lead: whose it is.
    """

    TYPE: ClassVar[str] = "invoice.paid.v1"
    TOPIC: ClassVar[topics.Topic] = topics.EVENTS
    PERSON: ClassVar[type[Frozen] | None] = Frozen

    amount: int
    currency: str = "EUR"


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    publishing.main(tmp_path)
    return tmp_path


def test_the_published_schemas_are_those_of_the_classes() -> None:
    published, wanted = publishing.published(), publishing.generated()
    objections = publishing.objections(published, wanted)
    assert not objections, "\n".join(objections)
    stale = sorted(name for name in wanted if published.get(name) != wanted[name])
    assert not stale, f"{', '.join(stale)}: new or grown; write them with `python -m schemas.publishing` and commit them"


def test_every_published_schema_is_json_schema_2020_12() -> None:
    for text in publishing.generated().values():
        schema = json.loads(text)
        assert schema["$schema"] == publishing.DIALECT
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_schema_says_where_its_type_goes_and_what_its_personal_part_is() -> None:
    schema = publishing.schema_of(Paid)
    assert schema["x-topic"] == "leads.events"
    assert schema["x-personal"] == "invoice.paid.v1.personal.json"
    assert schema["required"] == ["amount"]


def test_a_schema_says_of_fields_what_the_docstring_says() -> None:
    schema = publishing.schema_of(Paid)
    assert schema["description"] == "An invoice was paid."
    assert schema["properties"]["amount"] == {"type": "integer", "description": "in cents, never negative"}
    assert schema["properties"]["lead"]["description"] == "whose it is"


def test_what_a_command_inherits_is_described_too() -> None:
    schema = publishing.schema_of(publishing.messages()["change_status.v1"])
    assert "If-Match" in schema["properties"]["expected_version"]["description"]


def test_generating_again_changes_nothing(frozen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publishing.main(frozen) == 0
    assert "0 of them new or changed" in capsys.readouterr().out


def test_a_field_that_is_new_and_optional_is_written(frozen: Path) -> None:
    path = frozen / "lead.noted.v1.json"
    before = json.loads(path.read_text())
    smaller = {**before, "properties": {**before["properties"]}}
    del smaller["properties"]["personal"]
    path.write_text(json.dumps(smaller))
    assert publishing.main(frozen) == 0
    assert json.loads(path.read_text()) == before


def test_a_breaking_change_is_refused_and_says_what_to_do(frozen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = frozen / "lead.noted.v1.json"
    larger = json.loads(path.read_text())
    larger["properties"]["colour"] = {"type": "string"}
    path.write_text(json.dumps(larger))
    other = frozen / "lead.scored.v1.json"
    other.write_text("{}")
    assert publishing.main(frozen) == 1
    said = capsys.readouterr().err
    assert "colour: was removed" in said
    assert "`lead.noted.v2`" in said
    assert json.loads(path.read_text()) == larger, "nothing is written while anything is refused"


def test_a_type_that_is_gone_is_missed(frozen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (frozen / "lead.sung.v1.json").write_text(json.dumps(publishing.schema_of(Paid)))
    assert publishing.main(frozen) == 1
    assert "lead.sung.v1.json: its class is gone" in capsys.readouterr().err


def test_the_personal_part_is_frozen_too(frozen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = frozen / "lead.noted.v1.personal.json"
    path.write_text(path.read_text().replace('"text"', '"words"'))
    assert publishing.main(frozen) == 1
    assert "add a new class with TYPE `lead.noted.v2`" in capsys.readouterr().err
