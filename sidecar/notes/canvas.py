"""What a canvas says, put as Markdown: its cards by group and in reading order, then what connects them.

The format is JSON Canvas 1.0 (https://jsoncanvas.org/spec/1.0). Each card is a section of its own, as it is in
Obsidian: nothing opened in one reaches into the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from urllib.parse import quote

from sidecar.notes.decoding import decode
from sidecar.notes.markdown import heading_text
from sidecar.notes.note import Note, Problem
from sidecar.notes.privacy import local_in_source
from sidecar.notes.reading import MAX_PARSED, Section, assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.yaml_loader import replace_unsafe

MAX_NODES = 10_000
"""Cards and groups that are read, in the order of the file; Obsidian itself crawls long before."""
MAX_EDGES = 5_000
_MAX_GROUPS = 500
"""Groups that can hold cards: each card is compared with each of them."""
_MAX_DEPTH = 8
"""Groups inside groups that show in the heading path, from the outermost."""
_MAX_NAME = 60
"""Characters of a card's first line by which a connection names it."""
_MAX_LABEL = 300
_FAR = 10**9
"""Pixels. A coordinate beyond it is a mistake, and arithmetic with it may overflow."""
# In a link these would end the target, begin its heading or make code, a formula or a comment of it.
_PLAIN_TARGET = re.compile(r"[^\s\[\]#^|\\`$%<>](?:[^\n\r\[\]#^|\\`$%<>]*[^\s\[\]#^|\\`$%<>])?")
_PLAIN_SUBPATH = re.compile(r"(?:#\^?[^\n\r\[\]#^|\\`$%<>]+)+")
_MARKER = re.compile(r"\A\s*(?:#{1,6}\s+|>\s*|[-*+]\s+(?:\[.\]\s+)?|\d{1,9}[.)]\s+)")
_OPENING = re.compile(r"[\[\]`$<\\]|%(?=%)|(?<=%)%")
_TAG_MARK = re.compile(r"(?<!\S)#")
_LINK_MARK = re.compile(r"\[\[+|\]\]+|(?<=\])(?=\()")
_CLOSING_HASHES = re.compile(r"(?:\s+#+)+\s*\Z|\A[#\s]+\Z")
_SAVED = re.compile(r'"(text|file|url|label)"\s*+:\s*+"((?:[^"\\]|\\.)*+)', re.DOTALL)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_PRIVATE = re.compile(r"#private(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a node lies, in pixels; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, other: _Place) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A card or a group. `markdown` is what a card says, a group's label included; `name` is how edges call it."""

    number: int
    id: str
    group: bool
    markdown: str
    name: str
    place: _Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Canvas:
    nodes: Sequence[_Node] = ()
    edges: Sequence[str] = ()
    """One line of Markdown each."""
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Page:
    """The Markdown written so far, and the section that each piece of it is."""

    pieces: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    _length: int = 0

    def add(self, markdown: str, path: tuple[str, ...] = ()) -> None:
        self.pieces.append(markdown)
        self.sections.append(Section(start=self._length, end=self._length + len(markdown), path=path))
        # A blank line follows each piece.
        self._length += len(markdown) + 2


def read_canvas(path: str, data: bytes, *, rules: ReadingRules, plain: bool = False) -> Note:
    """Read a canvas from the bytes of its file. Total: of a broken one, the text that can be found is kept.

    `plain` leaves the Markdown parser out. Groups stand in the heading path of the cards inside them.
    """
    decoded = decode(data)
    canvas = _parse(decoded.text)
    page = _write(canvas)
    text = "\n\n".join(page.pieces)
    note = assemble_note(
        path,
        text,
        rules=rules,
        kind="canvas",
        sections=page.sections,
        problems=(*decoded.problems, *canvas.problems),
        plain=plain,
        too_large=len(text) > MAX_PARSED,
    )
    return _marked_by_source(note, _unescaped(decoded.text)) if canvas.problems else note


def _marked_by_source(note: Note, source: str) -> Note:
    """The note with the marks that may have stood in what was left out."""
    if note.withheld is None and _PRIVATE.search(source):
        note = replace(note, withheld="#private")
    return note if note.local else replace(note, local=local_in_source(source))


def _unescaped(source: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), source)


