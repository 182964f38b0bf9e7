"""What surrounds a person: campaign, consent, traps, ids, encodings."""

import json

from tests.producers.forms.shape import ANNA, Shape, as_form, as_json, as_multipart

SHAPES: list[Shape] = [
    as_json(
        "json inside a field",
        {
            "formID": "77",
            "submissionID": "990",
            "rawRequest": json.dumps({"q1_email": "anna@example.com", "q2_fullName": {"first": "Anna", "last": "Schmidt"}}),
        },
        **ANNA,
        form_id="77",
        vendor_event_id="990",
    ),
    as_json(
        "typed rows",
        {
            "items": [
                {"id": "a1", "type": "email", "label": "Contact us back at", "value": "anna@example.com"},
                {"id": "a2", "type": "tel", "label": "Reach me at", "value": "030 123456"},
            ]
        },
        email="anna@example.com",
        phone="030 123456",
    ),
    as_json(
        "typed rows with columns of their own",
        {
            "data": [
                {
                    "title": "Your name",
                    "description": "",
                    "type": "text",
                    "key": "9q",
                    "custom_key": "name",
                    "value": "Anna Schmidt",
                },
                {"title": "Email", "type": "email", "key": "a1", "custom_key": "email", "value": "anna@example.com"},
            ],
            "submission_id": "60f",
        },
        **ANNA,
        vendor_event_id="60f",
    ),
    as_json(
        "questions with headings and lists of texts",
        {
            "pages": [
                {
                    "questions": [
                        {"heading": "Quel est votre e-mail ?", "answers": [{"text": "anna@example.com"}]},
                        {"heading": "Votre nom", "answers": [{"choice_id": "7", "text": "Anna Schmidt"}]},
                    ]
                }
            ]
        },
        **ANNA,
    ),
    as_json(
        "fields by number",
        {"form_id": "3", "1.3": "Anna", "1.6": "Schmidt", "2": "anna@example.com", "3": "(212) 555-0123"},
        **ANNA,
        first_name="Anna",
        last_name="Schmidt",
        phone="(212) 555-0123",
    ),
    as_json(
        "an address by number is no name",
        {"4.1": "1 High St", "4.3": "Paris", "4.5": "75001", "4.6": "France", "2": "anna@example.com"},
        email="anna@example.com",
        name=None,
    ),
    as_form(
        "a form described in a field",
        "Field1=Anna&Field3=anna%40example.com&FormStructure=%7B%22Name%22%3A%22Contact%22%7D&FieldStructure="
        "%7B%22Fields%22%3A%5B%7B%22Title%22%3A%22First%20name%22%2C%22Type%22%3A%22text%22%2C%22ID%22%3A%22Field1%22%7D%5D%7D",
        email="anna@example.com",
        first_name="Anna",
        name="Anna",
        form_name="Contact",
    ),
    as_json(
        "Swedish",
        {"Förnamn": "Anna", "Efternamn": "Schmidt", "E-post": "anna@example.com", "Företag": "Öberg AB"},
        **ANNA,
        company="Öberg AB",
    ),
    as_json(
        "Japanese",
        {"お名前": "山田太郎", "会社名": "山田商事", "メールアドレス": "anna@example.com"},
        name="山田太郎",
        company="山田商事",
    ),
    as_json(
        "e-mail only by shape",
        {"field_1": "Anna", "field_7": "anna@example.com"},
        email="anna@example.com",
        answers={"field_1": "Anna"},
    ),
    as_json(
        "the form has a name too",
        {"name": "Contact Us", "data": {"name": "Anna Schmidt", "email": "anna@example.com"}},
        **ANNA,
        form_name="Contact Us",
    ),
    as_json(
        "the form's name alone is nobody's",
        {"name": "Contact Us", "data": {"email": "anna@example.com"}},
        name=None,
        form_name="Contact Us",
    ),
    as_json(
        "form and company objects",
        {
            "form": {"id": 12, "name": "Demo"},
            "company": {"name": "X AG", "size": "11-50"},
            "person": {"name": "Anna Schmidt", "email": "anna@example.com"},
        },
        **ANNA,
        form_id="12",
        form_name="Demo",
        company="X AG",
        answers={"company.size": "11-50"},
    ),
    as_json(
        "the rep is not the lead",
        {"owner": {"name": "Rep", "email": "rep@example.org"}, "lead": {"name": "Anna Schmidt", "email": "anna@example.com"}},
        **ANNA,
    ),
    as_json("only the rep has an address", {"owner": {"email": "rep@example.org"}, "message": "Hi"}, email=None),
    as_json(
        "utm object",
        {"email": "anna@example.com", "utm": {"source": "google", "medium": "cpc", "term": ""}, "fbclid": "fb1"},
        campaign={"utm_source": "google", "utm_medium": "cpc", "fbclid": "fb1"},
    ),
    as_json(
        "utm in the page",
        {"email": "anna@example.com", "page": {"url": "https://x.example/p?utm_source=li&gclid=g1&x=1"}},
        campaign={"utm_source": "li", "gclid": "g1"},
        page_url="https://x.example/p?utm_source=li&gclid=g1&x=1",
        answers={},
    ),
    as_json(
        "camel utm",
        {"email": "anna@example.com", "utmSource": "google", "utmCampaign": "spring"},
        campaign={"utm_source": "google", "utm_campaign": "spring"},
    ),
    as_json(
        "consent by purpose",
        {"email": "anna@example.com", "consent": {"marketing": True, "sms": False, "at": "2026-03-02T09:31:00Z"}},
        consent=False,
        consents={"marketing": True, "sms": False},
        answers={},
    ),
    as_json(
        "terms are no consent to contact",
        {"email": "anna@example.com", "I accept the terms and conditions": True},
        consent=None,
        consents={"terms": True},
    ),
    as_json("opted out", {"email": "anna@example.com", "opt_out": True}, consent=False),
    as_json("unanswered consent", {"email": "anna@example.com", "consent": ""}, consent=None, answers={}),
    as_json(
        "wrong e-mail is kept",
        {"name": "Anna Schmidt", "email": "anna(at)example"},
        email=None,
        name="Anna Schmidt",
        answers={"email": "anna(at)example"},
    ),
    as_json(
        "b2b website is an answer",
        {"email": "anna@example.com", "website": "https://schmidt.example"},
        kind="lead",
        answers={"website": "https://schmidt.example"},
    ),
    as_json("phone as a number", {"email": "anna@example.com", "Phone Number": 15550100123}, phone="15550100123"),
    as_json(
        "country says the region",
        {"email": "anna@example.com", "phone": "030 12345678", "country": "Germany"},
        phone_e164="+493012345678",
        answers={"country": "Germany"},
    ),
    as_json(
        "dial code apart",
        {"email": "anna@example.com", "phone_country_code": "+49", "phone": "030 12345678"},
        phone_e164="+493012345678",
        answers={},
    ),
    as_json(
        "fax is no phone", {"email": "anna@example.com", "fax": "+49 30 1234567"}, phone=None, answers={"fax": "+49 30 1234567"}
    ),
    as_json("international number without a name", {"email": "anna@example.com", "q5": "+49 30 1234567"}, phone="+49 30 1234567"),
    as_json("a test says so", {"email": "anna@example.com", "is_test": True}, kind="test_lead"),
    as_json("a ping", {"event": "ping", "hook_id": 4}, kind="ignored"),
    as_json(
        "zero and false are answers",
        {"email": "anna@example.com", "employees": 0, "urgent": False, "notes": "", "tags": []},
        answers={"employees": 0, "urgent": False},
    ),
    as_form(
        "url-encoded with plugin fields",
        "your-name=Anna+Schmidt&your-email=anna%40example.com&_wpcf7=12&_wpcf7_version=5.9&_wpnonce=ab&g-recaptcha-response=x&csrf_token=y",
        **ANNA,
        answers={},
    ),
    as_form(
        "rails style",
        "contact%5Bname%5D=Anna+Schmidt&contact%5Bemail%5D=anna%40example.com&contact%5Bnewsletter%5D=0&contact%5Bnewsletter%5D=1&authenticity_token=x",
        **ANNA,
        consent=True,
    ),
    as_form(
        "php lists",
        "name=Anna+Schmidt&email=anna%40example.com&interests%5B%5D=crm&interests%5B%5D=mail&gdpr=off",
        **ANNA,
        consent=False,
        answers={"interests": ["crm", "mail"]},
    ),
    as_form("filled trap", "name=x&email=anna%40example.com&_gotcha=buy", kind="spam"),
    as_form("empty trap", "email=anna%40example.com&bot-field=&honeypot=&url=&hp_name=", kind="lead", answers={}),
    as_form("mailchimp trap", "EMAIL=anna%40example.com&FNAME=Anna&LNAME=Schmidt&b_0a1b2c3d4e5f_6a7b8c9d=", **ANNA, answers={}),
    as_multipart(
        "multipart", ("Name", "Anna Schmidt"), ("E-Mail", "anna@example.com"), ("Einwilligung", "ja"), **ANNA, consent=True
    ),
    as_multipart(
        "elementor",
        ("form_fields[name]", "Anna Schmidt"),
        ("form_fields[email]", "anna@example.com"),
        ("form_id", "f9"),
        **ANNA,
        form_id="f9",
    ),
    as_json("a flat form's own type", {"email": "anna@example.com", "type": "demo", "event": "x"}, answers={"type": "demo"}),
    as_json("a machine's type", {"email": "anna@example.com", "type": "form.submitted"}, answers={}),
    as_json("an envelope's type", {"type": "demo", "data": {"email": "anna@example.com"}}, answers={}),
    as_json("a mail's sender", {"from": "Anna Schmidt <anna@example.com>", "to": "us@example.org"}, email="anna@example.com"),
    as_form(
        "formspree", "_replyto=anna%40example.com&_subject=Hi&message=Yo", email="anna@example.com", answers={"message": "Yo"}
    ),
    as_json("flagged as spam by the sender", {"email": "anna@example.com", "is_spam": "true"}, kind="spam"),
]
