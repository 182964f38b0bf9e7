"""What surrounds the answers: ids, times, the page, the campaign, the form, traps for robots."""

from datetime import datetime
from typing import TypeVar

from producers.forms.reading import machinery, shapes
from producers.forms.reading.paths import Path
from producers.forms.reading.sheet import Entry, Sheet
from producers.forms.submission import Kind

_ID_CHARACTERS_MAX = 200
_PING_CHARACTERS_MAX = 40
_Found = TypeVar("_Found")


def take_kind(sheet: Sheet, *, person_known: bool) -> Kind:
    """Spam if a trap is filled or the sender says so, test if it says so, ignored if it only pings."""
    kinds: set[Kind] = set()
    for entry in sheet.of("flag"):
        flag, value = entry.means.flag, entry.field.value
        if flag == "trap":
            sheet.take(entry)
            kinds |= {"spam"} if filled(value) else set()
        elif flag == "event":
            if not person_known and len(entry.field.path) <= 2 and _pings(entry.text or ""):
                kinds.add("ignored")
        elif flag and (stated := _stated(value)) is not None:
            sheet.take(entry)
            kinds |= ({"spam"} if flag == "spam" else {"test_lead"}) if stated else set()
    order: tuple[Kind, ...] = ("spam", "ignored", "test_lead")
    return next((kind for kind in order if kind in kinds), "lead")


def _pings(text: str) -> bool:
    # Without the cache of names: this is a value.
    return len(text) <= _PING_CHARACTERS_MAX and "".join(filter(str.isalpha, text.lower())) in machinery.PINGS


def filled(value: object) -> bool:
    """Whether somebody put something in; an unticked box is nothing."""
    if isinstance(value, list):
        return any(filled(item) for item in value)
    return bool(value) and shapes.plain(value) != "" and shapes.yes_or_no(value) is not False


def _stated(value: object) -> bool | None:
    """A machine's boolean; a person's "yes" to a question of that name isn't one."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False, "": False}.get(str(value).strip().lower())


def take_event_id(sheet: Sheet) -> str | None:
    """The sender's id of this submission.

    An `event_id` with an `id` beside it may be that of an occasion, which many come to: only both together tell them apart.
    """
    found: list[tuple[tuple[int, int, int], tuple[Entry, str]]] = []
    ids: dict[Path, str] = {}
    for entry in sheet.of("event_id"):
        rank, text, key = entry.means.event_id_rank, entry.text, entry.means.folded_key
        if rank is None or text is None or len(text) > _ID_CHARACTERS_MAX or "@" in text or len(text.split()) > 1:
            continue
        if key == "id":
            if not (any(map(str.isdigit, text)) and "form" not in text.lower()):
                # `id` may name the element on the page: "contact-form".
                continue
            ids[entry.field.container] = text
        depth = len(entry.field.path)
        found.append(((0, depth, rank) if key in machinery.SUBMISSION_IDS else (rank, depth, 0), (entry, text)))
        sheet.take(entry)
    likeliest = min(found, key=lambda candidate: candidate[0], default=None)
    if likeliest is None:
        return None
    entry, text = likeliest[1]
    alone = sum(rank[0] == 0 for rank, _ in found) == 1
    beside = ids.get(entry.field.container) if alone and entry.means.folded_key == "eventid" else None
    return text if beside is None else f"{text}:{beside}"


def take_form(sheet: Sheet) -> tuple[str | None, str | None]:
    """The form's id and name."""
    found: dict[str, str] = {}
    for entry in sheet.of("form"):
        if entry.text is not None:
            found.setdefault(entry.means.form, entry.text)
            sheet.take(entry)
    return found.get("id"), found.get("name")


def take_form_named_outside(sheet: Sheet, person: Path) -> str | None:
    """`{"name": "Contact us", "data": {...}}`: a bare name above the object that holds the person is the form's.

    Beside the address it is somebody's, even if nobody can be called so, and a form's name is no secret.
    """
    for entry in sheet.of("name"):
        field = entry.field
        above = len(field.container) < len(person) and person[: len(field.container)] == field.container
        if above and len(field.path) <= 2 and entry.keyed and not field.parents and entry.text:
            sheet.take(entry)
            return entry.text
    return None


def take_submitted_at(sheet: Sheet, person: Path) -> datetime | None:
    """When it was sent, by the likeliest of the payload's times; of equals, by the one that stands nearest to `person`."""
    found: list[tuple[tuple[int, int], datetime]] = []
    for entry in sheet.of("time"):
        rank = entry.means.time_rank
        at = None if rank is None else shapes.moment(entry.text)
        if rank is not None and at is not None:
            above = entry.field.container
            around = person[: len(above)] == above
            found.append(((rank, -len(above) if around else len(above)), at))
            sheet.take(entry)
    return _likeliest(found)


def take_page(sheet: Sheet) -> str | None:
    """The page with the form. A bare `url` that names only a site is rather the person's own website."""
    found: list[tuple[tuple[int, int], Entry]] = []
    for entry in sheet.of("page"):
        rank, text = entry.means.page_rank, entry.text
        if rank is None or text is None or not (shapes.is_url(text) or (rank == 0 and text.startswith("/"))):
            continue
        if rank == machinery.BARE_URL and "/" not in text.partition("://")[2].rstrip("/"):
            continue
        found.append(((rank, 0), entry))
    entry_found = _likeliest(found)
    if entry_found is None:
        return None
    sheet.take(entry_found)
    return entry_found.text


def take_campaign(sheet: Sheet, page_url: str | None) -> dict[str, str]:
    """Campaign parameters: those with a field of their own first, then those in addresses."""
    stated: dict[str, str] = {}
    for entry in sheet.of("campaign"):
        sheet.take(entry)
        if entry.text and entry.means.campaign:
            stated.setdefault(entry.means.campaign, entry.text)
    for text in (page_url, *(entry.text for entry in sheet)):
        if text is not None and "=" in text:
            for parameter, value in shapes.campaign_in(text):
                stated.setdefault(parameter, value)
    return stated


def is_envelope(entry: Entry, person: Path) -> bool:
    """A word such as `"event": "form.submitted"` at the very top; a flat form may ask for a `type` itself."""
    word = entry.text or ""
    if len(entry.field.path) != 1 or " " in word or isinstance(entry.field.value, list):
        return False
    key = entry.means.folded_key
    perhaps = key in machinery.OUTERMOST_PERHAPS and (bool(person) or any(mark in word for mark in "._:"))
    return perhaps or key in machinery.OUTERMOST


def _likeliest(found: list[tuple[tuple[int, int], _Found]]) -> _Found | None:
    return min(found, key=lambda candidate: candidate[0])[1] if found else None
