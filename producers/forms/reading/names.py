"""What a field's name means. Results are cached: forms repeat their names with every submission."""

import re
from functools import lru_cache
from itertools import pairwise

from producers.forms.reading import scripts
from producers.forms.reading import vocabulary as v
from producers.forms.reading.folding import fold
from producers.forms.reading.vocabulary import word_set

_NAME_CHARACTERS_MAX = 300
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Vowels of Indic scripts and Thai are marks, which `\w` leaves out.
_WORD = re.compile(r"[^\W\d_]++(?:[\u0900-\u0963\u0e31\u0e34-\u0e3a\u0e47-\u0e4e][^\W\d_]*+)*+")
_LATIN_MAX = "\u024f"
_MARKUP = re.compile(r"<[^>]*>")
_PREFIXES = ("your", "contact", "lead", "customer")

CLICK_IDS = word_set(
    "gclid gbraid wbraid dclid fbclid msclkid ttclid twclid yclid lifatid rdtcid epik sccid igshid irclickid mccid"
)
_CLICK_NAMES = {"lifatid": "li_fat_id", "rdtcid": "rdt_cid", "irclickid": "irclickid", "mccid": "mc_cid"}
_UTM = word_set("source medium campaign term content id name platform")
_OF_A_CAMPAIGN = word_set("source medium term content")
_LONG_UTM = frozenset(("source_platform", "creative_format", "marketing_tactic"))
_AD_IDS = {
    "campaignid": "campaign_id",
    "campaignname": "campaign_name",
    "adgroupid": "adgroup_id",
    "adsetid": "adset_id",
    "adid": "ad_id",
    "creativeid": "creative_id",
    "gclid": "gclid",
    "gclidd": "gclid",
}

_UNPARTED = scripts.EMAIL | scripts.PHONE | scripts.NAME | scripts.COMPANY
_UNPARTED_CHARACTERS_MAX = 40
# "För- och efternamn": the first half is cut off.
_HALVES = frozenset(("och", "og"))
_ORDINALS = frozenset(("primer", "primeiro"))
_FIRST_BESIDE_LAST = frozenset(("ad",))
# Alone it is where to send one; with more words it is about them.
_PHONE = v.PHONE | {"sms"}
_NOT_DIALLED = word_set("type code country extension ext prefix carrier ip consent optin opt status marketing subscribed")
_UTM_PREFIXES = word_set(
    "querystring query url urlparams params param hidden custom field form lead contact tracking cf landing page meta data"
)

_WORDS_BEFORE_MAX = 2
_FEW_WORDS_MAX = 5
_REFUSING_LAST = (("nicht", "zu"), ("nicht", "ein"))
_ASKING = v.word_set("how why where when which what wie warum comment pourquoi como quando dove hoe jak")


@lru_cache(maxsize=8192)
def _cached_words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(fold(_CAMEL.sub(" ", _MARKUP.sub(" ", name)))))


@lru_cache(maxsize=8192)
def _cached_compact(name: str) -> str:
    return "".join(_cached_words(name))


def words(name: str) -> tuple[str, ...]:
    """The folded words of a name: `yourE-Mail*` -> (your, e, mail). Digits don't count."""
    return _cached_words(name[:_NAME_CHARACTERS_MAX])


def compact(name: str) -> str:
    """The words run together: `Form_ID` -> formid."""
    return _cached_compact(name if len(name) <= _NAME_CHARACTERS_MAX else name[:_NAME_CHARACTERS_MAX])


@lru_cache(maxsize=8192)
def campaign_parameter(name: str) -> str | None:
    """The campaign parameter that a name (with its parent's, if any) stands for: `utmSource` -> utm_source."""
    found = words(name)
    while len(found) > 2 and "utm" in found[1:] and found[0] in _UTM_PREFIXES:
        found = found[1:]
    if not found or len(found) > 4:
        return None
    joined = "".join(found)
    if found[0] == "utm" and "_".join(found[1:]) in _LONG_UTM:
        return "_".join(found)
    if found[0] == "utm" and found[-1] in _UTM:
        return "utm_" + ("campaign" if found[-1] == "name" else found[-1])
    if joined.startswith("utm") and joined[3:] in _UTM:
        return "utm_" + joined[3:]
    if len(found) == 2 and found[0] == "campaign" and found[1] in _OF_A_CAMPAIGN:
        return "utm_" + found[1]
    if joined in CLICK_IDS:
        return _CLICK_NAMES.get(joined, joined)
    if joined.removesuffix("value") in ("gclid", "fbclid", "msclkid"):
        return joined.removesuffix("value")
    return _AD_IDS.get(joined)


@lru_cache(maxsize=8192)
def identity(name: str) -> str | None:
    """email, phone, name, first_name, last_name or company, if that is what the whole name says."""
    found = [_without_prefix(word) if word[0] <= _LATIN_MAX else _without_affixes(word) for word in words(name)]
    if not found or len(found) > 12:
        return None
    full = _full_name(found)
    if full:
        return full
    rest = {word for word in found if word not in v.NOISE}
    if not rest:
        return None
    for target, core, allowed in (
        ("email", v.EMAIL, v.EMAIL_WITH),
        ("phone", _PHONE, v.PHONE_WITH),
        ("company", v.COMPANY, v.COMPANY_WITH),
        ("name", v.NAME, v.NAME_WITH),
    ):
        if rest & core and rest <= core | allowed:
            return target
    return None


def _without_prefix(word: str) -> str:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) > len(prefix) + 3:
            return word[len(prefix) :]
    return word


