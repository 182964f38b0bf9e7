from datetime import UTC, datetime

from infra.gateway.ids import SubmissionIds

NOW_MS = 1_795_000_000_123
ids = SubmissionIds(b"one secret")


def test_an_id_of_ours_says_when_it_was_made() -> None:
    known = ids.read(ids.mint(NOW_MS))
    assert known is not None
    assert known.received_at == datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert not known.ignored


def test_an_id_may_say_that_it_asks_for_nothing() -> None:
    for _ in range(20):
        known = ids.read(ids.mint(NOW_MS, ignored=True))
        assert known is not None
        assert known.ignored
        taken = ids.read(ids.mint(NOW_MS))
        assert taken is not None
        assert not taken.ignored


def test_ids_are_uuids_that_sort_by_time_and_never_meet() -> None:
    import uuid

    first, later = ids.mint(NOW_MS), ids.mint(NOW_MS + 1)
    assert first < later
    assert uuid.UUID(first).version == 7
    assert len({ids.mint(NOW_MS) for _ in range(1000)}) == 1000


def test_a_derived_id_is_the_same_for_the_same_seed() -> None:
    assert ids.derived("a") == ids.derived("a") != ids.derived("b")
    known = ids.read(ids.derived("a"))
    assert known is not None
    assert known.received_at is None


def test_ids_of_others_are_not_ours() -> None:
    import uuid

    other = SubmissionIds(b"other secret")
    assert ids.read(other.mint(NOW_MS)) is None
    assert ids.read(str(uuid.uuid4())) is None
    assert ids.read("nonsense") is None
    assert ids.read(ids.mint(NOW_MS).upper()) is None
    mine = ids.mint(NOW_MS)
    assert ids.read(("1" if mine[0] == "0" else "0") + mine[1:]) is None
