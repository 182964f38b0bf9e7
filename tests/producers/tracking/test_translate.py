from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from producers.tracking.translate import VIEWS_MAX, Views, activities, campaign

NOW = 1_795_000_000.0
VISITOR = "0123456789abcdef0123456789abcdef"


def view(**more: Any) -> dict[str, Any]:
    return {"id": "view-0123456789abcdef", "url": "https://x.example/pricing?utm_source=news", "title": " Prices ", **more}


def seen(*views: dict[str, Any], **more: Any) -> Views:
    return Views.model_validate({"visitor": VISITOR, "views": list(views), **more})


def test_a_view_is_an_activity_of_its_visitor_at_its_time() -> None:
    (one,) = activities(seen(view(ago_ms=5_000, referrer="https://r.example/?q=1")), "site", NOW)
    assert (one.kind, one.visitor, one.source.vendor, one.source.source_id) == ("page_view", VISITOR, "tracking", "site")
    assert one.occurred_at == datetime.fromtimestamp(NOW - 5, UTC)
    assert (one.url, one.referrer) == ("https://x.example/pricing?utm_source=news", "https://r.example/?q=1")
    assert (one.person.title, dict(one.campaign)) == ("Prices", {"utm_source": "news"})


def test_a_view_that_is_sent_again_has_the_same_id_and_another_browsers_has_not() -> None:
    first, again = activities(seen(view(), view(ago_ms=9)), "site", NOW)
    (other,) = activities(seen(view(), visitor="another-browser-9876"), "site", NOW)
    assert first.event_id == again.event_id != other.event_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"visitor": "short"},
        {"visitor": "x" * 65},
        {"visitor": "no spaces allowed here"},
        {"views": []},
        {"views": [view()] * (VIEWS_MAX + 1)},
        {"views": [view(url="javascript:alert(1)")]},
        {"views": [view(url="https://x.example/" + "a" * 2_000)]},
        {"views": [view(title="t" * 501)]},
        {"views": [view(ago_ms=-1)]},
        {"views": [view(ago_ms=86_400_001)]},
        {"views": [{"url": "https://x.example"}]},
    ],
)
def test_what_no_snippet_sends_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Views.model_validate({"visitor": VISITOR, "views": [view()], **wrong})


def test_of_an_addresss_parameters_only_the_campaigns_are_readable() -> None:
    url = "https://x.example/?UTM_Source=News&utm_source=second&utm_term=+&gclid=g1&email=ada@x.example&utm_x1=2"
    assert campaign(url) == {"utm_source": "News", "gclid": "g1"}


def test_what_no_store_takes_is_replaced() -> None:
    (one,) = activities(seen(view(title="a\0b", url="https://x.example/\0?utm_source=a%00b")), "site", NOW)
    assert "\0" not in repr(one)
