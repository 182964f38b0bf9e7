import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.forms.payload import BadPayload, check

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b0"


def refused(body: bytes | str, content_type: str | None = JSON) -> BadPayload:
    with pytest.raises(BadPayload) as caught:
        check(body.encode() if isinstance(body, str) else body, content_type)
    return caught.value


def nested(levels: int) -> str:
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


class TestJson:
    @pytest.mark.parametrize(
        "kind", [JSON, "Application/JSON; charset=utf-8", "application/vnd.x+json", "text/json", "text/plain", None, FORM]
    )
    def test_is_read_under_every_type_that_senders_give_it(self, kind: str | None) -> None:
        assert check('{"name": "Zoé", "n": [1, 2.5, null, true]}'.encode(), kind) == {"name": "Zoé", "n": [1, 2.5, None, True]}

    def test_may_begin_with_a_byte_order_mark_and_repeat_a_key(self) -> None:
        assert check(b'\xef\xbb\xbf{"a": 1, "a": 2}', JSON) == {"a": 2}

    @pytest.mark.parametrize(
        "body", ["", "  ", "{", "nope", '{"a": NaN}', '{"a": 01}', '{"a": "\\ud800"}', '{"a": 1}}', '"text"', "3", "null"]
    )
    def test_that_cannot_be_read_is_refused_as_a_whole(self, body: str) -> None:
        assert refused(body).field is None

    def test_says_where_it_cannot_be_read(self) -> None:
        assert "line 2, column 7" in refused('{"a": 1,\n "b": x}').message

    def test_must_be_utf_8(self) -> None:
        assert "UTF-8" in refused(b'{"a": "\xe9"}').message

    @pytest.mark.parametrize(
        ("body", "field"),
        [('{"a": {"b": ["x", "y\\u0000"]}}', "/a/b/1"), ('{"a\\u0000": 1}', "/a\\u0000"), ('[{"b/c": "\\u0000"}]', "/0/b~1c")],
    )
    def test_holds_no_nul(self, body: str, field: str) -> None:
        assert refused(body).field == field

    def test_may_speak_of_nul(self) -> None:
        assert check(b'{"a": "\\\\u0000"}', JSON) == {"a": "\\u0000"}

    def test_nests_32_levels_and_no_more(self) -> None:
        assert check(nested(32).encode(), JSON)
        assert refused(nested(33)).field == "/a" * 32
        assert "deeper than 32" in refused(nested(2_000)).message
        assert "deeper than 32" in refused("[" * 100 + "]" * 100).message

    def test_wide_is_not_deep(self) -> None:
        wide: list[Any] = [{"a": [n]} for n in range(300)]
        assert check(json.dumps(wide).encode(), JSON) == wide

    def test_holds_2000_values_and_no_more(self) -> None:
        assert len(check(json.dumps(list(range(2_000))).encode(), JSON)) == 2_000
        assert "2,000" in refused(json.dumps(list(range(2_001)))).message
        assert "2,000" in refused(json.dumps({"a": [{"b": n} for n in range(1_001)]})).message

    @pytest.mark.parametrize(
        "number", ["18446744073709551616", "-9223372036854775809", "1" * 60, "1" * 5_000, "1.5e308", "-1e+308001", "1E309"]
    )
    def test_refuses_numbers_that_no_store_takes(self, number: str) -> None:
        error = refused(f'{{"a": [1, {number}]}}')
        assert error.field in ("/a/1", None)
        assert "too large" in error.message

    @pytest.mark.parametrize(
        "number", ["18446744073709551615", "-9223372036854775808", "1e300", "0.3000000000000000444", "1e-400"]
    )
    def test_keeps_numbers_that_fit(self, number: str) -> None:
        assert check(f'{{"a": {number}, "b": "1234567890123456789012"}}'.encode(), JSON)["a"] == json.loads(number)


class TestForms:
    def test_repeat_names_for_lists(self) -> None:
        assert check(b"a=1&b=x+y&a=%C3%A9&c&a=3&", FORM) == {"a": ["1", "é", "3"], "b": "x y", "c": ""}

    def test_nest_with_brackets(self) -> None:
        body = b"l[]=1&l[]=2&c[name]=A&c[tags][]=t&r[0][k]=x&r[1][k]=y&rows[][n]=1&rows[][m]=2&rows[][n]=3&g[][]=z&odd[=1&f[3]=q"
        assert check(body, FORM) == {
            "l": ["1", "2"],
            "c": {"name": "A", "tags": ["t"]},
            "r": [{"k": "x"}, {"k": "y"}],
            "rows": [{"n": "1", "m": "2"}, {"n": "3"}],
            "g": [["z"]],
            "odd[": "1",
            "f": {"3": "q"},
        }

    def test_keep_a_name_that_contradicts_another_as_it_is(self) -> None:
        assert check(b"a=1&a[b]=2&a[]=3", FORM) == {"a": "1", "a[b]": "2", "a[]": "3"}

    def test_drop_the_line_end_that_some_clients_add(self) -> None:
        assert check(b"a=1\r\n", FORM) == {"a": "1"}

    @pytest.mark.parametrize(("body", "field"), [(b"a=1&b=%zz", "/b"), (b"b=%", "/b"), (b"b=%C3", "/b"), (b"%E9=1", None)])
    def test_must_be_percent_encoded_properly(self, body: bytes, field: str | None) -> None:
        assert refused(body, FORM).field == field

    def test_are_read_in_the_charset_they_name(self) -> None:
        assert check(b"a=%E9%80", FORM + "; charset=ISO-8859-1") == {"a": "é€"}
        assert check(b"a=\xb3", FORM + "; charset=iso-8859-2") == {"a": "ł"}
        assert "charset" in refused(b"a=1", FORM + "; charset=utf-16").message
        assert "UTF-8" in refused(b"a=\xff", FORM).message

    @pytest.mark.parametrize("body", [b"a=%00", b"%00=1", b"a[b\x00]=1", b"a=\x00"])
    def test_hold_no_nul(self, body: bytes) -> None:
        assert "NUL" in refused(body, FORM).message

    def test_have_limits_too(self) -> None:
        assert "2,000" in refused(b"a=1&" * 2_001, FORM).message
        assert "deeper" in refused(b"a" + b"[b]" * 40 + b"=1", FORM).message


