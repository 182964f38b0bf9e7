"""What a value looks like, whatever its name: e-mail, phone, time, yes or no. Pure: no clock, no locale."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import phonenumbers

from producers.forms.reading import scripts
from producers.forms.reading.folding import fold
from producers.forms.reading.names import campaign_parameter
from producers.forms.reading.vocabulary import word_set

_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\"\\.]+(?:\.[^\s@<>()\[\],;:\"\\.]+)*@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[\w-]{1,59})"
)
_MAILBOX = re.compile(r"[^<>]*<([^<>\s]+)>\s*")
_EMAIL_CHARACTERS_MAX = 254
_LOCAL_PART_CHARACTERS_MAX = 64
_PHONE = re.compile(r"[+＋]?[\d\s().\-/–·]{5,40}(?:\s*(?:ext\.?|x|#|durchwahl|poste|int\.?)\s*\d{1,6})?", re.IGNORECASE)
_PHONE_CHARACTERS_MAX = 100
_CLEAR_PHONE = re.compile(r"\+[1-9][\d\s().\-/]{6,24}\d")
_AREA_IN_BRACKETS = re.compile(r"\(\d{3}\) ?\d{3}[-. ]\d{4}", re.ASCII)
_INTERNATIONAL = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
_SEPARATORS = str.maketrans("", "", " .-")
_MAIN_REGION = {str(code): regions[0] for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.DOTALL)
_ZONE_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")
_SECONDS_MIN, _SECONDS_MAX = 946_684_800, 4_102_444_800  # the years 2000 to 2099
_SAID_CHARACTERS_MAX = 500
_URL_CHARACTERS_MAX = 4_096

_YES = (
    word_set(
        "yes|true|on|1|y|t|ok|okay|checked|ticked|selected|accepted|accept|agreed|agree|i agree|granted|given|consented|"
        "subscribed|subscribe|opted in|opt in|optin|opted_in|ja|jawohl|oui|si|sim|tak|x|✓|✔|☑|wahr|vrai|einverstanden|"
        "zugestimmt|akzeptiert|accepte|acepto|accetto|aceito|akkoord|zgadzam sie|wyrazam zgode|confirmed|enabled|j|opt-in|"
        "ano|da|evet|igen|kylla|suhlasim|souhlasim|de acord",
        "|",
    )
    | scripts.YES
)
_NO = (
    word_set(
        "no|false|off|0|n|f|unchecked|unticked|declined|decline|refused|denied|rejected|withdrawn|revoked|unsubscribed|"
        "opted out|opt out|optout|opted_out|nein|nee|non|nie|nao|abgelehnt|falsch|faux|falso|disabled|not given|"
        "not accepted|disagree|i disagree|not granted|refuse|rechazo|rifiuto|recuso|niet akkoord|opt-out|not subscribed|"
        "never subscribed|ne|nej|nei|ei|nem|nu|hayir|nesouhlasim",
        "|",
    )
    | scripts.NO
)
_NEGATIONS = word_set("no not don dont nicht kein keine pas niet geen nie nao non never without ne nej ikke inte nem не")
_AGREEING = re.compile(
    r"agree|accept|consent|einverstanden|stimme|willige|akzeptier|acepto|consiento|autoriz|accett|accons|akkoord|"
    r"toestemming|aceito|concordo|zgad|zgod|akcept|subscribe|opt.?in|please (?:contact|send|call)|yes|ja\b|oui|\bsi\b"
)


def email(text: str, *, named: bool = False) -> str | None:
    """The address, trimmed, if the text is one; with `named`, also out of `Ann Lee <ann@example.com>`."""
    text = text.strip().removeprefix("mailto:")
    if named and text.endswith(">") and (found := _MAILBOX.fullmatch(text)):
        text = found[1]
    if "@" not in text or len(text) > _EMAIL_CHARACTERS_MAX or not _EMAIL.fullmatch(text) or not text.isprintable():
        # What can't be seen, or turns what is beside it around, makes an address look like another.
        return None
    return text if len(text.rpartition("@")[0]) <= _LOCAL_PART_CHARACTERS_MAX else None


def phone(value: Any) -> str | None:
    """The number as sent, if it can be one; a JSON number loses no digit and gains no decimal point."""
    text = plain(value)
    if text is None or len(text) > _PHONE_CHARACTERS_MAX or not _PHONE.fullmatch(text):
        return None
    return text if 5 <= _digits(text) <= 20 else None


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def clear_phone(text: str) -> bool:
    """A number beyond doubt, international or as North America writes it, so that no name is needed to know it."""
    international = bool(_CLEAR_PHONE.fullmatch(text)) and 8 <= _digits(text) <= 17
    return international or bool(_AREA_IN_BRACKETS.fullmatch(text))


def e164(text: str, region: str | None) -> str | None:
    """+<country><number>, if the text says its country (+ or 00) or `region` (ISO 3166 alpha-2) does; else None.

    A number that relies on the region must be one that is in use there.
    """
    if text.startswith("00"):
        text = "+" + text[2:]
    quick = _quick_e164(text)
    if quick is not None:
        return quick
    international = text.startswith(("+", "＋"))
    if not international and region is None:
        return None
    try:
        number = phonenumbers.parse(text, None if international else region)
    except phonenumbers.NumberParseException:
        return None
    plausible = phonenumbers.is_possible_number if international else phonenumbers.is_valid_number
    if not plausible(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _quick_e164(text: str) -> str | None:
    """The ordinary international number, at a tenth of the library's time; None: ask the library."""
    digits = text.translate(_SEPARATORS)
    if not _INTERNATIONAL.fullmatch(digits):
        return None
    # No calling code begins another one.
    code = next((code for size in (2, 3, 4) if (code := digits[1:size]) in _MAIN_REGION), "")
    drops_prefix, lengths = _numbering(code)
    number = digits[1 + len(code) :]
    # Where there is a national prefix to drop, the library knows how.
    return digits if len(number) in lengths and (drops_prefix is None or drops_prefix(number) is None) else None


