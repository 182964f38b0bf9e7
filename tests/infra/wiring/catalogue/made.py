"""Parties of a bus that never was, for tests of what is drawn of them."""

from typing import ClassVar

from infra.wiring.catalogue.participants import Kind, Participant
from schemas.message import Message
from schemas.topics import Topic

IN = Topic("mail.in", "letters", "sender", 1)
OUT = Topic("mail.out", "answers", "sender", None)
SPARE = Topic("mail.spare", "nothing", "none", 1, by_lead=False)
TOPICS = (IN, SPARE, OUT)


class Letter(Message):
    """Somebody wrote."""

    TYPE: ClassVar[str] = "letter.v1"
    TOPIC: ClassVar[Topic] = IN


class Answer(Message):
    """Somebody answered."""

    TYPE: ClassVar[str] = "answer.v1"
    TOPIC: ClassVar[Topic] = OUT


POSTBOX = Participant("postbox", Kind.PRODUCER, "Takes letters", writes=(Letter,))
CLERK = Participant("clerk", Kind.CONSUMER, "Answers letters", IN, (Letter,), (Answer,))
NAG = Participant("nag", Kind.CONSUMER, "Writes again", OUT, (Answer,), (Letter, Answer))
SHELF = Participant("shelf", Kind.READ_MODEL, "Keeps answers", OUT, (Answer,))
EVERYBODY = (POSTBOX, CLERK, NAG, SHELF)
