"""Answers that are wrapped by their kind, lists with other people in them, and ids that are not what they seem."""

from typing import Any

from tests.producers.forms.shape import ANNA, Shape, as_form, as_json

_NO = {"promotions": "opt_out", "terms_of_service": "accepted"}
_OTHERS = [
    {"name": "Bob Ray", "email": "bob@example.org", "phone": "+442079460123", "company": "Ray Ltd"},
    {"name": "Cem Oz", "email": "cem@example.org"},
]
_ANN = {"email": "anna@example.com", "name": "Anna Schmidt", "phone": "0301234"}
_PAGES = [{"email": "anna@example.com"}, {"phone": "+49301234567"}, {"name": "Anna Schmidt"}, {"company": "Schmidt GmbH"}]
_COMPANY_FIELD = {
    "key": "company",
    "label": {"type": "custom", "custom": "Company"},
    "type": "text",
    "optional": False,
    "text": {"value": "Schmidt GmbH", "maximum_length": None},
}


def _said(answer: str, **row: Any) -> dict[str, Any]:
    return {**row, "answerDetails": {"textQuestionAnswer": {"answer": answer}}}


def _written(text: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "text",
            "text": {"content": part, "link": None},
            "annotations": {"bold": False},
            "plain_text": part,
            "href": None,
        }
        for part in (text[:3], text[3:])
    ]


