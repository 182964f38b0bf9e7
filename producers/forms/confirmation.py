"""Double opt-in: what is ticked in a form counts only once the owner of the address has confirmed it by mail. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from producers.forms.pages import FormSettings
from producers.forms.submission import ParsedSubmission

TERMS: Final = "terms"
"""Accepting terms allows nothing, so there is nothing to confirm."""


class Told(NamedTuple):
    """What is published of somebody's consents: those that count, and an Agreement of those that wait."""

    consent: bool | None
    consents: dict[str, bool]
    unconfirmed: dict[str, Any] | None


def told(parsed: ParsedSubmission, wording: str | None, email: str | None) -> Told:
    """A refusal counts at once. `wording` None: the source asks nobody to confirm. Without an address nobody can be asked."""
    if wording is None:
        return Told(parsed.consent, parsed.consents, None)
    waiting = sorted(purpose for purpose, given in parsed.consents.items() if given and purpose != TERMS)
    counting = {purpose: given for purpose, given in parsed.consents.items() if purpose not in waiting}
    overall = parsed.consent is True
    consent = None if overall else parsed.consent
    if email is None or not (overall or waiting):
        return Told(consent, counting, None)
    return Told(consent, counting, {"overall": overall, "purposes": waiting, "wording": wording})


def wording_of(form: Mapping[str, Any] | None) -> str:
    """What stands beside the box; empty where the form has none."""
    return FormSettings.model_validate(dict(form or {})).consent


def impossible(form: Mapping[str, Any] | None, *, signed: bool, quiet: bool) -> str | None:
    """Why a source can't have what was ticked confirmed; None where it can."""
    if signed:
        return "needs a hosted form, and a source whose sender signs has none"
    if quiet:
        return "sends a mail, and a quiet source writes to nobody"
    settings = FormSettings.model_validate(dict(form or {}))
    if not settings.consent:
        return "needs the words that are agreed to: form.consent"
    if not any(field.type == "email" for field in settings.fields):
        return "needs a field for the address: one of form.fields of the type email"
    return None
