"""A process from its settings to its end, on its own loop."""

import os
import signal
from collections.abc import Iterator

import orjson
import pytest
import structlog

from infra.settings import Settings
from infra.wiring import host, processes


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_process_logs_its_name_and_ends_with_sigterm(capsys: pytest.CaptureFixture[str]) -> None:
    given: list[Settings] = []

    async def main(settings: Settings) -> None:
        given.append(settings)
        stop = host.stop_event()
        structlog.get_logger("here").info("ready")
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    processes.run(Settings(), "consume", main)
    assert given == [Settings()]
    line = orjson.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["event"], line["process"]) == ("ready", "consume")


def test_what_ends_a_process_is_not_swallowed() -> None:
    async def main(_: Settings) -> None:
        raise host.UnknownName("there is no consumer named x")

    with pytest.raises(host.UnknownName):
        processes.run(Settings(), "consume", main)
