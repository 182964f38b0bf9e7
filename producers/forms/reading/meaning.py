"""All that the names around a value tell, worked out once per form and not once per submission."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from producers.forms.reading import machinery, names, vocabulary
from producers.forms.reading.names import compact, words

_NAMES_CHARACTERS_MAX = 600
_AT_WORK = vocabulary.word_set("business company office")
_IDENTIFIERS = ("id", "uuid", "guid")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field is, so far as its key, label, type and surroundings say.

    `phone_score` is 0 where nothing speaks of a number. `strangeness` grows with how surely it belongs to somebody or
    something else than who filled in the form. The ranks are None where the name isn't one of those; lower is likelier.
    `consent` is as `names.consent_purpose`. `roles` are the questions that the field may answer: its identity, and place,
    campaign, ... where it has any.
    """

    identity: str | None
    says_email: bool
    phone_score: int
    typed: Literal["email", "phone", ""]
    strangeness: int
    of_another: bool
    repeats: bool
    sends: bool
    place: Literal["country", "dial", "area", ""]
    campaign: str | None
    consent: str | None
    circumstance: bool
    event_id_rank: int | None
    time_rank: int | None
    page_rank: int | None
    form: Literal["id", "name", ""]
    flag: Literal["trap", "spam", "test", "event", ""]
    technical: bool
    folded_key: str
    roles: tuple[str, ...]


def meaning(key: str, label: str, type_: str, parents: tuple[str, ...], around: str) -> Meaning:
    """`parents`: the objects that say something; `around`: the very next object, "" at the top and in a labelled row."""
    if len(key) + len(label) + len(type_) > _NAMES_CHARACTERS_MAX:
        return _meaning(key[:200], label[:300], type_[:50], parents, around[:50])
    return _cached(key, label, type_, parents, around)


def _meaning(key: str, label: str, type_: str, parents: tuple[str, ...], around: str) -> Meaning:
    spoken = tuple(name for name in (label, key) if name)
    parent = parents[-1] if parents else ""
    said = frozenset().union(*(names.hints(name) for name in spoken)) if spoken else frozenset()
    folded = {compact(name) for name in spoken} | {compact(f"{around} {key}")}
    identity, place, flag = _identity(spoken, parent), _place(folded), _flag(key)
    campaign, consent = _campaign(spoken, around, key), _consent(spoken, parent, key, type_)
    event_id_rank = _event_id_rank(compact(key), compact(around))
    time_rank, page_rank = _rank(machinery.TIMES, {compact(name) for name in spoken}), _rank(machinery.PAGES, folded)
    form, typed = _form(words(key), words(around)), _typed(compact(type_))
    roles = {
        identity: identity,
        "place": place,
        "flag": flag,
        "form": form,
        "campaign": campaign,
        "consent": None if consent is None else "consent",
        "event_id": None if event_id_rank is None else "event_id",
        "time": None if time_rank is None else "time",
        "page": None if page_rank is None else "page",
    }
    return Meaning(
        identity=identity,
        says_email="email" in said,
        phone_score=_phone_score(identity, typed, said, spoken),
        typed=typed,
        strangeness=_strangeness(parents, said),
        of_another="other" in said,
        repeats="again" in said,
        sends="sender" in said and "other" not in said,
        place=place,
        campaign=campaign,
        consent=consent,
        circumstance=bool(parent) and names.consent_purpose(parent) is not None and _is_circumstance(key),
        event_id_rank=event_id_rank,
        time_rank=time_rank,
        page_rank=page_rank,
        form=form,
        flag=flag,
        technical=_technical(key, label),
        folded_key=compact(key),
        roles=tuple(role for role, told in roles.items() if role and told),
    )


_cached = lru_cache(maxsize=8192)(_meaning)


def _identity(spoken: tuple[str, ...], parent: str) -> str | None:
    """A bare "name" gives way to anything more telling."""
    found = [names.identity(f"{parent} {name}") for name in spoken] if parent else []
    found += [names.identity(name) for name in spoken]
    told = [target for target in found if target]
    return next((target for target in told if target != "name"), told[0] if told else None)


def _phone_score(identity: str | None, typed: str, said: frozenset[str], spoken: tuple[str, ...]) -> int:
    if identity == "phone":
        return 95 if any(_AT_WORK & set(words(name)) for name in spoken) else 100
    return 90 if typed == "phone" else 70 if "phone" in said and "fax" not in said else 0