@cache
def _numbering(code: str) -> tuple[Callable[[str], object] | None, tuple[int, ...]]:
    """Of a calling code: what finds a national prefix, and how long numbers may be; no length where the code isn't known."""
    region = _MAIN_REGION.get(code, "001")
    metadata = None if region == "001" else phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None:
        return None, ()
    prefix = metadata.national_prefix_for_parsing
    return None if prefix is None else re.compile(prefix).match, tuple(metadata.general_desc.possible_length)


def region_of(text: str) -> str | None:
    """ISO 3166 alpha-2 of a country given as a code, as a dial code (+49) or by its usual name; None if unclear."""
    text = text.strip()[:_SAID_CHARACTERS_MAX]
    if len(text) == 2 and text.upper() in phonenumbers.SUPPORTED_REGIONS:
        return text.upper()
    digits = text.removeprefix("00").removeprefix("+")
    if digits.isascii() and digits.isdigit() and len(digits) <= 3:
        region = phonenumbers.region_code_for_country_code(int(digits))
        return region if region not in ("ZZ", "001") else None
    return _COUNTRIES.get(fold(text))


def plain(value: Any) -> str | None:
    """A text or number as trimmed text, None for anything else or nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def yes_or_no(value: Any) -> bool | None:
    """A tick, in any of our languages; None if it is neither or says nothing. An empty choice of options is a no.

    Web frameworks send a hidden "0" beside a ticked box, before or after it: one yes among them is a yes.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        said = [yes_or_no(item) for item in value]
        return None if None in said else any(said)
    text = plain(value)
    if text is None or len(text) > _SAID_CHARACTERS_MAX:
        return None
    words = fold(text).rstrip(".!。").replace("_", " ")
    if words in _YES:
        return True
    if words in _NO:
        return False
    return _sentence(words)


def _sentence(words: str) -> bool | None:
    """A ticked box often sends its own label: "I agree to be contacted"."""
    tokens = words.replace("'", " ").replace("’", " ").replace(",", " ").split()
    if not tokens:
        return None
    if tokens[0] in ("yes", "ja", "oui", "si", "sim", "tak"):
        return True
    if tokens[0] in ("no", "nein", "nee", "non", "nao", "nie"):
        return False
    if not _AGREEING.search(words):
        return None
    return not _NEGATIONS & set(tokens)


