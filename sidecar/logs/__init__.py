"""What the program writes of itself: log lines without anybody's text, their file, and what crashes leave behind."""

from __future__ import annotations

from sidecar.logs.content import ContentLog, remove_content
from sidecar.logs.crashes import leave_no_cores, log_crashes
from sidecar.logs.describing import described
from sidecar.logs.file import LogFile
from sidecar.logs.lines import LineFormatter, set_up

__all__ = [
    "ContentLog",
    "LineFormatter",
    "LogFile",
    "described",
    "leave_no_cores",
    "log_crashes",
    "remove_content",
    "set_up",
]