def part(disposition: str, content: bytes, kind: str = "") -> bytes:
    header = f"Content-Disposition: form-data; {disposition}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    return b"--b0\r\n" + header.encode() + b"\r\n" + content + b"\r\n"


class TestMultipart:
    def test_gives_fields_and_notes_files_without_keeping_them(self) -> None:
        body = (
            b"a preamble\r\n"
            + part('name="na\\"me"', "Zoé\r\n--b1".encode())
            + part("name=tags[]", b"x")
            + part('name="tags[]"', b"y")
            + part('name="latin"', b"\xe9", "text/plain; charset=iso-8859-1")
            + part('name="cv"; filename="cv.pdf"', b"%PDF\r\n\x00", "application/pdf")
            + part("name=cv2; filename*=UTF-8''l%C3%A9.txt", b"..", "text/plain")
            + part('name="none"; filename=""', b"", "application/octet-stream")
            + b"--b0--\r\nan epilogue"
        )
        assert check(body, MULTIPART) == {
            'na"me': "Zoé\r\n--b1",
            "tags": ["x", "y"],
            "latin": "é",
            "cv": {"filename": "cv.pdf", "size": 7, "content_type": "application/pdf"},
            "cv2": {"filename": "lé.txt", "size": 2, "content_type": "text/plain"},
        }

    def test_nests_files_and_takes_bare_line_feeds(self) -> None:
        body = b'--b0\nContent-Disposition: form-data; name="a[f]"; filename="x"\n\nabc\n--b0--\n'
        assert check(body, 'multipart/form-data; boundary="b0"') == {
            "a": {"f": {"filename": "x", "size": 3, "content_type": "text/plain"}}
        }

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (part("name=a", b"1"), "cut off"),
            (b"--other--", "cut off"),
            (b"--b0\r\nno headers\r\n--b0--", "headers"),
            (b"--b0junk\r\n\r\nx\r\n--b0--", "headers"),
            (part("filename=x", b"1") + b"--b0--", "no name"),
            (part("name=a", b"\xff") + b"--b0--", "UTF-8"),
            (part("name=a", b"\x00") + b"--b0--", "NUL"),
            (part("name=a", b"1", "text/plain; charset=klingon") + b"--b0--", "charset"),
            (part("name=a", b"1") * 2_002 + b"--b0--", "2,000"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_that_is_broken_is_refused(self, body: bytes, says: str) -> None:
        assert says in refused(body, MULTIPART).message

    def test_needs_a_boundary(self) -> None:
        assert "boundary" in refused(part("name=a", b"1"), "multipart/form-data").message


def test_other_content_types_are_refused_with_those_that_are_taken() -> None:
    assert "application/json" in refused(b"<a/>", "text/xml").message
    assert refused(b"", "text/xml").message.startswith("the body is empty")


def test_without_a_type_a_form_is_recognised() -> None:
    assert check(b"a=1", None) == {"a": "1"}


def test_a_refusal_never_quotes_a_value() -> None:
    assert "secret" not in str(refused('{"a": "secret\\u0000"}'))
    assert str(refused('{"a": "secret\\u0000"}')).startswith("/a: ")


CONTENT_TYPES = st.sampled_from(
    [JSON, FORM, MULTIPART, "text/plain", None, "application/json; charset=x", "multipart/form-data"]
) | st.text(max_size=30)


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.sampled_from(
            [
                b"--b0",
                b"\r\n",
                b"\n",
                b"--",
                b"Content-Disposition: form-data; name=a",
                b"a",
                b"[",
                b"]",
                b"=",
                b"&",
                b"%41",
                b"%",
            ]
        )
    ).map(b"".join),
    content_type=CONTENT_TYPES,
)
def test_random_bytes_are_data_or_a_bad_payload(body: bytes, content_type: str | None) -> None:
    with suppress(BadPayload):
        check(body, content_type)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=6), inner, max_size=6),
        max_leaves=60,
    )
)
def test_any_json_is_itself_or_a_bad_payload(data: Any) -> None:
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with suppress(BadPayload):
        assert check(body, JSON) == data
