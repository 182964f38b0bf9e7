import pytest

from infra.mail.templates import (
    RENDERED_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    BadTemplate,
    Rendered,
    Template,
    check,
    one_line,
    render,
)

LEAD = {
    "name": "Anna <Smith>",
    "first_name": None,
    "email": "anna@example.com",
    "answers": {"budget": "10k & more", "topics": ["a", "b"], "open": None},
}


def text(source: str, **context: object) -> str:
    return render(Template("s", source), {"lead": LEAD, **context}).text  # type: ignore[dict-item]


def test_subject_text_and_html_are_filled_in_and_only_html_is_escaped() -> None:
    template = Template("For {{ lead.name }}", "Hello {{ lead.name }}", "<p>Hello {{ lead.name }}</p>")
    assert render(template, {"lead": LEAD}) == Rendered(  # type: ignore[dict-item]
        "For Anna <Smith>", "Hello Anna <Smith>", "<p>Hello Anna &lt;Smith&gt;</p>"
    )


def test_a_template_without_html_has_none() -> None:
    assert render(Template("s", "t"), {}).html is None


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ("{{ lead.first_name }}", ""),
        ("{{ lead.first_name | default('there') }}", "there"),
        ("{{ lead.first_name or lead.name }}", "Anna <Smith>"),
        ("{{ lead.no.such.thing }}{{ nothing }}", ""),
        ("{% if grade is defined and grade %}{{ grade }}{% else %}none{% endif %}", "none"),
        ("{% for q, a in lead.answers.items() %}{{ q }}={{ a }};{% endfor %}", "budget=10k & more;topics=a, b;"),
        ("{% for q, a in (lead.missing or {}).items() %}x{% endfor %}", ""),
        ("{{ lead.answers.topics | join('/') }} {{ lead.name | join('/') }} {{ none | join }}", "a/b Anna <Smith> "),
        ("{{ lead.name | upper | truncate(7, true, leeway=0) }}", "ANNA..."),
        ("{{ 'a' ~ lead.email }} {{ lead.answers['budget'] }}", "aanna@example.com 10k & more"),
        ("{{ 'yes' if lead.answers.topics | length > 1 and not lead.phone else 'no' }}", "yes"),
    ],
)
def test_what_a_template_can_say(source: str, filled: str) -> None:
    assert text(source) == filled


@pytest.mark.parametrize(
    "source",
    [
        "{{ lead.__class__.__mro__ }}{{ lead.name.__class__() }}",
        "{{ lead.name.format(1) }}",
        "{{ lead.answers.update({'a': 1}) }}",
        "{{ range(10) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ 'aa' | replace('a', 'aa') }}",
        "{% set x = 'a' ~ 'a' %}",
        "{% for a in lead.name %}{% for b in lead.name %}{% endfor %}{% endfor %}",
        "{% for a in lead.answers recursive %}{{ loop(a) }}{% endfor %}",
        "{% macro a() %}{% endmacro %}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% import 'os' as os %}",
        "{{ unclosed",
        "{% nothing %}",
        "{{ lead | attr('x') }}",
        "{{ 1 is divisibleby 0 }}",
        "{{ lead.name.items() }}",
        "{{ lead.answers.items(1) }}",
    ],
)
def test_what_a_template_can_not_say(source: str) -> None:
    with pytest.raises(BadTemplate, match=r"^(text|line)"):
        text(source)


def test_a_source_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadTemplate, match="longer than"):
        text("a" * (SOURCE_CHARACTERS_MAX + 1))


def test_a_result_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadTemplate, match="when filled in"):
        text("{{ lead.name }}" * 4000, lead={"name": "x" * 10_000})


def test_what_a_lead_filled_in_is_cut_to_a_size_that_can_be_mailed() -> None:
    answers = {f"q{number}": "x" * 100_000 for number in range(1000)}
    filled = text("{% for q, a in lead.answers.items() %}{{ a | length }} {% endfor %}", lead={"answers": answers})
    assert filled.split() == ["10000"] * 200
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"x": deep, "l": [[[[[1]]]]]}
    assert len(text("{{ lead.answers }}", lead={"answers": deep})) < RENDERED_CHARACTERS_MAX


def test_half_characters_are_replaced() -> None:
    assert text("{{ lead.name }}", lead={"name": "a\ud800b"}) == "a?b"


def test_a_subject_is_one_short_line() -> None:
    filled = render(Template("Hi {{ lead.name }}", "t"), {"lead": {"name": "Anna\r\nBcc: victim@example.com" + "x" * 500}})
    assert filled.subject.startswith("Hi Anna Bcc: victim@example.comxxx")
    assert len(filled.subject) == 250


def test_control_characters_and_separators_are_spaces_in_one_line() -> None:
    assert one_line(" a\u2028b\x00c\x85d\u200be\tf ") == "a b c d e f"


def test_a_good_template_is_said_to_be_so_before_it_is_published() -> None:
    check(Template("{{ lead.name }}", "{% for q, a in lead.answers.items() %}{{ q }}{% endfor %}", "{{ owner.name }}"))
    with pytest.raises(BadTemplate, match="html: TemplateSyntaxError in line 2"):
        check(Template("s", "t", "\n{% if %}"))
