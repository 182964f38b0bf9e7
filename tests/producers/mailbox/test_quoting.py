import time

import pytest

from producers.mailbox.quoting import without_quotes

QUOTED = "> Dear Ana,\n> thank you for writing.\n"


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, 2 Mar 2026 at 10:12, Quayline <hello@quayline.example> wrote:",
        "On Mon, 2 Mar 2026 at 10:12, Quayline\n<hello@quayline.example> wrote:",
        "Am 02.03.2026 um 10:12 schrieb Quayline:",
        "Le lun. 2 mars 2026 à 10:12, Quayline <hello@quayline.example> a écrit :",
        "-----Original Message-----",
        "________________________________\nFrom: Quayline <hello@quayline.example>\nSent: Monday",
        "Von: Quayline\nGesendet: Montag, 2. März 2026",
        "Quayline <hello@quayline.example> wrote:",
    ],
)
def test_what_programs_put_before_a_quotation_ends_the_text(introduction: str) -> None:
    assert without_quotes(f"Yes, on Tuesday.\n\nAna\n\n{introduction}\n{QUOTED}") == "Yes, on Tuesday.\n\nAna"


def test_answers_between_the_lines_stay_and_the_lines_go() -> None:
    assert without_quotes("> When suits you?\nTuesday.\n> And where?\nHere.\r\n") == "Tuesday.\nHere."


def test_a_signature_that_is_set_off_goes() -> None:
    assert without_quotes("Yes.\n\n-- \nAna Silva, Acme") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "My colleague wrote:\nplease call.",
        "On the way home I thought of it again.",
        "From: Lisbon to Rome, that is the way.\nWhat does it cost?",
        "To: be or not to be",
        "__\nyes",
    ],
)
def test_what_people_write_themselves_stays(text: str) -> None:
    assert without_quotes(text) == text


@pytest.mark.parametrize("line", ["on " * 100, "a wrote:", "_" * 200_000, "From: x", "-" * 299, "On " + "wrote " * 45 + ":x"])
def test_no_text_takes_more_than_linear_time(line: str) -> None:
    begun = time.process_time()
    without_quotes("\n".join([line] * 2_000)[:400_000])
    assert time.process_time() - begun < 5
