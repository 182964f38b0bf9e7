"""The simulated company and its visitors."""

import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest

from infra.demo import forms, world
from infra.demo.company import REPS, USERS, documents
from infra.demo.simulator import DemoSubmission, moment, simulate, trickle
from infra.demo.visitors import company, draw, phone, slug, visitor
from infra.mail import templates
from infra.wiring.discovery import document_kinds
from producers.forms.adapters import translate
from producers.forms.payload import check
from producers.forms.submission import ParsedSubmission

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def history() -> list[DemoSubmission]:
    return list(simulate(7, 180, 120, 500, NOW))


def parsed(submission: DemoSubmission) -> ParsedSubmission:
    return translate(submission.vendor, check(submission.body, submission.content_type), {})


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(history: list[DemoSubmission]) -> None:
    assert list(simulate(7, 180, 120, 500, NOW)) == history
    assert not {item.event_id for item in simulate(8, 180, 120, 50, NOW)} & {item.event_id for item in history}


def test_another_moment_changes_times_and_nothing_about_people(history: list[DemoSubmission]) -> None:
    later = list(simulate(7, 180, 120, 500, NOW + timedelta(days=3, hours=5)))
    first = {item.event_id: (item.email, item.form) for item in history if item.kind != "repeat"}
    assert {item.event_id: (item.email, item.form) for item in later if item.kind != "repeat"} == first


def test_half_a_year_in_order_up_to_now(history: list[DemoSubmission]) -> None:
    times = [item.submitted_at for item in history]
    assert times == sorted(times)
    assert NOW - timedelta(days=182) < times[0] < NOW - timedelta(days=150)
    assert NOW - timedelta(days=2) < times[-1] < NOW


def test_five_hundred_people_some_of_whom_come_back_and_some_noise(history: list[DemoSubmission]) -> None:
    kinds = Counter(item.kind for item in history)
    assert kinds["lead"] == len({item.email for item in history if item.kind == "lead"}) == 500
    assert 50 < kinds["repeat"] < 200
    assert kinds["test"] > 0
    assert kinds["spam"] > kinds["test"]
    assert len({item.event_id for item in history}) == len(history)


def test_working_days_are_busier_than_weekends(history: list[DemoSubmission]) -> None:
    days = Counter(item.submitted_at.weekday() for item in history)
    assert days[5] + days[6] < days[1]


def test_the_intake_reads_what_the_forms_send(history: list[DemoSubmission]) -> None:
    for item in history:
        found = parsed(item)
        assert found.vendor_event_id == item.event_id
        assert found.email == item.email
        assert found.kind == {"lead": "lead", "repeat": "lead", "test": "test_lead", "spam": "spam"}[item.kind]
        assert found.submitted_at == item.submitted_at.replace(microsecond=0)
        assert found.form_name in ("Request a demo", "Contact", "Webinar: customs without paper", "Newsletter")


def test_each_form_tells_what_it_asks_for() -> None:
    who = visitor(7, 1, 120)
    while who.phone is None or who.company is None or who.consent is None or not who.campaign:
        who = visitor(7, int(who.email.split("@")[0].rpartition(".")[2]) + 1, 120)
    told = {}
    for form in forms.VENDORS:
        body = forms.fill_in(form, who, "ID1", NOW)
        told[form] = translate(forms.VENDORS[form], check(body.content, body.content_type), {})
    for form in ("demo", "contact"):
        assert told[form].phone is not None
        assert told[form].company == who.company.name
        assert told[form].name == who.name or (told[form].first_name, told[form].last_name) == (who.first_name, who.last_name)
    for form, found in told.items():
        assert found.consent is who.consent, form
        assert {name: found.campaign[name] for name in who.campaign} == who.campaign, form
    assert told["demo"].answers["How many people work in your team?"] == who.company.team_size
    assert set(told["demo"].answers) - {"Anything we should know?"} <= set(forms.OPEN_ANSWERS)
    assert set(told["webinar"].answers) <= set(forms.OPEN_ANSWERS)
    assert set(told["contact"].answers) == {"department", "message"}
    assert told["newsletter"].answers == {}


def test_every_address_stands_under_a_reserved_name(history: list[DemoSubmission]) -> None:
    addresses = {item.email for item in history} | {
        document.body["email"] for document in documents() if document.kind == "person"
    }
    assert all(re.fullmatch(r"[a-z0-9.-]+@[a-z0-9.-]+\.example", address) for address in addresses)


