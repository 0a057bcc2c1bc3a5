"""Workbooks: values as text, and hostile files."""

import zipfile
from datetime import date, datetime, time, timedelta

import pytest

from crm.exchange.reading import ReadError, open_table, sheets
from crm.exchange.reading.xlsx.formats import PLAIN, kind_of, shown_number

from .reading_files import HEADINGS, ROWS, write_book, write_parts

SHEET = "<worksheet><sheetData>{}</sheetData></worksheet>"


def test_cells_as_text(tmp_path):
    headings = ["编号", "信用代码", "大数", "数", "折扣", "日期", "时刻", "是否", "邮编", "空"]
    row = [
        "007",
        "110101199001011234",
        110101199001011,
        12.0,
        0.125,
        date(2025, 3, 1),
        datetime(2025, 3, 1, 8, 30),
        True,
        10086,
        None,
    ]
    path = write_book(tmp_path / "f.xlsx", {"客户": [headings, row]}, {"E2": "0.0%", "I2": "000000"})
    table = open_table(path)
    assert table.columns == headings and table.sheets == ["客户"] and table.encoding == ""
    cells = [
        "007",
        "110101199001011234",
        "110101199001011",
        "12",
        "12.5%",
        "2025-03-01",
        "2025-03-01 08:30:00",
        "TRUE",
        "010086",
        "",
    ]
    assert list(table.rows) == [(2, cells)]


def test_other_formats(tmp_path):
    row = [time(8, 30), timedelta(hours=30), 45717, 1e20, 0.1 + 0.2, -3, "=1+1", "a\nb", 45717, 0.5]
    codes = {"C2": 'yyyy"年"m"月"d"日"', "I2": "[$-804]d-mmm-yy;@", "J2": "0%;[Red]-0%"}
    path = write_book(tmp_path / "f.xlsx", {"S": [[f"列{n}" for n in "一二三四五六七八九十"], row]}, codes)
    cells = list(open_table(path).rows)[0][1]
    assert cells == ["08:30:00", "30:00:00", "2025-03-01", "1" + "0" * 20, "0.3", "-3", "", "a\nb", "2025-03-01", "50%"]


@pytest.mark.parametrize(
    ("raw", "code", "shown"),
    [
        ("45717", "yyyy-mm-dd", "2025-03-01"),
        ("45717.354166666664", "yyyy-mm-dd hh:mm", "2025-03-01 08:30:00"),
        ("1", "y/m/d", "1900-01-01"),
        ("59", "y/m/d", "1900-02-28"),
        ("61", "y/m/d", "1900-03-01"),
        ("0", "y/m/d", "0"),
        ("99999999", "y/m/d", "99999999"),
        ("1.10101199001011E+17", "General", "110101199001011000"),
        ("110101199001011234", "0", "110101199001011234"),
        ("1E-7", "General", "0.0000001"),
        ("5", "0000", "0005"),
        ("5", "0", "5"),
        ("5.0", "0.00", "5"),
        ("-0.0", "0", "0"),
        ("0.07", "0%", "7%"),
        ("12", '0"%"', "12"),
        ("12", '"Q"0', "12"),
        ("12", "#,##0.00_);[Red](#,##0.00)", "12"),
        ("12", '_ "¥"* #,##0.00_ ', "12"),
    ],
)
def test_numbers_by_format(raw, code, shown):
    assert shown_number(raw, kind_of(code), False) == shown


def test_days_from_1904():
    assert shown_number("0.5", PLAIN, True) == "0.5"
    assert shown_number("44255", kind_of("y-m-d"), True) == "2025-03-01"


def test_dates_that_chinese_excel_does_not_write_down(tmp_path):
    styles = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="31"/><xf numFmtId="58"/></cellXfs></styleSheet>'
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>日期</t></is></c><c r="B1" t="inlineStr"><is><t>到期</t></is></c></row>'
    rows += '<row r="2"><c r="A2" s="1"><v>45717</v></c><c r="B2" s="2"><v>45717</v></c></row>'
    path = write_parts(tmp_path / "f.xlsx", SHEET.format(rows), styles=styles)
    assert next(open_table(path).rows) == (2, ["2025-03-01", "2025-03-01"])


def test_strings_of_many_kinds(tmp_path):
    strings = '<sst><si><r><t>张</t></r><r><t xml:space="preserve"> 三</t></r><rPh><t>ちょう</t></rPh></si><si><t>a_x000A_b_x0000_</t></si></sst>'
    rows = '<row><c t="inlineStr"><is><t>姓名</t></is></c><c t="inlineStr"><is><t>备注</t></is></c><c t="str"><f>A1</f><v>公式</v></c></row>'
    rows += '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="e"><v>#N/A</v></c></row>'
    rows += '<row r="7"><c r="B7" t="b"><v>0</v></c><c r="C7" t="d"><v>2025-03-01T00:00:00</v></c></row>'
    table = open_table(write_parts(tmp_path / "f.xlsx", SHEET.format(rows), sharedStrings=strings))
    assert list(table.rows) == [(2, ["张 三", "a\nb", "#N/A"]), (7, ["", "FALSE", "2025-03-01"])]


