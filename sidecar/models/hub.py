"""Asks the Hugging Face Hub, or a mirror of it: where a file lies, how large it is, its checksum, its licence.

The token goes to the hub's own origin alone, never to the host that it redirects to, never over plain HTTP to another
machine, and only after the hub has asked for one. Redirects are followed here, by hand, for that reason.
Source: huggingface_hub/file_download.py (`get_hf_file_metadata`), utils/_http.py (`hf_raise_for_status`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

import httpx2

from sidecar.errors import ModelUnavailableError
from sidecar.models.hub_errors import hub_error, unreachable
from sidecar.models.hub_settings import HubSettings, origin_of
from sidecar.models.reference import HubReference, checked_file

_MAX_REDIRECTS = 6
_MAX_PAGES = 50
_MAX_ANSWER = 8 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file as the hub describes it. `None` where it does not say."""

    url: str
    """Where its bytes are to be had now; such addresses expire."""
    etag: str | None
    """Names the content."""
    size: int | None
    sha256: str | None
    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubListing:
    """A GGUF file of a repository."""

    path: str
    size: int


class Hub:
    """A client of the hub; use it in a `with`."""

    def __init__(self, settings: HubSettings, *, connect_timeout: float = 15.0, read_timeout: float = 60.0) -> None:
        """Timeouts are in seconds; `read_timeout` is the longest time in which not a byte may come."""
        self.endpoint = settings.endpoint
        self._token = settings.token
        self._trusted = origin_of(settings.endpoint)
        self._asked = False
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(read_timeout, connect=connect_timeout),
            # Identity: the sizes and ranges are those of the file itself.
            headers={"user-agent": "sidecar", "accept-encoding": "identity"},
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def locate(self, reference: HubReference) -> HubFile:
        """Ask where a file lies and what it is. Raises ModelUnavailableError when it cannot be had."""
        file = reference.file or ""
        url = f"{self.endpoint}/{reference.repo}/resolve/{quote(reference.revision, safe='')}/{quote(file)}"
        facts: dict[str, str] = {}
        for _ in range(_MAX_REDIRECTS):
            response = self._ask("HEAD", url)
            if response.status_code >= 400:
                if facts or self.is_hub(url):
                    raise self.refusal(response, reference)
                # A mirror's other host may not answer HEAD at all; what it holds is seen when it is fetched.
                return HubFile(url=url, etag=None, size=None, sha256=None, commit=None)
            facts |= {key.lower(): value for key, value in response.headers.items() if key.lower() not in facts}
            if not response.is_redirect:
                return _file(url, facts, final=response)
            url = redirected(url, response)
            if "x-linked-etag" in facts:
                return _file(url, facts, final=None)
        raise ModelUnavailableError(f"The hub redirects {reference.repo} in circles.", hint="Is HF_ENDPOINT right?")

    def listing(self, reference: HubReference) -> tuple[HubListing, ...]:
        """Ask which GGUF files a repository has, by path. Raises ModelUnavailableError."""
        revision = quote(reference.revision, safe="")
        url: str | None = f"{self.endpoint}/api/models/{reference.repo}/tree/{revision}?recursive=true"
        found: list[HubListing] = []
        for _ in range(_MAX_PAGES):
            if url is None:
                break
            entries, url = self._json(url, reference)
            found += _listed(entries)
        return tuple(sorted(found, key=lambda entry: entry.path))

    def licence(self, reference: HubReference) -> str | None:
        """Ask under which licence a repository is, such as `apache-2.0`; `None` when it does not say."""
        try:
            facts, _ = self._json(f"{self.endpoint}/api/models/{reference.repo}", reference)
        except ModelUnavailableError:
            # A mirror without this route can still give the file.
            return None
        card = facts.get("cardData") if isinstance(facts, dict) else None
        named = card.get("license_name") or card.get("license") if isinstance(card, dict) else None
        return named[:100] if isinstance(named, str) and named else None

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """Open a file to read it. Redirects are followed; errors are the caller's to look at. Raises httpx2.HTTPError
        and ModelUnavailableError.
        """
        for _ in range(_MAX_REDIRECTS):
            request = self._client.build_request("GET", url, headers={**headers, **self._authorisation(url)})
            response = self._client.send(request, stream=True)
            try:
                if not response.is_redirect:
                    yield response
                    return
                url = redirected(url, response)
            finally:
                response.close()
        raise ModelUnavailableError("The host of the file redirects in circles.")

    def is_hub(self, url: str) -> bool:
        """Whether an address is the hub's own, not one that it redirects to."""
        return origin_of(url) == self._trusted

    def refusal(self, response: httpx2.Response, reference: HubReference) -> ModelUnavailableError:
        """Give the error for an answer that is one."""
        return hub_error(response, reference, has_token=self._token is not None)

    def _json(self, url: str, reference: HubReference) -> tuple[Any, str | None]:
        """An answer of the API and the address of the next page."""
        for _ in range(_MAX_REDIRECTS):
            response = self._ask("GET", url)
            if not response.is_redirect:
                break
            url = redirected(url, response)
        if response.status_code != 200:
            raise self.refusal(response, reference)
        following = response.links.get("next", {}).get("url")
        try:
            return response.json(), urljoin(url, following) if following else None
        except (ValueError, RecursionError):
            raise ModelUnavailableError(
                f"{urlsplit(url).hostname} does not answer like the hub.", hint="Is HF_ENDPOINT right?"
            ) from None

    def _ask(self, method: str, url: str) -> httpx2.Response:
        """One request without a redirect; the token is sent once the hub has asked for it."""
        response = self._once(method, url)
        if response.status_code in {401, 403} and self._token and not self._asked and self.is_hub(url):
            self._asked = True
            response = self._once(method, url)
        return response

    def _once(self, method: str, url: str) -> httpx2.Response:
        try:
            with self._client.stream(method, url, headers=self._authorisation(url)) as response:
                content = b"".join(_limited(response.iter_bytes())) if method != "HEAD" else b""
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise unreachable(url, error) from error
        return httpx2.Response(response.status_code, headers=_plain(response.headers), content=content)

    def _authorisation(self, url: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._asked and self._token and self.is_hub(url) else {}


def redirected(url: str, response: httpx2.Response) -> str:
    """Where an answer leads. Raises ModelUnavailableError for what is no web address, and for HTTPS to plain HTTP."""
    target = urljoin(url, response.headers.get("location", ""))
    here, there = urlsplit(url), urlsplit(target)
    plain = there.scheme == "http" and here.scheme == "https" and there.hostname not in _LOOPBACK
    if there.scheme not in {"http", "https"} or not there.hostname or plain:
        raise ModelUnavailableError(f"{here.hostname} redirects to an address that is not safe to follow.")
    return target


def _file(url: str, facts: Mapping[str, str], *, final: httpx2.Response | None) -> HubFile:
    # A weak tag's `W/` says nothing about the name of the content.
    etag = (facts.get("x-linked-etag") or (facts.get("etag") if final else None) or "").removeprefix("W/").strip('"')
    size = facts.get("x-linked-size") or (final.headers.get("content-length") if final else None) or ""
    commit = facts.get("x-repo-commit", "")
    return HubFile(
        url=url,
        etag=etag or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
        sha256=etag.lower() if _SHA256.fullmatch(etag.lower()) else None,
        commit=commit if _COMMIT.fullmatch(commit) else None,
    )


def _listed(entries: Any) -> Iterator[HubListing]:
    for entry in entries if isinstance(entries, list) else ():
        path, size = (entry.get("path"), entry.get("size")) if isinstance(entry, dict) else (None, None)
        if not isinstance(path, str) or not path.lower().endswith(".gguf") or not isinstance(size, int):
            continue
        try:
            yield HubListing(path=checked_file(path), size=size)
        except ValueError:
            continue


def _limited(blocks: Iterator[bytes]) -> Iterator[bytes]:
    left = _MAX_ANSWER
    for block in blocks:
        left -= len(block)
        if left < 0:
            return
        yield block


def _plain(headers: httpx2.Headers) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers.items() if key not in {"content-encoding", "transfer-encoding"}]
