"""What a file is by its content, whatever its sender calls it; pure."""

from enum import StrEnum

from hub.domain.errors import HubError

MAX_BYTES = 10 * 1024 * 1024
"""As it is sent."""
SPEECH = "a photo as JPEG, PNG or WebP, or a PDF"


class Kind(StrEnum):
    """What is taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


class NotTakenError(HubError):
    """This file is not kept; `code` for programs, the text for whoever sent it."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code


def kind_of(body: bytes) -> Kind:
    """What it is.

    Raises:
        NotTakenError: nothing that is taken.

    """
    if not body:
        raise NotTakenError("empty", f"the file is empty; send {SPEECH}")
    if len(body) > MAX_BYTES:
        message = f"the file has {len(body)} bytes; send {MAX_BYTES} at most"
        raise NotTakenError("too_large", message)
    if body.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return Kind.WEBP
    if body.startswith(b"%PDF-"):
        return Kind.PDF
    raise NotTakenError("not_taken", f"this is no file of a kind that is taken; send {SPEECH}")
