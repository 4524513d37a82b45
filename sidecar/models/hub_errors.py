"""What the hub's refusals mean for the person who wants a file, and what to do about each.

Source: huggingface_hub/utils/_http.py: `X-Error-Code`, and 401 for what is missing as well as for what is private.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2

from sidecar.errors import ModelUnavailableError
from sidecar.models.reference import HubReference

_TOKENS = "https://huggingface.co/settings/tokens"


def hub_error(response: httpx2.Response, reference: HubReference, *, has_token: bool) -> ModelUnavailableError:
    """Say why the hub does not give a file or a repository."""
    code, status, repo = response.headers.get("x-error-code", ""), response.status_code, reference.repo
    if "Invalid credentials" in response.headers.get("x-error-message", ""):
        return ModelUnavailableError(
            "The hub does not know your Hugging Face token.",
            hint=f"Make a new one at {_TOKENS} and put it into HF_TOKEN.",
        )
    if code == "GatedRepo" or (status == 403 and not code):
        return _gated(repo, has_token=has_token)
    if code == "RevisionNotFound":
        return ModelUnavailableError(
            f"{repo} has no revision {reference.revision!r}.", hint="Leave out what is after the @ for the newest."
        )
    if code == "EntryNotFound" or (status == 404 and reference.file is not None and code != "RepoNotFound"):
        return ModelUnavailableError(
            f"{repo} has no file {reference.file!r}.", hint=f"`sidecar models pull hf:{repo}` shows those it has."
        )
    if code == "RepoNotFound" or status in {401, 404}:
        private = "" if has_token else " If it is a private one, put a token with access into HF_TOKEN."
        return ModelUnavailableError(f"The hub has no repository {repo}.", hint=f"Check how it is written.{private}")
    if status == 429:
        return ModelUnavailableError("The hub has had too many requests from here.", hint="Try again in some minutes.")
    said = f" ({response.headers['x-error-message'][:200]})" if "x-error-message" in response.headers else ""
    return ModelUnavailableError(f"The hub answered {status} for {repo}{said}.", hint="Try again later.")


def unreachable(url: str, error: Exception) -> ModelUnavailableError:
    """Say that a host did not answer; addresses of files hold signatures and are not shown."""
    why = "it did not answer in time" if isinstance(error, httpx2.TimeoutException) else str(error)[:200]
    return ModelUnavailableError(
        f"{urlsplit(url).hostname} cannot be reached: {why or type(error).__name__}.",
        hint="Is this machine connected? HF_ENDPOINT names a mirror where the hub itself is out of reach.",
    )


def _gated(repo: str, *, has_token: bool) -> ModelUnavailableError:
    page = f"https://huggingface.co/{repo}"
    if has_token:
        return ModelUnavailableError(
            f"The account of your Hugging Face token may not fetch {repo}.",
            hint=f"Accept its terms at {page} with that account, or wait until its authors let you in.",
        )
    return ModelUnavailableError(
        f"{repo} is given only to people who have accepted its terms.",
        hint=f"Accept them at {page}, make a token at {_TOKENS}, and put it into HF_TOKEN (or run `hf auth login`).",
    )
