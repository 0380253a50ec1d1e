"""`people/participants.csv` with new and changed rows; every other line stays byte for byte. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from lms_sync.people.import_compare import COLUMNS

_NEEDED = ("idnumber", "firstname", "lastname", "institution")
_BOM = b"\xef\xbb\xbf"


def with_people(
    before: bytes | None,
    new: Mapping[str, Mapping[str, str]],
    changed: Mapping[str, Mapping[str, str]],
    *,
    removed: Sequence[str] = (),
    delimiter: str = ",",
) -> bytes:
    """The file's new content. `before` is a file that could be read without a problem, or None for none yet.

    Order, unknown columns, separator, line ends and byte order mark stay; columns that are needed now and were not
    there are added at the end. `removed` are the idnumbers of rows to leave out.
    """
    if before is None:
        columns = [name for name in COLUMNS if name in _NEEDED or any(one.get(name) for one in new.values())]
        rows = [columns, *([one.get(name, "") for name in columns] for one in new.values())]
        return _BOM + "".join(_line(row, delimiter, "\n") for row in rows).encode("utf-8")
    mark = _BOM if before.startswith(_BOM) else b""
    text = before[len(mark) :].decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    begin = ""
    if text.startswith("sep="):
        begin, _, text = text.partition("\n")
        begin += "\n"
    records = _records(text, delimiter)
    header_at = next(i for i, (_, cells) in enumerate(records) if any(cell.strip() for cell in cells))
    header = [cell.strip().lower() for cell in records[header_at][1]]
    wanted = [
        name
        for name in COLUMNS
        if name not in header and any(one.get(name) for one in (*new.values(), *changed.values()))
    ]
    out: list[str] = []
    for number, (raw, cells) in enumerate(records):
        if number == header_at:
            out.append(_line([*cells, *wanted], delimiter, newline) if wanted else raw)
            header += wanted
            continue
        idnumber = _cell(cells, header, "idnumber") if number > header_at else ""
        if idnumber and idnumber in removed:
            continue
        if idnumber and idnumber in changed:
            out.append(_line(_changed(cells, header, changed[idnumber]), delimiter, newline))
        else:
            out.append(raw)
    if out and not out[-1].endswith("\n"):
        out[-1] += newline
    out += [_line([one.get(name, "") for name in header], delimiter, newline) for one in new.values()]
    return mark + (begin + "".join(out)).encode("utf-8")


def _records(text: str, delimiter: str) -> list[tuple[str, list[str]]]:
    """Each record with the lines that it stands in, as they are."""
    lines = io.StringIO(text, newline="").readlines()
    read: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    records = []
    for cells in csv.reader(feed(), delimiter=delimiter):
        records.append(("".join(read), cells))
        read.clear()
    return records


def _cell(cells: Sequence[str], header: Sequence[str], name: str) -> str:
    position = header.index(name) if name in header else len(cells)
    return cells[position].strip() if position < len(cells) else ""


def _changed(cells: Sequence[str], header: Sequence[str], values: Mapping[str, str]) -> list[str]:
    row = [*cells, *[""] * (len(header) - len(cells))]
    for name, value in values.items():
        row[header.index(name)] = value
    return row


def _line(cells: Sequence[str], delimiter: str, newline: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerow(cells)
    return out.getvalue()
