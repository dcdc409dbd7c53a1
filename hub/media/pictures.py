"""A picture drawn anew: its pixels stay, and nothing else that was in the file."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from hub.media.content import Kind, NotTakenError

FORMATS = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.WEBP: "WEBP"}
EDGE = 2_560
"""The longer one has so many pixels at most: enough to read a receipt by."""
MOST_PIXELS = {Kind.JPEG: 120_000_000, Kind.PNG: 25_000_000, Kind.WEBP: 25_000_000}
"""A JPEG is read at a fraction of its size, so that the photos of any phone are taken."""
QUALITY = 85
WHITE = (255, 255, 255)
DAMAGED = "the picture cannot be read; it may be cut off: send it again"


def drawn_anew(body: bytes, kind: Kind) -> tuple[bytes, int, int]:
    """The picture as a JPEG, upright, and its width and height in pixels.

    Raises:
        NotTakenError: it is damaged, or larger than is taken.

    """
    try:
        with warnings.catch_warnings(action="ignore"):
            return _drawn(body, kind)
    except Image.DecompressionBombError as error:
        raise _too_many(kind) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise NotTakenError("damaged", DAMAGED) from error


def _drawn(body: bytes, kind: Kind) -> tuple[bytes, int, int]:
    with Image.open(BytesIO(body), formats=[FORMATS[kind]]) as opened:
        width, height = opened.size
        if width * height > MOST_PIXELS[kind]:
            raise _too_many(kind)
        opened.draft("RGB", (EDGE, EDGE))
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((EDGE, EDGE))
        flat = _on_white(upright)
    out = BytesIO()
    # Made from bare pixels: no comment, place or thumbnail of the original comes along.
    Image.frombytes("RGB", flat.size, flat.tobytes()).save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), *flat.size


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    paper = Image.new("RGB", seen.size, WHITE)
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper


def _too_many(kind: Kind) -> NotTakenError:
    most = MOST_PIXELS[kind] // 1_000_000
    message = f"the picture has more than {most} megapixels; make it smaller and send it again"
    return NotTakenError("too_many_pixels", message)
