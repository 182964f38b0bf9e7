"""Logs as another process would write them."""

import subprocess
import sys

import orjson
import pytest
import structlog

from infra.observability import logs
from infra.settings import Telemetry

PROGRAM = """
import logging, structlog
from infra.observability import logs
from infra.settings import Telemetry
logs.configure(Telemetry(log_level={level!r}, log_format={format!r}), "consume")
log = structlog.get_logger("x")
log.debug("too fine")
log.info("ready", running=["leads"])
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
logging.getLogger("aiokafka.consumer").warning("retried by itself")
logging.getLogger("other").warning("worth a line")
"""


def lines(level: str = "info", format_: str = "json") -> list[str]:
    program = PROGRAM.format(level=level, format=format_)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def test_each_line_is_json_with_time_level_and_process() -> None:
    ready, broken, other = lines()
    first = orjson.loads(ready)
    assert (first["event"], first["level"], first["process"], first["running"]) == ("ready", "info", "consume", ["leads"])
    assert first["timestamp"].endswith("Z")
    assert "ZeroDivisionError" in orjson.loads(broken)["exception"]
    assert other == "WARNING other worth a line"


@pytest.mark.parametrize(("level", "events"), [("debug", 3), ("info", 2), ("error", 1), ("nonsense", 2)])
def test_the_level_decides_what_is_written(level: str, events: int) -> None:
    assert len([line for line in lines(level) if line.startswith("{")]) == events


def test_people_get_lines_without_colours_where_there_is_no_terminal() -> None:
    text = "\n".join(lines(format_="console"))
    assert "ready" in text
    assert "\x1b" not in text


def test_a_process_can_be_told_to_write_less(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        logs.configure(Telemetry(log_level="warning"), "work")
        structlog.get_logger("x").info("unsaid")
        structlog.get_logger("x").warning("said")
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    (line,) = capsys.readouterr().out.splitlines()
    assert (orjson.loads(line)["event"], orjson.loads(line)["process"]) == ("said", "work")
