"""The personal part of messages, and what may be said of a person without being personal."""

import hashlib
from datetime import datetime
from typing import Literal

from schemas.message import Frozen, Json

Answers = dict[str, Json]
SubmissionKind = Literal["lead", "test", "spam", "reference", "event"]
"""A `reference` only names somebody: the details follow as a submission of their own. An `event` is news of a message or of
another system. Neither is somebody's wish, so neither makes a lead."""


class Person(Frozen):
    """Who someone is, as far as they said so. None where unknown, never invented.

    `email` and `phone` are as sent; `phone_e164` is there only where it is unambiguous.
    """

    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    answers: Answers = {}
    page_url: str | None = None
    custom: dict[str, Json] = {}


class SubmittedPerson(Person):
    """A person as a submission brought them, with the request's body as it came (text, or base64 if not UTF-8)."""

    raw: str = ""
    raw_content_type: str = ""


class Note(Frozen):
    """A note's text; people write names into it."""

    text: str


class Task(Frozen):
    """What is to be done, in somebody's words; people write names into it."""

    title: str


class Source(Frozen):
    """Where a submission came from.

    Attributes:
        vendor: form tool, `api` for a create through the API, `csv` for an import.
        source_id: our source; `api` where there is none.
    """

    vendor: str
    source_id: str
    form_id: str | None = None
    form_name: str | None = None


Identifying = Literal["email", "phone"]
"""What a lead can be told by: an address certainly, a number where no address speaks against it."""


class Blocked(Frozen):
    """An identifier that its owner, who was forgotten, does not want to be known by again: an HMAC.

    `alone`: it tells the person also beside an address that is not blocked, since they were never known by any address.
    """

    kind: Identifying
    hash: str
    alone: bool = True


class Traits(Frozen):
    """What deciders may know: no person can be told from it.

    Attributes:
        email_hash: HMAC of the lower-cased address, hex; the gate's and the suppression's key.
        mail_domain: lower case.
        free_mail: the domain belongs to a mail provider, not to a company.
        phone_country: ISO 3166 alpha-2 from the number.
        company: name of the firm.
        answers: those that the source's mapping marks as not personal, and choices out of a list.
        filled: names of the personal fields that are known (`phone`, `name`, ...).
    """

    email_hash: str | None = None
    phone_hash: str | None = None
    mail_domain: str | None = None
    free_mail: bool = False
    phone_country: str | None = None
    company: str | None = None
    answers: Answers = {}
    filled: tuple[str, ...] = ()


class Agreement(Frozen):
    """What somebody ticked in a form that asks for the same again by mail, so that it is sure who they are.

    Attributes:
        overall: to be contacted at all.
        purposes: beside it, sorted.
        wording: what stood beside the box.
    """

    overall: bool = False
    purposes: tuple[str, ...] = ()
    wording: str = ""

    @property
    def id(self) -> str:
        """The same for the same words and purposes."""
        said = "\x1f".join((str(int(self.overall)), *self.purposes, "", self.wording))
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


class Consent(Frozen):
    """Permission for one purpose, given or refused at a time."""

    purpose: str
    given: bool
    at: datetime
