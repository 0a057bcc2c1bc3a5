"""Workbooks written row by row: one sheet, a bold first row that stays in view, any number of rows in constant memory.

openpyxl's write-only mode manages some 9,000 rows a second of nine columns; this some 30,000.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from django.utils.timezone import localtime

from crm.lib.formulas import neutralise

LONGEST_CELL = 32_767
MOST_ROWS = 1_048_576
FLUSH_ROWS = 500
_EPOCH = datetime.date(1899, 12, 30)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Styles by number: 0 plain, 1 bold, 2 a day, 3 a moment.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/><xf fontId="1" applyFont="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
_SHEET = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="200" width="18" customWidth="1"/></cols><sheetData>'
)


def write_workbook(rows: Iterable[Iterable[Any]], file: BinaryIO) -> None:
    """Write rows as a workbook; the first row are the headings. What Excel can't hold (rows beyond 1,048,576) is refused."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _HEAD + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write((_HEAD + _SHEET).encode())
            waiting: list[str] = []
            for number, row in enumerate(rows, 1):
                if number > MOST_ROWS:
                    raise ValueError("A sheet holds at most 1,048,576 rows.")
                waiting.append(f"<row>{''.join([cell(value, 1 if number == 1 else 0) for value in row])}</row>")
                if len(waiting) == FLUSH_ROWS:
                    sheet.write("".join(waiting).encode())
                    waiting.clear()
            sheet.write(("".join(waiting) + "</sheetData></worksheet>").encode())


def cell(value: Any, style: int = 0) -> str:
    """A value as a cell: numbers, days and moments stay what they are, texts are guarded against being run."""
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, str):
        text = escape(neutralise(_UNPRINTABLE.sub("", value) if not value.isprintable() else value)[:LONGEST_CELL])
        return f'<c t="inlineStr"{f" s={chr(34)}{style}{chr(34)}" if style else ""}><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.datetime):
        local = localtime(value)
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        return f'<c s="3"><v>{(local.date() - _EPOCH).days + seconds / 86400:.8f}</v></c>'
    if isinstance(value, datetime.date):
        return f'<c s="2"><v>{(value - _EPOCH).days}</v></c>'
    return (
        f"<c><v>{value:f}</v></c>"
        if isinstance(value, Decimal)
        else f"<c><v>{value}</v></c>"
        if isinstance(value, int | float)
        else cell(str(value), style)
    )
