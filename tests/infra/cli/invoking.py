"""The command line as somebody would call it, in a thread of its own: a system may run beside it in the test's loop."""

import asyncio
import re
from collections.abc import Mapping

from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.settings import Settings, environment_of

WIDE = {"COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb"}


async def leadflow(settings: Settings | Mapping[str, str], *arguments: str) -> Result:
    """Run `leadflow ARGUMENTS` with these settings, or with these variables."""
    variables = environment_of(settings) if isinstance(settings, Settings) else dict(settings)
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={**WIDE, **variables})


def failed(result: Result, code: int) -> str:
    """The one sentence of a command that failed with `code`: no trace, nothing on stdout."""
    assert result.exit_code == code, result.output + repr(result.exception)
    assert "Traceback" not in result.output
    sentence = re.sub(r"\s+", " ", result.stderr).strip()
    assert sentence.startswith("leadflow: "), sentence
    return sentence.removeprefix("leadflow: ")


def done(result: Result) -> str:
    """What a command that went well printed."""
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout
