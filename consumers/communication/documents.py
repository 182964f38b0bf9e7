"""Mail templates, and the texts that ship in code (version 0)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

import jinja2
from pydantic import Field, model_validator

from consumers.communication.texts import ACKNOWLEDGEMENT, ASSIGNMENT, CONFIRMATION
from infra.kafka.fold import Document, Documents

SUBJECT_CHARACTERS_MAX: Final = 500
BODY_CHARACTERS_MAX: Final = 65_536


_SYNTAX: Final = jinja2.Environment(autoescape=True)
"""Only parses: a mistake is found when publishing, not when sending. Rendering is infra.mail's."""


class Template(Document):
    """Jinja2 sources of one mail; the document's name says which: `acknowledgement`, `assignment` or `confirmation`.

    They are rendered when the mail is handed over, with lead (name, first_name, last_name, email, phone, company, answers, url),
    owner (name, email), company_name, score and grade; the confirmation also with confirm_url, which it has to show, wording
    and days, for which the link is good. Without subject and text it means the mail in code.
    """

    KIND: ClassVar[str] = "template"

    subject: Annotated[str, Field(max_length=SUBJECT_CHARACTERS_MAX)] = ""
    text: Annotated[str, Field(max_length=BODY_CHARACTERS_MAX)] = ""
    html: Annotated[str, Field(max_length=BODY_CHARACTERS_MAX)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Template":
        if not self.model_fields_set:
            return self  # version 0, asked for with every mail until a version is published
        if "\n" in self.subject or "\r" in self.subject:
            raise ValueError("subject: must be one line")
        if bool(self.subject.strip()) is not bool(self.text.strip()):
            raise ValueError("a template needs a subject and a text")
        for name, source in (("subject", self.subject), ("text", self.text), ("html", self.html)):
            try:
                _SYNTAX.parse(source or "")
            except jinja2.TemplateSyntaxError as wrong:
                raise ValueError(f"{name}: line {wrong.lineno}: {wrong.message}") from None
        return self


DEFAULTS: Final[Mapping[str, Template]] = MappingProxyType(
    {
        name: Template.model_validate(body)
        for name, body in (("acknowledgement", ACKNOWLEDGEMENT), ("assignment", ASSIGNMENT), ("confirmation", CONFIRMATION))
    }
)


def in_force(documents: Documents, name: str) -> tuple[Template, int]:
    """The template to use and its version; version 0 is the text in code."""
    template = documents.get(Template, name)
    return (template if template.subject.strip() else DEFAULTS[name]), documents.version(Template, name)
