"""Every metric name in one place, with kind and meaning. Served at `/metrics` in Prometheus' text format."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from infra.kafka.partition import Partition, Status


class Meters:
    """Metrics of the runtime in one process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        labels = ("consumer", "partition")
        self._records = Counter(
            "leadflow_records_total", "Records moved past, by consumer and partition", labels, registry=self.registry
        )
        self._batch_seconds = Histogram(
            "leadflow_batch_seconds",
            "Seconds from polling a batch to its commit and its sending",
            ("consumer",),
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self.registry,
        )
        self._apart = Counter(
            "leadflow_rounds_apart_total",
            "Polls whose partitions had to be worked one by one, by consumer and what failed",
            ("consumer", "failure"),
            registry=self.registry,
        )
        self._position = Gauge("leadflow_position", "Next offset to be decided", labels, registry=self.registry)
        self._waiting = Gauge(
            "leadflow_partition_waiting",
            "1 while a partition waits on a record, a store or the log",
            labels,
            registry=self.registry,
        )
        self._owned = Gauge("leadflow_partition_owned", "1 while this process owns the partition", labels, registry=self.registry)
        self._age = Gauge(
            "leadflow_last_record_age_seconds",
            "Age of the last record decided, by the log's time",
            labels,
            registry=self.registry,
        )

    def worked(self, consumer: str, partition: int, records: int, seconds: float) -> None:
        """A batch was worked on."""
        if records > 0:
            self._records.labels(consumer, partition).inc(records)
        self._batch_seconds.labels(consumer).observe(seconds)

    def failed_together(self, consumer: str, failure: str) -> None:
        """What a poll brought could not be committed together."""
        self._apart.labels(consumer, failure).inc()

    def stands(self, consumer: str, number: int, partition: Partition) -> None:
        """Where a partition stands now."""
        self._position.labels(consumer, number).set(partition.position)
        self._waiting.labels(consumer, number).set(0 if partition.waiting_reason is None else 1)
        self._owned.labels(consumer, number).set(1 if partition.status is Status.OWNED else 0)
        if partition.clock_ms:
            self._age.labels(consumer, number).set(max(0.0, time.time() - partition.clock_ms / 1000))

    def gone(self, consumer: str, number: int) -> None:
        """Another process has the partition now: what we last knew of it must not be summed with what that one says."""
        for gauge in (self._position, self._waiting, self._owned, self._age):
            gauge.remove_by_labels({"consumer": consumer, "partition": str(number)})
