"""300 payloads in shapes that no adapter knows, the same ones each time: nesting x naming style x encoding x language.

The field names are those that forms in the wild use, written down here on their own: they are not derived from the
reader's vocabulary.
"""

import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote_plus

SIZE = 300
_SEED = 20260302


class Case(NamedTuple):
    name: str
    content_type: str
    body: bytes
    expect: dict[str, Any]


# Per language: field -> the names that forms give it.
NAMES: dict[str, dict[str, list[str]]] = {
    "en": {
        "email": ["Email", "E-mail address", "Work email", "Your email", "Business Email"],
        "name": ["Name", "Full name", "Your name", "Contact name"],
        "first": ["First name", "Given name", "Forename"],
        "last": ["Last name", "Surname", "Family name"],
        "phone": ["Phone", "Phone number", "Mobile", "Telephone", "Work phone"],
        "company": ["Company", "Company name", "Organization", "Business name"],
        "message": ["Message", "How can we help?", "Comments"],
        "consent": ["Consent", "I agree to the privacy policy", "Opt-in"],
    },
    "de": {
        "email": ["E-Mail", "E-Mail-Adresse", "Ihre E-Mail", "Geschäftliche E-Mail"],
        "name": ["Name", "Ihr Name", "Vor- und Nachname", "Vollständiger Name"],
        "first": ["Vorname", "Ihr Vorname"],
        "last": ["Nachname", "Familienname"],
        "phone": ["Telefon", "Telefonnummer", "Handynummer", "Rufnummer"],
        "company": ["Firma", "Unternehmen", "Firmenname", "Name des Unternehmens"],
        "message": ["Nachricht", "Ihre Nachricht", "Anliegen"],
        "consent": ["Einwilligung", "Ich stimme der Datenschutzerklärung zu", "DSGVO"],
    },
    "fr": {
        "email": ["E-mail", "Adresse e-mail", "Courriel", "Adresse électronique", "Votre email professionnel"],
        "name": ["Nom complet", "Nom et prénom", "Votre nom"],
        "first": ["Prénom", "Votre prénom"],
        "last": ["Nom de famille", "Nom"],
        "phone": ["Téléphone", "Numéro de téléphone", "Téléphone portable", "Votre téléphone"],
        "company": ["Société", "Entreprise", "Nom de l'entreprise", "Raison sociale"],
        "message": ["Message", "Votre message", "Commentaire"],
        "consent": ["Consentement", "J'accepte la politique de confidentialité", "RGPD"],
    },
    "es": {
        "email": ["Correo electrónico", "Correo", "Email", "Dirección de correo"],
        "name": ["Nombre completo", "Nombre y apellidos", "Su nombre"],
        "first": ["Nombre", "Primer nombre"],
        "last": ["Apellidos", "Apellido"],
        "phone": ["Teléfono", "Teléfono móvil", "Número de teléfono", "Celular"],
        "company": ["Empresa", "Nombre de la empresa", "Compañía"],
        "message": ["Mensaje", "Comentarios"],
        "consent": ["Consentimiento", "Acepto la política de privacidad"],
    },
    "it": {
        "email": ["E-mail", "Indirizzo e-mail", "Posta elettronica", "La tua email"],
        "name": ["Nome e cognome", "Nome completo", "Nominativo"],
        "first": ["Nome", "Il tuo nome"],
        "last": ["Cognome"],
        "phone": ["Telefono", "Numero di telefono", "Cellulare"],
        "company": ["Azienda", "Nome azienda", "Società", "Ragione sociale"],
        "message": ["Messaggio", "Richiesta"],
        "consent": ["Consenso", "Acconsento al trattamento dei dati", "Accetto la privacy policy"],
    },
    "nl": {
        "email": ["E-mailadres", "E-mail", "Uw e-mailadres", "Zakelijk e-mailadres"],
        "name": ["Naam", "Volledige naam", "Uw naam"],
        "first": ["Voornaam"],
        "last": ["Achternaam", "Familienaam"],
        "phone": ["Telefoonnummer", "Telefoon", "Mobiel nummer"],
        "company": ["Bedrijf", "Bedrijfsnaam", "Organisatie"],
        "message": ["Bericht", "Opmerkingen"],
        "consent": ["Toestemming", "Ik ga akkoord met de voorwaarden en privacy"],
    },
    "pt": {
        "email": ["E-mail", "Correio eletrónico", "Seu e-mail", "Email profissional"],
        "name": ["Nome completo", "Nome e sobrenome", "Seu nome"],
        "first": ["Primeiro nome", "Nome"],
        "last": ["Sobrenome", "Apelido", "Último nome"],
        "phone": ["Telefone", "Telemóvel", "Número de telefone", "Celular"],
        "company": ["Empresa", "Nome da empresa"],
        "message": ["Mensagem", "Assunto"],
        "consent": ["Consentimento", "Aceito a política de privacidade"],
    },
    "pl": {
        "email": ["E-mail", "Adres e-mail", "Twój e-mail", "Adres poczty elektronicznej"],
        "name": ["Imię i nazwisko", "Twoje imię i nazwisko"],
        "first": ["Imię", "Twoje imię"],
        "last": ["Nazwisko"],
        "phone": ["Telefon", "Numer telefonu", "Telefon komórkowy"],
        "company": ["Firma", "Nazwa firmy", "Organizacja"],
        "message": ["Wiadomość", "Treść wiadomości"],
        "consent": ["Zgoda", "Wyrażam zgodę na przetwarzanie danych"],
    },
}
PEOPLE = {
    "en": ("Jane", "O'Neill", "+44 20 7946 0123", "Northwind & Co", ("yes", "no")),
    "de": ("Jürgen", "Groß", "+49 30 1234567", "Groß Maschinenbau GmbH", ("ja", "nein")),
    "fr": ("Zoé", "Lefèvre", "+33 1 23 45 67 89", "Lefèvre et Fils", ("oui", "non")),
    "es": ("Lucía", "Gómez Ruiz", "+34 612 345 678", "Ruiz Consultores", ("sí", "no")),
    "it": ("Marco", "De Luca", "+39 06 1234 5678", "De Luca srl", ("sì", "no")),
    "nl": ("Joost", "van den Berg", "020 123 4567", "Berg BV", ("ja", "nee")),
    "pt": ("Inês", "Souza", "+351 912 345 678", "Souza Lda", ("sim", "não")),
    "pl": ("Paweł", "Żak", "022 123 45 67", "Żak i Synowie", ("tak", "nie")),
}


