"""Who is one of several, and who is only named beside somebody."""

from typing import Any

import pytest

from producers.forms.reading.several import several

ANN: dict[str, Any] = {"name": "Ann Lee", "email": "ann@example.com"}
BOB: dict[str, Any] = {"name": "Bob Ray", "email": "bob@example.org"}
CEM: dict[str, Any] = {"email": "cem@example.org"}


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "registrations", "registrations": [ANN, BOB]},
        {"event": "registrations", "id": "e1", "webinar": {"name": "Spring Launch"}, "data": {"registrants": [ANN, BOB, CEM]}},
        {"event": {"title": "Demo", "host": {"name": "Rep One", "email": "rep@example.org"}}, "attendees": [ANN, BOB]},
        {"organizer_email": "rep@example.org", "Teilnehmer": [{"contact": ANN}, {"contact": BOB}]},
        {"name": "Contact form", "list": [{"fields": [{"name": key, "value": one[key]} for key in one]} for one in (ANN, BOB)]},
        {
            "total": 2,
            "items": [{"answers": [{"type": "email", "email": one["email"], "field": {"id": "f1"}}]} for one in (ANN, CEM)],
        },
        {"account": "Acme", "contacts": [{"name": one["name"], "emails": [{"email": one["email"]}]} for one in (ANN, BOB)]},
        {"leads": [ANN, BOB], "products": [{"name": "Blue Shirt"}, {"name": "Red Hat"}]},
    ],
)
def test_people_who_came_for_themselves_are_several(payload: Any) -> None:
    found = several(payload, {})
    assert found is not None
    assert len(found) in (2, 3)
    assert all(one.around == found[0].around for one in found)
    assert len({one.told_apart for one in found}) == len(found)


def test_each_is_read_with_what_stands_around() -> None:
    found = several({"event": "registrations", "registrations": [ANN, BOB]}, {})
    assert found is not None
    assert [one.payload for one in found] == [{"event": "registrations", "registrations": [one]} for one in (ANN, BOB)]


@pytest.mark.parametrize(
    "payload",
    [
        {"email": "eve@example.com", "people": [ANN, BOB]},
        {"customer": {"name": "Eve Fox", "email": "eve@example.com"}, "line_items": [ANN, BOB]},
        {"first_name": "Eve", "last_name": "Fox", "people": [ANN, BOB]},
        {"name": "Eve Fox", "people": [ANN, BOB]},
        {"phone": "+442079460123", "people": [ANN, BOB]},
        {"contact": {"name": "Eve", "channels": [{"email": "ann@example.com"}, CEM]}},
        {"people": [{"manager_email": "ann@example.com"}, CEM]},
        *({key: [ANN, BOB]} for key in ("references", "colleagues", "guests", "cc", "Notfallkontakte", "messages", "emails")),
        {"emergency": {"contacts": "none", "friends": [ANN, BOB]}},
        {"attendees": [ANN | {"organizer": True}, BOB]},
        {"people": [ANN | {"is_primary": True}, BOB]},
        {"participants": [ANN, BOB | {"role": "agent"}]},
        {"people": [ANN, ANN]},
        {"people": [ANN, {"name": "Bob Ray"}]},
        {"people": [ANN]},
        {"people": [ANN, BOB], "others": [CEM, {"email": "dan@example.org"}]},
        {"thread": [{"from": ANN}, {"from": BOB}]},
        {"entries": [{"from": ANN}, {"from": BOB}]},
        {"fields": [{"label": "E-mail", "value": "ann@example.com"}, {"label": "Friend's e-mail", "value": "bob@example.org"}]},
        {"people": [ANN, BOB], "page": "x" * 20_000},
        {"people": [{"email": f"a{n}@example.com"} for n in range(2_001)]},
        {"a": {"b": {"c": {"d": {"people": [ANN, BOB]}}}}},
        "text",
    ],
)
def test_where_it_may_be_one_it_is_one(payload: Any) -> None:
    assert several(payload, {}) is None


@pytest.mark.parametrize(
    ("mapping", "many"),
    [
        ({"email": "people[0].email"}, True),
        ({"answers.event": "event"}, True),
        ({"email": "nowhere"}, True),
        ({"email": "people[1].email"}, False),
    ],
)
def test_a_mapping_that_names_another_than_the_first_means_one(mapping: dict[str, str], many: bool) -> None:
    assert (several({"event": "x", "people": [ANN, BOB]}, mapping) is not None) is many
