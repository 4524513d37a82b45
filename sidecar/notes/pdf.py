"""The text of a PDF, page by page. It is not Markdown: nothing in it is a heading, a tag or a link.

PDFium finds the characters and the lines; the paragraphs are put together here, from where the lines stand.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median_low
from typing import Any

from sidecar.notes.dates import find_dates
from sidecar.notes.formats import pdf_available
from sidecar.notes.frontmatter import Frontmatter
from sidecar.notes.note import Block, Note, Problem, PropertyValue
from sidecar.notes.reading import assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex

MAX_PAGES = 2000
MAX_TEXT = 5 * 2**20
"""Characters of text, of all pages together."""
_MAX_LINES = 1000
"""Lines of one page whose place is asked for; a page with more is no page of prose."""
_MAX_PROPERTY = 1000
_ENOUGH_LINES = 10
_USUAL_LEADING = 1.2
"""Heights of a line from one to the next, in a file too short to show its own."""
_PASSWORD_ERRORS = (4, 5)
"""fpdfview.h: FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY."""
_HYPHEN = "\ufffe"
"""What PDFium gives for a hyphen at the end of a line, in place of it and of the line break."""
_LINE_END = re.compile(rf"\r\n|\r|\n|{_HYPHEN}")
# Control characters that fonts without a proper character map leave, soft hyphens inside a word, half a character.
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\xad\ud800-\udfff\ufeff\ufffe\uffff]")
_BULLET = re.compile(r"(?:[•‣◦▪▫●○■□–—*·-]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s")
_SENTENCE_END = re.compile(r"""[.!?:…。！？।؟۔]["'”’»)\]]{0,3}\Z""")
_COMPOUND = re.compile(r"(?<![\w-])\w{1,30}-\w{1,30}(?![\w-])")
_LAST_WORD = re.compile(r"\w{1,30}\Z")
_FIRST_WORD = re.compile(r"\w{1,30}")
# Scripts that are written without spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?)?")
_NOWHERE = (None, 0.0, 1.0)
_FILE_NAME = re.compile(r"\.\w{2,5}\Z|\A(?:microsoft |untitled\b|document\s*\d*\Z|[\W\d_]*\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a page. Its place is in points from the page's lower left corner, `None` when it is not known."""

    text: str
    hyphen: bool
    """A hyphen, which `text` lacks, ends it."""
    left: float | None = None
    top: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What was got out of the file; `pages` are those that were read, from the first."""

    pages: Sequence[Sequence[_Line]] = ()
    metadata: Mapping[str, str] | None = None
    problems: tuple[Problem, ...] = ()


def read_pdf(path: str, data: bytes, *, rules: ReadingRules) -> Note:
    """Read the text of a PDF from the bytes of its file. Total: what cannot be read is a problem.

    Each paragraph is a block under the heading path `page=N`, so that a link to its section opens the page.
    """
    content = _read(data)
    text, places = _compose(content.pages)
    front = Frontmatter(properties=_properties(path, content.metadata or {}))
    note = assemble_note(path, text, rules=rules, front=front, kind="pdf", sections=(), problems=content.problems)
    lines = LineIndex(text)
    blocks = tuple(
        Block(kind="paragraph", span=lines.span(start, end), heading_path=(f"page={page}",))
        for page, start, end in places
    )
    return replace(note, blocks=blocks, dates=find_dates(text, text, lines))


def _read(data: bytes) -> _Content:
    try:
        # A native library of 8 MB that most vaults never need, and that may not be installed.
        import pypdfium2  # type: ignore[import-untyped]  # ships no annotations
    except (ImportError, OSError) as error:
        message = pdf_available() or f"The PDF library does not start: {type(error).__name__}."
        return _Content(problems=(Problem(code="pdf-unavailable", message=message),))
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in _PASSWORD_ERRORS:
            problem = Problem(code="pdf-encrypted", message="The PDF is encrypted and needs a password.")
        else:
            problem = Problem(code="pdf-invalid", message="The file is no PDF, or a broken one.")
        return _Content(problems=(problem,))
    try:
        return _read_document(document, pypdfium2)
    finally:
        document.close()


def _read_document(document: Any, library: Any) -> _Content:
    pages: list[Sequence[_Line]] = []
    broken: list[int] = []
    length = 0
    count = len(document)
    for index in range(min(count, MAX_PAGES)):
        try:
            lines = _read_page(document, index, library)
        except library.PdfiumError:
            lines = []
            broken.append(index + 1)
        length += sum(len(line.text) for line in lines)
        if length > MAX_TEXT:
            break
        pages.append(lines)
    empty = [number for number, lines in enumerate(pages, 1) if not lines and number not in set(broken)]
    return _Content(
        pages=pages,
        metadata=document.get_metadata_dict(skip_empty=True),
        problems=tuple(_problems(count=count, read=len(pages), broken=broken, empty=empty)),
    )


def _problems(*, count: int, read: int, broken: Sequence[int], empty: Sequence[int]) -> Iterator[Problem]:
    if read < count:
        message = f"Only {read} of {count} pages were read: at most {MAX_PAGES}, and {MAX_TEXT // 2**20} MiB of text."
        yield Problem(code="pdf-too-large", message=message)
    if broken:
        yield Problem(code="pdf-invalid", message=f"{_numbers(broken)} could not be read.")
    if len(empty) == 1:
        yield Problem(code="pdf-no-text", message=f"{_numbers(empty)} has no text; it may be a scan.")
    elif empty:
        yield Problem(code="pdf-no-text", message=f"{_numbers(empty)} have no text; they may be scans.")


def _numbers(pages: Sequence[int]) -> str:
    """`Page 4` or `Pages 2, 5-9`."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(pages), lambda pair: pair[1] - pair[0])]
    shown = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"Pages {shown}" if len(pages) > 1 else f"Page {shown}"


def _read_page(document: Any, index: int, library: Any) -> Sequence[_Line]:
    page = document[index]
    try:
        textpage = page.get_textpage()
        try:
            return list(_lines(textpage, library))
        finally:
            textpage.close()
    finally:
        page.close()


def _lines(textpage: Any, library: Any) -> Iterator[_Line]:
    try:
        source: str = textpage.get_text_range()
        placed = True
    except RecursionError:
        # It recurses once for each leading character that shows nothing.
        source, placed = textpage.get_text_bounded().replace("\x02", _HYPHEN), False
    start = number = units = 0
    while start < len(source):
        ending = _LINE_END.search(source, start)
        stop, following = ending.span() if ending else (len(source), len(source))
        # PDFium counts in UTF-16.
        length = _units(source[start:stop])
        if text := " ".join(_NO_TEXT.sub("", source[start:stop]).split()):
            hyphen = ending is not None and ending[0] == _HYPHEN
            known = placed and number < _MAX_LINES
            left, top, height = _place(textpage, units, units + length - 1, library) if known else _NOWHERE
            yield _Line(text=text, hyphen=hyphen, left=left, top=top, height=height)
            number += 1
        units += length + following - stop
        start = following


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _place(textpage: Any, first: int, last: int, library: Any) -> tuple[float | None, float, float]:
    """Left, top and height of the line between two characters of the page's text. Boxes are as high as the font.

    Both ends count: a bullet, or a word in another font, is lower than the rest of its line.
    """
    try:
        indices = [library.raw.FPDFText_GetCharIndexFromTextIndex(textpage, position) for position in (first, last)]
        (left, low, _, high), (_, bottom, _, top) = (textpage.get_charbox(index, loose=True) for index in indices)
    except library.PdfiumError:
        return _NOWHERE
    return left, max(high, top), max(high - low, top - bottom, 1.0)


def _compose(pages: Sequence[Sequence[_Line]]) -> tuple[str, list[tuple[int, int, int]]]:
    """The whole text, and page number, start and end of each paragraph in it."""
    compounds = {
        word.casefold()
        for lines in pages
        for line in lines
        if "-" in line.text
        for word in _COMPOUND.findall(line.text)
    }
    pieces: list[str] = []
    places: list[tuple[int, int, int]] = []
    start = 0
    leading = _leading(pages)
    for number, lines in enumerate(pages, 1):
        for paragraph in _paragraphs(lines, leading):
            pieces.append(_joined(paragraph, compounds))
            places.append((number, start, start + len(pieces[-1])))
            start += len(pieces[-1]) + 2
    return "\n\n".join(pieces), places


def _paragraphs(lines: Sequence[_Line], leading: float) -> Iterator[list[_Line]]:
    paragraph: list[_Line] = []
    for line in lines:
        if paragraph and _begins(line, paragraph[-1], leading):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _leading(pages: Iterable[Sequence[_Line]]) -> float:
    """How far apart the lines of a paragraph are in this file, in heights of a line: as far as most lines are."""
    ratios = [(one.top - other.top) / one.height for lines in pages for one, other in pairwise(lines)]
    ratios = [ratio for ratio in ratios if 0.5 < ratio < 3]
    return max(1.0, median_low(ratios)) if len(ratios) >= _ENOUGH_LINES else _USUAL_LEADING


def _begins(line: _Line, previous: _Line, leading: float) -> bool:
    """Whether a paragraph begins with this line."""
    if previous.hyphen or line.left is None or previous.left is None:
        return False
    drop = previous.top - line.top
    if abs(drop) < 0.5 * line.height:
        # Beside the previous one, as the cells of a table are.
        return False
    if drop < 0 or drop > 1.3 * leading * line.height or abs(line.height / previous.height - 1) > 0.15:
        return True
    indented = line.left - previous.left > 0.6 * line.height and _SENTENCE_END.search(previous.text) is not None
    return indented or _BULLET.match(line.text) is not None


def _joined(lines: Sequence[_Line], compounds: set[str]) -> str:
    pieces = [lines[0].text]
    for previous, line in pairwise(lines):
        pieces += [_between(previous, line, compounds), line.text]
    return "".join(pieces) + ("-" if lines[-1].hyphen else "")


def _between(previous: _Line, line: _Line, compounds: set[str]) -> str:
    """What stands between two lines that are joined: a space, or a hyphen that the line end is not the reason for."""
    if not previous.hyphen:
        return "" if _UNSPACED.match(previous.text[-1]) and _UNSPACED.match(line.text) else " "
    if not line.text[0].islower():
        return "-"
    first, second = _LAST_WORD.search(previous.text), _FIRST_WORD.match(line.text)
    # The same compound within a line elsewhere in the file says that its hyphen belongs to it.
    compound = f"{first[0]}-{second[0]}".casefold() if first and second else ""
    return "-" if compound in compounds else ""


def _properties(path: str, metadata: Mapping[str, str]) -> dict[str, PropertyValue]:
    """Title, author, keywords and creation date, as far as they say something."""
    values = {key: " ".join(_NO_TEXT.sub("", value).split())[:_MAX_PROPERTY] for key, value in metadata.items()}
    title = values.get("Title", "")
    if title.casefold() == path.rpartition("/")[2].rpartition(".")[0].casefold() or _FILE_NAME.search(title):
        # Programs put the name of the file there that the PDF was made from.
        title = ""
    keywords: list[PropertyValue] = [*filter(None, map(str.strip, re.split("[,;]", values.get("Keywords", ""))))]
    found: dict[str, PropertyValue] = {
        "title": title,
        "author": values.get("Author", ""),
        "keywords": keywords,
        "created": _iso(values.get("CreationDate", "")),
    }
    return {key: value for key, value in found.items() if value}


def _iso(written: str) -> str:
    """A PDF date (`D:20240131093000+01'00'`, ISO 32000-1, 7.9.4) as ISO 8601; empty when it is none."""
    match = _DATE.match(written)
    if match is None:
        return ""
    year, month, day, hour, minute, second, zulu, offset, offset_minutes = match.groups()
    try:
        date = dt.date(int(year), int(month or 1), int(day or 1))
        if hour is None:
            return date.isoformat()
        time = dt.time(int(hour), int(minute), int(second or 0))
    except ValueError:
        return ""
    zone = "Z" if zulu else f"{offset}:{offset_minutes or '00'}" if offset else ""
    return f"{date.isoformat()}T{time.isoformat()}{zone}"
