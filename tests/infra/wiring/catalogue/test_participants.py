"""Who writes and reads what, told from the code."""

from infra.wiring import discovery
from infra.wiring.catalogue.participants import Kind, participants, takers, topic_writers, writers
from schemas.commands import CaptureLead, PublishDocument
from schemas.events import LeadCaptured, RefoldRequested
from schemas.submissions import SubmissionReceived
from schemas.topics import EVENTS, SUBMISSIONS

BY_NAME = {participant.name: participant for participant in participants()}


def test_every_consumer_and_read_model_takes_part() -> None:
    assert {*discovery.consumer_names(), *discovery.projection_makers()} <= BY_NAME.keys()
    assert len(BY_NAME) == len(participants()), "two participants have one name"


def test_a_producer_writes_what_its_code_constructs() -> None:
    assert [one.name for one in writers(SubmissionReceived)] == ["forms"]
    assert BY_NAME["forms"].kind is Kind.PRODUCER
    assert BY_NAME["forms"].reads is None


def test_a_consumer_that_is_no_fold_says_what_it_wants_and_its_code_what_it_writes() -> None:
    identity = BY_NAME["identity"]
    assert identity.reads is SUBMISSIONS
    assert SubmissionReceived in identity.takes
    assert CaptureLead in identity.writes


def test_a_fold_takes_what_the_runtime_decodes_for_it() -> None:
    for fold in discovery.folds():
        participant = BY_NAME[fold.name]
        assert set(fold.handlers) <= set(participant.takes)
        assert set(fold.writes) <= set(participant.writes)
        assert (RefoldRequested in participant.takes) is (fold.reads is EVENTS)


def test_a_read_model_reads_the_whole_log() -> None:
    assert {one.name for one in takers(LeadCaptured) if one.kind is Kind.READ_MODEL} == set(discovery.projection_makers())


def test_folders_of_infra_that_run_as_one_process_are_one() -> None:
    assert [one.name for one in writers(PublishDocument)] == ["work"]
    assert "operator" in [one.name for one in topic_writers(EVENTS)]


def test_everybody_says_what_they_are_for() -> None:
    for one in participants():
        assert one.says[:1].isupper(), one
        assert "->" not in one.says