def _without_affixes(word: str) -> str:
    """What is known of a word of a script that doesn't part words: 担当者メールアドレス -> メールアドレス."""
    if len(word) > _UNPARTED_CHARACTERS_MAX:
        return word
    rest = word
    while rest not in _UNPARTED:
        affix = next((affix for affix in scripts.AFFIXES if rest.startswith(affix) and len(rest) > len(affix) + 1), "")
        if not affix:
            return word
        rest = rest[len(affix) :]
    return rest


def _full_name(found: list[str]) -> str | None:
    """Tell first, last and full names apart: "vor" and "nach" in one name make it the full one."""
    rest = {word for word in found if word not in v.NOISE or word in v.JOINERS}
    first, last, plain = rest & (v.FIRST | v.FIRST_OF), rest & (v.LAST | v.LAST_OF), rest & v.NAME
    if last & v.LAST:
        first |= rest & _FIRST_BESIDE_LAST
    others = rest - first - v.FIRST - v.FIRST_OF - v.LAST - v.LAST_OF - v.NAME - v.NAME_WITH - v.JOINERS
    if others or not (first or last):
        return None
    if last & v.LAST and first and first <= _ORDINALS and not plain:
        # "Primer apellido"
        return "last_name"
    # "Nom et prénom", "Name, Vorname"; but "first name" only qualifies.
    if (first and last) or rest & _HALVES or (plain and (first & v.FIRST or last & v.LAST)):
        return "name"
    if first & v.FIRST or (first and plain):
        return "first_name"
    if last & v.LAST or (last and plain):
        return "last_name"
    return None


@lru_cache(maxsize=8192)
def hints(name: str) -> frozenset[str]:
    """Weaker than `identity`: `email` or `phone` if the name mentions one, `other` if it speaks of somebody else,
    `again` if it asks to repeat, `sender` if it rather tells who sent the notice of a form than who filled it in."""
    found = set(words(name))
    joined = "".join(words(name))
    result = set()
    if found & v.EMAIL or ("e" in found and "mail" in found) or "email" in joined:
        result.add("email")
    if found & v.PHONE and not found & _NOT_DIALLED:
        result.add("phone")
    if found & v.OTHERS or found == {"to"}:
        result.add("other")
    if found & {"confirm", "confirmation", "repeat", "again", "verify", "retype", "wiederholen", "bestatigen"}:
        result.add("again")
    if found & {"fax", "telefax"}:
        result.add("fax")
    if found and found <= {"from", "sender", "reply", "to", "replyto"}:
        result.add("sender")
    return frozenset(result)


def _agrees(word: str) -> bool:
    return word in v.CONSENT_VERBS or word.startswith(v.CONSENT_STEMS)


def _refuses(found: tuple[str, ...]) -> bool:
    """Whether a tick says no: "I do not want the newsletter", "Keine Werbung". What "we do not" do is no refusal of theirs."""
    if found[0] in v.OURSELVES:
        return False
    agreed = next((nth for nth, word in enumerate(found) if _agrees(word)), None)
    if agreed is not None and _refuses_to_agree(found, agreed):
        return True
    subject = next((nth for nth, word in enumerate(found) if word.startswith(v.CONSENT_SUBJECTS)), 0)
    if agreed is not None and agreed < subject:
        return False
    before = found[:subject]
    refusals = v.REFUSALS | v.REFUSALS_ELSEWHERE
    return before[:1] in v.REFUSING_FIRST or not refusals.isdisjoint(before)


def _refuses_to_agree(found: tuple[str, ...], agreed: int) -> bool:
    """By what stands right before or after the word that would agree: "I don't agree", "Ich stimme nicht zu"."""
    before = found[max(agreed - _WORDS_BEFORE_MAX, 0) : agreed]
    if not v.REFUSALS.isdisjoint(before) or (agreed <= _WORDS_BEFORE_MAX and found[:1] in v.REFUSING_FIRST):
        return True
    after = found[agreed + 1 : agreed + 2]
    return found[agreed] in v.CONSENT_VERBS and (not v.REFUSING_NEXT.isdisjoint(after) or found[-2:] in _REFUSING_LAST)


@lru_cache(maxsize=8192)
def consent_purpose(name: str) -> str | None:
    """None: not about consent. "" = consent as such, "opt_out" = a tick refuses, else the purpose asked for."""
    found = words(name)
    if not found:
        return None
    pairs = {a + b for a, b in pairwise(found)} | set(found) | {"".join(found)}
    triples = {a + b + c for a, b, c in zip(found, found[1:], found[2:], strict=False)}
    if (pairs | triples) & set(v.OPT_OUT_STEMS):
        return "opt_out"
    if found[0] in _ASKING:
        return None
    if _refuses(found):
        return "opt_out"
    if not v.REFUSALS_ELSEWHERE.isdisjoint(pairs):
        return None
    strong = any(pair.startswith(v.CONSENT_STEMS) for pair in pairs)
    # What is said of it in another script may be that it isn't wanted.
    subject = any(word.startswith(v.CONSENT_SUBJECTS) for word in found) and max("".join(found)) <= _LATIN_MAX
    verbs = {word for word in found if word in v.CONSENT_VERBS}
    # "I accept ...", "J'accepte ...", "Acepto ..."; but not "Which cards do you accept?"
    declared = bool(verbs) and (found[0] in verbs or found[0] in v.FIRST_PERSON or len(found) <= 2)
    if not (strong or declared or (subject and (verbs or len(found) <= 6))):
        return None
    if len(found) <= _FEW_WORDS_MAX and not verbs and not v.REFUSING_VERBS.isdisjoint(found):
        return "opt_out"
    purposes = [purpose for word in found for stem, purpose in v.PURPOSES.items() if word.startswith(stem)]
    # "I accept the terms and the privacy policy" allows more than the terms.
    return next((purpose for purpose in purposes if purpose != "terms"), purposes[0] if purposes else "")
