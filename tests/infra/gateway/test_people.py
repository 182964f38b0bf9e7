from infra.auth.roles import User
from infra.documents.store import Version
from infra.gateway.people import merged


def document(kind: str, id_: str, **body: object) -> dict[str, Version]:
    return {id_: Version(kind, id_, 1, dict(body))}


def test_documents_win_over_accounts_and_the_first_team_is_shown() -> None:
    persons = document("person", "p1", name="Grace", email="grace@example.com") | document("person", "p3")
    teams = document("team", "sales", label="Sales", members=[{"person": "p1"}, {"person": "p2"}])
    teams |= document("team", "west", members=[{"person": "p1"}, {"person": "p3"}])
    accounts = [User("u1", "old@example.com", "Old", "rep", "p1"), User("u2", "ada@example.com", "Ada", "rep", "p2")]
    found = [(item.id, item.name, item.email, item.team) for item in merged(persons, teams, accounts)]
    assert found == [
        ("p2", "Ada", "ada@example.com", "Sales"),
        ("p1", "Grace", "grace@example.com", "Sales"),
        ("p3", "p3", "", "west"),
    ]
