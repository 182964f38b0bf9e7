"""Every type has an example that is what a reader would find in the log."""

import json
from pathlib import Path

import jsonschema
import pytest

from infra.crypto.seal import key_id
from schemas import publishing
from schemas.message import Sealed
from schemas.publishing import messages
from schemas.topics import CATALOGUE, PARTITIONS_LAPTOP, partition
from tests.schemas import examples
from tests.schemas.examples import FOLDER, load

EVERY = [load(path) for path in examples.files()]
IDS = [example.name for example in EVERY]


@pytest.mark.parametrize("type_", messages())
def test_every_type_has_an_example(type_: str) -> None:
    path = FOLDER / messages()[type_].TOPIC.name / f"{type_}.json"
    assert path.is_file(), (
        f"{type_} has no example: write what it looks like in the log to schemas/examples/{path.parent.name}/{path.name}"
    )


@pytest.mark.parametrize("path", examples.files(), ids=lambda path: path.name)
def test_no_example_is_of_a_type_or_topic_that_does_not_exist(path: Path) -> None:
    assert path.suffix == ".json"
    assert path.stem in messages(), f"{path.name}: nobody declares this type; remove the example"
    assert path.parent.name == messages()[path.stem].TOPIC.name, f"{path.name} goes to {messages()[path.stem].TOPIC.name}"
    assert path.parent.parent == FOLDER


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_an_example_validates_against_the_published_schema(example: examples.Example) -> None:
    schema = publishing.schema_of(example.cls)
    jsonschema.validate(example.body, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_an_example_comes_back_from_its_class_as_it_was(example: examples.Example) -> None:
    again = json.loads(example.message.model_dump_json())
    assert again == example.body, "write every field, also those that are null: this is what a producer publishes"


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_an_examples_headers_are_cloudevents_of_its_type(example: examples.Example) -> None:
    assert example.headers["ce_type"] == example.name
    again = {name: value.decode() for name, value in example.envelope.headers()}
    assert again == example.headers
    assert example.envelope.subject == example.body["lead"] or example.envelope.subject is None


@pytest.mark.parametrize("example", EVERY, ids=IDS)
def test_what_is_personal_is_sealed_and_shown_beside_it(example: examples.Example) -> None:
    person = example.cls.PERSON
    if person is None:
        assert example.body["personal"] is None
        assert example.personal is None
        return
    assert key_id(example.message.personal or Sealed("")) in {"lead", "intake-2026-03-02"}
    schema = publishing.schema_of_person(example.name, person)
    jsonschema.validate(example.personal, schema, cls=jsonschema.Draft202012Validator)
    opened = person.model_validate(example.personal)
    assert json.loads(opened.model_dump_json(exclude_defaults=True)) == example.personal
    for value in (example.personal or {}).values():
        assert str(value) not in json.dumps(example.body), f"{value} stands in the open"


def test_all_examples_stand_in_one_partition_so_that_they_tell_one_story() -> None:
    for example in EVERY:
        key = example.message.key()
        count = CATALOGUE[example.topic].partitions(PARTITIONS_LAPTOP)
        if key is not None and example.topic != "leads.submissions":
            assert partition(key, count) == 0
