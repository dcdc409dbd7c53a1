"""Files as strangers send them, made here."""

import zlib
from io import BytesIO

import pikepdf
from PIL import Image

PLACE = {1: "N", 2: (41.0, 0.0, 28.0)}
"""Where a photo was taken, as a phone writes it."""


def a_photo(width: int = 640, height: int = 480, kind: str = "JPEG", **how: object) -> bytes:
    """A picture with a pattern, the place where it was taken, and a comment."""
    small = Image.effect_noise((max(1, width // 16), max(1, height // 16)), 80)
    picture = small.resize((width, height)).convert("RGB")
    exif = picture.getexif()
    exif[0x010E] = "of somebody's kitchen"
    exif.get_ifd(0x8825).update(PLACE)
    out = BytesIO()
    picture.save(out, kind, **({"exif": exif} | how))
    return out.getvalue()


def a_paper(pages: int = 1, *, password: str = "", acts: bool = False) -> bytes:
    """A PDF; one that `acts` has a script, an attachment, a link and a form."""
    paper = pikepdf.new()
    for _ in range(pages):
        paper.add_blank_page(page_size=(200, 200))
    paper.docinfo["/Author"] = "somebody"
    if acts:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('boo')")
        paper.Root.OpenAction = script
        paper.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pikepdf.String("xfa-form"))
        paper.attachments["virus.exe"] = b"MZ-attached"
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Link,
            Rect=[0, 0, 9, 9],
            A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="http://tracker.example/"),
        )
        paper.pages[0].obj.Annots = pikepdf.Array([paper.make_indirect(link)])
    out = BytesIO()
    encryption = pikepdf.Encryption(user=password, owner=password) if password else False
    paper.save(out, encryption=encryption, compress_streams=False)
    return out.getvalue()


def a_bomb(kind: str) -> bytes:
    """A small file that unpacks to more than there should be memory for."""
    if kind == "png":
        out = BytesIO()
        Image.new("1", (60_000, 60_000)).save(out, "PNG")
        return out.getvalue()
    zeros = zlib.compressobj(9)
    packed = b"".join(zeros.compress(b" " * 2**20) for _ in range(2_000)) + zeros.flush()
    head = b"%PDF-1.5\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length "
    body = head + str(len(packed)).encode() + b">>\nstream\n" + packed + b"\nendstream\nendobj\n"
    xref = b"trailer <</Root 2 0 R/Size 3>>\nstartxref\n0\n%%EOF"
    return body + xref
