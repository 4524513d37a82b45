"""Fetches one file over as many connections as it takes, checks it, and leaves it in its place.

Bytes that are there are gone on from only when they are of the same content: where the hub gives a checksum, that is
known from it; where it does not, the host of the bytes is asked to send the rest only if its file is unchanged
(`If-Range`, RFC 9110 13.1.5), and sends the whole otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import httpx2

from sidecar.errors import ModelUnavailableError
from sidecar.models.disk import as_size
from sidecar.models.hub import Hub, HubFile
from sidecar.models.hub_errors import unreachable
from sidecar.models.hub_settings import origin_of
from sidecar.models.part import Content, PartFile, begun
from sidecar.models.reference import HubReference

ATTEMPTS = 6
"""Connections in a row that may bring nothing before it is given up."""
_LONGEST_WAIT = 30.0
_MAGIC = b"GGUF"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

Phase: TypeAlias = Literal["checking", "fetching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a file is. Bytes; `total` is `None` when nobody says it. `checking` reads what is there already."""

    phase: Phase
    done: int
    total: int | None


OnProgress: TypeAlias = Callable[[Progress], None]


def resumable(target: Path, file: HubFile) -> int:
    """Bytes of the file that are there and need not be fetched again."""
    size, content = begun(target)
    if content is None or (content.etag, content.sha256) != (file.etag, file.sha256):
        return 0
    pinned = file.sha256 or (content.host_etag and content.origin == _origin(file.url))
    return size if pinned and (file.size is None or size <= file.size) else 0


class Download:
    """One file on its way; `run` it once, while it is `held`."""

    def __init__(
        self,
        hub: Hub,
        reference: HubReference,
        target: Path,
        *,
        sha256: str | None,
        on_progress: OnProgress,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`sha256` is the checksum to insist on, beside the hub's own. `wait` takes seconds."""
        self._hub = hub
        self._reference = reference
        self._target = target
        self._part = PartFile(target)
        self._sha256 = sha256
        self._on_progress = on_progress
        self._wait = wait
        self._size: int | None = None

    def run(self) -> HubFile:
        """Fetch the file and give what the hub says of it. Raises ModelUnavailableError; what came stays for later."""
        file = self._hub.locate(self._reference)
        size = resumable(self._target, file)
        self._part.take_up(size, lambda done: self._on_progress(Progress(phase="checking", done=done, total=size)))
        self._size = file.size
        failures, complete = 0, self._part.size == self._size
        while not complete:
            before = self._part.size
            problem = None
            try:
                complete = self._fetch(file)
            except _PassingError as error:
                problem = error.meaning
            if complete:
                break
            failures = failures + 1 if self._part.size <= before else 0
            if failures >= ATTEMPTS:
                raise self._given_up(problem)
            if failures:
                self._wait(min(2.0 ** (failures - 1), _LONGEST_WAIT))
            file = self._located_again(file)
        self._check(file)
        self._part.finish()
        return file

    def _located_again(self, file: HubFile) -> HubFile:
        """The address anew, as such addresses expire, and the content, as it may be another by now."""
        try:
            found = self._hub.locate(self._reference)
        except ModelUnavailableError:
            # The network may be gone for a while; if it stays away, the next attempts say so.
            return file
        if (found.etag, found.sha256) != (file.etag, file.sha256):
            self._part.start_anew()
            self._size = found.size
        return found

    def _fetch(self, file: HubFile) -> bool:
        """Read one connection to its end, and say whether the file is complete now."""
        try:
            with self._hub.stream(file.url, self._range(file)) as response:
                if not self._accept(response, file):
                    return False
                # As it comes: a size of blocks would hold bytes back, and lose them with the connection.
                self._part.append(
                    self._wanted(response.iter_raw()),
                    lambda done: self._on_progress(Progress(phase="fetching", done=done, total=self._size)),
                )
        except httpx2.HTTPError as error:
            raise _PassingError(unreachable(file.url, error)) from error
        return self._size is None or self._part.size == self._size

    def _range(self, file: HubFile) -> dict[str, str]:
        if not self._part.size:
            return {}
        _, content = begun(self._target)
        wanted = {"range": f"bytes={self._part.size}-"}
        # With a checksum the content is known to be the same, though another of the hub's hosts may call it otherwise.
        if file.sha256 is None and content is not None and content.host_etag:
            wanted["if-range"] = content.host_etag
        return wanted

    def _accept(self, response: httpx2.Response, file: HubFile) -> bool:
        """Whether the answer brings the bytes that are wanted next. Raises for errors, of which some pass."""
        status = response.status_code
        expired = status in {401, 403} and not self._hub.is_hub(file.url)
        if status in _PASSING or expired:
            raise _PassingError(self._hub.refusal(response, self._reference))
        if status == 416 or (status == 206 and not self._is_the_rest(response)):
            self._part.start_anew()
            return False
        if status >= 400:
            raise self._hub.refusal(response, self._reference)
        if status != 206:
            self._begin(response, file)
        return True

    def _begin(self, response: httpx2.Response, file: HubFile) -> None:
        """Start at the first byte, and note of what file it is."""
        stated = response.headers.get("content-length", "")
        length = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 16 else None
        if self._size is None:
            self._size = length
        elif length is not None and length != self._size:
            raise _PassingError(
                ModelUnavailableError(
                    f"{self._target.name} comes with {length:,} bytes where the hub says {self._size:,}.",
                    hint="Is a proxy or a login page in between?",
                )
            )
        self._part.start_anew()
        tag = response.headers.get("etag", "")
        content = Content(
            etag=file.etag,
            sha256=file.sha256,
            host_etag=tag if tag.startswith('"') else None,
            origin=_origin(file.url),
        )
        self._part.remember(content)

    def _is_the_rest(self, response: httpx2.Response) -> bool:
        unit, _, extent = response.headers.get("content-range", "").partition(" ")
        bounds, _, total = extent.partition("/")
        right_total = self._size is None or total in {"*", str(self._size)}
        return unit == "bytes" and bounds.partition("-")[0] == str(self._part.size) and right_total

    def _wanted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """What comes, as long as it can be the file."""
        for block in blocks:
            if not self._part.size and not block.startswith(_MAGIC[: len(block)]):
                raise ModelUnavailableError(
                    f"What came for {self._target.name} is not a GGUF file.",
                    hint="Is a proxy or a login page in between?",
                )
            yield block if self._size is None else block[: max(0, self._size - self._part.size)]

    def _check(self, file: HubFile) -> None:
        """Put a file aside that is not the one that was asked for."""
        wanted = {checksum.lower() for checksum in (self._sha256, file.sha256) if checksum}
        if wanted <= {self._part.sha256}:
            return
        found = self._part.sha256
        aside = self._part.put_aside()
        raise ModelUnavailableError(
            f"{self._target.name} does not match its checksum: its SHA-256 is {found}, not {' or '.join(wanted)}.",
            hint=f"It is kept as {aside.name} and can be deleted. The same command fetches it anew.",
        )

    def _given_up(self, problem: ModelUnavailableError | None) -> ModelUnavailableError:
        here = self._part.size
        kept = f" {as_size(here)} are kept: the same command goes on from there." if here else ""
        why = problem.message if problem else f"The host of {self._target.name} ends every connection early."
        return ModelUnavailableError(why, hint=f"Try again later.{kept}")


class _PassingError(Exception):
    """A connection failed in a way in which the next may not. `meaning` is what to say when none is left."""

    def __init__(self, meaning: ModelUnavailableError) -> None:
        super().__init__(meaning.message)
        self.meaning = meaning


def _origin(url: str) -> str:
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host}:{port}"
