"""A small writer of PDF files for tests: lines of text at places, one font per page, nothing that is not needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Text that begins at `x`, `y`, in points from the lower left corner."""

    text: str
    x: float = 72
    y: float
    size: float = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    lines: Sequence[Line] = ()
    mapped: bool = False
    """Write glyph numbers that mean nothing and a ToUnicode map that says what they are, as embedded fonts do."""


@dataclass(slots=True)
class _Objects:
    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def add_stream(self, content: bytes) -> int:
        return self.add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))


def paragraphs(*texts: Sequence[str], top: float = 740, leading: float = 14, gap: float = 10) -> Page:
    """A page of paragraphs, each given by its lines."""
    lines: list[Line] = []
    y = top
    for text in texts:
        for line in text:
            lines.append(Line(text=line, y=y))
            y -= leading
        y -= gap
    return Page(lines=lines)


def write_pdf(pages: Sequence[Page], *, metadata: Mapping[str, str] | None = None, encrypted: bool = False) -> bytes:
    """Make a file. An encrypted one has keys that no password opens."""
    objects = _Objects()
    catalog, tree = objects.add(b""), objects.add(b"")
    kids = [_add_page(objects, page, tree) for page in pages]
    objects.bodies[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R >>" % tree
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects.bodies[tree - 1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (references, len(kids))
    trailer = b"/Root %d 0 R" % catalog
    if metadata:
        entries = b" ".join(b"/%s %s" % (key.encode(), _string(value)) for key, value in metadata.items())
        trailer += b" /Info %d 0 R" % objects.add(b"<< %s >>" % entries)
    if encrypted:
        key = b"<%s>" % (b"5a" * 32)
        number = objects.add(b"<< /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >>" % (key, key))
        trailer += b" /Encrypt %d 0 R /ID [<00> <00>]" % number
    return _file(objects.bodies, trailer)


def _file(bodies: Sequence[bytes], trailer: bytes) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, start)
    return bytes(out)


def _add_page(objects: _Objects, page: Page, tree: int) -> int:
    glyphs = sorted({character for line in page.lines for character in line.text})
    codes = {character: code for code, character in enumerate(glyphs, 1)} if page.mapped else None
    font = (
        _add_mapped_font(objects, glyphs)
        if page.mapped
        else objects.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    )
    content = objects.add_stream(b"\n".join(_show(line, codes) for line in page.lines))
    return objects.add(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
        b" /Resources << /Font << /F1 %d 0 R >> >> >>" % (tree, content, font)
    )


def _show(line: Line, codes: Mapping[str, int] | None) -> bytes:
    if codes is None:
        raw = line.text.encode("cp1252")
    else:
        raw = b"".join(codes[character].to_bytes(2, "big") for character in line.text)
    return b"BT /F1 %g Tf 1 0 0 1 %g %g Tm <%s> Tj ET" % (line.size, line.x, line.y, raw.hex().encode())


def _add_mapped_font(objects: _Objects, glyphs: Sequence[str]) -> int:
    entries = b"\n".join(
        b"<%04x> <%s>" % (code, character.encode("utf-16-be").hex().encode())
        for code, character in enumerate(glyphs, 1)
    )
    unicode_map = objects.add_stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        b"%d beginbfchar\n%s\nendbfchar\nendcmap end end" % (len(glyphs), entries)
    )
    descriptor = objects.add(
        b"<< /Type /FontDescriptor /FontName /Test /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0"
        b" /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    descendant = objects.add(
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Test /DW 600 /FontDescriptor %d 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>" % descriptor
    )
    return objects.add(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Test /Encoding /Identity-H"
        b" /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>" % (descendant, unicode_map)
    )


def _string(text: str) -> bytes:
    return b"<feff%s>" % text.encode("utf-16-be").hex().encode()
