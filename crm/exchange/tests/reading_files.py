"""Small files of our own, in the shapes that people upload."""

import zipfile
from pathlib import Path

from openpyxl import Workbook

HEADINGS = ["公司名称", "电话", "成立日期", "注册资本", "备注"]
ROWS = [
    ["华为技术有限公司", "0755-28780808", "1987年9月15日", "4,104,113万元", "重点，客户"],
    ["北京小桔科技有限公司", "13800138000", "2012/7/10", "1000", '他说"好"'],
    ["台湾积体电路", "+886 3 5636688", "1987-02-21", "", ""],
]


def csv_text(rows: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    """The rows as CSV, each cell quoted only where it must be."""

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (delimiter, '"', "\n")) else text

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def write_book(
    path: Path,
    sheets: dict[str, list[list[object]]],
    formats: dict[str, str] | None = None,
    hidden: tuple[str, ...] = (),
) -> Path:
    """A workbook; ``formats`` are number formats by cell of the first sheet."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    for reference, code in (formats or {}).items():
        book.worksheets[0][reference].number_format = code
    book.save(path)
    return path


def write_parts(path: Path, sheet_xml: str, **parts: str) -> Path:
    """A workbook of one sheet from raw XML."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    files = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns:r="{relation}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/s.xml"/>'
        f'<Relationship Id="r2" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="{relation}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/s.xml": sheet_xml,
    } | {f"xl/{name}.xml": text for name, text in parts.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path
