import time
from types import SimpleNamespace
from typing import Any

from prometheus_client import generate_latest

from infra.kafka.partition import Status
from infra.observability.metrics import Meters


def shown(meters: Meters) -> dict[str, float]:
    """Every sample by its line's name and labels."""
    lines = generate_latest(meters.registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def partition(**changes: Any) -> Any:
    known = {"position": 7, "waiting_reason": None, "status": Status.OWNED, "clock_ms": round(time.time() * 1000) - 5000}
    return SimpleNamespace(**{**known, **changes})


LABELS = '{consumer="leads",partition="3"}'


def test_records_are_counted_by_consumer_and_partition_and_batches_timed() -> None:
    meters = Meters()
    meters.worked("leads", 3, 10, 0.02)
    meters.worked("leads", 3, 5, 0.02)
    meters.worked("leads", 3, 0, 0.02)
    meters.worked("leads", 3, -4, 0.02)  # taken anew: the position went back
    found = shown(meters)
    assert found[f"leadflow_records_total{LABELS}"] == 15
    assert found['leadflow_batch_seconds_count{consumer="leads"}'] == 4


def test_where_a_partition_stands_is_shown() -> None:
    meters = Meters()
    meters.stands("leads", 3, partition())
    found = shown(meters)
    assert found[f"leadflow_position{LABELS}"] == 7
    assert found[f"leadflow_partition_owned{LABELS}"] == 1
    assert found[f"leadflow_partition_waiting{LABELS}"] == 0
    assert 4 < found[f"leadflow_last_record_age_seconds{LABELS}"] < 60


def test_a_partition_that_waits_or_was_lost_says_so() -> None:
    meters = Meters()
    meters.stands("leads", 3, partition(waiting_reason="no key", status=Status.FENCED))
    found = shown(meters)
    assert (found[f"leadflow_partition_owned{LABELS}"], found[f"leadflow_partition_waiting{LABELS}"]) == (0, 1)


def test_a_partition_without_a_record_has_no_age() -> None:
    meters = Meters()
    meters.stands("leads", 3, partition(clock_ms=0))
    assert not [name for name in shown(meters) if name.startswith("leadflow_last_record_age_seconds{")]


def test_what_another_process_has_now_is_shown_by_it_alone() -> None:
    meters = Meters()
    for number in (3, 4):
        meters.stands("leads", number, partition())
    meters.worked("leads", 3, 10, 0.1)
    meters.gone("leads", 3)
    found = shown(meters)
    assert not [name for name in found if 'partition="3"' in name and not name.startswith("leadflow_records")]
    assert found[f"leadflow_records_total{LABELS}"] == 10, "a counter goes on"
    assert found['leadflow_position{consumer="leads",partition="4"}'] == 7


def test_a_partition_may_go_before_it_was_ever_shown() -> None:
    Meters().gone("leads", 3)
