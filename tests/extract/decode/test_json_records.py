"""The shared reader of JSON records: envelopes, odd shapes, and documents that attack it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decode.json_pages import payloads
from euregio.extract.decode.json_records import read
from euregio.extract.decode.json_scan import DepthGuard
from euregio.extract.decode.plain import Source

KEYS = ("data", "items")
COLUMNS = {
    "id": "VARCHAR",
    "name": "VARCHAR",
    "place": "STRUCT(lat VARCHAR, lon VARCHAR)",
    "parts": "STRUCT(k VARCHAR, deep STRUCT(z VARCHAR)[])[]",
}


def source(tmp_path: Path, content: bytes | str) -> Source:
    path = tmp_path / "landed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Source(path, "feed.json", tmp_path)


def rows(source: Source) -> list[dict]:
    con = duckdb.connect()
    relation = read(
        source, con, COLUMNS, lambda thorough: [(page.path, {}) for page in payloads(source, KEYS, ("id",), thorough)]
    )
    try:
        found = relation.fetchall()
    except duckdb.InvalidInputException:
        relation = source.second_try[0]()
        found = relation.fetchall()
    return [dict(zip(relation.columns, row, strict=True)) for row in found]


def record_file(source: Source) -> Path:
    (page,) = payloads(source, KEYS, ("id",))
    return page.path


def streamed(source: Source) -> list[object]:
    """The elements of a list, as the streaming parser gives them behind its guard."""
    import ijson

    with source.path.open("rb") as file:
        return list(ijson.items(DepthGuard(file), "item"))


def ids(source: Source) -> list[str]:
    return [row["id"] for row in rows(source)]


@pytest.mark.parametrize(
    "document",
    [
        '[{"id":"a"},{"id":"b"}]',
        '{"id":"a"}\n{"id":"b"}\n',
        '{"id":"a"}\r\n\r\n{"id":"b"}',
        '{"data":[{"id":"a"},{"id":"b"}],"status_code":1000,"timestamp":"2026-11-20T00:00:00Z"}',
        '{"status_code":1000,"data":[{"id":"a"},{"id":"b"}]}',
        ' {"meta": {"x": [1, {"y": "]}"}]}, "DATA" : [{"id":"a"},\n {"id":"b","l":["}]"]}\n ] , "next" : "u" } \n',
        '{"data":{"total":2,"items":[{"id":"a"},{"id":"b"}],"page":1},"status_code":1000}',
        '{"items":[{"id":"a","parts":[{"k":"1"}]},{"id":"b","parts":[{"k":"1"},{"k":"2"}]}],"links":["x","y"]}',
        '{"msg":"brackets ] } , \\" : [ {","data":[{"id":"a"},{"id":"b"}],"note":"],\\"a\\":1}"}',
    ],
)
def test_records_are_found_whatever_is_around_them(tmp_path, document):
    assert ids(source(tmp_path, document)) == ["a", "b"]


@pytest.mark.parametrize("document", ['{"id":"a","parts":[]}', '{"data":{"id":"a"},"status_code":1000}'])
def test_a_single_object_is_one_record(tmp_path, document):
    assert ids(source(tmp_path, document)) == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_unicode_encodings_and_byte_order_marks_are_read(tmp_path, encoding):
    document = '{"data":[{"id":"Łódź"},{"id":"Αθήνα"}]}'.encode(encoding)
    assert ids(source(tmp_path, document)) == ["Łódź", "Αθήνα"]


def test_a_bare_array_is_not_copied(tmp_path):
    landed = source(tmp_path, '[{"id":"a"}]')
    assert record_file(landed) == landed.path


def test_the_payload_is_copied_byte_for_byte(tmp_path):
    text = '[{"id":"a", "name":1.50},\n{"id":"b"}]'
    cut = record_file(source(tmp_path, '{"next":null,"data":' + text + ',"x":[1]}'))
    assert cut.read_text() == text


def test_an_envelope_larger_than_the_window_is_opened(tmp_path):
    records = ",".join(json.dumps({"id": str(n), "name": "x] }," * 20, "parts": [{"k": "1"}]}) for n in range(20000))
    found = ids(source(tmp_path, '{"status_code":1000,"data":[' + records + '],"links":["a"],"timestamp":"t"}'))
    assert (len(found), found[-1]) == (20000, "19999")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('{"status_code":2001,"status_message":"Invalid or missing parameters"}', "Invalid or missing parameters"),
        ('{"data":[],"status_code":2001,"status_message":"No such party"}', "2001 No such party"),
        ('{"status_code":3000,"data":null}', "3000"),
        ('{"error":{"code":401,"message":"token expired"}}', "token expired"),
        ('{"message":"Rate limit exceeded"}', "Rate limit exceeded"),
        ('{"data":null,"status_code":1000}', "neither a list of records nor a record"),
        ('{"type":"FeatureCollection","features":[]}', "an object with type, features"),
        ("{}", "no keys"),
        ("null", "JSON null"),
        ('"text"', "this is not JSON"),
        ("id;name\n1;2", "this is not JSON"),
        ('{"data":[{"id":"a"}', "cut off"),
        ('{"data":[{"id":"a"},{"id"', "cut off"),
        ('{"data":[{"id":"a"}]', "cut off"),
        ('{"data":[{"id":"a"}]}}', "cut off"),
        ('{data:[1]}', "this is not JSON"),
    ],
)  # fmt: skip
def test_a_document_without_records_is_refused_in_words(tmp_path, document, says):
    with pytest.raises(DecodeError) as refused:
        record_file(source(tmp_path, document))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "document",
    [
        b'[{"id":"a"},{"id":"b"}', b'[{"id":"a"},{"id":', b'[{"id":"a"}] trailing',
        b'[{"id":"a"} x {"id":"b"}]', b'{"id":"a"}\n{"id":', b'[{"id":"a"}]]', b'[{"id":"a"}]"x"', b'{"data":[{"id":"a"}]}{"data":[{"id":"b"}',
    ],
)  # fmt: skip
def test_bytes_that_are_no_whole_json_fail(tmp_path, document):
    with pytest.raises((duckdb.Error, DecodeError)):
        rows(source(tmp_path, document))


def test_an_empty_array_has_no_records(tmp_path):
    assert rows(source(tmp_path, '{"data":[]}')) == []


@pytest.mark.parametrize(
    "odd",
    [
        '{"id":"x","place":"52.1 4.3"}', '{"id":"x","place":[]}', '{"id":"x","parts":{"k":"1"}}',
        '{"id":"x","parts":[{"k":"1"},7]}', '{"id":"x","parts":[{"k":"1","deep":[3]}]}', '{"id":"x","id":"y"}',
        '{"id":"x","place":{"lat":1,"lat":2}}', '{"id":"x","parts":[{"k":1,"k":2}]}', '7', '"text"', '[1]', 'null',
    ],
)  # fmt: skip
def test_one_odd_record_is_marked_and_spoils_no_other(tmp_path, odd):
    found = rows(source(tmp_path, f'[{{"id":"a","place":{{"lat":1.50}}}},{odd},{{"id":"b","parts":[]}}]'))
    assert [row["id"] for row in found][::2] == ["a", "b"]
    assert found[0]["place"] == {"lat": "1.5", "lon": None}
    if odd != "null":  # DuckDB itself reads null as a record without values: it fails on its missing id
        assert [row["_odd"] is None for row in found] == [True, False, True]


def test_numbers_keep_their_value_and_are_not_rounded(tmp_path):
    found = rows(source(tmp_path, '[{"id":123456789012345678901,"name":45.162778000000013},{"id":1e999,"name":NaN}]'))
    assert [row["id"] for row in found] == ["123456789012345678901", "1e999"]
    assert [row["name"] for row in found] == ["45.16277800000001", "NaN"]


@pytest.mark.parametrize("nest", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_a_hundred_thousand_levels_do_not_crash_the_process(tmp_path, nest, closed):
    close = "".join({"[": "]", "{": "}"}[sign] for sign in reversed(nest) if sign in "[{")
    deep = nest * 100_000 + ("1" + close * 100_000 if closed else "")
    for document in (f'[{{"id":"a","name":{deep}}}]', f'{{"id":"a","name":{deep}}}', f'{{"data":[{deep}]}}',
                     f'{{"x":{deep},"data":[]}}', f'[{{"id":"a","parts":[{deep}]}}]'):  # fmt: skip
        landed = source(tmp_path, document)
        with contextlib.suppress(DecodeError, duckdb.Error):
            rows(landed)
        with pytest.raises(ValueError, match=r"levels"):
            streamed(landed)


def test_brackets_inside_strings_are_no_levels(tmp_path):
    text = json.dumps([{"id": "[" * 5000 + '"\\' * 3 + "{" * 70000}])
    assert len(streamed(source(tmp_path, text))) == 1


def test_a_string_escaped_over_a_chunk_border_does_not_hide_levels(tmp_path):
    text = '[{"id":"' + "x" * (65536 - 9) + '\\"' + '"},' + "[" * 200 + "]" * 200 + "]"
    with pytest.raises(ValueError, match="levels"):
        streamed(source(tmp_path, text))


@pytest.mark.parametrize(
    "document",
    [
        '{"data":[{"id":"a"}],"status_code":1000}\n{"data":[{"id":"b"}],"status_code":1000}\n',
        '{"data":[{"id":"a"}]}{"data":[]}{"data":{"items":[{"id":"b"}]}}',
        '[{"data":[{"id":"a"}],"total":2},{"data":[{"id":"b"}],"total":2}]',
        '[{"data":[]},{"data":[{"id":"a"},{"id":"b"}]}]',
        '[{"id":"a"}]\n[{"id":"b"}]',
        '[[{"id":"a"}],[{"id":"b"}]]',
        '{"data":[[{"id":"a"}],[{"id":"b"}]]}',
        '{"data":[{"id":"a","name":"]}{\\"data\\":["}]}\r\n\ufeff{"data":[{"id":"b"}]}',
    ],
)
def test_pages_one_after_another_or_in_a_list_are_read_in_their_order(tmp_path, document):
    assert ids(source(tmp_path, document)) == ["a", "b"]


def test_an_error_among_pages_is_the_publishers_error(tmp_path):
    with pytest.raises(DecodeError, match="2003 no such page"):
        ids(source(tmp_path, '{"data":[{"id":"a"}]}\n{"data":[],"status_code":2003,"status_message":"no such page"}'))


def test_more_pages_than_is_plausible_are_refused(tmp_path):
    with pytest.raises(DecodeError, match="more pages than is plausible"):
        ids(source(tmp_path, '{"data":[]}' * 5001))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("K\xf6ln".encode("latin-1"), "Köln"), ("Köln – ".encode() + "–".encode("cp1252"), "Köln – –"),
        (rb"K\ud800ln", "K\ufffdln"), (rb"\udc00\ud83d\ude00\ud83d", "\ufffd\U0001f600\ufffd"), (rb"\\ud800", r"\ud800"),
        (b"a\nb\tc\x01d", "a\nb\tc\x01d"), (rb"O\'Hara", "O'Hara"), (rb"C:\Users\x", r"C:\Users\x"), (rb"\u12", r"\u12"),
        (rb'say \"\ud800\"', 'say "\ufffd"'),
    ],
)  # fmt: skip
def test_what_programs_get_wrong_in_a_text_costs_that_text_at_most(tmp_path, text, name):
    found = rows(source(tmp_path, b'[{"id":"a","name":"' + text + b'"},{"id":"b"}]'))
    assert [(row["id"], row["name"], row["_odd"]) for row in found] == [("a", name, None), ("b", None, None)]


def test_a_comma_with_no_value_behind_it_is_no_value(tmp_path):
    assert ids(source(tmp_path, '[{"id":"a",},{"id":"b","name":",]"} , \n]')) == ["a", "b"]
