"""The package of a workbook with one sheet: a zip that is sent while it is written.

Each part is deflated and has its sizes behind it, so nothing is sought. What is broken off has no
directory at its end, and no program takes it for a whole file.
"""

from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile

QUOTED, DAY, MOMENT = 1, 2, 3
"""Styles of cells, by their place in the part below."""
SHEET = "xl/worksheets/sheet1.xml"
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_MAIN = f"{_FORMATS}/spreadsheetml/2006/main"
_PACKAGE = f"{_FORMATS}/package/2006"
_DOCUMENT = f"{_FORMATS}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>
<Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/>
</Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">
<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets>
</workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/>
</Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">
<numFmts count="2">
<numFmt numFmtId="164" formatCode="yyyy-mm-dd"/>
<numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm:ss.000"/>
</numFmts>
<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>
<fills count="2">
<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>
</fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="4">
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
</cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>""",
}


def packed(columns: str, rows: Iterable[str]) -> Iterator[bytes]:
    """The chunks of a workbook, from the XML of its sheet's columns and of each row."""
    outlet = _Outlet()
    with ZipFile(outlet, "w", ZIP_DEFLATED) as package:
        for name, text in _PARTS.items():
            package.writestr(name, _DECLARED + text)
        with package.open(SHEET, "w") as sheet:
            opening = f'{_DECLARED}<worksheet xmlns="{_MAIN}"><cols>{columns}</cols><sheetData>'
            sheet.write(opening.encode())
            yield outlet.take()
            for row in rows:
                sheet.write(row.encode())
                if chunk := outlet.take():
                    yield chunk
            sheet.write(b"</sheetData></worksheet>")
    yield outlet.take()


class _Outlet:
    """A file that goes forward only: what was written is taken out as it comes."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(data)
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> bytes:
        found = b"".join(self._written)
        self._written.clear()
        return found
