"""The hosted form and what follows it, as plain HTML: no script, no picture, nothing from anybody else. Pure."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from infra.gateway.values import storable

HIDDEN_MAX: Final = 40
HIDDEN_CHARACTERS_MAX: Final = 500
TRAP: Final = "_gotcha"
CONSENT: Final = "consent"

_Short = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
_Long = Annotated[str, Field(max_length=2_000), AfterValidator(storable)]


class FormField(BaseModel):
    """One question. `name` is what it is sent as; a `select` needs options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    label: _Short
    type: Literal["text", "email", "tel", "url", "number", "date", "textarea", "select", "checkbox"] = "text"
    required: bool = False
    options: Annotated[tuple[_Short, ...], Field(max_length=200)] = ()
    autocomplete: Annotated[str, Field(max_length=50, pattern=r"^[a-z -]*$")] = ""

    @model_validator(mode="after")
    def _has_options_to_choose_from(self) -> Self:
        if (self.type == "select") != bool(self.options):
            raise ValueError("a select has options, and nothing else has")
        return self


class FormSettings(BaseModel):
    """How a hosted form looks. No `consent`: nobody is asked for one.

    The texts from `check_mail` on are those of a source with double opt-in: after sending, and on the page of its mail's link.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: _Short = "Contact us"
    intro: _Long = ""
    button: _Short = "Send"
    optional: Annotated[str, Field(max_length=50), AfterValidator(storable)] = "(optional)"
    thanks: _Long = "Thank you. We have received your message and will be in touch."
    consent: Annotated[str, Field(max_length=500), AfterValidator(storable)] = "I agree to be contacted about this request."
    check_mail: _Long = (
        "Thank you. We have received your message. If you have agreed to hear from us, please look into your mailbox: "
        "there you find a mail with a link, by which you confirm it."
    )
    confirm_title: _Short = "Please confirm"
    confirm_intro: _Long = "You agree to this:"
    confirm_button: _Short = "Yes, I confirm"
    confirmed: _Long = "Thank you. Your confirmation is noted."
    expired: _Long = "This link is good no more. Please fill in the form again, and you get a new one."
    wrong_link: _Long = "This link leads nowhere. Perhaps it was cut off: please open it once more from the mail."
    try_again: _Long = "This did not work just now. Please try again in a moment: nothing is lost."
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    fields: Annotated[tuple[FormField, ...], Field(min_length=1, max_length=50)] = (
        FormField(name="name", label="Name", autocomplete="name"),
        FormField(name="email", label="E-mail", type="email", required=True, autocomplete="email"),
        FormField(name="company", label="Company", autocomplete="organization"),
        FormField(name="phone", label="Phone", type="tel", autocomplete="tel"),
        FormField(name="message", label="Message", type="textarea"),
    )

    @model_validator(mode="after")
    def _has_no_field_twice(self) -> Self:
        names = [field.name.lower() for field in self.fields]
        if len({*names, TRAP, CONSENT}) != len(names) + 2:
            raise ValueError("each field needs a name of its own")
        return self


STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#566173;--line:#b9c2ce;--paper:#fff;--ground:#f3f5f8;--accent:#1f5eff}
@media (prefers-color-scheme:dark){
:root{--ink:#eef2f7;--soft:#a9b4c4;--line:#475264;--paper:#171d26;--ground:#0e131a;--accent:#7da2ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:34rem;margin:0 auto;padding:2rem 1rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:1.75rem}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1.25rem;color:var(--soft);white-space:pre-line}
label{display:block;margin:0 0 .35rem;font-weight:600}
.field{margin:0 0 1.1rem}
blockquote{margin:0 0 1.25rem;padding-left:1rem;border-left:3px solid var(--line)}
.mark{color:var(--soft);font-weight:400}
input:not([type=checkbox]),select,textarea{width:100%;padding:.65rem .75rem;font:inherit;color:inherit;background:transparent;
border:1px solid var(--line);border-radius:9px}
select option{color:#1c2430}
textarea{min-height:8rem;resize:vertical}
.tick{display:flex;gap:.6rem;align-items:flex-start}
.tick label{margin:0;font-weight:400}
.tick input{margin-top:.3rem;width:1.1rem;height:1.1rem;accent-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
button{width:100%;padding:.8rem 1rem;font:inherit;font-weight:600;color:#fff;background:#1f5eff;
border:0;border-radius:9px;cursor:pointer}
button:hover{background:#174bd0}
.away{position:absolute;left:-10000px;width:1px;height:1px;overflow:hidden}
""".strip()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def policy(framed_by: Iterable[str]) -> str:
    """The content security policy of these pages: our one style, posts to ourselves, frames where they may stand."""
    framing = " ".join(framed_by) or "'none'"
    return f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors {framing}"