def _parse(source: str) -> _Canvas:
    if not source.strip():
        # A new canvas that nothing has been put on yet.
        return _Canvas()
    try:
        value = json.loads(source, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        problem = Problem(code="canvas-invalid", message="The canvas is not valid JSON; some of its text was saved.")
        return _Canvas(nodes=tuple(_rescue(source)), problems=(problem,))
    if not isinstance(value, dict):
        return _Canvas(problems=(Problem(code="canvas-invalid", message="The file is JSON, but no canvas."),))
    return _from_json(value)


def _rescue(source: str) -> Iterator[_Node]:
    """Cards made of the strings that a canvas would show, in the order of the file."""
    for number, (key, escaped) in enumerate(match.groups() for match in islice(_SAVED.finditer(source), MAX_NODES)):
        try:
            text = json.loads(f'"{escaped}"', strict=False)
        except ValueError:
            text = escaped
        node = _node(number, {"type": "group" if key == "label" else {"url": "link"}.get(key, key), key: text})
        if node is not None:
            yield node


def _from_json(value: Mapping[str, object]) -> _Canvas:
    broken: list[str] = []
    raw_nodes = _objects(value, "nodes", broken)
    raw_edges = _objects(value, "edges", broken)
    nodes = [node for number, raw in enumerate(raw_nodes[:MAX_NODES]) if (node := _checked(number, raw, broken))]
    known = {raw["id"] for raw in raw_nodes if isinstance(raw.get("id"), str)}
    names: dict[str, str] = {}
    for node in nodes:
        if node.id in names:
            broken.append("Several nodes have the same id; connections name the first of them.")
        elif node.id:
            names[node.id] = node.name
    edges = [line for raw in raw_edges[:MAX_EDGES] if (line := _edge(raw, names, known, broken))]
    problems = [Problem(code="canvas-invalid", message=message) for message in dict.fromkeys(broken)]
    groups = sum(node.group for node in nodes)
    if len(raw_nodes) > MAX_NODES or len(raw_edges) > MAX_EDGES or groups > _MAX_GROUPS:
        message = f"Only {MAX_NODES} nodes, {_MAX_GROUPS} groups and {MAX_EDGES} connections of a canvas are read."
        problems.append(Problem(code="canvas-too-large", message=message))
    return _Canvas(nodes=nodes, edges=edges, problems=tuple(problems))


def _objects(value: Mapping[str, object], key: str, broken: list[str]) -> list[dict[str, object]]:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        broken.append(f"What stands under “{key}” is not a list.")
        return []
    objects = [entry for entry in found if isinstance(entry, dict)]
    if len(objects) < len(found):
        broken.append(f"Some of what stands under “{key}” was left out: it is not as a canvas has it.")
    return objects


def _checked(number: int, raw: Mapping[str, object], broken: list[str]) -> _Node | None:
    """The node, or `None` for one of a type that the format does not know and for one that lacks what it shows."""
    if raw.get("type") not in ("text", "file", "link", "group"):
        return None
    node = _node(number, raw)
    if node is None:
        broken.append("Some of what stands under “nodes” was left out: it is not as a canvas has it.")
    elif node.place is None:
        broken.append("Some nodes have no proper place and size; they stand at the end.")
    return node


def _node(number: int, raw: Mapping[str, object]) -> _Node | None:
    shown = _shown(raw)
    if shown is None:
        return None
    markdown, name = shown
    identity = raw.get("id")
    return _Node(
        number=number,
        id=identity if isinstance(identity, str) else "",
        group=raw["type"] == "group",
        markdown=markdown,
        name=name,
        place=_place(raw),
    )


def _shown(raw: Mapping[str, object]) -> tuple[str, str] | None:
    """What a node says as Markdown, and its name for edges."""
    match raw:
        case {"type": "text", "text": str(text)}:
            text = _clean(text)
            return text, _TAG_MARK.sub(r"\\#", _escaped(_words(text))) or "(empty card)"
        case {"type": "file", "file": str(target), **rest} if target.strip():
            subpath = rest.get("subpath")
            link = _link(_one_line(target), _one_line(subpath) if isinstance(subpath, str) else "")
            return f"!{link}", link
        case {"type": "link", "url": str(url)}:
            url = _one_line(url)
            return url, url or "(empty card)"
        case {"type": "group", **rest}:
            label = rest.get("label")
            label = _label(label) if isinstance(label, str) else ""
            return label, _escaped(label) or "(group)"
    return None


def _place(raw: Mapping[str, object]) -> _Place | None:
    numbers = [raw.get(key) for key in ("x", "y", "width", "height")]
    # Comparing, not computing: an integer may have thousands of digits.
    sound = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool) and -_FAR < n < _FAR]
    if len(sound) < 4 or sound[2] < 0 or sound[3] < 0:
        return None
    return _Place(x=sound[0], y=sound[1], width=sound[2], height=sound[3])


def _clean(text: str) -> str:
    text = replace_unsafe(text).replace("\r\n", "\n").replace("\r", "\n")
    return text.strip("\n") if text.strip() else ""


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split("\n"))


