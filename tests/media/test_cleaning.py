"""What strangers send is drawn or written anew by a process that is bounded and holds no secret."""

import asyncio
import time
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from hub.media.cleaning import Cleaner
from hub.media.content import MAX_BYTES, NotTakenError
from tests.media.files import a_bomb, a_paper, a_photo


async def refused(body: bytes) -> str:
    with pytest.raises(NotTakenError) as error:
        await Cleaner().clean(body)
    assert str(error.value)
    return error.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_keeps_its_pixels_and_loses_where_it_was_taken(kind: str) -> None:
    sent = a_photo(kind=kind)
    assert b"kitchen" in sent

    clean = await Cleaner().clean(sent)

    with Image.open(BytesIO(clean.body)) as kept:
        assert (clean.kind, kept.format, kept.size) == ("image/jpeg", "JPEG", (640, 480))
        assert not kept.getexif()
    assert b"kitchen" not in clean.body


async def test_a_photo_of_forty_megapixels_is_taken_at_a_size_one_can_read() -> None:
    clean = await Cleaner().clean(a_photo(8_000, 5_000, quality=40))

    assert (clean.width, clean.height) == (2_560, 1_600)


async def test_a_photo_that_was_held_sideways_stands_upright() -> None:
    picture = Image.new("RGB", (60, 30))
    exif = picture.getexif()
    exif[0x0112] = 6
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif)

    clean = await Cleaner().clean(out.getvalue())

    assert (clean.width, clean.height) == (30, 60)


async def test_what_is_see_through_lies_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")

    clean = await Cleaner().clean(out.getvalue())

    with Image.open(BytesIO(clean.body)) as kept:
        assert kept.getpixel((4, 4)) == (255, 255, 255)


async def test_what_follows_a_picture_in_its_file_is_left_out() -> None:
    """A polyglot: a picture to us, an archive or a page to somebody else."""
    for tail in (b"PK\x03\x04archive", b"<script>alert(1)</script>"):
        clean = await Cleaner().clean(a_photo() + tail)
        assert tail not in clean.body


async def test_a_paper_keeps_its_pages_and_nothing_that_acts() -> None:
    clean = await Cleaner().clean(a_paper(2, acts=True) + b"<script>alert(1)</script>")

    assert (clean.kind, clean.pages) == ("application/pdf", 2)
    with pikepdf.open(BytesIO(clean.body)) as kept:
        assert not {"/OpenAction", "/AcroForm", "/Names", "/Metadata"} & set(kept.Root.keys())
        assert "/Annots" not in kept.pages[0].obj
        assert not kept.docinfo
        kept.save(plain := BytesIO(), compress_streams=False, stream_decode_level=None)
    for gone in (b"boo", b"MZ-attached", b"tracker", b"somebody", b"xfa-form", b"<script>"):
        assert gone not in plain.getvalue()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"x" * MAX_BYTES, "too_large"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_taken"),
        (b"GIF89a" + b"x" * 100, "not_taken"),
        (b"MZ" + b"x" * 100, "not_taken"),
        (a_photo()[:4_000], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 1_000, "damaged"),
        (b"%PDF-1.7 and nothing else", "damaged"),
        (a_paper(password="a word"), "locked"),  # noqa: S106 - an example
        (a_paper(21), "too_many_pages"),
        (a_bomb("png"), "too_many_pixels"),
    ],
)
async def test_what_is_not_taken_is_told_why(body: bytes, code: str) -> None:
    assert await refused(body) == code


async def test_a_paper_that_unpacks_to_gigabytes_is_given_up_within_bounds() -> None:
    begun = time.monotonic()

    assert await refused(a_bomb("pdf")) in {"damaged", "too_costly"}
    assert time.monotonic() - begun < 60


async def test_a_few_at_once_are_cleaned_one_after_the_other_and_none_is_lost() -> None:
    cleaner = Cleaner()
    many = await asyncio.gather(*(cleaner.clean(a_photo(64, 64)) for _ in range(6)))

    assert {one.width for one in many} == {64}


async def test_whoever_asks_and_goes_leaves_no_process() -> None:
    cleaner = Cleaner()
    asked = asyncio.create_task(cleaner.clean(a_photo(8_000, 5_000, quality=40)))
    await asyncio.sleep(0.3)
    asked.cancel()
    await asyncio.wait([asked])

    assert (await cleaner.clean(a_photo(64, 64))).width == 64
