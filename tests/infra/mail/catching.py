"""A real SMTP server in this process that keeps what it was sent and answers as it is told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.mail.people import Contact


@dataclass
class Catcher:
    """`answers` maps a command (MAIL, RCPT, DATA) to the answers it gives next; an empty list means that all is well."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    on_data: Callable[[], Awaitable[None]] | None = None
    transports: list[Any] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in self.envelopes]  # type: ignore[misc, arg-type]

    @property
    def texts(self) -> list[str]:
        bodies = [message.get_body(("plain",)) for message in self.messages]
        return [body.get_content().strip() for body in bodies if isinstance(body, EmailMessage)]

    def _next(self, command: str) -> str | None:
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return self._next("MAIL") or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        answer = self._next("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._next("DATA")
        if answer is None:
            self.envelopes.append(envelope)
            self.sessions.append(session)
        if self.on_data is not None:
            await self.on_data()
        return answer or "250 OK"

    def hang_up(self) -> None:
        """Drop every connection, as a server does that is restarted."""
        for transport in self.transports:
            # Of a TLS connection that has ended, Python before 3.11.3 has nothing left to abort, and says so.
            with contextlib.suppress(AttributeError):
                transport.abort()


class _Server(SMTP):
    def __init__(self, catcher: Catcher) -> None:
        super().__init__(catcher, hostname="catcher.test", enable_SMTPUTF8=False)
        self._catcher = catcher

    def connection_made(self, transport: Any) -> None:
        self._catcher.transports.append(transport)
        super().connection_made(transport)


@asynccontextmanager
async def catching() -> AsyncIterator[Catcher]:
    catcher = Catcher()
    server = await asyncio.get_running_loop().create_server(lambda: _Server(catcher), "127.0.0.1", 0)
    catcher.port = server.sockets[0].getsockname()[1]
    try:
        yield catcher
    finally:
        catcher.hang_up()
        server.close()


@dataclass
class Directory:
    """People by hand."""

    leads: dict[str, Contact] = field(default_factory=dict)
    owners: dict[str, Contact] = field(default_factory=dict)

    async def lead(self, lead_id: str) -> Contact | None:
        return self.leads.get(lead_id)

    async def owner(self, person_id: str) -> Contact | None:
        return self.owners.get(person_id)