SHAPES: list[Shape] = [
    as_json(
        "answers wrapped by their kind",
        {
            "id": "lead-1",
            "formResponse": {
                "answers": [
                    _said("Anna", questionId=1, name="firstName"),
                    _said("Schmidt", questionId=2, name="lastName"),
                    _said("anna@example.com", questionId=3, name="email"),
                    {"questionId": 4, "name": "size", "answerDetails": {"multipleChoiceAnswer": {"options": [1]}}},
                ],
                "consentResponses": [{"consentId": 1, "accepted": False}],
            },
        },
        **ANNA,
        first_name="Anna",
        consent=False,
        vendor_event_id="lead-1",
        answers={"size": [1]},
    ),
    as_json(
        "wrapped answers by number, whose questions have names",
        {
            "questions": [{"questionId": 1, "name": "firstName"}, {"questionId": 2, "name": "lastName"}],
            "answers": [_said("Anna", questionId=1), _said("Schmidt", questionId=2), _said("anna@example.com", questionId=3)],
        },
        **ANNA,
    ),
    as_json(
        "answers in a list of one within another",
        {"answers": {"a1": {"questionId": "a1", "textAnswers": {"answers": [{"value": "anna@example.com"}]}}}},
        email="anna@example.com",
    ),
    as_json(
        "somebody's object of one is no answer",
        {"id": 5, "name": "Anna Schmidt", "contact": {"email": {"value": "anna@example.com"}}},
        **ANNA,
    ),
    as_json(
        "properties with an id and a value by their type",
        {
            "properties": {
                "Name": {"id": "title", "type": "title", "title": _written("Anna Schmidt")},
                "Email": {"id": "e1", "type": "email", "email": "anna@example.com"},
                "Company": {"id": "c1", "type": "rich_text", "rich_text": _written("Schmidt GmbH")},
                "Stage": {"id": "s1", "type": "status", "status": {"id": "x", "name": "New", "color": "blue"}},
                "Newsletter": {"id": "n1", "type": "checkbox", "checkbox": False},
                "Topics": {"id": "t1", "type": "multi_select", "multi_select": [{"id": "1", "name": "CRM", "color": "red"}]},
            }
        },
        **ANNA,
        company="Schmidt GmbH",
        consents={"newsletter": False},
        answers={"Stage": "New", "Topics": ["CRM"]},
    ),
    as_json(
        "rows that have only a type",
        {
            "field_data": [
                {"field_type": "FIRST_NAME", "value": "Anna"},
                {"field_type": "LAST_NAME", "value": "Schmidt"},
                {"field_type": "EMAIL", "value": "anna@example.com"},
                {"field_type": "CUSTOM", "question": "Car?", "value": "Yes"},
            ]
        },
        **ANNA,
        answers={"Car?": "Yes"},
    ),
    as_json(
        "a typed row in a list that says what it is",
        {"name": "Anna Schmidt", "emails": [{"type": "business", "value": "anna@example.com"}]},
        **ANNA,
        company=None,
    ),
    as_json(
        "a row of a profile, with ids of its own",
        {
            "email": "anna@example.com",
            "profile_fields": [{"id": 1, "label": "Phone", "value": "5550100", "custom_profile_field_definition_id": 2}],
        },
        phone="5550100",
        answers={},
    ),
    as_json(
        "boxes of a question with headings of their own",
        {
            "questions_and_answers": [
                {
                    "heading": "About you",
                    "answers": [
                        {"row_id": "1", "row_heading": "Name", "text": "Anna Schmidt"},
                        {"row_id": "2", "row_heading": "Email Address", "text": "anna@example.com"},
                    ],
                }
            ]
        },
        **ANNA,
    ),
    as_json(
        "a checkout's consent in words of a machine",
        {
            "data": {
                "object": {
                    "consent": _NO,
                    "customer_details": {"email": "anna@example.com", "name": "Anna Schmidt"},
                    "custom_fields": [_COMPANY_FIELD],
                }
            }
        },
        **ANNA,
        company="Schmidt GmbH",
        consent=False,
        consents={"marketing": False, "terms": True},
    ),
    as_json("opted out in one word", {"Email": "anna@example.com", "HasOptedOutOfEmail": True}, consent=False),
    as_json(
        "a company as a CRM tells it",
        {
            "id": "9",
            "properties": {"name": "Schmidt GmbH", "domain": "schmidt.example", "hs_object_id": "9", "phone": "+49301234567"},
        },
        company="Schmidt GmbH",
        name=None,
        phone="+49301234567",
    ),
    as_json(
        "who left a number and a company's figures is somebody",
        {"phone": "+49301234567", "name": "Anna Schmidt", "domain": "schmidt.example", "employees": "40"},
        name="Anna Schmidt",
        company=None,
    ),
    as_json(
        "somebody with a domain is no company",
        {"name": "Anna Schmidt", "email": "anna@example.com", "domain": "schmidt.example", "industry": "Roofs"},
        **ANNA,
        company=None,
    ),
    *(
        as_json(
            f"who is listed is not who wrote: {key}",
            {key: _OTHERS, "booked_by": {"name": "Anna Schmidt", "email": "anna@example.com"}},
            **ANNA,
            phone=phone,
        )
        for key, phone in (("references", None), ("colleagues", None), ("guests", None), ("Referenzen", None))
    ),
    *(
        as_json(
            f"who is listed may be who wrote, beside our own: {key}", {"contacts": [_ANN], key: ours}, **ANNA, phone="0301234"
        )
        for key, ours in (
            *(
                (f"{whose}_email", "info@ours.example")
                for whose in ["site", "store", "shop", "account", "business", "form", "brand", "location", "from", "inbox"]
            ),
            ("phone", "+49891234567"),
            ("business_phone", "+49891234567"),
        )
    ),
    as_json(
        "nothing of the second is the first's",
        {"people": [{"name": "Anna Schmidt", "email": "anna@example.com"}, _OTHERS[0]]},
        **ANNA,
        phone=None,
        company=None,
    ),
    as_json(
        "of the second with a number of their own nothing is the first's",
        {"people": [_ANN, {"phone": "+442079460123", "company": "Ray Ltd"}]},
        **ANNA,
        phone="0301234",
        company=None,
    ),
    as_json(
        "of the second with a name of their own nothing is the first's",
        [{"name": "Anna Schmidt", "email": "anna@example.com"}, {"name": "Bob Ray", "phone": "+442079460123"}],
        **ANNA,
        phone=None,
    ),
    *(
        as_json(f"pages of one form: {name}", body, **ANNA, phone="+49301234567", company="Schmidt GmbH")
        for name, body in (
            (
                "fields",
                {
                    "pages": [
                        {"fields": {"email": "anna@example.com"}},
                        {"fields": {"phone": "+49301234567", "full_name": "Anna Schmidt", "company": "Schmidt GmbH"}},
                    ]
                },
            ),
            ("bare", _PAGES),
            ("steps", {"steps": _PAGES}),
            ("sections", {"id": 1, "sections": _PAGES}),
            ("address repeated", [*_PAGES, {"email_confirm": "anna@example.com"}]),
            ("backwards", {"steps": _PAGES[::-1]}),
            (
                "our own address on the last",
                {"steps": [*_PAGES[:2], {**_PAGES[2], **_PAGES[3], "owner_email": "rep@ours.example"}]},
            ),
        )
    ),
    as_json(
        "the seller is not the buyer",
        {
            "seller": {"name": "Shop Guy", "email": "shop@example.org"},
            "customer": {"name": "Anna Schmidt", "email": "anna@example.com"},
        },
        **ANNA,
    ),
    as_json("a seller alone may be the lead", {"seller": {"name": "Anna Schmidt", "email": "anna@example.com"}}, **ANNA),
    as_json(
        "a call's own numbers",
        {
            "business_phone_number": "+19044567899",
            "customer_phone_number": "+13035550188",
            "tracking_phone_number": "+13038163491",
        },
        phone="+13035550188",
    ),
    as_form(
        "a message by phone",
        "To=%2B15550100100&From=%2B13035550188&Body=Hi&MessageSid=SM1",
        phone="+13035550188",
        vendor_event_id="SM1",
    ),
    as_json(
        "a chat's sender, whose name stands in a list of its own",
        {
            "metadata": {"display_phone_number": "15550783881"},
            "contacts": [{"profile": {"name": "Anna Schmidt"}, "id": "16505551234"}],
            "messages": [{"from": "+16505551234", "timestamp": "1772443867", "text": {"body": "Hi"}}],
        },
        name="Anna Schmidt",
        phone="+16505551234",
    ),
    *(
        as_json(
            f"no phone: from {said}", {"email": "anna@example.com", "price": {"from": said, "to": "2"}, "from": said}, phone=None
        )
        for said in ("1772443867000", "15000000000", "20261231235959", "16505551234")
    ),
    as_json(
        "a whole name without the parts is somebody else's",
        {
            "payer": {"name": {"given_name": "Anna", "surname": "Schmidt"}, "email_address": "anna@example.com"},
            "shipping": {"name": {"full_name": "Other Person"}},
        },
        **ANNA,
        answers={"shipping.name.full_name": "Other Person"},
    ),
    as_json(
        "a campaign in an object of its own",
        {"email": "anna@example.com", "context": {"campaign": {"source": "google", "medium": "cpc"}}},
        campaign={"utm_source": "google", "utm_medium": "cpc"},
    ),
    as_json("days are no phone", {"email": "anna@example.com", "From": "2026-03-02", "To": "2026-03-09"}, phone=None),
    as_json("an attribute for messages", {"email": "anna@example.com", "attributes": {"SMS": "4930123456"}}, phone="4930123456"),
    as_json("an address that agreed is no number", {"email": "anna@example.com", "sms_consent_ip": "192.168.100.12"}, phone=None),
    as_json(
        "many come to one occasion",
        {"id": "12345", "event_id": "999", "profile": {"name": "Anna Schmidt", "email": "anna@example.com"}},
        **ANNA,
        vendor_event_id="999:12345",
    ),
    as_json(
        "the outermost of the ids",
        {"submissionID": "56", "rawRequest": '{"event_id": "17_230_abc", "q4_email": "anna@example.com"}'},
        vendor_event_id="56",
    ),
    as_form(
        "a name that is written a part a line",
        "Name=first+%3D+Anna%0Alast+%3D+Schmidt&Email=anna%40example.com&Note=a+%3D+1%0Ab+%3D+2",
        **ANNA,
        first_name="Anna",
        answers={"Note": "a = 1\nb = 2"},
    ),
    as_json("a name with lines", {"name": "first = Anna\nlast = Schmidt", "email": "anna@example.com"}, **ANNA),
    as_json("a unique id", {"FormID": "4", "UniqueID": "99", "Email": "anna@example.com"}, vendor_event_id="99", form_id="4"),
    as_form(
        "a prefix before a campaign's parameter",
        "contact__email=anna%40example.com&querystring__utm_source=g",
        campaign={"utm_source": "g"},
    ),
]