def moment(value: Any) -> datetime | None:
    """An instant in UTC from ISO 8601, RFC 2822 or epoch seconds, milliseconds or microseconds.

    None for a time without a zone: it may be hours off, while the time of receipt is not.
    """
    text = plain(value)
    if text is None or len(text) > 64:
        return None
    found = _epoch(text)
    if found is None:
        found = _iso(text) or _rfc_2822(text)
    if found is None or found.tzinfo is None:
        return None
    try:
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _epoch(text: str) -> datetime | None:
    digits, _, fraction = text.partition(".")
    if not (digits.isascii() and digits.isdigit()) or (fraction and not fraction.isdigit()):
        return None
    scale = {10: 1, 13: 1_000, 16: 1_000_000}.get(len(digits))
    if scale is None or not _SECONDS_MIN <= int(digits) / scale <= _SECONDS_MAX:
        return None
    if fraction and scale == 1:
        return datetime.fromtimestamp(float(text), UTC)
    seconds, rest = divmod(int(digits), scale)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000_000 // scale)


def _iso(text: str) -> datetime | None:
    if not _DATE_AND_TIME.fullmatch(text):
        return None
    text = text.removesuffix(" UTC") + "Z" if text.endswith(" UTC") else text
    found = _from_iso(text)
    return found or _from_iso(_ZONE_WITHOUT_COLON.sub(r"\1:\2", text).replace(" +", "+").replace(" -", "-"))


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _rfc_2822(text: str) -> datetime | None:
    if not any(letter.isalpha() for letter in text[:5]):
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def is_url(text: str) -> bool:
    """An absolute web address."""
    return text.startswith(("https://", "http://")) and " " not in text and len(text) <= _URL_CHARACTERS_MAX


def campaign_in(text: str) -> Iterable[tuple[str, str]]:
    """The campaign parameters in a URL or query string; nothing for prose."""
    if len(text) > _URL_CHARACTERS_MAX or "=" not in text or len(text.split(None, 1)) > 1:
        return
    lower = text.lower()
    if "utm_" not in lower and "clid=" not in lower:
        return
    try:
        query = urlsplit(text).query if "?" in text or "://" in text else text
        pairs = parse_qsl(query, max_num_fields=100)
    except ValueError:
        return
    for name, value in pairs:
        parameter = campaign_parameter(name)
        if parameter and value.strip():
            yield parameter, value.strip()


_COUNTRIES = {
    name: code
    for code, names in {
        "AT": "austria|osterreich|autriche|oostenrijk",
        "AU": "australia|australien|australie",
        "BE": "belgium|belgique|belgien|belgie|belgica|belgio|belgia",
        "BR": "brazil|brasil|brasilien|bresil|brasile|brazylia",
        "CA": "canada|kanada",
        "CH": "switzerland|schweiz|suisse|svizzera|zwitserland|suiza|szwajcaria",
        "CZ": "czech republic|czechia|tschechien",
        "DE": "germany|deutschland|allemagne|alemania|germania|duitsland|alemanha|niemcy",
        "DK": "denmark|danemark|danmark",
        "ES": "spain|espana|spanien|espagne|spagna|spanje|espanha|hiszpania",
        "FI": "finland|finnland|suomi",
        "FR": "france|frankreich|francia|frankrijk|franca|francja",
        "GB": "united kingdom|uk|great britain|england|scotland|wales|grossbritannien|royaume-uni|reino unido|regno unito",
        "IE": "ireland|irland|irlande|ierland",
        "IN": "india|indien|inde",
        "IT": "italy|italia|italien|italie|wlochy",
        "LU": "luxembourg|luxemburg",
        "MX": "mexico|mexiko|mexique",
        "NL": "netherlands|the netherlands|nederland|niederlande|pays-bas|paises bajos|paesi bassi|holandia|holland",
        "NO": "norway|norwegen|norge",
        "PL": "poland|polska|polen|pologne|polonia",
        "PT": "portugal|portugalia|portogallo",
        "SE": "sweden|schweden|sverige|suede",
        "US": "united states|usa|united states of america|u.s.|etats-unis|estados unidos|stati uniti|vereinigte staaten",
    }.items()
    for name in names.split("|")
}
