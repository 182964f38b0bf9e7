"""docs/topology.md and docs/topology.svg are those of the code."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.wiring.catalogue import topology
from infra.wiring.catalogue.layout import picture
from infra.wiring.catalogue.participants import participants
from schemas.topics import CATALOGUE
from tests.infra.wiring.catalogue.made import EVERYBODY, TOPICS


def shown(markdown: str) -> set[str]:
    """Participants that the kept page has."""
    return set(re.findall(r'^  n_\w+\["([^"]+)"\]:::', markdown, re.MULTILINE))


def test_the_picture_is_that_of_the_code() -> None:
    kept = {name: (topology.FOLDER / name).read_text(encoding="utf-8") for name in topology.generated()}
    gone = shown(kept["topology.md"]) - {participant.name for participant in participants()}
    if gone:
        # Whoever takes a consumer out touches no other file: the picture shows too much until it is made again.
        pytest.skip(f"the picture still shows {', '.join(sorted(gone))}; make it again with `{topology.COMMAND}`")
    stale = [name for name, text in topology.generated().items() if kept[name] != text]
    assert not stale, f"docs/{', docs/'.join(stale)} no longer show what the code does: run `{topology.COMMAND}` and commit them"


def test_the_svg_is_well_formed_and_needs_nothing_from_elsewhere() -> None:
    text = topology.svg(picture(EVERYBODY, TOPICS))
    ET.fromstring(text)
    assert "href" not in text
    assert "<style" not in text
    assert "<script" not in text


def test_the_svg_names_everybody_and_every_topic() -> None:
    text = topology.svg(picture(participants(), tuple(CATALOGUE.values())))
    for name in [*(participant.name for participant in participants()), *CATALOGUE]:
        assert f">{name}<" in text


def test_texts_in_the_svg_are_escaped() -> None:
    odd = replace(EVERYBODY[0], name="a<b", says="1 < 2 & 3")
    ET.fromstring(topology.svg(picture((odd, *EVERYBODY[1:]), TOPICS)))


def test_mermaid_draws_every_edge() -> None:
    lines = topology.mermaid(EVERYBODY)
    assert lines[0] == "flowchart LR"
    assert "  n_postbox --> n_mail_in" in lines
    assert "  n_mail_in --> n_clerk" in lines
    assert "  n_nag --> n_mail_in" in lines


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    assert topology.main(tmp_path) == 0
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert topology.main(tmp_path) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first == topology.generated()
