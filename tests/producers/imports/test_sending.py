"""How the worker goes about it, without servers."""

from producers.imports.sending import BATCH_ROWS_MAX, BATCH_ROWS_MIN, BATCH_SECONDS, Pace


def test_batches_grow_as_long_as_they_are_taken_in_time_and_shrink_at_once() -> None:
    pace = Pace()
    assert pace.rows == BATCH_ROWS_MIN
    for _ in range(40):
        pace.took(BATCH_SECONDS / 2)
    assert pace.rows == BATCH_ROWS_MAX
    pace.took(BATCH_SECONDS * 2)
    assert pace.rows == BATCH_ROWS_MAX // 2
    for _ in range(10):
        pace.took(BATCH_SECONDS * 2)
    assert pace.rows == BATCH_ROWS_MIN
