"""Every error a user or a client can meet, in one tree.

SidecarError                     message says what happened, hint says what to do
├── ConfigError                  a setting is wrong
├── VaultError                   the vault is missing, unreadable, not a folder
│   └── NoteMissingError         the note is not there, or no longer
├── AlreadyRunningError          another instance holds the data folder
├── AddressInUseError            the port is taken
├── WorkerError                  a child process could not be used
│   ├── ProgramReplacedError     Sidecar was updated while it ran
│   ├── WorkerCrashedError       it died
│   └── WorkerTimeoutError       it did not answer in time and was killed
├── IndexUnavailableError        the index can't be opened, read or written
│   ├── IndexDamagedError        its file holds other bytes than were written
│   └── IndexFullError           there is no room on its disk
├── RequestError                 the request is wrong (400); names the parameter
│   ├── ContextLengthError       it does not fit the model's context window
│   └── ModelNotFoundError       no such model (404)
├── ModelUnavailableError        the model can't be loaded or died (503)
├── UpstreamError                the upstream server failed (502), with its own status when it gave one
└── OverloadedError              too much work is waiting (429); says when to come back
"""

from __future__ import annotations


class SidecarError(Exception):
    """Root of the tree. `hint` is one sentence on what to do, or `None` when there is nothing to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def logged(self) -> str:
        """What a log may say of it: the message, except where that repeats somebody else's words or a note's name."""
        return self.message


class ConfigError(SidecarError):
    """A setting cannot be used."""


class VaultError(SidecarError):
    """The vault cannot be read as a folder of notes."""

    @property
    def logged(self) -> str:
        """The message names files, and what notes are called is nobody's business."""
        number = getattr(self.__cause__, "errno", None)
        return "the vault or a file in it cannot be read" + ("" if number is None else f" (errno {number})")


class NoteMissingError(VaultError):
    """There is no file at this path in the vault."""


class AlreadyRunningError(SidecarError):
    """Another Sidecar holds this data folder."""


class AddressInUseError(SidecarError):
    """The address to listen on is taken."""


class WorkerError(SidecarError):
    """A child process cannot be used."""


class WorkerCrashedError(WorkerError):
    """The child process ended while work was under way; `exit_code` is negative for a signal, as in `subprocess`."""

    def __init__(self, message: str, *, exit_code: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class ProgramReplacedError(WorkerError):
    """Sidecar's own files were replaced while it ran: no process of the version that runs can be started."""


class WorkerTimeoutError(WorkerError):
    """The child process did not answer within its deadline and was killed."""


class IndexUnavailableError(SidecarError):
    """The index cannot be opened, read or written."""


class IndexDamagedError(IndexUnavailableError):
    """The index holds something else than was written to it. It is built anew from the notes."""


class IndexFullError(IndexUnavailableError):
    """The disk that holds the index is full."""


class RequestError(SidecarError):
    """The request is wrong. `param` names the field, `code` is OpenAI's machine-readable reason."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.code = code

    @property
    def logged(self) -> str:
        return f"the request is wrong ({type(self).__name__})"


class ContextLengthError(RequestError):
    """The prompt does not fit the context window. Both numbers are in tokens."""

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(
            f"This model's context window is {available} tokens, but the messages need {needed}.",
            param="messages",
            code="context_length_exceeded",
            hint="Send fewer or shorter messages, or use a model with a larger context window.",
        )
        self.needed = needed
        self.available = available


class ModelNotFoundError(RequestError):
    """No model has this id; the message lists the ids that exist."""

    def __init__(self, model_id: str, *, valid: tuple[str, ...]) -> None:
        super().__init__(
            f"The model '{model_id}' does not exist. Models here: {', '.join(valid) or 'none'}.",
            param="model",
            code="model_not_found",
        )


class ModelUnavailableError(SidecarError):
    """The model is configured but cannot answer now. `retry_after` is in seconds."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class UpstreamError(SidecarError):
    """The upstream server failed. `status` is its HTTP status, `None` when it never answered."""

    def __init__(
        self, message: str, *, status: int | None = None, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code

    @property
    def logged(self) -> str:
        """Servers quote what they were sent in their errors."""
        return "the upstream server failed" if self.status is None else f"the upstream server answered {self.status}"


class OverloadedError(SidecarError):
    """Too much work is waiting. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message, hint=f"Try again in {retry_after:g} s.")
        self.retry_after = retry_after
