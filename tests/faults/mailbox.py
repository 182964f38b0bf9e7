"""A mail server for the kill test: `python -m tests.faults.mailbox PORT FILE`. Keeps one line a mail, however many come.

Answers take a moment, before the mail is kept or after it, so that a worker that is killed while handing over leaves both kinds
behind: mails that arrived and mails that did not.
"""

import asyncio
import json
import sys
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

PAUSE_SECONDS = 0.01


class Mailbox:
    """aiosmtpd's handler."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1, encoding="utf-8")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """250 once the line is written."""
        await asyncio.sleep(PAUSE_SECONDS)
        headers = message_from_bytes(envelope.original_content or b"")
        line = {"to": [str(to) for to in envelope.rcpt_tos], "id": headers["Message-ID"], "subject": headers["Subject"]}
        self._file.write(json.dumps(line) + "\n")
        await asyncio.sleep(PAUSE_SECONDS)
        return "250 2.0.0 kept"


async def serve(port: int, path: Path) -> None:
    """Until killed."""
    box = Mailbox(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", port)
    print('"ready"', flush=True)  # noqa: T201 - what the test waits for
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
