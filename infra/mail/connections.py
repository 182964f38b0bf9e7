"""A few SMTP connections, kept open and reused; one SMTP transaction at a time on each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException

from infra.effects.model import TryAgain, Undeliverable
from infra.settings import Mail
from infra.tls.contexts import context_of

PERMANENT_FROM = 500


def refusal(answer: SMTPResponseException) -> TryAgain | Undeliverable:
    """What a server's answer means: 5xx is for ever, everything else for now. Its text is left out: it quotes addresses."""
    detail = f"the mail server answered {answer.code}"
    return Undeliverable(detail) if answer.code >= PERMANENT_FROM else TryAgain(detail)


def make_client(mail: Mail) -> SMTP:
    """A client that `connect` brings to the server, logged in where settings say so. Raises BadSettings."""
    return SMTP(
        hostname=mail.host,
        port=mail.port,
        timeout=mail.timeout_seconds,
        use_tls=mail.tls == "implicit",
        start_tls={"offered": None, "starttls": True, "implicit": False}[mail.tls],
        tls_context=None if mail.tls == "offered" else context_of(mail, "MAIL"),
        username=mail.username,
        password=None if mail.password is None else mail.password.get_secret_value(),
    )


class Connections:
    """At most `size` connections to one server."""

    def __init__(self, mail: Mail, size: int) -> None:
        self._mail = mail
        self._room = asyncio.Semaphore(size)
        self._idle: list[SMTP] = []

    @asynccontextmanager
    async def transaction(self, sender: str, recipient: str) -> AsyncIterator[SMTP]:
        """A connection on which MAIL and RCPT were accepted. Raises TryAgain, Undeliverable.

        Leaving it without DATA resets; leaving it with an error closes the connection, since its state is unknown.
        """
        async with self._room:
            client = await self._open(sender, recipient)
            try:
                yield client
            except BaseException:
                client.close()
                raise
            await self._keep(client)

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            client = self._idle.pop()
            with suppress(SMTPException, OSError):
                await client.quit()

    async def _open(self, sender: str, recipient: str) -> SMTP:
        """On a kept connection, or on a new one if the server has dropped those meanwhile."""
        while self._idle:
            with suppress(TryAgain):
                return await self._address(self._idle.pop(), sender, recipient)
        return await self._address(make_client(self._mail), sender, recipient)

    async def _address(self, client: SMTP, sender: str, recipient: str) -> SMTP:
        """The connection, with MAIL and RCPT accepted; closed where they were not."""
        try:
            if not client.is_connected:
                await client.connect()
            await client.mail(sender)
            await client.rcpt(recipient)
        except SMTPRecipientRefused as answer:
            client.close()
            raise refusal(answer) from answer
        except SMTPResponseException as answer:  # about us, not about the recipient: some setting is to be mended
            client.close()
            raise TryAgain(f"the mail server answered {answer.code}") from answer
        except (SMTPException, OSError) as away:
            client.close()
            raise TryAgain(f"the mail server can't be reached: {type(away).__name__}") from away
        except BaseException:
            client.close()
            raise
        return client

    async def _keep(self, client: SMTP) -> None:
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()
        else:
            self._idle.append(client)
