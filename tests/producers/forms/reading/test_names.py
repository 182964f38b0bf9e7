import pytest

from producers.forms.adapters import translate
from producers.forms.reading import names
from producers.forms.reading.meaning import meaning


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("company_email", "email"),
        ("Company Phone", "phone"),
        ("Business name", "company"),
        ("contactFirstName", "first_name"),
        ("Name der Firma", "company"),
        ("Primer apellido", "last_name"),
        ("Primer nombre y apellido", "name"),
        ("För- och efternamn", "name"),
        ("Ad Soyad", "name"),
        ("ad name", None),
        ("SMS", "phone"),
        ("sms opt-in", None),
        ("ご担当者メールアドレス", "email"),
        ("会社電話番号", "phone"),
        ("学校名", None),
        ("user_name", None),
        ("Product name", None),
        ("address", None),
        ("phone type", None),
        ("", None),
        ("7", None),
        ("please " * 20 + "email", None),
        ("one two three four five six seven eight nine ten eleven twelve email", None),
    ],
)
def test_a_name_says_whose_and_what_it_is(name: str, target: str | None) -> None:
    assert names.identity(name) == target


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("utm_source", "utm_source"),
        ("utmSource", "utm_source"),
        ("UTM Campaign", "utm_campaign"),
        ("utm_name", "utm_campaign"),
        ("utm_source_platform", "utm_source_platform"),
        ("utmterm", "utm_term"),
        ("querystring__utm_term", "utm_term"),
        ("contact.meta.utm_source", "utm_source"),
        ("first_utm_source", None),
        ("campaign.source", "utm_source"),
        ("campaign manager", None),
        ("gcl_id", "gclid"),
        ("li_fat_id", "li_fat_id"),
        ("ad_id", "ad_id"),
        ("gclid_value", "gclid"),
        ("source", None),
        ("", None),
    ],
)
def test_campaign_parameters_have_one_spelling(name: str, parameter: str | None) -> None:
    assert names.campaign_parameter(name) == parameter


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("consent", ""),
        ("I agree to be contacted", "contact"),
        ("newsletter", "newsletter"),
        ("Ich stimme der Datenschutzerklärung zu", "privacy"),
        ("AGB akzeptieren", "terms"),
        ("I accept the terms and the privacy policy", "privacy"),
        ("Do not contact me", "opt_out"),
        ("unsubscribe", "opt_out"),
        ("Which cards do you accept?", None),
        ("How did you hear about our newsletter?", None),
        ("Message", None),
        ("", None),
    ],
)
def test_consent_is_told_from_other_questions(name: str, purpose: str | None) -> None:
    assert names.consent_purpose(name) == purpose


@pytest.mark.parametrize(
    "name",
    [
        "I do not authorize you to contact me",
        "Je n'autorise pas l'envoi",
        "Я не согласен получать рассылку",
        "לא מאשר",
        "لا أوافق",
        "Δεν συμφωνώ",
        "ニュースレターを受け取らない",
        "メルマガ配信停止",
        "뉴스레터 수신거부",
        "Jag vill inte ha nyhetsbrev",
        "Ikke send nyhetsbrev",
        "Ei uutiskirjettä",
        "Nem kérek hírlevelet",
        "Onaylamıyorum",
        "Nu sunt de acord",
        "不同意",
        "Newsletter istemiyorum",
        "newsletter購読停止",
        "Ne želim newsletter",
        "J'accepte de ne pas être contacté",
        "Are you authorized to work in the US?",
        "Authorized dealer",
        "Is your budget authorized?",
        "authorized_signatory",
        "workAuthorization",
        "Autorisierter Händler",
        "Budget onaylandı mı?",
        "Onko budjetti hyväksytty?",
        "Elfogadott ajánlat?",
    ],
)
def test_what_may_refuse_or_ask_for_something_else_is_an_answer(name: str) -> None:
    assert names.consent_purpose(name) is None
    found = translate("generic", {"email": "ann@example.com", name: "yes"}, {})
    assert (found.consent, found.consents, found.answers) == (None, {}, {name: "yes"})


@pytest.mark.parametrize(
    "name",
    [
        "Nechci newsletter",
        "Nechci dostávat newsletter",
        "Inte newsletter",
        "Ingen marketing",
        "I do not agree to be contacted",
        "I don't accept",
        "I do not hereby consent",
        "No autorizo que me contacten",
        "Ich stimme nicht zu",
        "Ich stimme dem Newsletter nicht zu",
        "Nicht einverstanden",
        "Je n'accepte pas",
        "Non accetto",
        "Nie wyrażam zgody",
        "Não concordo",
        "Ik ga niet akkoord",
        "Keine Einwilligung",
        "No newsletter",
        "Withdraw consent",
        "consent_revoked",
        "Je refuse la newsletter",
        "Newsletter abbestellen",
    ],
)
def test_a_tick_that_refuses_never_becomes_a_consent(name: str) -> None:
    assert names.consent_purpose(name) == "opt_out"
    found = translate("generic", {"email": "ann@example.com", name: "yes"}, {})
    assert (found.consent, found.consents) == (False, {})


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("I agree that you do not share my data", ""),
        ("I agree and can revoke my consent", ""),
        ("I agree. You may withdraw your consent at any time", ""),
        ("Consent (not required)", ""),
        ("Ich stimme zu, dass meine Daten nicht verkauft werden", ""),
        ("I agree 我同意", ""),
    ],
)
def test_a_refusal_of_something_else_is_none(name: str, purpose: str) -> None:
    assert names.consent_purpose(name) == purpose


@pytest.mark.parametrize("key", ["_gotcha", "honeypot", "hp_name", "bot-field", "my_honeypot", "b_0123456789ab_0123456789"])
def test_a_trap_is_known_by_its_name(key: str) -> None:
    assert meaning(key, "", "", (), "").flag == "trap"


@pytest.mark.parametrize("key", ["website", "url", "HP", "hope", "b_day", "honey_flavour"])
def test_ordinary_fields_are_no_traps(key: str) -> None:
    assert meaning(key, "", "", (), "").flag == ""


def test_endless_names_are_cut() -> None:
    assert meaning("x" * 5_000, "E-mail " + "y" * 5_000, "", ("z" * 90,), "").says_email
    assert names.compact("A" * 1_000) == "a" * 300


def test_only_a_short_word_is_parted() -> None:
    assert names.identity("ご" * 30 + "メールアドレス") == "email"
    assert names.identity("ご" * 40 + "メールアドレス") is None
