"""Every example through every fold of its topic, and twice has the effect of once. Folds are found, not listed."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.kafka.fold import Fold
from infra.kafka.folding import FoldStep
from infra.kafka.ports import Destination, Outgoing, Record
from infra.wiring import discovery
from schemas.events import RefoldRequested
from schemas.topics import CATALOGUE
from tests.schemas import examples
from tests.schemas.examples import Example
from tests.schemas.memory import Consuming

pytestmark = pytest.mark.asyncio

FOLDS = discovery.folds()
EACH = [(fold, example) for fold in FOLDS for example in examples.story(fold.reads)]


def named(value: Any) -> str:
    return value.name if isinstance(value, Fold | Example) else str(value)


def told(story: Sequence[Example], times: int) -> list[Record]:
    """The story, then all of it again, as a sender would that never saw an acknowledgement."""
    return [example.record(offset) for offset, example in enumerate([*story] * times)]


def published(consuming: Consuming) -> dict[Destination, list[Outgoing]]:
    return consuming.log.sent


@pytest.mark.parametrize(("fold", "example"), EACH, ids=named)
async def test_a_fold_takes_every_example_of_its_topic_and_twice_is_once(fold: Fold[Any], example: Example) -> None:
    once, twice = Consuming(FoldStep(fold)), Consuming(FoldStep(fold))
    await once.feed(told([example], 1))
    await twice.feed(told([example], 2))
    assert once.store.dead == []
    assert twice.tables() == once.tables()
    assert published(twice) == published(once)


@pytest.mark.parametrize("records_per_commit", [1, 3, 1000])
@pytest.mark.parametrize("fold", FOLDS, ids=named)
async def test_the_whole_story_told_twice_is_the_story_told_once(fold: Fold[Any], records_per_commit: int) -> None:
    story = [example for example in examples.story(fold.reads) if example.name != RefoldRequested.TYPE]
    once, twice = (Consuming(FoldStep(fold), records_per_commit=records_per_commit) for _ in range(2))
    await once.feed(told(story, 1))
    await twice.feed(told(story, 2))
    assert once.store.dead == []
    assert twice.tables() == once.tables()
    assert published(twice) == published(once)


@pytest.mark.parametrize("fold", FOLDS, ids=named)
async def test_where_commits_end_makes_no_difference(fold: Fold[Any]) -> None:
    story = told(examples.story(fold.reads), 1)
    at_once, one_by_one = Consuming(FoldStep(fold)), Consuming(FoldStep(fold), records_per_commit=1)
    await at_once.feed(story)
    await one_by_one.feed(story)
    assert one_by_one.tables() == at_once.tables()
    assert published(one_by_one) == published(at_once)


@pytest.mark.parametrize("fold", FOLDS, ids=named)
async def test_records_that_are_read_again_are_not_decided_again(fold: Fold[Any]) -> None:
    story = told(examples.story(fold.reads), 1)
    once, again = Consuming(FoldStep(fold)), Consuming(FoldStep(fold))
    await once.feed(story)
    await again.feed(story)
    await again.feed(story)
    assert again.tables() == once.tables()
    assert published(again) == published(once)


@pytest.mark.parametrize("fold", FOLDS, ids=named)
async def test_a_refold_leaves_the_state_as_it_was(fold: Fold[Any]) -> None:
    story = [example for example in examples.story(fold.reads) if example.name != RefoldRequested.TYPE]
    asked = [example for example in examples.story(fold.reads) if example.name == RefoldRequested.TYPE]
    without, refolded = Consuming(FoldStep(fold)), Consuming(FoldStep(fold))
    await without.feed(told(story, 1))
    await refolded.feed(told([*story, *asked, *asked], 1))
    assert refolded.tables() == without.tables()


@pytest.mark.parametrize("fold", FOLDS, ids=named)
async def test_what_a_fold_says_of_the_examples_it_also_says_in_the_examples(fold: Fold[Any]) -> None:
    """The story's topics fit each other: a fold's outputs are of types, and go to topics, that have examples."""
    consuming = Consuming(FoldStep(fold))
    await consuming.feed(told(examples.story(fold.reads), 1))
    assert published(consuming), f"{fold.name} says nothing to any example of {fold.reads.name}: the story lacks what it is for"
    for destination, records in published(consuming).items():
        known = {example.name for example in examples.story(CATALOGUE[destination.topic])}
        assert {dict(record.headers)["ce_type"].decode() for record in records} <= known
