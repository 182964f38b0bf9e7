import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from pydantic import ValidationError

from producers.forms.pages import HIDDEN_MAX, STYLE, FormField, FormSettings, form_page, page, policy

FORM = FormSettings()


class Reading(HTMLParser):
    """What a page holds: tags with their attributes, and each label's text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_field_has_a_label_of_its_own() -> None:
    fields = tuple(
        FormField(name=f"f{at}", label=f"F{at}", type=kind) for at, kind in enumerate(("text", "textarea", "checkbox"))
    )
    select = FormField(name="size", label="Size", type="select", options=("1-10", "11-50"), required=True)
    reading = Reading(form_page(FormSettings(fields=(*fields, select)), "/x", {}))
    labelled = {label["for"] for label in reading.all("label")}
    shown = [one for tag in ("input", "textarea", "select") for one in reading.all(tag) if one.get("type") != "hidden"]
    assert {one["id"] for one in shown} == labelled
    assert [one["name"] for one in reading.all("select")] == ["size"]
    assert "required" in reading.all("select")[0]
    assert len(reading.all("option")) == 3


def test_the_ordinary_form_asks_for_who_somebody_is() -> None:
    reading = Reading(form_page(FORM, "/v1/intake/src_1", {}))
    names = [one["name"] for tag in ("input", "textarea") for one in reading.all(tag)]
    assert {"name", "email", "company", "phone", "message", "consent", "_gotcha"} == set(names)
    assert reading.all("form") == [{"method": "post", "action": "/v1/intake/src_1", "accept-charset": "utf-8"}]


def test_the_trap_is_out_of_sight_of_everybody_but_robots() -> None:
    html = form_page(FORM, "/x", {})
    trap = next(one for one in Reading(html).all("input") if one["name"] == "_gotcha")
    assert (trap["tabindex"], trap["autocomplete"]) == ("-1", "off")
    assert '<div class="away" aria-hidden="true">' in html


def test_nothing_comes_from_anybody_else_and_no_script_runs() -> None:
    html = form_page(FORM, "/x", {})
    assert not re.search(r"https?://|<script|<img|<link| on\w+=| style=", html)
    [held] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(held.encode()).digest()).decode() in policy(())
    assert held == STYLE


def test_whatever_is_told_is_text_and_never_markup() -> None:
    evil = '"><script>alert(1)</script>'
    settings = FormSettings(title=evil, intro=evil, button=evil, consent=evil, fields=(FormField(name="a", label=evil),))
    html = form_page(settings, f"/x{evil}", {evil: evil}) + page(evil, evil)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_hidden_values_are_bounded_and_never_stand_in_for_a_question() -> None:
    hidden = {"email": "mallory@example.com", "utm_source": "x" * 2_000} | {f"utm_{at}": "y" for at in range(100)}
    inputs = [one for one in Reading(form_page(FORM, "/x", hidden)).all("input") if one.get("type") == "hidden"]
    assert len(inputs) == HIDDEN_MAX + 1  # and the consent's
    assert "email" not in {one["name"] for one in inputs}
    assert max(len(one["value"] or "") for one in inputs) == 500


def test_frames_stand_where_they_may() -> None:
    assert "frame-ancestors 'self' https://a.example" in policy(("'self'", "https://a.example"))
    assert "frame-ancestors 'none'" in policy(())
    assert policy(()).startswith("default-src 'none';")


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": [{"name": "consent", "label": "x"}]},
        {"fields": [{"name": "_gotcha", "label": "x"}]},
        {"fields": [{"name": "a b", "label": "x"}]},
        {"fields": [{"name": "a", "label": "x", "options": ["y"]}]},
        {"language": 'en"'},
        {"title": ""},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FormSettings.model_validate(wrong)
