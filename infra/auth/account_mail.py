"""Mail about an account: a link that lets its owner set a password.

Whoever asks is answered before anything is looked up, so that neither the answer nor its time tells which accounts there are.
What is asked waits in a short queue of this process; a mail that a crash or a server that is away swallows is asked for again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import uuid4

import asyncpg
import structlog
from aiosmtplib import SMTPDataError

from infra.audit.store import SYSTEM, Entry, write
from infra.auth import resets, users
from infra.auth.roles import User
from infra.effects.model import TryAgain
from infra.mail.connections import Connections, refusal
from infra.mail.message import Mailbox, compose
from infra.mail.templates import Rendered, one_line
from infra.settings import Mail

WAITING_MAX: Final = 200
AT_ONCE_MAX: Final = 4
"""So that one mailbox that is slow or says `later` holds up no other."""
PAUSES_SECONDS: Final = (1.0, 5.0, 30.0)
DRAIN_SECONDS_MAX: Final = 5.0
_LIFETIMES: Final = {"reset": resets.RESET_LIFETIME, "invitation": resets.INVITATION_LIFETIME}
log = structlog.get_logger("account_mail")

Reason = Literal["reset", "invitation"]


class TooManyWaiting(Exception):
    """More mails are waiting than we let wait."""


@dataclass(frozen=True, slots=True)
class _Asked:
    email: str
    reason: Reason


class AccountMail:
    """`async with` sends what is asked."""

    def __init__(self, pool: asyncpg.Pool, mail: Mail, *, public_url: str, pauses: Sequence[float] = PAUSES_SECONDS) -> None:
        """Raises BadAddress if LEADFLOW_MAIL__SENDER or LEADFLOW_MAIL__REDIRECT_TO can't be used."""
        self._pool = pool
        self._sender = Mailbox.parse(mail.sender)
        self._redirect = None if mail.redirect_to is None else Mailbox.parse(mail.redirect_to)
        self._company = mail.company_name
        self._public_url = public_url.rstrip("/")
        self._connections = Connections(mail, AT_ONCE_MAX)
        self._pauses = tuple(pauses)
        self._waiting: asyncio.Queue[_Asked] = asyncio.Queue(WAITING_MAX)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "AccountMail":
        self._tasks = [asyncio.create_task(self._repeat()) for _ in range(AT_ONCE_MAX)]
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await self._waiting.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connections.close()

    def ask(self, email: str, reason: Reason) -> None:
        """Send a link to this address if there is an account. Looks nothing up, and never waits. Raises TooManyWaiting."""
        try:
            self._waiting.put_nowait(_Asked(email, reason))
        except asyncio.QueueFull:
            raise TooManyWaiting from None

    async def _repeat(self) -> None:
        while True:
            asked = await self._waiting.get()
            try:
                await self._answer(asked)
            except Exception as failed:  # one mail is lost and said; those after it are not
                log.warning("account mail failed", reason=asked.reason, error=type(failed).__name__)
            finally:
                self._waiting.task_done()

    async def _answer(self, asked: _Asked) -> None:
        account = await users.by_email(self._pool, asked.email)
        if account is None or account.disabled:
            return
        token = await resets.make(self._pool, account.user.id, _LIFETIMES[asked.reason])
        if token is None:
            log.info("account mail left out", reason=asked.reason, user=account.user.id)
            return
        await self._send(account.user, asked.reason, token)
        await write(self._pool, Entry(SYSTEM, f"send_{asked.reason}_mail", f"users/{account.user.id}"))

    async def _send(self, user: User, reason: Reason, token: str) -> None:
        """Tried again only as long as nothing was handed over."""
        to = self._redirect or Mailbox.of(user.email, user.name)
        content = compose(
            effect=uuid4(),
            sender=self._sender,
            to=to,
            rendered=_rendered(reason, user, self._company, f"{self._public_url}/reset#token={token}"),
            at=datetime.now(UTC),
            redirected=self._redirect is not None,
        )
        for pause in (*self._pauses, None):
            try:
                await self._hand_over(to, content)
            except TryAgain:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _hand_over(self, to: Mailbox, content: bytes) -> None:
        async with self._connections.transaction(self._sender.address, to.address) as client:
            try:
                await client.data(content)
            except SMTPDataError as answer:
                raise refusal(answer) from answer


def _rendered(reason: Reason, user: User, company: str, link: str) -> Rendered:
    greeting = f"Hello {one_line(user.name)}," if user.name.strip() else "Hello,"
    if reason == "invitation":
        subject = f"Your account at {company}"
        why = f"an account was made for you. Choose a password within {_spoken(resets.INVITATION_LIFETIME)}:"
        otherwise = "Afterwards you can have a new link sent from the sign-in page."
    else:
        subject = f"A new password for {company}"
        why = f"somebody, hopefully you, asked for a new password. Choose it within {_spoken(resets.RESET_LIFETIME)}:"
        otherwise = "If it wasn't you, there is nothing to do: your password stays as it is."
    return Rendered(subject=subject, text=f"{greeting}\n\n{why}\n\n{link}\n\n{otherwise}\n", html=None)


def _spoken(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"
