"""What intake answers."""

from typing import Final

import orjson

from infra.gateway import metrics
from infra.gateway.direct import Answer
from infra.gateway.problems import MEDIA_TYPE, FieldError, Problem, unavailable
from infra.kafka.publisher import Position
from producers.forms.bundles import Taken
from producers.forms.payload import BadPayload

BODY_BYTES_MAX: Final = 1024 * 1024
RETRY_AFTER_SECONDS: Final = 5
PLAIN: Final = "identity"
_JSON = (b"content-type", b"application/json")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


def accepted(submission_id: str, position: Position | None) -> Answer:
    """202. Without a position it asks for nothing."""
    where = "null" if position is None else f'"{position.partition}-{position.offset}"'
    body = f'{{"submission_id":"{submission_id}","position":{where}}}'.encode()
    headers = [_JSON, _NO_SNIFF, (b"x-submission-id", submission_id.encode()), (b"content-length", b"%d" % len(body))]
    return Answer(202, headers, body)


def accepted_all(taken: list[Taken], status: int, wanted: bytes | None) -> Answer:
    """The first one's id in the header, all of them in the body, unless the sender wants another body."""
    each = [{"submission_id": id_, "position": None if at is None else str(at)} for id_, at in taken]
    body = orjson.dumps(each[0] if len(each) == 1 else each[0] | {"submissions": each}) if wanted is None else wanted
    first = taken[0].submission_id.encode()
    return Answer(status, [_JSON, _NO_SNIFF, (b"x-submission-id", first), (b"content-length", b"%d" % len(body))], body)


def refused(problem: Problem, path: str) -> Answer:
    """A problem, counted."""
    metrics.INTAKE.labels(problem.slug).inc()
    body = problem.body(path)
    headers = [(b"content-type", MEDIA_TYPE.encode()), _NO_SNIFF, (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    return Answer(problem.status, headers, body)


def too_large() -> Problem:
    """413."""
    return Problem(413, "content-too-large", "Content too large", f"A body may have {BODY_BYTES_MAX:,} bytes.")


def encoded() -> Problem:
    """415."""
    detail = "Send the body as it is, without Content-Encoding: what is compressed isn't read."
    return Problem(415, "unsupported-encoding", "Unsupported content encoding", detail, headers={"Accept-Encoding": PLAIN})


def unreadable(bad: BadPayload) -> Problem:
    """400, or 422 where a field is to blame."""
    if bad.field is None:
        return Problem(400, "malformed", "Malformed request", bad.message)
    return Problem(422, "invalid", "Invalid request", str(bad), errors=[FieldError(bad.field, bad.message)])


def log_away() -> Problem:
    """503."""
    return unavailable("The event log", RETRY_AFTER_SECONDS)
