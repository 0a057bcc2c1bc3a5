"""Columns matched to fields, and cells neutralised for spreadsheets."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.exchange.reading.matching import match_columns
from crm.lib.formulas import denaturalise, neutralise

FIELDS = [
    ("name", ["公司名称", "客户名称", "企业名称", "公司", "Account name", "Company"]),
    ("phone", ["电话", "联系电话", "手机号", "Phone", "Phone number 1", "Tel"]),
    ("phone2", ["电话2", "Phone number 2"]),
    ("tax_id", ["统一社会信用代码", "税号", "Tax ID"]),
    ("amount", ["金额", "Amount"]),
    ("owner", ["负责人", "Sales agent", "Owner"]),
    ("close_date", ["预计成交日期", "Close date"]),
]


@pytest.mark.parametrize(
    ("columns", "matched"),
    [
        (["公司名称", "联系电话", "税号"], {0: "name", 1: "phone", 2: "tax_id"}),
        (["＊公司名称", "聯繫電話", "統一社會信用代碼 *"], {0: "name", 1: "phone", 2: "tax_id"}),
        (["sales_agent", "ACCOUNT NAME", "close_date", "Close  Date"], {0: "owner", 1: "name", 2: "close_date"}),
        (["金额（元）", "电话【必填】"], {0: "amount", 1: "phone"}),
        (["电话（办公）", "电话"], {1: "phone"}),
        (["统一社会信用代码号", "Acount name"], {0: "tax_id", 1: "name"}),
        (["Phone number 3", "Phone number 2"], {1: "phone2"}),
        (["公司", "公司名称"], {0: "name"}),
        (["", "***", "（）", "备注"], {}),
        (["税", "价"], {}),
        ([], {}),
    ],
)
def test_matching(columns, matched):
    assert match_columns(columns, FIELDS) == matched


@given(st.lists(st.text(max_size=12), max_size=8))
def test_each_field_and_column_once(columns):
    matched = match_columns(columns, FIELDS)
    assert len(set(matched.values())) == len(matched)
    assert all(0 <= index < len(columns) for index in matched)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\u3000=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\u200b=1",
        "'=1",
        "''=1",
        "\ufeff=cmd|x",
        "- 5",
        "-5-5",
        "-",
    ],
)
def test_formulas_are_neutralised(cell):
    assert neutralise(cell) == f"'{cell}"
    assert denaturalise(neutralise(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["", "客户", "-5", "-1,234.50", "-12.5%", "5", "a=b", "'", "it's", "'quoted'", "'-5", "a\t=1", " 5"]
)
def test_what_is_harmless_stays(cell):
    assert neutralise(cell) == denaturalise(cell) == cell


@given(st.text(alphabet="'=+-@＝＋－＠ \t\r\n\u200b\u3000a1,.%\"") | st.text())
@example("'''=")
def test_neutralised_cells_read_back(cell):
    neutral = neutralise(cell)
    assert denaturalise(neutral) == cell
    bare = neutral.lstrip(" \u3000\u200b")
    assert neutral[:1] not in {"=", "+", "@", "\t", "\r", "＝", "＋", "－", "＠"}
    assert bare[:1] not in {"=", "+", "@"}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), min_size=2, max_size=4))
def test_neutralised_cells_survive_a_csv_file(cells):
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(neutralise, cells))
    read = next(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert [denaturalise(cell) for cell in read] == cells
