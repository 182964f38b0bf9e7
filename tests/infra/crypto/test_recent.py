from infra.crypto.recent import Recent


def test_the_one_not_asked_for_longest_is_forgotten() -> None:
    recent: Recent[int | None] = Recent(2)
    recent.put("a", 1)
    recent.put("b", None)
    assert recent.get("a", -1) == 1
    recent.put("c", 3)
    assert [recent.get(name, -1) for name in "abc"] == [1, -1, 3]


def test_none_is_a_value_and_can_be_dropped() -> None:
    recent: Recent[int | None] = Recent(2)
    recent.put("a", None)
    assert recent.get("a", -1) is None
    recent.drop("a")
    recent.drop("a")
    assert recent.get("a", -1) == -1
