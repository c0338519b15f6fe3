import csv
import io
import os
import random
import re
from collections import Counter
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.register.records import StolenItemRecord
from herkomst.domain.register.stolen_item import check, is_taking
from herkomst.intake.mapping import (
    MappedRow,
    Mapping,
    MappingError,
    available,
    load_mapping,
    read_records,
)

ROOT = Path(__file__).resolve().parents[2]
TORONTO = load_mapping(ROOT / "mappings" / "toronto-bicycles.toml")
FILE = "toronto-bicycle-thefts-2017.csv"

COLUMNS = [
    "X", "Y", "Index_", "event_unique_id", "Primary_Offence", "Occurrence_Date",
    "Occurrence_Year", "Occurrence_Month", "Occurrence_Day", "Occurrence_Time", "Division", "City",
    "Location_Type", "premisetype", "Bike_Make", "Bike_Model", "Bike_Type", "Bike_Speed",
    "Bike_Colour", "Cost_of_Bike", "Status", "Hood_ID", "Neighbourhood", "Lat", "Long", "FID",
]  # fmt: skip
BICYCLE = {
    "event_unique_id": "GO-1",
    "Primary_Offence": "THEFT UNDER",
    "Occurrence_Date": "2017.12.08",
    "Occurrence_Time": "18:00:00",
    "Division": "51",
    "Location_Type": "Apartment (Rooming House, Condo)",
    "Bike_Make": "GI             ",
    "Bike_Model": "ESCAPE 2       ",
    "Bike_Type": "RG",
    "Bike_Speed": "21",
    "Bike_Colour": "BLKRED",
    "Cost_of_Bike": "588.7",
    "Status": "STOLEN",
    "Lat": "43.6631088",
    "Long": "-79.3783417",
}

MINIMAL = """
description = "Lost tools, one a row"
record = "stolen_item"
[format]
type = "csv"
[key]
column = "id"
[fields]
"/item/kind" = { as = "value", value = "tool" }
"""


def bicycle(**cells: str) -> dict[str, str]:
    return {**BICYCLE, **cells}


