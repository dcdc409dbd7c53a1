"""Documents as JSON."""

import msgspec
from starlette.responses import Response


def document(content: object, status: int = 200, **headers: str) -> Response:
    """An answer with a document of ours."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")
