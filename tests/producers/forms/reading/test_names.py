import pytest

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


@pytest.mark.parametrize("key", ["_gotcha", "honeypot", "hp_name", "bot-field", "my_honeypot", "b_0123456789ab_0123456789"])
def test_a_trap_is_known_by_its_name(key: str) -> None:
    assert meaning(key, "", "", (), "").flag == "trap"


@pytest.mark.parametrize("key", ["website", "url", "HP", "hope", "b_day", "honey_flavour"])
def test_ordinary_fields_are_no_traps(key: str) -> None:
    assert meaning(key, "", "", (), "").flag == ""


def test_endless_names_are_cut() -> None:
    assert meaning("x" * 5_000, "E-mail " + "y" * 5_000, "", ("z" * 90,), "").says_email
    assert names.compact("A" * 1_000) == "a" * 300
