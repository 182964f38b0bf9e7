"""What Prometheus sees of the gateway. Labels are route templates and status classes, never a path, an id or a name."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter("leadflow_http_requests_total", "Requests answered", ("method", "route", "status"))
SECONDS: Final = Histogram(
    "leadflow_http_request_seconds",
    "Time to the first byte of the answer",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
LIVE_CLIENTS: Final = Gauge("leadflow_live_clients", "Clients on /v1/stream")
INTAKE: Final = Counter("leadflow_intake_requests_total", "Requests to intake by what became of them", ("verdict",))
INTAKE_BYTES: Final = Counter("leadflow_intake_bytes_total", "Bytes of accepted bodies")
