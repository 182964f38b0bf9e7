"""Structured logs on stdout: JSON for machines, or lines for people."""

import logging
import sys

import structlog

from infra.settings import Telemetry


def configure(settings: Telemetry, process: str) -> None:
    """Once a process, before anything logs."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    renderer = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
        if settings.log_format == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")
    # aiokafka says at WARNING what it retries by itself; the runtime reports what matters.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
