"""One body -> what is published of it. Bodies like one that came before are not read again, but drawn from its stencil."""

import base64
from typing import Any, Final

import orjson

from infra.gateway import metrics
from infra.gateway.ids import SubmissionIds
from producers.forms.adapters import adapter
from producers.forms.answers import unreadable
from producers.forms.encodings import CONTENT_TYPE_CHARACTERS_MAX
from producers.forms.payload import BadPayload, check
from producers.forms.publishing import Raw, Ready
from producers.forms.reading.layouts import Layouts
from producers.forms.sources import IntakeSource
from producers.forms.stencils import Drawn, stencil_of
from producers.forms.submission import ParsedSubmission
from producers.forms.translate import HashOf, delivery_of

_IGNORED: Final = metrics.INTAKE.labels("ignored")


class Bodies:
    """Reads them for one intake."""

    def __init__(self, ids: SubmissionIds, hashed: HashOf) -> None:
        self._ids = ids
        self._hashed = hashed
        self._layouts = Layouts()

    def ready(
        self, source: IntakeSource, body: bytes, text: str | None, content_type: str | None, now_ms: int
    ) -> tuple[str, Ready | Drawn | None]:
        """Its id, and what is to be published, None if it asks for nothing. `text`: the body, if it is UTF-8. Raises Problem."""
        reader, kind = adapter(source.vendor), f"{source.vendor} {(content_type or '')[:CONTENT_TYPE_CHARACTERS_MAX]}"
        recalled = None if text is None else self._layouts.recall(kind, body, text)
        if recalled is None or text is None:
            payload = _payload(body, content_type)
            if text is not None:
                self._layouts.learn(kind, body, text, payload, reader.readable(payload), reader.beside(payload))
            parsed = reader.translate(payload, source.mapping)
        # Of one layout with a body that was checked, so there is nothing to check, and little to load.
        elif source.mapping:
            payload = orjson.loads(body)
            parsed = reader.translate(payload, source.mapping, recalled.entries)
        else:
            texts, shortcut = recalled.filled, recalled.shortcut(reader.translate)
            stencil = None
            if shortcut is not None and len(content_type or "") <= CONTENT_TYPE_CHARACTERS_MAX:
                stencil = stencil_of(shortcut, source.origin, content_type or "", self._hashed, texts)
            if stencil is not None:
                event_id: str | None = stencil.event_id(texts)
                delivery = delivery_of(self._hashed, source.id, event_id, None if event_id else orjson.loads(body))
                drawn = stencil.draw(texts, source.without_secrets(text), self._ids.mint(now_ms), delivery)
                if drawn is not None:
                    return drawn.submission_id, drawn
            parsed = recalled.read(reader.translate, shortcut)
            payload = None if parsed.vendor_event_id else orjson.loads(body)
        return self._whole(source, parsed, payload, _raw(source, body, text, content_type or ""), now_ms)

    def _whole(
        self, source: IntakeSource, parsed: ParsedSubmission, payload: Any, raw: Raw, now_ms: int
    ) -> tuple[str, Ready | None]:
        if parsed.kind == "ignored":
            _IGNORED.inc()
            return self._ids.mint(now_ms, ignored=True), None
        id_ = self._ids.mint(now_ms)
        return id_, Ready(parsed, raw, id_, delivery_of(self._hashed, source.id, parsed.vendor_event_id, payload))


def _payload(body: bytes, content_type: str | None) -> Any:
    try:
        return check(body, content_type)
    except BadPayload as bad:
        raise unreadable(bad) from None


def _raw(source: IntakeSource, body: bytes, text: str | None, content_type: str) -> Raw:
    """The body for keeping."""
    if text is None:
        return Raw(base64.b64encode(body).decode(), content_type)
    return Raw(source.without_secrets(text), content_type)