def test_every_number_is_of_a_range_kept_for_fiction() -> None:
    fiction = re.compile(r"\+1 212 555 01|\+44 20 7946 0|\+49 30 23125 |\+33 1 99 00 |\+46 8 465 004 |\+353 20 91|\+61 2 5550 ")
    chance = draw("numbers")
    for country in world.COUNTRIES:
        number = phone(country, chance)
        if number is not None:
            assert fiction.match(number)
            assert phonenumbers.region_code_for_number(phonenumbers.parse(number)) == country.code
    assert phone(next(country for country in world.COUNTRIES if country.code == "NL"), chance) is None


def test_colleagues_share_a_company_and_companies_differ() -> None:
    domains = Counter(who.company.domain for number in range(500) if (who := visitor(7, number, 120)).company is not None)
    assert max(domains.values()) > 5
    assert len(domains) > 80
    assert len({company(7, number).domain for number in range(400)}) == 400
    assert len({company(7, number).name for number in range(len(world.FIRM_NAMES))}) == len(world.FIRM_NAMES)


def test_refusals_private_addresses_and_silence_about_consent_are_there() -> None:
    people = [visitor(7, number, 120) for number in range(300)]
    assert {who.consent for who in people} == {True, False, None}
    assert any(who.company is None and who.email.endswith(world.PRIVATE_MAIL) for who in people)
    assert {who.country.code for who in people} == {country.code for country in world.COUNTRIES}


def test_follow_ups_make_a_pipeline(history: list[DemoSubmission]) -> None:
    followed = [item for item in history if item.follow_up is not None]
    assert all(item.kind == "lead" for item in followed)
    last = Counter(item.follow_up.statuses[-1] if item.follow_up.statuses else "new" for item in followed if item.follow_up)
    assert last.keys() == {"new", "contacted", "qualified", "won", "lost"}
    assert last["contacted"] > last["won"] > 10
    assert {item.follow_up.owner for item in followed if item.follow_up} == set(REPS)
    assert any(item.follow_up.notes for item in followed if item.follow_up)


def test_a_visitor_is_never_from_the_future_wherever_they_are() -> None:
    just_after_midnight = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    for country in world.COUNTRIES:
        for number in range(50):
            assert moment(draw("m", number), country, 1, just_after_midnight) < just_after_midnight


def test_a_small_world_is_still_one() -> None:
    assert [item.kind for item in simulate(1, 1, 0, 1, NOW)].count("lead") == 1
    assert list(simulate(1, 10, 10, 0, NOW)) == []


def test_the_trickle_goes_on_with_pauses_and_returning_visitors() -> None:
    arrivals = list(itertools.islice(trickle(3), 200))
    assert arrivals == list(itertools.islice(trickle(3), 200))
    assert all(6 <= arrival.wait_seconds <= 20 for arrival in arrivals)
    assert {arrival.kind for arrival in arrivals} == {"lead", "repeat"}
    submissions = [arrival.submission(NOW) for arrival in arrivals]
    assert len({item.event_id for item in submissions}) == 200
    assert all(parsed(item).email == item.email for item in submissions)
    emails = [item.email for item in submissions]
    assert all(item.email in emails[:nth] for nth, item in enumerate(submissions) if item.kind == "repeat" and nth > 150)


@pytest.mark.parametrize(
    ("text", "simple"),
    [("Łukasz Dąbrowski", "lukasz.dabrowski"), ("O'Brien", "obrien"), ("van den Berg", "van.den.berg"), ("Größl", "grossl")],
)
def test_names_become_addresses(text: str, simple: str) -> None:
    assert slug(text) == simple


def test_what_is_published_can_be_read_by_the_consumers_that_are_there() -> None:
    kinds = document_kinds()
    for document in documents():
        if document.kind in kinds:
            kinds[document.kind].model_validate(document.body)


def test_what_is_published_hangs_together() -> None:
    published = {(document.kind, document.name): document.body for document in documents()}
    people = {name for kind, name in published if kind == "person"}
    teams = {name: body for (kind, name), body in published.items() if kind == "team"}
    assert len(people) == 6
    assert set(REPS) < people
    assert {member["person"] for team in teams.values() for member in team["members"]} == people
    routing = published["routing_rules", "default"]
    assert {routing["team"], *(rule["team"] for rule in routing["rules"])} == set(teams)
    mail = published["template", "acknowledgement"]
    templates.check(templates.Template(mail["subject"], mail["text"], mail["html"]))
    order = [document.kind for document in documents()]
    assert order == sorted(order, key=["person", "team", "routing_rules", "scoring_rules", "template"].index)


def test_one_of_each_role_can_log_in_and_the_rep_is_one_of_the_people() -> None:
    assert sorted(user.role for user in USERS) == ["admin", "analyst", "manager", "rep"]
    assert all(user.email.endswith("@quayline.example") for user in USERS)
    assert [user.person for user in USERS if user.role == "rep"] == [REPS[0]]