def test_prefixed_names_are_read(tmp_path):
    sheet = '<x:worksheet xmlns:x="m"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>名称</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    assert open_table(write_parts(tmp_path / "f.xlsx", sheet)).sample in ([], [(1, ["名称"])])


def test_sheets(tmp_path):
    rows = [HEADINGS, *ROWS]
    path = write_book(
        tmp_path / "f.xlsx", {"旧": [["x"]], "客户": rows, "第 二": [["名称", "数"], ["甲", 1]]}, hidden=("旧",)
    )
    table = open_table(path)
    assert (table.sheets, table.sheet, table.columns) == (["客户", "第 二", "旧"], "客户", HEADINGS)
    other = open_table(path, sheet="第 二")
    assert (other.sheet, list(other.rows)) == ("第 二", [(2, ["甲", "1"])])
    with pytest.raises(ReadError, match="no such sheet"):
        open_table(path, sheet="没有")


def test_headings_merged_over_groups(tmp_path):
    rows = [
        ["客户资料"],
        [],
        ["基本", None, None, "联系", None],
        ["名称", "行业", "日期", "电话", "邮箱"],
        ["甲", "制造", date(2025, 1, 1), "1", "a@b.cn"],
    ]
    table = open_table(write_book(tmp_path / "f.xlsx", {"S": rows}))
    assert (table.header_row, table.columns) == (4, rows[3])
    assert list(table.rows) == [(5, ["甲", "制造", "2025-01-01", "1", "a@b.cn"])]


def test_leaving_early_ends_the_child(tmp_path):
    path = write_book(tmp_path / "f.xlsx", {"S": [["名称", "数"], *(["甲", number] for number in range(20_000))]})
    rows = sheets.sheet_rows(path, None)
    assert next(rows) == [1, ["名称", "数"]]
    rows.close()
    assert sum(1 for _row in open_table(path).rows) == 20_000


def test_a_wide_sheet_is_refused(tmp_path):
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'
    path = write_parts(tmp_path / "f.xlsx", SHEET.format(rows))
    with pytest.raises(ReadError, match="sheet has more than 1000 columns"):
        open_table(path)


def test_a_cell_far_down_costs_nothing(tmp_path):
    rows = '<row r="1"><c r="A1" t="str"><v>名称</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    assert list(open_table(write_parts(tmp_path / "f.xlsx", SHEET.format(rows))).rows) == [(1048576, ["1"])]


def test_a_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "f.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _block in range(64):
            part.write(b" " * (1 << 20))
    with pytest.raises(ReadError, match="too large to open safely"):
        open_table(path)


def test_the_child_has_a_memory_limit(tmp_path, monkeypatch):
    path = write_parts(tmp_path / "f.xlsx", SHEET.format('<row><c t="s"><v>0</v></c></row>'))
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings.xml", "w") as part,
    ):
        part.write(b"<sst><si><t>")
        for _block in range(400):
            part.write(b"a" * (1 << 20))
        part.write(b"</t></si></sst>")
    monkeypatch.setattr(sheets, "MAX_RATIO", 10**9)
    with pytest.raises(ReadError, match="too large to open safely"):
        open_table(path)


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SHEET.format('<row><c t="str"><v>&b;</v></c></row>'),
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + SHEET.format(""),
        SHEET.format('<row><c t="s"><v>99</v></c></row>'),
        SHEET.format("<row><c><v>one</v></c></row>"),
        SHEET.format("<row><c><v>nan</v></c></row>"),
        SHEET.format('<row><c r="?1"><v>1</v></c></row>'),
        SHEET.format('<row><c s="x"><v>1</v></c></row>'),
        SHEET.format("<row><c><v>1</v>"),
        "",
    ],
)
def test_damaged_sheets(tmp_path, sheet):
    with pytest.raises(ReadError, match="damaged"):
        open_table(write_parts(tmp_path / "f.xlsx", sheet))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["content.xml"], "OpenDocument"),
        (["xl/workbook.bin"], "binary workbook"),
        (["word/document.xml"], "no workbook"),
    ],
)
def test_other_archives(tmp_path, names, reason):
    path = tmp_path / "f.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(ReadError, match=reason):
        open_table(path)


def test_cut_off_workbooks(tmp_path):
    whole = write_book(tmp_path / "f.xlsx", {"S": [HEADINGS, *ROWS]}).read_bytes()
    path = tmp_path / "g.xlsx"
    for length in range(4, len(whole), len(whole) // 4):
        path.write_bytes(whole[:length])
        with pytest.raises(ReadError, match="damaged"):
            open_table(path)
    for place in range(0, len(whole), len(whole) // 12):
        path.write_bytes(whole[:place] + b"\xff\xff\xff" + whole[place + 3 :])
        try:
            list(open_table(path).rows)
        except ReadError:
            continue


def test_an_empty_sheet(tmp_path):
    with pytest.raises(ReadError, match="no rows"):
        open_table(write_book(tmp_path / "f.xlsx", {"S": []}))