def sheet(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def mapped(content: bytes, mapping: Mapping = TORONTO) -> list[MappedRow]:
    return list(read_records(mapping, io.BytesIO(content), "tps"))


def records(content: bytes, mapping: Mapping = TORONTO) -> list[dict[str, object]]:
    rows = mapped(content, mapping)
    assert [row.errors for row in rows if row.errors] == []
    return [row.record for row in rows if row.record is not None]


def item(**cells: str) -> dict[str, object]:
    found = records(sheet(bicycle(**cells)))[0]["item"]
    assert isinstance(found, dict)
    return found


def attributes(**cells: str) -> dict[str, str]:
    found = item(**cells)["attributes"]
    assert isinstance(found, dict)
    return found


def stolen_from(**cells: str) -> object:
    found = records(sheet(bicycle(**cells)))[0]["stolen"]
    assert isinstance(found, dict)
    return found["from"]


def keys(content: bytes) -> list[object]:
    return [record["key"] for record in records(content)]


def problems(content: bytes, mapping: Mapping = TORONTO) -> list[tuple[int, str, str]]:
    return [(row.line, p.field, p.code) for row in mapped(content, mapping) for p in row.errors]


def mapping_of(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "tools.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def outcome(row: MappedRow) -> bytes:
    """What a row came to, its place in the file left out."""
    return msgspec.json.encode([row.record, row.errors], order="sorted")


@pytest.fixture(scope="module")
def content() -> bytes:
    folder = Path(os.environ.get("HERKOMST_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = folder / FILE
    if not path.exists():
        pytest.fail(
            f'{path} is missing. It is the edition 2014 to 2017 of "Bicycle Thefts" of the Toronto '
            "Police Service, from its Public Safety Data Portal. Put it there, or name the folder "
            "that has it in HERKOMST_SHARED_DATA."
        )
    return path.read_bytes()


@pytest.fixture(scope="module")
def told(content: bytes) -> list[dict[str, object]]:
    return records(content)


class TestARowOfToronto:
    def test_becomes_a_stolen_item_as_the_interfaces_write_it(self) -> None:
        # given one row, when it is mapped
        (record,) = records(sheet(BICYCLE))

        # then it is this record and no more
        key = record.pop("key")
        assert isinstance(key, str)
        assert re.fullmatch(r"GO-1\.[0-9a-f]{16}", key)
        assert record == {
            "type": "stolen_item",
            "v": 1,
            "source": "tps",
            "report": "GO-1",
            "offence": "theft",
            "status": "reported",
            "handling": "open",
            "stolen": {
                "from": "2017-12-08T18:00:00-05:00",
                "zone": "America/Toronto",
                "precision": "minute",
            },
            "reported_at": "2017-12-08T18:00:00-05:00",
            "place": {"lat": 43.6631088, "lon": -79.3783417, "country": "CA"},
            "item": {
                "kind": "bicycle",
                "brand": "Giant",
                "model": "ESCAPE 2",
                "colours": ["black", "red"],
                "identifiers": [],
                "value": {"amount": "588.70", "currency": "CAD"},
                "attributes": {
                    "make_as_reported": "GI",
                    "offence_as_reported": "THEFT UNDER",
                    "type_code": "RG",
                    "speeds": "21",
                    "location_type": "Apartment (Rooming House, Condo)",
                    "division": "51",
                },
            },
        }

    def test_of_which_nothing_is_known_has_nothing_to_match_by(self) -> None:
        unknown = dict.fromkeys(TORONTO.key.describe, "UNKNOWN")

        (record,) = records(sheet(bicycle(**unknown, Status="UNKNOWN", Location_Type="Unknown")))

        assert record["status"] == "reported"
        assert record["item"] == {
            "kind": "bicycle",
            "colours": [],
            "identifiers": [],
            "attributes": {
                "offence_as_reported": "THEFT UNDER",
                "status_as_reported": "UNKNOWN",
                "division": "51",
            },
        }

    def test_recovered_on_a_day_that_is_not_published_has_no_day(self) -> None:
        (record,) = records(sheet(bicycle(Status="RECOVERED")))

        assert record["status"] == "recovered"
        assert "recovered_at" not in record

    @pytest.mark.parametrize(
        ("make", "brand"),
        [
            ("GI", "Giant"),
            ("TREK", "Trek"),
            ("Trek  ", "Trek"),
            ("GT", "GT"),
            ("SE RACING", "SE RACING"),
            ("SC", None),  # Schwinn or Supercycle
            ("MARIN OR MARINO", None),
            ("XQ", None),  # two letters that nobody explained
            ("OTHER", None),
            ("UNKNOWN MAKE", None),
            ("UK", None),
            ("", None),
        ],
    )
    def test_has_a_brand_only_where_the_make_means_one(self, make: str, brand: str | None) -> None:
        assert item(Bike_Make=make).get("brand") == brand

    @pytest.mark.parametrize(("make", "kept"), [("SC  ", "SC"), ("NA", "NA"), ("UK", None)])
    def test_keeps_the_make_as_reported_where_it_says_something(
        self, make: str, kept: str | None
    ) -> None:
        assert attributes(Bike_Make=make).get("make_as_reported") == kept

    @pytest.mark.parametrize(
        ("cell", "colours"),
        [
            ("BLK   ", ["black"]),
            ("BLKRED", ["black", "red"]),
            ("REDBLK", ["red", "black"]),
            ("BLUOTH", ["blue"]),
            ("OTH   ", []),
            ("BLUE", ["blue"]),
            ("BURGUN", ["BURGUN"]),
            ("BLK WH", ["BLK WH"]),
            ("UNKNOWN", []),
            ("", []),
        ],
    )
    def test_has_the_colours_that_were_run_together(self, cell: str, colours: list[str]) -> None:
        assert item(Bike_Colour=cell)["colours"] == colours

    @pytest.mark.parametrize(
        ("cost", "amount"), [("500", "500.00"), ("0", None), ("UNKNOWN", None), ("", None)]
    )
    def test_has_a_value_where_one_is_given(self, cost: str, amount: str | None) -> None:
        value = item(Cost_of_Bike=cost).get("value")

        assert value == (amount and {"amount": amount, "currency": "CAD"})

    @pytest.mark.parametrize(
        ("type_code", "offence", "kind"),
        [
            ("EL", "THEFT UNDER", "e_bike"),
            ("MT", "THEFT UNDER", "bicycle"),
            ("UNKNOWN", "THEFT OF EBIKE UNDER $5000", "e_bike"),
            ("TO", "THEFT OF EBIKE UNDER $5000", "bicycle"),
            ("SC", "THEFT UNDER", "bicycle"),
        ],
    )
    def test_is_of_the_kind_of_its_type_and_else_of_its_offence(
        self, type_code: str, offence: str, kind: str
    ) -> None:
        assert item(Bike_Type=type_code, Primary_Offence=offence)["kind"] == kind

    @pytest.mark.parametrize(
        ("day", "hour", "moment"),
        [
            ("2017.07.01", "00:00:00", "2017-07-01T00:00:00-04:00"),
            ("2017.03.12", "02:30:00", "2017-03-12T03:30:00-04:00"),  # the clocks skip it
            ("2017.11.05", "01:30:00", "2017-11-05T01:30:00-04:00"),  # the first of the two
            ("2017.11.05", "02:00:00", "2017-11-05T02:00:00-05:00"),
        ],
    )
    def test_was_stolen_by_the_clocks_of_toronto(self, day: str, hour: str, moment: str) -> None:
        assert stolen_from(Occurrence_Date=day, Occurrence_Time=hour) == moment

    def test_is_known_by_the_line_on_which_it_begins(self) -> None:
        # given a make with a line break in it, and a blank line
        content = sheet(bicycle(Bike_Make="KONA\n   "), BICYCLE) + b"\n" + sheet(BICYCLE)[3:]
        rows = content.replace(",".join(COLUMNS).encode() + b"\n", b"")

        # when they are mapped
        found = mapped(sheet()[:-1] + b"\n" + rows.removeprefix(b"\xef\xbb\xbf"))

        # then the break counts as a line, and the blank line is no row
        assert [row.line for row in found] == [2, 4, 6]

    def test_that_is_broken_says_everything_that_is_wrong(self) -> None:
        broken = bicycle(
            Occurrence_Date="2017.13.40", Lat="north", Cost_of_Bike="-5", Status="GONE"
        )

        (row,) = mapped(sheet(broken))

        assert row.record is None
        assert {p.field: p.code for p in row.errors} == {
            "/Occurrence_Date": "date",
            "/Lat": "number",
            "/Cost_of_Bike": "money",
            "/Status": "code",
        }
        assert all(p.message and p.cure for p in row.errors)

    def test_without_a_report_is_refused(self) -> None:
        assert problems(sheet(bicycle(event_unique_id=" "))) == [(2, "/event_unique_id", "missing")]


class TestTheKey:
    def test_leaves_row_numbers_blanks_and_case_aside(self) -> None:
        first, second = keys(sheet(BICYCLE, bicycle(FID="7", Index_="8", Bike_Make=" gi")))

        assert first == second

    @pytest.mark.parametrize("column", TORONTO.key.describe)
    def test_tells_the_bicycles_of_one_report_apart_by_each_describing_column(
        self, column: str
    ) -> None:
        first, second = keys(sheet(BICYCLE, bicycle(**{column: "7"})))

        assert first != second

    def test_stays_when_a_bicycle_is_found_in_a_later_edition(self) -> None:
        assert keys(sheet(BICYCLE)) == keys(sheet(bicycle(Status="RECOVERED")))

    def test_numbers_bicycles_that_differ_in_nothing_but_their_status(self) -> None:
        # given two alike, one of them found, when they stand in either order
        found = bicycle(Status="RECOVERED")
        one, other = records(sheet(found, BICYCLE)), records(sheet(BICYCLE, found))

        # then the one still missing has the plain key
        assert one == other[::-1]
        missing, recovered = other
        assert (missing["status"], recovered["status"]) == ("reported", "recovered")
        assert missing["key"] == keys(sheet(BICYCLE))[0]
        assert recovered["key"] == f"{missing['key']}.2"

    def test_is_one_for_rows_that_say_the_same(self) -> None:
        one, other = records(sheet(bicycle(FID="1"), bicycle(FID="2")))

        assert one == other
        assert one is not other

    def test_of_rows_that_differ_outside_it_tells_one_of_them_whatever_the_order(self) -> None:
        robbed = bicycle(Primary_Offence="ROBBERY - OTHER")

        one, other = records(sheet(BICYCLE, robbed)), records(sheet(robbed, BICYCLE))

        assert one == other
        assert one[0] == one[1]

    def test_folds_the_rows_of_one_thing_where_the_mapping_says_so(self, tmp_path: Path) -> None:
        # given a mapping by which found wins over missing
        alike = 'alike = { column = "state", order = ["found", "missing"], are = "one" }'
        mapping = mapping_of(
            tmp_path,
            MINIMAL.replace('column = "id"', f'column = "id"\n{alike}')
            + '"/item/attributes/state" = { as = "text", column = "state" }\n',
        )

        # when a thing is listed with both
        told = records(b"id,state\n1,missing\n2,missing\n1,found\n", mapping)

        # then both rows tell the same
        assert [record["item"] for record in told] == [
            {"kind": "tool", "attributes": {"state": state}}
            for state in ("found", "missing", "found")
        ]


CELLS = st.fixed_dictionaries(
    {
        "event_unique_id": st.sampled_from(["GO-1", "GO-2"]),
        "Bike_Make": st.sampled_from(["GI", "gi  ", "TR"]),
        "Status": st.sampled_from(["STOLEN", "RECOVERED", "UNKNOWN", "GONE"]),
        "Primary_Offence": st.sampled_from(["THEFT UNDER", "B&E", "PROPERTY - FOUND"]),
        "Lat": st.sampled_from(["43.5", "43.6", "north"]),
    }
)


class TestTheOrderOfTheRows:
    @given(st.lists(CELLS, max_size=8), st.randoms(use_true_random=False))
    def test_changes_nothing(self, cells: list[dict[str, str]], chance: random.Random) -> None:
        rows = [bicycle(**row, FID=str(number)) for number, row in enumerate(cells)]
        order = list(range(len(rows)))
        chance.shuffle(order)

        straight = mapped(sheet(*rows))
        shuffled = mapped(sheet(*[rows[number] for number in order]))

        assert [outcome(row) for row in shuffled] == [outcome(straight[n]) for n in order]

    @given(st.lists(CELLS, max_size=8))
    def test_and_a_second_time_the_same_rows_change_nothing(
        self, cells: list[dict[str, str]]
    ) -> None:
        rows = [bicycle(**row) for row in cells]

        once, twice = mapped(sheet(*rows)), mapped(sheet(*rows, *rows))

        assert [outcome(row) for row in twice] == [outcome(row) for row in once] * 2

    @given(st.lists(CELLS, max_size=8))
    def test_no_two_records_share_a_key(self, cells: list[dict[str, str]]) -> None:
        told = [row.record for row in mapped(sheet(*[bicycle(**row) for row in cells]))]

        distinct = {msgspec.json.encode(r, order="sorted"): r["key"] for r in told if r}

        assert len(set(distinct.values())) == len(distinct)


class TestAFile:
    def test_that_is_no_file_of_this_mapping_is_refused_with_the_columns_it_lacks(self) -> None:
        with pytest.raises(MappingError, match=r"no column .*Bike_Make.*toronto-bicycles") as error:
            mapped(b"id,name\n1,hammer\n")

        assert error.value.code == "columns"

    @pytest.mark.parametrize("content", [b"", b"\n\n"])
    def test_that_is_empty_has_no_columns(self, content: bytes) -> None:
        with pytest.raises(MappingError, match="no column"):
            mapped(content)

    def test_that_names_a_column_twice_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match="several columns id"):
            mapped(b"id,id\n1,2\n", mapping_of(tmp_path, MINIMAL))

    def test_may_order_its_columns_as_it_likes(self) -> None:
        reader = csv.reader(io.StringIO(sheet(BICYCLE).decode("utf-8-sig")))
        text = "\n".join(",".join(f'"{cell}"' for cell in row[::-1]) for row in reader)

        assert records(text.encode()) == records(sheet(BICYCLE))

    def test_loses_only_the_rows_that_are_broken(self, tmp_path: Path) -> None:
        # given rows with too few cells, a stray quote, foreign bytes and a NUL between good ones
        content = b'id,name\n1,a\n2\n3,"b"c\n4,\xff\n5,\x00\n6,f\n'

        # when they are mapped
        rows = mapped(content, mapping_of(tmp_path, MINIMAL))

        # then each row has its line, and the broken ones their reason
        assert [row.line for row in rows] == [2, 3, 4, 5, 6, 7]
        assert [[p.code for p in row.errors] for row in rows] == [
            [], ["columns"], ["csv"], ["encoding"], ["encoding"], [],
        ]  # fmt: skip

    def test_is_read_from_a_stream_that_cannot_go_back(self) -> None:
        read_end, write_end = os.pipe()
        with os.fdopen(write_end, "wb") as tap:
            tap.write(sheet(BICYCLE))
        with os.fdopen(read_end, "rb") as stream:
            rows = list(read_records(TORONTO, stream, "tps"))

        assert [row.record for row in rows] == records(sheet(BICYCLE))


class TestAnotherSource:
    """The engine is not Toronto's: another encoding, other marks, the other transforms."""

    MAPPING = """
description = '''
Stolen tools of a made-up insurer
and more about it'''
record = "stolen_item"
[format]
type = "csv"
encoding = "cp1252"
delimiter = ";"
absent = ["", "onbekend"]
[key]
column = "Nummer"
[fields]
"/reported_at" = { as = "date", column = "Gemeld", pattern = "%d-%m-%Y", required = true }
"/item/brand" = { as = "first_of", sources = [
  { as = "text", column = "Merk", case = "upper" }, { as = "text", column = "Fabrikant" } ] }
"/item/description" = { as = "join", columns = ["Soort", "Merk"], with = " van " }
"/item/value" = { as = "money", column = "Waarde", currency = "EUR", decimal = "," }
"/item/attributes/volts" = { as = "number", column = "Volt", decimal = ",", maximum = 400 }
[fields."/recovered_at"]
as = "moment"
columns = ["Terug"]
pattern = "%d-%m-%Y %H.%M%z"
zone = "Europe/Amsterdam"
"""
    HEADER = "Nummer;Gemeld;Merk;Fabrikant;Soort;Waarde;Volt;Terug"

    def read(self, tmp_path: Path, row: str) -> MappedRow:
        content = f"{self.HEADER}\r\n{row}\r\n".encode("cp1252")
        (found,) = mapped(content, mapping_of(tmp_path, self.MAPPING))
        return found

    def test_is_mapped_by_its_own_marks(self, tmp_path: Path) -> None:
        row = self.read(tmp_path, "7;09-03-2026;Fënix;;boor;1250,5;18,5;10-03-2026 12.00+00:00")

        assert row.record == {
            "type": "stolen_item",
            "v": 1,
            "source": "tps",
            "key": "7",
            "reported_at": "2026-03-09",
            "recovered_at": "2026-03-10T13:00:00+01:00",
            "item": {
                "brand": "FËNIX",
                "description": "boor van Fënix",
                "value": {"amount": "1250.50", "currency": "EUR"},
                "attributes": {"volts": 18.5},
            },
        }

    def test_says_nothing_where_the_cells_say_nothing(self, tmp_path: Path) -> None:
        row = self.read(tmp_path, "7;09-03-2026;Onbekend;Fënix;;0;18;")

        assert row.record is not None
        assert row.record["item"] == {"brand": "Fënix", "attributes": {"volts": 18}}
        assert "recovered_at" not in row.record

    def test_is_refused_cell_by_cell(self, tmp_path: Path) -> None:
        row = self.read(tmp_path, "7;;x;;;1.250,50;401;31-12-9999 23.00-05:00")

        assert [(p.field, p.code) for p in row.errors] == [
            ("/Gemeld", "missing"),
            ("/Waarde", "money"),
            ("/Volt", "number"),
            ("/Terug", "date"),
        ]

    def test_is_listed_with_the_first_line_of_its_description(self, tmp_path: Path) -> None:
        mapping_of(tmp_path, self.MAPPING)

        assert available(tmp_path) == {"tools": "Stolen tools of a made-up insurer"}
        assert "toronto-bicycles" in available(ROOT / "mappings")


class TestABrokenMapping:
    @pytest.mark.parametrize(
        ("line", "message", "cure"),
        [
            ('"/a" = { as = "txt", column = "x" }', r'fields\."/a".*txt', "text, code, codes"),
            ('"/a" = "x"', r'fields\."/a"', "text, code, codes"),
            ('"/a" = { as = "text", row = "x" }', r'fields\."/a".*`row`', "as, required"),
            ('"/a" = { as = "text" }', r'fields\."/a".*`column`', "column, absent, case"),
            ('"/a" = { as = "text", column = 3 }', r'fields\."/a".*column', "column"),
            (
                '"/a" = { as = "first_of", sources = [{ as = "no" }] }',
                r'fields\."/a"\.sources\[0\]',
                "first_of",
            ),
            ('"/a" = { as = "code", column = "x", table = "t" }', r"tables\.t", "none"),
            (
                '"/a" = { as = "moment", columns = ["x"], pattern = "%Y", zone = "Mars" }',
                "'Mars'",
                "America/Toronto",
            ),
            ('"/a" = { as = "date", column = "x", pattern = "%Q" }', "'%Q'", "strptime"),
            ('"/a" = { as = "date", column = "x", pattern = "%H" }', "'%H'", "strptime"),
            ('"a" = { as = "value", value = 1 }', '"a" cannot be set', "JSON pointer"),
            ('"/key" = { as = "value", value = 1 }', '"/key" cannot be set', "/source"),
            ('"/item" = { as = "value", value = 1 }', '"/item" cannot be set', "none inside"),
            ('[constants]\n"/item/kind" = "x"', '"/item/kind" cannot be set', "each once"),
            ('[tables.t]\n"a" = "1"\n"A" = "2"', r"tables\.t", "case does not matter"),
            ("[colours]", "`colours`", "description, record, format, key, constants, fields"),
        ],
    )
    def test_is_named_by_its_key_and_told_what_is_allowed(
        self, tmp_path: Path, line: str, message: str, cure: str
    ) -> None:
        with pytest.raises(MappingError) as error:
            mapping_of(tmp_path, f"{MINIMAL}{line}\n")

        assert error.value.code == "mapping"
        assert re.search(message, error.value.message)
        assert cure in error.value.cure

    @pytest.mark.parametrize(
        ("good", "bad", "message"),
        [
            ('type = "csv"', 'type = "xls"', "format.type"),
            ('type = "csv"', 'type = "csv"\nencoding = "utf-7b"', "utf-7b"),
            ('type = "csv"', 'type = "csv"\ndelimiter = ";;"', "delimiter"),
            ('"stolen_item"', '"purchase"', "record"),
            (
                'column = "id"',
                'column = "id"\nalike = { column = "s", order = ["a"], are = "separate" }',
                "nothing describes",
            ),
        ],
    )
    def test_is_refused_for_what_it_cannot_be(
        self, tmp_path: Path, good: str, bad: str, message: str
    ) -> None:
        with pytest.raises(MappingError, match=re.escape(message)):
            mapping_of(tmp_path, MINIMAL.replace(good, bad))

    def test_that_is_no_toml_says_where(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match="line 1") as error:
            mapping_of(tmp_path, "description = ?\n")

        assert error.value.code == "toml"

    def test_that_is_not_there_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match=r"nowhere\.toml cannot be read"):
            load_mapping(tmp_path / "nowhere.toml")


class TestTheRealFile:
    def test_is_accepted_whole_with_a_key_for_each_bicycle(
        self, told: list[dict[str, object]]
    ) -> None:
        assert len(told) == 14_280
        assert len({record["key"] for record in told}) == 14_280
        assert sum(str(record["key"]).endswith(".2") for record in told) == 3
        assert Counter(record["status"] for record in told) == {
            "reported": 14_098,
            "recovered": 182,
        }

    def test_has_196_rows_that_are_no_thefts_and_never_match(
        self, told: list[dict[str, object]]
    ) -> None:
        offences = Counter(str(record["offence"]) for record in told)
        never = {slug: n for slug, n in offences.items() if not is_taking(slug)}

        assert offences["theft"] + offences["burglary"] + offences["robbery"] == 14_084
        assert never == {
            "other": 90,
            "possession_of_stolen_goods": 37,
            "mischief": 33,
            "found": 26,
            "recovered": 5,
            "trafficking_in_stolen_goods": 4,
            "lost": 1,
        }
        assert sum(never.values()) == 196

    def test_is_in_our_own_format(self, told: list[dict[str, object]]) -> None:
        found = [msgspec.convert(record, StolenItemRecord) for record in told]

        for record in found:
            check(record, today=date(2026, 3, 9))
        assert all(record.place and record.place.country == "CA" for record in found)
        assert sum(record.item.kind == "e_bike" for record in found) == 946
        assert sum(record.item.value is not None for record in found) == 12_054

    def test_says_the_same_shuffled_and_with_rows_twice(
        self, content: bytes, told: list[dict[str, object]]
    ) -> None:
        # given the file in another order, with two thousand of its rows twice
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        order = [*range(len(rows)), *range(2000)]
        random.Random(7).shuffle(order)  # noqa: S311 - no secret hangs on it
        text = io.StringIO()
        csv.writer(text).writerows([header, *[rows[number] for number in order]])

        # when it is mapped, then each row says what it said before
        assert records(text.getvalue().encode()) == [told[number] for number in order]
