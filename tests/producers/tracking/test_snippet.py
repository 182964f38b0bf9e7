"""GET /t.js, run by node in a page of a few lines: nothing without consent, and little with it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from producers.tracking.endpoint import SNIPPET
from producers.tracking.translate import VIEWS_MAX, Views
from schemas.activities import VISITOR_ID

PAGE = Path(__file__).with_name("page.js")
FILE = Path(__file__).parents[3] / "producers" / "tracking" / "t.js"
NODE = shutil.which("node")
KEY = "leadflow.visitor"
SECONDS_MAX = 30
pytestmark = pytest.mark.skipif(NODE is None, reason="node runs the snippet, and is not here")


def page(*steps: list[Any], **asked: Any) -> dict[str, Any]:
    """What is to be seen from outside after these steps."""
    given = json.dumps({"steps": steps, **asked})
    done = subprocess.run(
        [str(NODE), str(PAGE), str(FILE), given], capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def views(found: dict[str, Any]) -> list[str]:
    return [view["url"] for sent in found["beacons"] for view in sent["body"]["views"]]


def test_before_consent_nothing_is_stored_and_nothing_sent() -> None:
    found = page(["go", "/b"], ["wait"], ["leave"], ["submit", "https://leads.example/v1/intake/src_1"])
    assert (found["stored"], found["beacons"], found["fetches"], found["visitor"]) == ({}, [], [], None)
    assert found["forms"] == [[]]


@pytest.mark.parametrize("given", [False, None, "yes", 1])
def test_only_true_is_consent(given: Any) -> None:
    found = page(["consent", given], ["wait"])
    assert (found["stored"], found["beacons"], found["visitor"]) == ({}, [], None)


def test_with_consent_the_page_is_told_as_the_gateway_takes_it() -> None:
    found = page(["consent", True], ["wait"], referrer="https://search.example/?q=x")
    (sent,) = found["beacons"]
    assert sent["url"] == "https://leads.example/v1/track/src_1"
    seen = Views.model_validate(sent["body"])
    assert (seen.visitor, found["stored"]) == (found["visitor"], {KEY: found["visitor"]})
    assert VISITOR_ID.fullmatch(seen.visitor)
    (view,) = seen.views
    assert (view.url, view.title, view.referrer) == ("https://shop.example/a?mail=ada", "Prices", "https://search.example/?q=x")


def test_a_visitor_who_comes_back_is_the_same_but_is_not_told_of_before_consent() -> None:
    kept = {KEY: "a-visitor-of-before"}
    assert page(["wait"], stored=kept)["beacons"] == []
    found = page(["consent", True], ["wait"], stored=kept)
    assert found["beacons"][0]["body"]["visitor"] == "a-visitor-of-before"


def test_a_page_may_say_yes_before_the_snippet_is_there() -> None:
    assert len(page(["wait"], before={"given": True})["beacons"]) == 1
    assert page(["wait"], before={"given": False})["beacons"] == []


def test_withdrawing_forgets_the_visitor_and_what_was_not_sent_yet() -> None:
    found = page(["consent", True], ["consent", False], ["wait"], ["go", "/b"], ["wait"], ["leave"])
    assert (found["stored"], found["beacons"], found["visitor"]) == ({}, [], None)
    assert found["told"][-1] is None


def test_who_agrees_again_is_somebody_new() -> None:
    found = page(["consent", True], ["wait"], ["consent", False], ["consent", True], ["wait"])
    first, second = (sent["body"]["visitor"] for sent in found["beacons"])
    assert first != second


def test_pages_within_the_page_are_sent_together_each_once() -> None:
    found = page(["consent", True], ["go", "/b"], ["go", "/b"], ["go", "/b#part"], ["wait"])
    assert views(found) == ["https://shop.example/a?mail=ada", "https://shop.example/b"]
    assert len(found["beacons"]) == 1


def test_what_waits_is_sent_when_the_page_is_left() -> None:
    assert len(page(["consent", True], ["leave"])["beacons"]) == 1


def test_a_request_is_never_larger_than_the_gateway_takes() -> None:
    steps = [step for nth in range(50) for step in (["go", f"/{nth}"], ["wait"])]
    found = page(["consent", True], *steps)
    assert len(views(found)) == 51
    assert all(len(sent["body"]["views"]) <= VIEWS_MAX for sent in found["beacons"])


def test_where_beacons_are_refused_it_is_fetched_without_cookies() -> None:
    found = page(["consent", True], ["wait"], beaconsOff=True)
    (sent,) = found["fetches"]
    assert sent["credentials"] == "omit"


def test_without_storage_a_visitor_is_known_while_the_page_is_open() -> None:
    found = page(["consent", True], ["go", "/b"], ["wait"], storageOff=True)
    assert len(found["beacons"]) == 1
    assert found["visitor"] is not None


def test_forms_that_post_to_us_carry_the_visitor_and_others_do_not() -> None:
    ours, others = "https://leads.example/v1/intake/src_1", "https://forms.example/x"
    found = page(["consent", True], ["submit", ours], ["submit", others])
    assert [[field["name"], field["value"]] for field in found["forms"][0]] == [["lf_visitor", found["visitor"]]]
    assert found["forms"][1] == []


def test_a_field_that_waits_for_the_visitor_is_filled_and_emptied() -> None:
    forms = [{"inputs": [{"name": "lf_visitor", "value": ""}]}]
    found = page(["consent", True], forms=forms)
    assert found["inputs"][0]["value"] == found["visitor"]
    assert page(["consent", True], ["consent", False], forms=forms)["inputs"][0]["value"] == ""


def test_without_a_source_it_does_nothing() -> None:
    assert page(source="")["visitor"] is None


def test_it_is_small_and_is_what_is_served() -> None:
    assert FILE.read_text(encoding="utf-8") == SNIPPET
    assert len(SNIPPET.encode()) < 6_000