def _words(text: str) -> str:
    """The first line as a reader sees it, shortened."""
    # Cut first: a card may be one line of a megabyte.
    line = text.lstrip()[: 5 * _MAX_NAME].partition("\n")[0]
    words = heading_text(_MARKER.sub("", line, count=1))
    if len(words) <= _MAX_NAME:
        return words
    cut = words.rfind(" ", _MAX_NAME // 2, _MAX_NAME)
    return words[: cut if cut > 0 else _MAX_NAME] + "…"


def _label(text: str) -> str:
    """A label in one line. Obsidian shows it as it is, without links; a tag in it still says what was wanted."""
    words = " ".join(_LINK_MARK.sub(" ", _clean(text[:_MAX_LABEL])).split())
    return _CLOSING_HASHES.sub("", words)


def _escaped(words: str) -> str:
    """Words that open no link, code, formula or comment in the line of a connection."""
    return _OPENING.sub(r"\\\g<0>", words)


def _link(target: str, subpath: str) -> str:
    """A link to a file by its whole path: a wikilink, or, for a name that one cannot hold, a Markdown link."""
    if not subpath.startswith("#"):
        subpath = ""
    if _PLAIN_TARGET.fullmatch(target) and (not subpath or _PLAIN_SUBPATH.fullmatch(subpath)):
        return f"[[{target}{subpath}]]"
    name = _OPENING.sub("", _words(target.rpartition("/")[2]))
    return f"[{name}]({quote(target)}{'#' if subpath else ''}{quote(subpath[1:])})"


def _edge(raw: Mapping[str, object], names: Mapping[str, str], known: set[object], broken: list[str]) -> str | None:
    """A connection as a line: `one → label → other`, `↔` with two arrowheads and `—` without."""
    ends = raw.get("fromNode"), raw.get("toNode")
    if not all(isinstance(end, str) and end in known for end in ends):
        broken.append("Some connections were left out: they lead to nothing on the canvas.")
        return None
    start, stop = (names.get(str(end)) for end in ends)
    if start is None or stop is None:
        return None
    at_start, at_stop = raw.get("fromEnd") == "arrow", raw.get("toEnd") != "none"
    if at_start and not at_stop:
        start, stop = stop, start
    sign = {0: "—", 1: "→", 2: "↔"}[at_start + at_stop]
    label = raw.get("label")
    label = _escaped(_label(label)) if isinstance(label, str) else ""
    return f"- {start} {sign} {label} {sign} {stop}" if label else f"- {start} {sign} {stop}"


def _write(canvas: _Canvas) -> _Page:
    """Cards outside of all groups first, then each group with what lies in it, then the connections."""
    page = _Page()
    parents = _parents(canvas.nodes)
    children: dict[int | None, list[_Node]] = {}
    for node in canvas.nodes:
        children.setdefault(parents.get(node.number), []).append(node)
    # A stack, not recursion: groups may be nested as deep as there are groups.
    stack: list[tuple[_Node, tuple[str, ...]]] = []
    _push(stack, children.get(None, ()), ())
    while stack:
        node, path = stack.pop()
        if node.group and node.markdown:
            page.add(f"{'#' * min(6, len(path) + 1)} {node.markdown}", path)
            path = (*path, heading_text(node.markdown))[:_MAX_DEPTH]
        elif node.markdown:
            page.add(node.markdown, path)
        _push(stack, children.get(node.number, ()) if node.group else (), path)
    if canvas.edges:
        page.add("\n".join(["# Connections", "", *canvas.edges]))
    return page


def _push(stack: list[tuple[_Node, tuple[str, ...]]], nodes: Iterable[_Node], path: tuple[str, ...]) -> None:
    ordered = _in_reading_order(nodes)
    # Cards before groups: under a group's heading, whoever reads the text would take them for the group's.
    ordered.sort(key=lambda node: node.group)
    stack += [(node, path) for node in reversed(ordered)]


def _in_reading_order(nodes: Iterable[_Node]) -> list[_Node]:
    """Top to bottom, and left to right what stands in one row; nodes without a place last.

    A row is what begins above the middle of its topmost node: cards put side by side by hand are never quite level.
    """
    placed = sorted((node.place.y, node.place.x, node.number, node) for node in nodes if node.place is not None)
    ordered: list[_Node] = []
    row: list[tuple[float, int, _Node]] = []
    middle = 0.0
    for y, x, number, node in placed:
        if row and y >= middle:
            ordered += [member for *_, member in sorted(row)]
            row = []
        if not row:
            assert node.place is not None
            middle = y + max(1, node.place.height / 2)
        row.append((x, number, node))
    ordered += [member for *_, member in sorted(row)]
    return [*ordered, *(node for node in nodes if node.place is None)]


def _parents(nodes: Sequence[_Node]) -> dict[int, int]:
    """Number of the innermost group that holds each node, by the node's number."""
    groups = [node for node in nodes if node.group and node.place is not None][:_MAX_GROUPS]
    groups.sort(key=_inwards)
    parents: dict[int, int] = {}
    for node in nodes:
        place = node.place
        if place is None:
            continue
        key = _inwards(node) if node.group else None
        for group in groups:
            assert group.place is not None
            # Of two groups in the same place, the later in the file, which lies on top, is the inner one.
            if (key is None or _inwards(group) > key) and group.place.holds(place):
                parents[node.number] = group.number
                break
    return parents


def _inwards(group: _Node) -> tuple[float, int]:
    """Sorts groups from the smallest; a group is only ever inside one that comes later."""
    assert group.place is not None
    return group.place.width * group.place.height, -group.number
