"""A planned mail -> its template filled in -> MAIL, RCPT -> (marked as handed over) -> DATA.

Everything up to RCPT is done before the mark, so only the moments between DATA and the server's answer can end as unknown.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from aiosmtplib import SMTP, SMTPDataError
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from infra.crypto.keyring import Keyring
from infra.effects.model import Claimed, TryAgain, Undeliverable
from infra.mail.confirming import GOOD_DAYS, Asked, Confirmations
from infra.mail.connections import Connections, refusal
from infra.mail.message import BadAddress, Mailbox, compose, message_id
from infra.mail.people import Contact, People
from infra.mail.templates import BadTemplate, Template, render
from infra.settings import Mail

CONNECTIONS_MAX: Final = 4


class Confirm(BaseModel):
    """What the mail asks its reader to confirm, on the page of which form."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source_id: str
    agreement: str
    wording: str


class MailPayload(BaseModel):
    """What `communication` writes into a mail effect: template sources, and nothing personal."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    template: str
    template_version: int
    to: Literal["lead", "owner"]
    message_id: str
    owner: str | None = None
    score: int | None = None
    grade: str | None = None
    subject: str
    text: str
    html: str | None = None
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """MAIL and RCPT were accepted; DATA is left."""

    client: SMTP
    content: bytes
    message_id: str
    recipients: Sequence[str]

    async def perform(self) -> None:
        try:
            await self.client.data(self.content)
        except SMTPDataError as answer:
            raise refusal(answer) from answer


class SmtpPerformer:
    """Performs `mail` effects. One per process; close it when the worker has stopped."""

    def __init__(
        self,
        mail: Mail,
        people: People,
        keyring: Keyring,
        *,
        public_url: str,
        company_name: str,
        connections: int = CONNECTIONS_MAX,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises BadAddress if LEADFLOW_MAIL__SENDER or LEADFLOW_MAIL__REDIRECT_TO can't be used."""
        self._sender = Mailbox.parse(mail.sender)
        self._redirect = None if mail.redirect_to is None else Mailbox.parse(mail.redirect_to)
        self._people = people
        self._keyring = keyring
        self._public_url = public_url.rstrip("/")
        self._confirmations = Confirmations(keyring, public_url)
        self._company_name = company_name
        self._connections = Connections(mail, connections)
        self._now = now
        self._timeout_seconds = mail.timeout_seconds

    @property
    def deadline_seconds(self) -> float:
        """DATA waits for two answers."""
        return 2 * self._timeout_seconds + 1

    def prepare(self, effect: Claimed) -> AbstractAsyncContextManager[_Ready]:
        """Look the recipient up, fill the template in, and open the SMTP transaction."""
        return self._prepare(effect)

    async def reconcile(self, effect: UUID, message_id: str | None) -> bool | None:  # noqa: ARG002 - the port's names
        """SMTP has no way to ask whether a Message-ID arrived."""
        return None

    async def close(self) -> None:
        """Say goodbye to the server."""
        await self._connections.close()

    @asynccontextmanager
    async def _prepare(self, effect: Claimed) -> AsyncIterator[_Ready]:
        try:
            payload = MailPayload.model_validate(effect.payload)
        except ValidationError as wrong:
            raise Undeliverable(f"not the payload of a mail: {wrong.error_count()} fields are wrong") from wrong
        to, context = await self._recipient(effect, payload)
        try:
            mailbox = Mailbox.of(to.email or "", to.name)
            rendered = render(Template(payload.subject, payload.text, payload.html), context)
        except BadAddress as impossible:
            raise Undeliverable(str(impossible)) from impossible
        except BadTemplate as broken:
            raise Undeliverable(f"template {payload.template} version {payload.template_version}: {broken}") from broken
        link = context.get("confirm_url")
        if isinstance(link, str) and link not in rendered.text:
            raise Undeliverable(f"template {payload.template} version {payload.template_version}: text: no {{{{ confirm_url }}}}")
        target = self._redirect or mailbox
        content = compose(
            effect=effect.id,
            sender=self._sender,
            to=target,
            rendered=rendered,
            at=self._now(),
            redirected=self._redirect is not None,
        )
        async with self._connections.transaction(self._sender.address, target.address) as client:
            yield _Ready(
                client=client,
                content=content,
                message_id=message_id(effect.id, self._sender),
                recipients=[self._keyring.hash("email", to.email or "")],
            )

    async def _recipient(self, effect: Claimed, payload: MailPayload) -> tuple[Contact, dict[str, JsonValue]]:
        lead = await self._people.lead(effect.lead)
        if lead is None:
            raise TryAgain("the lead is not in the read model yet")
        owner = None if payload.owner is None else await self._people.owner(payload.owner)
        to = lead if payload.to == "lead" else owner
        if to is None:
            raise TryAgain("the owner is not published yet")
        if to.email is None:
            raise Undeliverable(f"the {payload.to} has no e-mail address")
        return to, {
            "lead": {
                **_shown(lead),
                "url": f"{self._public_url}/leads/{lead.id}",
                "score": payload.score,
                "grade": payload.grade,
            },
            "owner": None if owner is None else _shown(owner),
            "score": payload.score,
            "grade": payload.grade,
            "company_name": self._company_name,
            **self._asked(effect.lead, payload.confirm),
        }

    def _asked(self, lead: str, confirm: Confirm | None) -> dict[str, JsonValue]:
        """The link is made when the mail is sent: no list holds one that works."""
        if confirm is None:
            return {}
        asked = Asked(lead, confirm.agreement, confirm.wording)
        link = self._confirmations.link(asked, confirm.source_id, self._now().timestamp())
        return {"confirm_url": link, "wording": confirm.wording, "days": GOOD_DAYS}


def _shown(contact: Contact) -> dict[str, JsonValue]:
    return {
        "id": contact.id,
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "phone": contact.phone,
        "company": contact.company,
        "answers": dict(contact.answers),
    }
