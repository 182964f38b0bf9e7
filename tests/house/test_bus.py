"""Topics, messages and consumers keep to the house's rules."""

import re

import pytest

from infra.wiring.catalogue.participants import NOT_IN_USE, carried, participants, readers, topic_writers, writers
from schemas.message import Message
from schemas.publishing import messages
from schemas.topics import CATALOGUE, Topic
from tests.house.files import ROOT

TOPICS = list(CATALOGUE.values())
FOLDERS = {path.name for path in (ROOT / "consumers").iterdir() if (path / "__init__.py").is_file()}


def named(value: object) -> str:
    return value.name if isinstance(value, Topic) else str(value)


def said_writers(cls: type[Message]) -> set[str]:
    """Consumers that a message's docstring names as its writer: "By `routing`." """
    return {name.partition(".")[0] for name in re.findall(r"\bBy `([\w.]+)`", cls.__doc__ or "")}


def orphaned(cls: type[Message]) -> bool:
    """Its writer was taken out, which is allowed; the type stays, because its records do."""
    said = said_writers(cls)
    return bool(said) and not said & FOLDERS


@pytest.mark.parametrize("topic", TOPICS, ids=named)
def test_topic_names_have_no_underscore(topic: Topic) -> None:
    assert "_" not in topic.name, "Kafka's metrics can't tell a.b from a_b"
    assert re.fullmatch(r"[a-z]+(\.[a-z]+)+", topic.name), f"{topic.name}: lower-case words with dots between"


@pytest.mark.parametrize("topic", TOPICS, ids=named)
def test_every_topic_is_written_and_read(topic: Topic) -> None:
    if topic.name in NOT_IN_USE or (carried(topic) and all(orphaned(cls) for cls in carried(topic))):
        pytest.skip(NOT_IN_USE.get(topic.name, "its writer was taken out"))
    assert topic_writers(topic), f"nobody writes to {topic.name}: remove it, or say why it is there in NOT_IN_USE"
    assert readers(topic), f"nobody reads {topic.name}: remove it, or say why it is there in NOT_IN_USE"


@pytest.mark.parametrize("name", NOT_IN_USE)
def test_a_topic_said_to_be_unused_is_unused(name: str) -> None:
    topic = CATALOGUE[name]
    assert not topic_writers(topic), f"{name} is in use: take it out of NOT_IN_USE"
    assert not readers(topic), f"{name} is in use: take it out of NOT_IN_USE"


@pytest.mark.parametrize("type_", messages())
def test_every_type_has_a_writer(type_: str) -> None:
    cls = messages()[type_]
    if not orphaned(cls) and type_ != "clock.ticked.v1":
        assert writers(cls), f"{type_} is published by nobody: remove it, or write it"


@pytest.mark.parametrize("type_", messages())
def test_a_fact_is_written_by_whom_its_docstring_names(type_: str) -> None:
    cls = messages()[type_]
    said = said_writers(cls) & FOLDERS
    actual = {participant.name.partition(".")[0] for participant in writers(cls)}
    if said:
        assert said == actual, f"{type_} says that it is by {sorted(said)}, and {sorted(actual)} write it"


@pytest.mark.parametrize(
    "type_", [type_ for type_, cls in messages().items() if cls.TOPIC.name in ("leads.events", "leads.routing")]
)
def test_each_kind_of_fact_has_one_writer(type_: str) -> None:
    assert len(writers(messages()[type_])) <= 1, "two writers of one fact have two opinions"


def test_nobody_handles_a_type_that_they_write() -> None:
    for participant in participants():
        both = {cls.TYPE for cls in participant.takes} & {cls.TYPE for cls in participant.writes}
        assert not both, f"{participant.name} handles {sorted(both)}, which it writes: its state changed when it decided"


def test_types_are_named_in_the_past_for_facts_and_with_their_version() -> None:
    for type_, cls in messages().items():
        pattern = r"[a-z]+_[a-z]+\.v\d+" if cls.TOPIC.name == "leads.commands" else r"[a-z]+\.[a-z_]+\.v\d+"
        assert re.fullmatch(pattern, type_), f"{type_}: commands are verb_noun.v1, facts are noun.happened.v1"
