"""A PDF written anew: its pages as they look, without anything that acts."""

from io import BytesIO

import pikepdf

from hub.media.content import NotTakenError

MOST_PAGES = 20
ACTING = ("/OpenAction", "/AA", "/Names", "/AcroForm", "/Metadata", "/AF", "/Collection", "/URI")
"""What a document does by itself, carries along or fetches."""
ACTING_PAGES = ("/AA", "/Annots", "/AF", "/PieceInfo", "/Metadata")


def written_anew(body: bytes) -> tuple[bytes, int]:
    """The PDF without scripts, forms, links, attachments and properties, and its number of pages.

    Raises:
        NotTakenError: it is damaged, locked, empty, or has more pages than are taken.

    """
    try:
        with pikepdf.open(BytesIO(body)) as paper:
            return _written(paper)
    except pikepdf.PasswordError as error:
        message = "the PDF is locked by a password; send one without"
        raise NotTakenError("locked", message) from error
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise NotTakenError("damaged", "the PDF cannot be read; send it again") from error


def _written(paper: pikepdf.Pdf) -> tuple[bytes, int]:
    pages = len(paper.pages)
    if not 1 <= pages <= MOST_PAGES:
        message = f"the PDF has {pages} pages; send one of 1 to {MOST_PAGES}"
        raise NotTakenError("too_many_pages" if pages else "damaged", message)
    # What was filled in stays to be read, as a part of its page.
    paper.flatten_annotations()
    for page in paper.pages:
        _without(page.obj, ACTING_PAGES)
    _without(paper.Root, ACTING)
    if "/Info" in paper.trailer:
        del paper.trailer["/Info"]
    out = BytesIO()
    paper.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=False)
    return out.getvalue(), pages


def _without(thing: pikepdf.Object, names: tuple[str, ...]) -> None:
    for name in names:
        if name in thing:
            del thing[name]
