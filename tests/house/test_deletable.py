"""Each consumer stands alone: deleting its folder and its tests leaves every other check green."""

import pytest

from tests.house import deletable


@pytest.mark.long
@pytest.mark.parametrize("consumer", deletable.consumers())
def test_a_consumer_can_be_taken_out(consumer: str) -> None:
    failed = {check: said for check, _, said in deletable.failures(consumer) if said is not None}
    assert not failed, f"without {consumer}: " + "\n".join(f"{check} fails:\n{said}" for check, said in failed.items())
