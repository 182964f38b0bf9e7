import pytest

from infra.crypto.tickets import TICKET_CHARACTERS_MAX, BadTicket, ExpiredTicket, Tickets

SECRET, OTHER = b"s" * 32, b"o" * 32
PLACE, NOW = "src_1", 1_000.0


def tickets(secret: bytes = SECRET) -> Tickets:
    return Tickets("confirmation", secret)


def test_a_ticket_says_what_it_was_given_until_its_time_is_over() -> None:
    ticket = tickets().issue(["lead-1", "", "Zoë agrees"], PLACE, NOW + 60)
    assert tickets().read(ticket, PLACE, NOW + 59) == ["lead-1", "", "Zoë agrees"]
    with pytest.raises(ExpiredTicket):
        tickets().read(ticket, PLACE, NOW + 60)


def test_a_ticket_shows_nothing_and_no_two_are_alike() -> None:
    first, second = (tickets().issue(["lead-1"], PLACE, NOW) for _ in range(2))
    assert first != second
    assert "lead" not in first
    assert first.replace("-", "").replace("_", "").isalnum()


def test_a_ticket_is_good_for_its_place_and_its_key_alone() -> None:
    ticket = tickets().issue(["lead-1"], PLACE, NOW + 60)
    for reader, place in ((tickets(), "src_2"), (tickets(OTHER), PLACE)):
        with pytest.raises(BadTicket):
            reader.read(ticket, place, NOW)


def test_what_was_changed_or_made_up_is_no_ticket() -> None:
    ticket = tickets().issue(["lead-1"], PLACE, NOW + 60)
    middle = len(ticket) // 2
    changed = ticket[:middle] + ("A" if ticket[middle] != "A" else "B") + ticket[middle + 1 :]
    for made_up in ("", "A", "AAAA", "zoë", "a b", changed, ticket[:-4], "A" * (TICKET_CHARACTERS_MAX + 1)):
        with pytest.raises(BadTicket):
            tickets().read(made_up, PLACE, NOW)