def _fold(text: str) -> str:
    text = text.replace("ß", "ss").replace("ł", "l").replace("Ł", "L")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _parts(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", _fold(text))


def _camel(text: str) -> str:
    first, *rest = _parts(text)
    return first.lower() + "".join(part.capitalize() for part in rest)


STYLES: dict[str, Callable[[str], str]] = {
    "as shown": lambda text: text,
    "required": lambda text: f"{text} *",
    "upper": lambda text: "_".join(_parts(text)).upper(),
    "snake": lambda text: "_".join(_parts(text)).lower(),
    "kebab": lambda text: "-".join(_parts(text)).lower(),
    "camel": _camel,
    "numbered": lambda text: f"q7_{_camel(text)}",
    "colon": lambda text: f"{text}:",
}

Pairs = list[tuple[str, Any]]


def _rows(label: str, value: str) -> Callable[[Pairs], Any]:
    return lambda pairs: [{"id": f"f{n}", label: key, value: item} for n, (key, item) in enumerate(pairs)]


NESTINGS: dict[str, Callable[[Pairs], Any]] = {
    "flat": dict,
    "data": lambda pairs: {"event": "form.submitted", "id": "evt_9", "data": dict(pairs)},
    "deep": lambda pairs: {"meta": {"version": 2}, "payload": {"submission": {"id": "s9", "answers": dict(pairs)}}},
    "named form": lambda pairs: {"form": {"id": "f9", "name": "Contact form"}, "submission": {"fields": dict(pairs)}},
    "name outside": lambda pairs: {"name": "Kontakt", "site": "https://x.example", "data": dict(pairs)},
    "label and value": lambda pairs: {"form_id": 7, "fields": _rows("label", "value")(pairs)},
    "question and answer": lambda pairs: {"responses": _rows("question", "answer")(pairs)},
    "title and text": lambda pairs: {"response": {"answers": _rows("title", "text")(pairs)}},
    "name and values": lambda pairs: {"field_data": [{"name": key, "values": [item]} for key, item in pairs]},
    "rows at the top": _rows("name", "value"),
    "objects by id": lambda pairs: {"answers": {f"q{n}": {"question": k, "answer": v} for n, (k, v) in enumerate(pairs)}},
    "values as objects": lambda pairs: {"properties": {key: {"value": item} for key, item in pairs}},
    "values in arrays": lambda pairs: {key: [item] for key, item in pairs},
    "pairs": lambda pairs: {"entry": [[key, item] for key, item in pairs]},
    "text in text": lambda pairs: {"formID": "77", "rawRequest": json.dumps(dict(pairs))},
    "two lists": lambda pairs: {"labels": [key for key, _ in pairs], "values": [item for _, item in pairs]},
}


def _form(pairs: Pairs, prefix: str) -> tuple[str, bytes]:
    names = [(f"{prefix}[{key}]" if prefix else key, item) for key, item in pairs]
    body = "&".join(f"{quote_plus(key)}={quote_plus(str(item))}" for key, item in names)
    return "application/x-www-form-urlencoded", body.encode()


def _multipart(pairs: Pairs, prefix: str) -> tuple[str, bytes]:
    lines = []
    for key, item in pairs:
        name = f"{prefix}[{key}]" if prefix else key
        lines.append(f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{item}\r\n')
    return 'multipart/form-data; boundary="xYz"', ("".join(lines) + "--xYz--\r\n").encode()


def cases() -> Iterator[Case]:
    """The corpus."""
    chance = random.Random(_SEED)
    for number in range(SIZE):
        language = chance.choice(list(NAMES))
        style = chance.choice(list(STYLES))
        encoding = chance.choice(["json", "json", "json", "form", "multipart"])
        nesting = chance.choice(list(NESTINGS))
        split = chance.random() < 0.5
        pairs, expect = _person(chance, language, STYLES[style], number, split=split)
        if encoding == "json":
            kind, body = "application/json", json.dumps(NESTINGS[nesting](pairs), ensure_ascii=False).encode()
        else:
            nesting = chance.choice(["", "contact", "form_fields", "data"])
            kind, body = (_form if encoding == "form" else _multipart)(pairs, nesting)
        yield Case(f"{number} {language} {style} {encoding} {nesting}", kind, body, expect)


def _person(
    chance: random.Random, language: str, style: Callable[[str], str], number: int, *, split: bool
) -> tuple[Pairs, dict[str, Any]]:
    first, last, phone, company, (yes, no) = PEOPLE[language]
    told = {field: style(chance.choice(choices)) for field, choices in NAMES[language].items()}
    email = f"{_fold(first).lower()}.{number}@example.{language if language != 'en' else 'com'}"
    agreed = chance.random() < 0.5
    pairs: Pairs = [(told["first"], first), (told["last"], last)] if split else [(told["name"], f"{first} {last}")]
    pairs += [(told["email"], email), (told["phone"], phone), (told["company"], company)]
    pairs += [(told["message"], f"{first}: 3 x 1234567"), (told["consent"], yes if agreed else no), ("utm_source", "google")]
    chance.shuffle(pairs)
    expect = {
        "email": email,
        "name": f"{first} {last}",
        "first_name": first if split else None,
        "phone": phone,
        "company": company,
        "consent": agreed,
        "campaign": {"utm_source": "google"},
    }
    return pairs, expect
