"""The mail catcher (mail_catcher.py) as a server among the others."""

import asyncio
import sys
from typing import Final

from infra.local.addresses import MAIL, Addresses
from infra.local.ports import HOST
from infra.local.processes import Command, python_path
from infra.local.server import LocalServer

PAGE_PORT: Final = "mail.page"


class MailCatcher(LocalServer):
    """SMTP in, a page out."""

    name = MAIL
    port_names = (MAIL, PAGE_PORT)
    stop_seconds_max = 5.0

    async def prepare(self) -> None:
        """Make the folder."""
        self.dir.mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        """See LocalServer."""
        ports = self.context.ports
        argv = [sys.executable, "-m", "infra.local.mail_catcher", "--dir", str(self.dir / "messages")]
        argv += ["--smtp-port", str(ports[MAIL]), "--page-port", str(ports[PAGE_PORT])]
        environment = {"PYTHONPATH": python_path(), "PYTHONDONTWRITEBYTECODE": "1"}
        return Command(argv, self.dir, self.log_path, self.stop_signal, environment=environment)

    async def is_ready(self) -> bool:
        """The SMTP banner, and the page's port open."""
        reader, writer = await asyncio.open_connection(HOST, self.context.ports[MAIL])
        try:
            banner = await reader.readline()
            writer.write(b"QUIT\r\n")
            await writer.drain()
        finally:
            writer.close()
        _, page_writer = await asyncio.open_connection(HOST, self.context.ports[PAGE_PORT])
        page_writer.close()
        return banner.startswith(b"220 ")

    def address(self) -> Addresses:
        """See LocalServer."""
        ports = self.context.ports
        return Addresses(smtp_host=HOST, smtp_port=ports[MAIL], mail_url=f"http://{HOST}:{ports[PAGE_PORT]}/")