def form_page(settings: FormSettings, action: str, hidden: Mapping[str, str]) -> str:
    """The form; `hidden` goes along unseen, but for what the form itself asks."""
    asked = {field.name for field in settings.fields}
    rows = [_field(field, settings.optional) for field in settings.fields]
    kept = [(name, value) for name, value in hidden.items() if name not in asked][:HIDDEN_MAX]
    carried = [_hidden(name, value[:HIDDEN_CHARACTERS_MAX]) for name, value in kept]
    if settings.consent:
        box = f'<input type="checkbox" id="{CONSENT}" name="{CONSENT}" value="yes">'
        # Sent with or without the tick, so that a box that was left empty is told from one that was not there.
        label = f'<label for="{CONSENT}">{escape(settings.consent)}</label>'
        rows.append(f'<div class="field tick">{_hidden(CONSENT, "no")}{box}{label}</div>')
    trap = (
        f'<div class="away" aria-hidden="true"><label for="{TRAP}">Leave this empty</label>'
        f'<input id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
    )
    form = (
        f'<form method="post" action="{escape(action)}" accept-charset="utf-8">'
        f'{"".join(carried)}{"".join(rows)}{trap}<button type="submit">{escape(settings.button)}</button></form>'
    )
    return page(settings.title, settings.intro, form, settings.language)


def confirm_page(settings: FormSettings, wording: str) -> str:
    """The words that were agreed to, and a button that posts to the page's own address: whatever only looks changes nothing."""
    words = f"<blockquote>{escape(wording)}</blockquote>"
    button = f'<form method="post"><button type="submit">{escape(settings.confirm_button)}</button></form>'
    return page(settings.confirm_title, settings.confirm_intro, words + button, settings.language)


def again_page(settings: FormSettings) -> str:
    """Where the button could do nothing: the same button once more."""
    button = f'<form method="post"><button type="submit">{escape(settings.confirm_button)}</button></form>'
    return page(settings.confirm_title, settings.try_again, button, settings.language)


def page(title: str, text: str, more: str = "", language: str = "en") -> str:
    """A whole page. `more` is HTML; the rest is text."""
    said = f"<p>{escape(text)}</p>" if text else ""
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><main><div class="card"><h1>{escape(title)}</h1>{said}{more}</div></main></body></html>'
    )


def _field(field: FormField, optional: str) -> str:
    id_ = f"field-{field.name}"
    name, needed = escape(field.name), " required" if field.required else ""
    filled = f' autocomplete="{escape(field.autocomplete)}"' if field.autocomplete else ""
    mark = "" if field.required or not optional else f' <span class="mark">{escape(optional)}</span>'
    label = f'<label for="{id_}">{escape(field.label)}{mark}</label>'
    if field.type == "checkbox":
        box = f'<input type="checkbox" id="{id_}" name="{name}" value="yes"{needed}>'
        return f'<div class="field tick">{box}<label for="{id_}">{escape(field.label)}</label></div>'
    if field.type == "textarea":
        return f'<div class="field">{label}<textarea id="{id_}" name="{name}" maxlength="10000"{needed}{filled}></textarea></div>'
    if field.type == "select":
        options = "".join(f"<option>{escape(option)}</option>" for option in field.options)
        empty = '<option value=""></option>'
        return f'<div class="field">{label}<select id="{id_}" name="{name}"{needed}{filled}>{empty}{options}</select></div>'
    box = f'<input type="{field.type}" id="{id_}" name="{name}" maxlength="500"{needed}{filled}>'
    return f'<div class="field">{label}{box}</div>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
