"""Tools that send each answer as an object of its own, and what stands beside the answers."""

import json

from tests.producers.forms.shape import ANNA, Shape, as_form, as_json

_AGREEMENT = {"value": False, "subscriptionTypeId": 999, "text": "I agree to receive marketing communications"}
_STRUCTURE = {
    "Fields": [
        {"Title": "Name", "ID": "Field1", "SubFields": [{"ID": "Field1", "Label": "First"}, {"ID": "Field2", "Label": "Last"}]},
        {"Title": "Phone", "ID": "Field4"},
    ]
}

SHAPES: list[Shape] = [
    as_json(
        "a name with its parts beside it",
        {
            "fields": {
                "0": {"name": "Name", "value": "Anna Schmidt", "id": 0, "type": "name", "first": "Anna", "last": "Schmidt"},
                "1": {"name": "Mail", "value": "anna@example.com", "id": 1, "type": "email"},
            }
        },
        **ANNA,
        answers={},
    ),
    as_json(
        "properties of several objects, and one agreement of two",
        {
            "fields": [
                {"objectTypeId": "0-1", "name": "email", "value": "anna@example.com"},
                {"objectTypeId": "0-1", "name": "firstname", "value": "Anna"},
                {"objectTypeId": "0-1", "name": "lastname", "value": "Schmidt"},
            ],
            "legalConsentOptions": {
                "consent": {"consentToProcess": True, "text": "I agree to be served", "communications": [_AGREEMENT]}
            },
        },
        **ANNA,
        consent=False,
        consents={"privacy": True, "marketing": False},
    ),
    as_json(
        "the words of an agreement that nobody gave",
        {"email": "anna@example.com", "consent": {"text": "I agree to be contacted", "value": None, "at": None}},
        consent=None,
        consents={},
    ),
    as_json(
        "answers in lists below their questions",
        {
            "email_address": "anna@example.com",
            "pages": [
                {
                    "questions": [
                        {
                            "id": "10",
                            "family": "single_choice",
                            "subtype": "vertical",
                            "heading": "How big is your team?",
                            "answers": [{"choice_id": "1", "simple_text": "11-50", "text": "11-50"}],
                        },
                        {"id": "11", "family": "open_ended", "subtype": "essay", "heading": "Else?", "answers": [{"text": "No"}]},
                    ]
                }
            ],
        },
        answers={"How big is your team?": "11-50", "Else?": "No"},
    ),
    as_json(
        "answers in objects of their own",
        {
            "fields": [
                {"label": "Vorname", "values": [{"answer": "Anna"}], "variable": "firstname"},
                {"label": "Nachname", "values": [{"answer": "Schmidt"}], "variable": "lastname"},
                {"label": "E-Mail", "values": [{"answer": "anna@example.com"}], "variable": "email"},
                {"label": "Was?", "values": [{"answer": "Dach"}, {"answer": "Fenster"}], "variable": "was"},
            ]
        },
        **ANNA,
        answers={"Was?": ["Dach", "Fenster"]},
    ),
    as_form(
        "boxes of a question that only the form's structure names",
        "Field1=Anna&Field2=Schmidt&Field4=5550113&FieldStructure="
        + json.dumps(_STRUCTURE)
        + "&FormStructure="
        + json.dumps({"Name": "Contact", "Email": "owner@example.com"}),
        email=None,
        name="Anna Schmidt",
        phone="5550113",
        answers={"FormStructure.Email": "owner@example.com"},
    ),
    as_json(
        "numbered fields in an object of items",
        {"form_id": "4", "item_meta": {"25": {"first": "Anna", "last": "Schmidt"}, "26": "anna@example.com"}},
        email="anna@example.com",
    ),
    as_json(
        "a row of an unknown kind, whose name nobody is called by",
        {"answers": [{"name": "email", "details": {"said": {"answer": "anna@example.com"}}}]},
        email="anna@example.com",
        name=None,
    ),
    as_json(
        "a company in a list of one",
        {"leads": [{"id": "1", "email": "anna@example.com", "name": "Anna Schmidt", "company": "Schmidt GmbH"}]},
        **ANNA,
        company="Schmidt GmbH",
    ),
    as_json(
        "who sent the notice is not who filled in the form",
        {
            "from": "noreply@forms.example",
            "to": "sales@us.example",
            "fields": {"email": "anna@example.com", "name": "Anna Schmidt"},
        },
        **ANNA,
    ),
    as_json(
        "a mail that was forwarded whole", {"from": "Anna Schmidt <anna@example.com>", "subject": "Hi"}, email="anna@example.com"
    ),
    *(
        as_json(
            f"a name that is none stays an answer: {said[:12]!r}",
            {"name": said, "email": "anna@example.com"},
            name=None,
            form_name=None,
            answers={"name": said},
        )
        for said in ("first = Anna\nCall me = Schmidt", "4711", "https://example.com/x", "ann@example.org", "A" * 201)
    ),
    *(
        as_json(f"a tick that refuses: {words}", {"email": "anna@example.com", words: "Ja"}, consent=False, consents={})
        for words in (
            "Ich möchte keinen Newsletter erhalten",
            "I do NOT want to receive marketing e-mails",
            "Please don't contact me",
            "Keine Werbung bitte",
            "Je ne souhaite pas recevoir la newsletter",
            "Ik wil geen nieuwsbrief",
            "No deseo recibir ofertas",
        )
    ),
    *(
        as_json(f"a tick that agrees: {words}", {"email": "anna@example.com", words: "Ja"}, consent=True)
        for words in (
            "Newsletter (yes/no)",
            "I agree to the privacy policy, which is not negotiable",
            "We do not share your data. I agree to the privacy policy",
            "Newsletter (optional, not required)",
        )
    ),
]
