"""Text tables: encodings, delimiters, headings, line numbers."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.exchange.reading import ReadError, open_table

from .reading_files import HEADINGS, ROWS, csv_text, write


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_encodings_and_delimiters(tmp_path, encoding, found, delimiter, end):
    rows = [[cell.replace("台湾", "臺灣") for cell in row] for row in ROWS]
    table = open_table(write(tmp_path / "f.csv", csv_text([HEADINGS, *rows], delimiter, end), encoding))
    assert (table.encoding, table.delimiter, table.header_row) == (found, delimiter, 1)
    assert table.columns == HEADINGS
    assert list(table.rows) == list(enumerate(rows, start=2)) == table.sample


def test_big_endian_with_mark(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"\xfe\xff" + csv_text([HEADINGS, *ROWS], "\t").encode("utf-16-be"))
    assert open_table(path).columns == HEADINGS


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "big5",
            "公司名稱,聯絡人,電話\r\n台灣積體電路製造股份有限公司,張忠謀,03-5636688\r\n鴻海精密工業股份有限公司,郭台銘,02-22683466\r\n",
        ),
        (
            "shift_jis",
            "会社名,担当者,電話\r\nトヨタ自動車株式会社,豊田章男,0565-28-2121\r\n任天堂株式会社,古川俊太郎,075-662-9600\r\n",
        ),
        (
            "cp1252",
            "nom,société,ville\r\nAndré Lefèvre,Électricité de France,Orléans\r\nZoë Müller,Käserei Öhler,Zürich\r\n",
        ),
        ("gb18030", "名称,联系人\r\n鑫淼垚科技,翟冼逄\r\n犇骉羴商贸,万俟\r\n"),
    ],
)
def test_other_encodings_are_guessed(tmp_path, encoding, text):
    table = open_table(write(tmp_path / "f.csv", text, encoding))
    assert [table.columns, *(cells for _line, cells in table.rows)] == list(csv.reader(io.StringIO(text)))


def test_the_encoding_can_be_chosen(tmp_path):
    path = write(tmp_path / "f.csv", "회사,담당자\r\n삼성전자,이재용\r\n", "cp949")
    assert open_table(path, encoding="cp949").columns == ["회사", "담당자"]
    with pytest.raises(ReadError, match="Choose another encoding"):
        open_table(path, encoding="utf-8")
    with pytest.raises(ReadError, match="no encoding named"):
        open_table(path, encoding="klingon")
    with pytest.raises(ReadError, match="no encoding named"):
        open_table(path, encoding="hex")


def test_a_broken_character_does_not_lose_the_file(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(csv_text([HEADINGS, *ROWS * 50]).encode() + "坏".encode()[:2] + b",1,2,3,4\r\n")
    table = open_table(path)
    assert table.encoding == "utf-8" and table.broken_characters == 1
    assert list(table.rows)[-1] == (152, ["�", "1", "2", "3", "4"])


def test_preamble_is_skipped(tmp_path):
    preamble = [["客户导出报表", "", "", "", ""], ["导出时间：", "2025-03-01", "", "", ""], []]
    table = open_table(write(tmp_path / "f.csv", csv_text([*preamble, HEADINGS, *ROWS])))
    assert (table.header_row, table.columns) == (4, HEADINGS)
    assert [line for line, _cells in table.rows] == [5, 6, 7]


def test_groups_over_the_headings_are_skipped(tmp_path):
    rows = [
        ["序号", "客户", "", "联系", ""],
        ["", "名称", "行业", "电话", "邮箱"],
        ["1", "华为", "通信", "13800138000", "a@b.cn"],
    ]
    table = open_table(write(tmp_path / "f.csv", csv_text(rows)))
    assert table.header_row == 2
    assert table.columns == ["Column 1", "名称", "行业", "电话", "邮箱"]


def test_a_file_without_headings(tmp_path):
    path = write(tmp_path / "f.csv", csv_text(ROWS))
    table = open_table(path)
    assert table.header_row is None and table.columns[0] == "Column 1"
    assert [line for line, _cells in table.rows] == [1, 2, 3]


def test_headings_of_words_above_words(tmp_path):
    rows = [["姓名", "城市"], ["张三", "北京"], ["李四", "上海"], ["王五", "北京"]]
    assert open_table(write(tmp_path / "f.csv", csv_text(rows))).columns == ["姓名", "城市"]
    assert open_table(write(tmp_path / "g.csv", csv_text(rows[1:]))).header_row is None


def test_headings_can_be_chosen(tmp_path):
    path = write(tmp_path / "f.csv", csv_text([["一", "二"], ["甲", "乙"], ["丙", "丁"]]))
    assert open_table(path, header_row=2).columns == ["甲", "乙"]
    assert [line for line, _cells in open_table(path, header_row=2).rows] == [3]
    table = open_table(path, no_header=True, skip=1)
    assert table.columns == ["Column 1", "Column 2"] and table.header_row is None
    assert list(table.rows) == [(2, ["甲", "乙"]), (3, ["丙", "丁"])]
    assert open_table(path, skip=1).header_row == 2


def test_a_list_of_names_with_a_preamble(tmp_path):
    path = write(
        tmp_path / "names.txt", "公司名库，By@某人\r\n2022.11.30\r\n\r\n吖吖宝贝\r\n阿里，巴巴\r\n\r\n", "utf-8-sig"
    )
    table = open_table(path, no_header=True, skip=3)
    assert (table.delimiter, table.columns) == (None, ["Column 1"])
    assert list(table.rows) == [(4, ["吖吖宝贝"]), (5, ["阿里，巴巴"])]


def test_single_columns_keep_their_quotation_marks(tmp_path):
    path = write(tmp_path / "f.txt", '名称\n"大"字号\n5" 屏幕\n"半个\n')
    assert [cells for _line, cells in open_table(path).rows] == [['"大"字号'], ['5" 屏幕'], ['"半个']]
    path = write(tmp_path / "g.txt", '"名称"\n"大""字""号"\n')
    assert open_table(path).columns == ["名称"]


def test_lines_are_counted_as_in_the_file(tmp_path):
    text = '名称,备注\r\n甲,"第一行\r\n第二行"\r\n\r\n乙,1\r\n,\r\n , \r\n丙,2\r\n,,\r\n\r\n'
    table = open_table(write(tmp_path / "f.csv", text))
    assert list(table.rows) == [(2, ["甲", "第一行\r\n第二行"]), (5, ["乙", "1"]), (8, ["丙", "2"])]
    assert list(table.rows) == list(table.rows)


def test_ragged_rows(tmp_path):
    text = "名称,电话,备注\n甲\n乙,13800138000,好,多余,更多\n丙,13800138001,好,,\n丁,1,2\n"
    table = open_table(write(tmp_path / "f.csv", text))
    assert [cells for _line, cells in table.rows] == [
        ["甲", "", ""],
        ["乙", "13800138000", "好"],
        ["丙", "13800138001", "好"],
        ["丁", "1", "2"],
    ]
    assert table.too_long == {3: 5}


def test_columns_without_a_heading_are_kept(tmp_path):
    table = open_table(write(tmp_path / "f.csv", "名称,电话\n甲,1,x\n乙,2,y\n"))
    assert table.columns == ["名称", "电话", "Column 3"]
    assert next(table.rows) == (2, ["甲", "1", "x"])


def test_headings_become_unique(tmp_path):
    table = open_table(write(tmp_path / "f.csv", "电话,,电话, Name \u200b,name,电话 (2)\n1,2,3,4,5,6\n"))
    assert table.columns == ["电话", "Column 2", "电话 (2)", "Name", "name (2)", "电话 (2) (2)"]


def test_the_delimiter_directive_of_excel(tmp_path):
    table = open_table(write(tmp_path / "f.csv", "sep=;\r\n名称;金额\r\n甲;1,5\r\n"))
    assert table.columns == ["名称", "金额"] and list(table.rows) == [(3, ["甲", "1,5"])]


def test_the_delimiter_can_be_chosen(tmp_path):
    path = write(tmp_path / "f.csv", "名称^电话\n甲^1\n")
    assert open_table(path, delimiter="^").columns == ["名称", "电话"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"\xef\xbb\xbf\r\n", "no rows"),
        (b",,\n,,\n", "no rows"),
        ("名称,电话\n甲\0乙,1\n".encode(), "NUL"),
        ("名称,电话\n甲\0乙,1\n".encode("utf-16"), "NUL"),
        ("名称,电话\n甲\0乙,1\n".encode("gb18030"), "NUL"),
        (b"name,phone\r\na\0b,1\r\n", "NUL"),
        (b"name,phone\r\n" + b"a,1\r\n" * 20_000 + b"\0,1\r\n", "NUL"),
        (b",".join(b"c%d" % number for number in range(1001)), "more than 1000 columns"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"%PDF-1.7", "no table"),
        (b"\x89PNG\r\n", "no table"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"PK\x03\x04damaged", "damaged"),
        (b"name,note\n" + b'a,"' + b"never ends " * 120_000, "never ends"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(tmp_path, content, reason):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=reason):
        list(open_table(path).rows)


def test_a_missing_file(tmp_path):
    with pytest.raises(ReadError, match="cannot be opened"):
        open_table(tmp_path / "none.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(tmp_path, content):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    try:
        table = open_table(path)
        rows = list(table.rows)
    except ReadError as error:
        assert str(error)
        return
    assert all(len(cells) == len(table.columns) for _line, cells in rows)
    assert len(set(table.columns)) == len(table.columns) > 0
