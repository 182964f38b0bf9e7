"""No line crosses a box, and the flow runs downwards."""

import pytest

from infra.wiring.catalogue.layout import BAR_HEIGHT, BOX_HEIGHT, BOX_WIDTH, Picture, picture
from infra.wiring.catalogue.participants import participants
from schemas.topics import CATALOGUE
from tests.infra.wiring.catalogue.made import EVERYBODY, TOPICS

MADE = picture(EVERYBODY, TOPICS)
OURS = picture(participants(), tuple(CATALOGUE.values()))


def y_of(drawn: Picture, name: str) -> float:
    return {**{box.participant.name: box.y for box in drawn.boxes}, **{bar.topic.name: bar.y for bar in drawn.bars}}[name]


def test_the_flow_runs_downwards() -> None:
    order = ["postbox", "mail.in", "clerk", "mail.out", "nag"]
    ys = [y_of(MADE, name) for name in order]
    assert ys == sorted(ys)
    assert y_of(MADE, "nag") == y_of(MADE, "shelf")


def test_a_topic_that_nobody_uses_stands_where_the_catalogue_has_it() -> None:
    assert y_of(MADE, "mail.in") < y_of(MADE, "mail.spare") < y_of(MADE, "clerk")


def test_what_flows_back_goes_up() -> None:
    back = [arrow for arrow in MADE.arrows if arrow.writes and arrow.end < arrow.begin and arrow.types == ("letter.v1",)]
    assert len(back) == 1


def test_every_edge_is_drawn_with_what_travels_on_it() -> None:
    assert sorted((arrow.writes, arrow.types) for arrow in MADE.arrows) == [
        (False, ("answer.v1",)),
        (False, ("answer.v1",)),
        (False, ("letter.v1",)),
        (True, ("answer.v1",)),
        (True, ("answer.v1",)),
        (True, ("letter.v1",)),
        (True, ("letter.v1",)),
    ]


@pytest.mark.parametrize("drawn", [MADE, OURS], ids=["made", "ours"])
def test_no_line_crosses_a_box(drawn: Picture) -> None:
    for arrow in drawn.arrows:
        top, bottom = sorted((arrow.begin, arrow.end))
        for box in drawn.boxes:
            beside = not box.x < arrow.x < box.x + BOX_WIDTH
            assert beside or bottom <= box.y or top >= box.y + BOX_HEIGHT, (arrow, box.participant.name)


@pytest.mark.parametrize("drawn", [MADE, OURS], ids=["made", "ours"])
def test_no_box_lies_on_another_or_on_a_bar_and_all_are_inside(drawn: Picture) -> None:
    corners = [(box.x, box.y) for box in drawn.boxes]
    assert len(set(corners)) == len(corners)
    for box in drawn.boxes:
        assert 0 <= box.x <= drawn.width - BOX_WIDTH
        assert 0 <= box.y <= drawn.height - BOX_HEIGHT
        assert all(box.y + BOX_HEIGHT < bar.y or box.y > bar.y + BAR_HEIGHT for bar in drawn.bars)


@pytest.mark.parametrize("drawn", [MADE, OURS], ids=["made", "ours"])
def test_every_arrow_ends_at_a_box_and_a_bar(drawn: Picture) -> None:
    boxes = {y for box in drawn.boxes for y in (box.y, box.y + BOX_HEIGHT)}
    bars = {y for bar in drawn.bars for y in (bar.y, bar.y + BAR_HEIGHT)}
    for arrow in drawn.arrows:
        assert (arrow.begin in boxes and arrow.end in bars) if arrow.writes else (arrow.begin in bars and arrow.end in boxes)


def test_the_way_of_what_was_submitted_runs_straight_down() -> None:
    xs = {box.participant.name: box.x for box in OURS.boxes}
    assert xs["identity"] == xs["leads"] == min(xs.values())