def _strangeness(parents: tuple[str, ...], said: frozenset[str]) -> int:
    if any(set(words(parent)) & vocabulary.OTHERS or _describes_form(words(parent)) for parent in parents):
        return 70
    if "other" in said or "fax" in said:
        return 60
    if "sender" in said:
        return 50
    return 45 if parents and set(words(parents[-1])) & vocabulary.THINGS else 0


def _describes_form(parent: tuple[str, ...]) -> bool:
    return bool(set(parent) & vocabulary.FORM_PARENTS) and bool(set(parent) & vocabulary.FORM_DESCRIPTIONS)


def _typed(kind: str) -> Literal["email", "phone", ""]:
    if "email" in kind:
        return "email"
    return "phone" if "phone" in kind or kind in ("tel", "telephone", "telefon", "mobile") else ""


def _place(folded: set[str]) -> Literal["country", "dial", "area", ""]:
    if folded & machinery.DIAL_CODES:
        return "dial"
    if folded & machinery.COUNTRIES:
        return "country"
    return "area" if folded & machinery.AREA_CODES else ""


def _campaign(spoken: tuple[str, ...], around: str, key: str) -> str | None:
    found = [names.campaign_parameter(f"{around} {key}")] if around else []
    found += [names.campaign_parameter(name) for name in spoken]
    return next((name for name in found if name), None)


def _consent(spoken: tuple[str, ...], parent: str, key: str, type_: str) -> str | None:
    found = [purpose for purpose in map(names.consent_purpose, spoken) if purpose is not None]
    if parent and names.consent_purpose(parent) is not None:
        combined = names.consent_purpose(f"{parent} {key}")
        last = compact(key)
        if combined == "" and last not in machinery.CONSENT_FILLERS and not last.startswith("consent"):
            combined = words(key)[-1] if words(key) else ""
        found.append(combined or "")
    elif not found and compact(type_) in machinery.CONSENT_TYPES:
        found.append("")
    if not found:
        return None
    return "opt_out" if "opt_out" in found else next((purpose for purpose in found if purpose), "")


def _is_circumstance(key: str) -> bool:
    return compact(key) in machinery.CONSENT_CIRCUMSTANCES


def _event_id_rank(folded: str, around: str) -> int | None:
    """The id of a contact or a form is none: it would make distinct submissions look alike."""
    if folded in _IDENTIFIERS and around:
        if around + folded in machinery.EVENT_IDS:
            folded = around + folded
        elif around not in machinery.ENVELOPES_WITH_ID:
            return None
    return machinery.EVENT_IDS.get(folded)


def _rank(table: dict[str, int], folded: set[str]) -> int | None:
    return min((table[name] for name in folded if name in table), default=None)


def _form(key: tuple[str, ...], around: tuple[str, ...]) -> Literal["id", "name", ""]:
    if not key:
        return ""
    joined, last = "".join(key), key[-1]
    in_form = bool(around) and around[0] in vocabulary.FORM_PARENTS
    in_form = in_form and set(around) <= vocabulary.FORM_PARENTS | vocabulary.FORM_DESCRIPTIONS
    about_form = bool(set(key[:-1]) & vocabulary.FORM_PARENTS) or (len(key) == 1 and in_form)
    if joined in ("wpcf", "formid", "formguid", "formuuid") or (about_form and last in ("id", "uuid")):
        return "id"
    named = joined in ("formname", "formtitle", "form") or (about_form and last in ("name", "title") and len(key) <= 2)
    return "name" if named else ""


def _flag(key: str) -> Literal["trap", "spam", "test", "event", ""]:
    folded = compact(key)
    if is_trap(key):
        return "trap"
    if folded in machinery.SPAM_FLAGS:
        return "spam"
    if folded in machinery.TEST_FLAGS:
        return "test"
    return "event" if folded in machinery.EVENT_TYPES else ""


def is_trap(key: str) -> bool:
    """Whether a field by this name is only there for robots to fill in."""
    folded = compact(key)
    return (
        (folded in machinery.HONEYPOTS and key != "HP")
        or folded.endswith("honeypot")
        or key.startswith(("hp_", "_hp", "hp-", "honeypot"))
        or bool(machinery.MAILCHIMP_TRAP.fullmatch(key))
    )


def _technical(key: str, label: str) -> bool:
    """Machinery rather than an answer; a question that a person reads isn't."""
    folded = compact(key)
    if label and label != key and folded not in ("id", "token"):
        return False
    return folded in machinery.TECHNICAL or key.lower().startswith(machinery.TECHNICAL_STARTS) or key.startswith("_")
