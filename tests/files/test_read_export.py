"""Exports: what is taken in, what is listed as bad, and what survives."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.files import read_export
from adapters.files.reading import parse_export
from sync.errors import ConfigError, Rejected
from sync.record import Export

NAMES = {"email": "emails", "firstName": "first_name", "linkedin": "linkedin_url", "company": "company_name"}
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)


def taken(content: str | bytes, **options: Any) -> Export:
    content = content.encode() if isinstance(content, str) else content
    return parse_export(content, provider="datananas", names=NAMES, as_of=AS_OF, **options)


def ids(export: Export) -> list[str]:
    return [record.ref.record_id for record in export.records]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_with_any_delimiter_byte_order_mark_and_line_end(delimiter: str, mark: str, end: str) -> None:
    lines = [["email", "firstName", "company"], ["ana@ex.org", "Ana", "Acme"], ["bo@ex.org", "Bo", ""]]
    export = taken(mark + end.join(delimiter.join(line) for line in lines))
    assert ids(export) == ["email:ana@ex.org", "email:bo@ex.org"]
    assert export.records[0].contact.company_name == "Acme"
    assert export.bad_rows == ()


def test_the_header_holds_canonical_names_or_wire_names_in_any_case() -> None:
    export = taken("EMAIL,first_name,FIRSTNAME,Company\nana@ex.org,,Ana,Acme\n")
    contact = export.records[0].contact
    assert (contact.first_name, contact.company_name) == ("Ana", "Acme")


def test_unknown_columns_are_ignored_and_missing_ones_are_told_as_absent() -> None:
    record = taken("email,shoe size,city\nana@ex.org,39,\n").records[0]
    assert record.contact.to_fields() == {"emails": ("ana@ex.org",)}
    assert "city" not in record.absent
    assert "country" in record.absent


def test_columns_that_are_not_taken_in_as_they_stand_are_named() -> None:
    export = taken("email,job_titel,Email,shoe size,,variables.x,Shoe Size\nana@ex.org,COO,,39,,y,40\n")
    assert (export.unknown, export.repeated) == (("job_titel", "shoe size", "Shoe Size"), ("Email", "Shoe Size"))
    lines = [{"email": "ana@ex.org", "vars": {"a": 1}}, {"email": "bo@ex.org", "job_titel": "COO", "geo": {}}]
    export = taken("\n".join(map(json.dumps, lines)))
    assert (export.unknown, export.repeated) == (("job_titel", "geo"), ())


def test_several_emails_are_split_at_semicolons() -> None:
    record = taken("email,firstName\n ana@ex.org ; a@home.example;,Ana\n").records[0]
    assert record.contact.emails == ("ana@ex.org", "a@home.example")


def test_variables_have_columns_of_their_own() -> None:
    record = taken("email,variables.CRM Id\nana@ex.org,42\n").records[0]
    assert dict(record.contact.variables) == {"CRM Id": "42"}


def test_a_record_is_named_by_its_id_else_by_its_key() -> None:
    text = "record_id,email,linkedin\nr1,ana@ex.org,\n,Bo@Ex.org,\n,,https://www.linkedin.com/in/Cyd/\n"
    assert ids(taken(text)) == ["r1", "email:bo@ex.org", "linkedin:in:cyd"]


def test_the_key_that_names_a_record_can_be_the_profile() -> None:
    text = "email,linkedin\nana@ex.org,https://www.linkedin.com/in/ana\n"
    assert ids(taken(text, key="linkedin_url")) == ["linkedin:in:ana"]
    assert ids(taken(text)) == ["email:ana@ex.org"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("true", "UNSUBSCRIBED"), ("1", "UNSUBSCRIBED"), ("Yes", "UNSUBSCRIBED"), ("bounced", "BOUNCED"),
        ("asked by phone", "asked by phone"), ("", None), ("false", None), ("0", None), ("no", None),
    ],
)  # fmt: skip
def test_opted_out_is_a_yes_or_a_reason(cell: str, reason: str | None) -> None:
    export = taken(f"email,opted_out\nana@ex.org,{cell}\n")
    assert export.records[0].opted_out == reason
    assert [o.reason for o in export.opt_outs] == ([reason] if reason else [])


def test_what_is_no_reason_is_a_no_of_which_the_words_are_not_kept() -> None:
    export = taken("email,opted_out\nana@ex.org,DECEASED\nbo@ex.org,Bo rang +33612345678\n")
    assert [o.reason for o in export.opt_outs] == ["DECEASED", "OTHER"]
    assert [r.opted_out for r in export.records] == ["DECEASED", "OTHER"]
    assert export.reworded == (3,)


def test_an_opt_out_tells_its_keys_and_where_it_comes_from() -> None:
    (opt_out,) = taken("email,linkedin,opted_out\nana@ex.org;a@ex.com,https://linkedin.com/in/ana,yes\n").opt_outs
    assert opt_out.emails == ("ana@ex.org", "a@ex.com")
    assert opt_out.linkedin_url == "https://linkedin.com/in/ana"
    assert opt_out.source == "import"


def test_a_row_that_is_bad_for_another_reason_still_counts_as_an_opt_out() -> None:
    lines = [{"email": "a@ex.org", "opted_out": True, "city": ["x"]}, {"email": "b@ex.org"}]
    export = taken("\n".join(map(json.dumps, lines)))
    assert [o.emails for o in export.opt_outs] == [("a@ex.org",)]
    assert export.bad_rows == ((1, "a list where text belongs"),)
    assert ids(export) == ["email:b@ex.org"]


def test_an_opt_out_that_nobody_can_be_found_by_is_a_bad_row() -> None:
    export = taken("record_id,email,opted_out\n,not an address,yes\n")
    assert export.bad_rows == ((2, "an opt-out without a record_id, an email or a profile that can be read"),)


def test_an_opt_out_is_named_as_its_record_is() -> None:
    lines = ["record_id,email,opted_out", "r1,not an address,yes", ",ana@ex.org,yes"]
    export = taken("\n".join(lines))
    assert [(o.source_id, o.emails) for o in export.opt_outs] == [
        ("r1", ()),
        ("email:ana@ex.org", ("ana@ex.org",)),
    ]


def test_an_opt_out_whose_email_cannot_be_read_is_named_by_its_id() -> None:
    export = taken('{"record_id": "r1", "email": true, "opted_out": true}')
    assert [(o.source_id, o.emails) for o in export.opt_outs] == [("r1", ())]
    assert export.bad_rows == ((1, "a bool where text belongs"),)


def test_a_second_row_of_one_record_is_a_bad_row() -> None:
    export = taken("email,firstName\nana@ex.org,Ana\nANA@ex.org,Anna\n")
    assert export.bad_rows == ((3, "the same record as line 2"),)
    assert export.records[0].contact.first_name == "Ana"


def test_a_row_without_any_key_is_a_bad_row() -> None:
    export = taken("email,firstName\n,Ana\nbo@ex.org,Bo\n")
    assert [line for line, _ in export.bad_rows] == [2]
    assert ids(export) == ["email:bo@ex.org"]


def test_json_lines_are_read_with_lists_numbers_and_variable_tables() -> None:
    rows = [
        {"email": ["ana@ex.org", "a@ex.com"], "zipcode": 75001, "vars": {"crm": "42"}, "company": None},
        {"email": "bo@ex.org", "opted_out": True},
    ]
    export = taken("\ufeff" + "\n\n".join(map(json.dumps, rows)))
    contact = export.records[0].contact
    assert contact.emails == ("ana@ex.org", "a@ex.com")
    assert (contact.zipcode, dict(contact.variables)) == ("75001", {"crm": "42"})
    assert export.opt_outs[0].emails == ("bo@ex.org",)


@pytest.mark.parametrize("line", ["{", "[1]", "nonsense", '{"email": NaN}', '{"email":1e999}', "[" * 40])
def test_a_bad_json_line_costs_no_other(line: Any) -> None:
    export = taken('{"email":"ana@ex.org"}\n' + line + '\n{"email":"bo@ex.org"}\n')
    assert ids(export) == ["email:ana@ex.org", "email:bo@ex.org"]
    assert [number for number, _ in export.bad_rows] == [2]


@pytest.mark.parametrize(
    "line",
    [
        b'"never closed,Ana',
        b'"text"after,Ana',
        b"bytes\xff\xfe@ex.org,Ana",
        b"a" * 1_000_000 + b"@ex.org,Ana",
        b"x@ex.org,Ana,three,four",
    ],
)
def test_a_hostile_line_costs_no_other(line: Any) -> None:
    export = taken(b"email,firstName\nana@ex.org,Ana\n" + line + b"\nbo@ex.org,Bo\n")
    assert ids(export) == ["email:ana@ex.org", "email:bo@ex.org"]
    assert [number for number, _ in export.bad_rows] == [3]


def test_cells_may_hold_line_breaks_quotes_and_delimiters() -> None:
    export = taken('email,company\nana@ex.org,"Acme, ""the""\r\nbest"\nbo@ex.org,B\n')
    assert export.records[0].contact.company_name == 'Acme, "the" best'
    assert len(export.records) == 2


def test_formulas_and_nul_bytes_are_text() -> None:
    export = taken("email,firstName,company\nana@ex.org,=1+1,A\0cme\n")
    contact = export.records[0].contact
    assert (contact.first_name, contact.company_name) == ("=1+1", "Acme")


def test_excels_separator_line_is_obeyed() -> None:
    assert ids(taken("sep=;\nemail;firstName\nana@ex.org;Ana, née B\n")) == ["email:ana@ex.org"]


@pytest.mark.parametrize("content", ["", "\n\n", "shoe,size\n1,2\n", "[1,2]", "<html></html>", '{"shoe": 1}'])
def test_a_file_without_a_known_column_is_refused_in_plain_words(content: Any) -> None:
    with pytest.raises(Rejected, match=r"not an export.*known here"):
        taken(content)


@pytest.mark.parametrize("json_lines", [None, True])
@pytest.mark.parametrize(
    "content", ['[{"email": "ana@ex.org"}]', '\ufeff[\n  {\n    "email": "ana@ex.org"\n  }\n]', "[]"]
)
def test_a_json_array_is_refused_with_the_way_out(content: str, json_lines: bool | None) -> None:
    with pytest.raises(
        Rejected, match=r"a JSON array, and JSON Lines is wanted.*jq -c '\.\[\]' FILE` makes it so$"
    ):
        taken(content, json_lines=json_lines)


def test_a_utf_16_file_is_refused_with_the_way_out() -> None:
    with pytest.raises(Rejected, match="UTF-16; save it as UTF-8"):
        taken("email\nana@ex.org\n".encode("utf-16"))


def test_an_export_with_a_header_only_is_empty() -> None:
    assert taken("email,firstName\n").records == ()


def test_a_file_is_read_with_its_time_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"email\nana@ex.org\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    export = read_export(path, provider="datananas", names=NAMES)
    assert export.as_of == datetime.fromtimestamp(1_700_000_000, UTC)
    assert export.digest == hashlib.sha256(b"email\nana@ex.org\n").hexdigest()
    assert read_export(path, provider="datananas", names=NAMES, as_of=AS_OF).as_of == AS_OF


def test_the_extension_decides_where_it_tells(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text('\n{"email":"ana@ex.org"}\n')
    assert ids(read_export(path, provider="datananas", names=NAMES)) == ["email:ana@ex.org"]


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_export(tmp_path / "none.csv", provider="datananas", names=NAMES)


@given(st.binary(max_size=400))
def test_no_content_breaks_the_parser(content: Any) -> None:
    try:
        export = taken(content)
    except Rejected:
        return
    assert all(record.ref.record_id for record in export.records)


@given(st.text(max_size=200))
def test_no_rows_under_a_good_header_break_the_parser(text: str) -> None:
    taken("email,firstName,opted_out\n" + text)
    taken('{"email":"a@ex.org"}\n' + text)


def test_twenty_thousand_rows_are_taken_in() -> None:
    text = "email,firstName\n" + "".join(f"p{i}@ex.org,N\n" for i in range(20_000))
    assert len(taken(text).records) == 20_000


def test_a_file_without_an_end_is_read_no_further_than_an_export_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.files.reading.MAX_BYTES", 100_000)
    with pytest.raises(Rejected, match="larger than"):
        read_export(Path("/dev/zero"), provider="datananas", names=NAMES)


def test_an_export_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    content = b"email\nana@ex.org\n"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pipe.write_bytes, content)
        assert ids(read_export(pipe, provider="datananas", names=NAMES)) == ["email:ana@ex.org"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"firstName": "A" * 1_000_000}, "more than 100,000 characters in first_name"),
        ({"vars": {f"k{number}": "v" for number in range(10_000)}}, "more than 1,000 variables"),
        ({"vars": {"k" * 1_000: "v"}}, "a variable whose name is too long"),
        ({"emails": [f"ana{number}@ex.org" for number in range(5_000)]}, "more than 100 emails"),
    ],
)
def test_a_row_that_is_larger_than_any_person_is_left_out(row: dict[str, Any], why: str) -> None:
    lines = [
        json.dumps({"record_id": "1"} | row),
        '{"record_id": "2", "email": "bo@ex.org"}',
    ]
    export = taken("\n".join(lines), json_lines=True)
    assert ids(export) == ["2"]
    assert export.bad_rows == ((1, why),)
