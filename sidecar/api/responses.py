"""JSON answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def json_response(body: Mapping[str, Any], *, status: int = 200) -> Response:
    """Answer with JSON. What no UTF-8 can hold becomes a question mark: a model may say anything."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    return Response(data, status_code=status, media_type="application/json")
