"""Pictures go out as WebP of a size that a screen shows; the author's files stay as they are."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import PIL.Image
import PIL.ImageCms
import pytest

from authoring.build_cache import BuildCache
from authoring.course_parts import MediaRules
from authoring.problems import ContentError
from authoring.read_image import Image
from authoring.web_pictures import FOLDER, WebPictures, to_webp
from lms_sync.academy import build_academy, read_academy
from tests.build.conftest import SmallAcademy

RULES = MediaRules()
ZIP = "build/small/small-scorm12.zip"


def jpeg(width: int, height: int, **options: object) -> bytes:
    out = io.BytesIO()
    gradient = PIL.Image.linear_gradient("L").resize((width, height)).convert("RGB")
    gradient.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def opened(content: bytes | None) -> PIL.Image.Image:
    assert content is not None
    return PIL.Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("size", "wanted"), [((4000, 3000), (1600, 1200)), ((300, 200), (300, 200)), ((1000, 3200), (500, 1600))]
)
def test_pictures_are_made_smaller_and_never_larger(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    made = opened(to_webp(jpeg(*size), RULES, "a.jpg"))
    assert (made.format, made.size) == ("WEBP", wanted)


def test_what_a_camera_wrote_goes_and_the_colour_profile_stays() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned
    exif[0x010F] = "A camera"
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    content = to_webp(jpeg(40, 20, exif=exif.tobytes(), icc_profile=profile), RULES, "a.jpg")
    made = opened(content)
    assert made.size == (20, 40)
    assert not dict(made.getexif())
    assert content is not None
    assert b"A camera" not in content
    assert made.info["icc_profile"] == profile


def test_a_picture_that_moves_stays_as_it_is_and_transparency_stays() -> None:
    out = io.BytesIO()
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert to_webp(out.getvalue(), RULES, "a.webp") is None
    clear = io.BytesIO()
    PIL.Image.new("RGBA", (9, 9), (10, 20, 30, 0)).save(clear, "PNG")
    assert opened(to_webp(clear.getvalue(), RULES, "a.png")).mode == "RGBA"


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(ContentError) as caught:
        to_webp(b"\x89PNG\r\n\x1a\n no more", RULES, "a.png")
    assert caught.value.code == "image.unreadable"


def with_media(academy: SmallAcademy) -> None:
    path = academy.course / "course.yaml"
    text = path.read_text().replace("lessons:", "media: {max_image_px: 400}\nlessons:")
    academy.write(path, text.encode())
    academy.write(academy.course / "media" / "a.png", b"")
    (academy.course / "media" / "a.png").unlink()
    academy.write(academy.course / "media" / "photo.jpg", jpeg(900, 600))
    for name in academy.lessons:
        academy.write_lesson(name)
        lesson = academy.course / "lessons" / name / "lesson.en.md"
        academy.write(lesson, lesson.read_bytes().replace(b"media/a.png", b"media/photo.jpg"))


def test_a_package_shows_the_converted_picture_and_the_original_is_untouched(
    small_academy: SmallAcademy,
) -> None:
    with_media(small_academy)
    photo = small_academy.course / "media" / "photo.jpg"
    before = (photo.read_bytes(), photo.stat().st_mtime_ns)
    cache = BuildCache(small_academy.folder)
    build_academy(read_academy(small_academy.folder, cache), cache=cache)
    cache.save()
    with zipfile.ZipFile(small_academy.folder / ZIP) as archive:
        assert opened(archive.read("media/photo.jpg.webp")).size == (400, 267)
        assert b"media/photo.jpg.webp" in archive.read("lessons/one.en.js")
        assert "media/photo.jpg" not in archive.namelist()
        assert archive.getinfo("media/photo.jpg.webp").compress_type == zipfile.ZIP_STORED
        first = archive.read("media/photo.jpg.webp")
    assert (photo.read_bytes(), photo.stat().st_mtime_ns) == before
    assert len(list((small_academy.folder / FOLDER).iterdir())) == 2  # and the one that no lesson shows

    small_academy.write(photo, jpeg(900, 500))
    cache = BuildCache(small_academy.folder)
    build_academy(read_academy(small_academy.folder, cache), cache=cache)
    with zipfile.ZipFile(small_academy.folder / ZIP) as archive:
        assert archive.read("media/photo.jpg.webp") != first
        assert b'height=\\"222\\"' in archive.read("lessons/two.en.js")


def test_a_converted_picture_that_was_tampered_with_is_made_anew(small_academy: SmallAcademy) -> None:
    with_media(small_academy)
    path = small_academy.course / "media" / "photo.jpg"
    image = Image(path, "media/photo.jpg", 900, 600)
    cache = BuildCache(small_academy.folder)
    made = WebPictures(RULES, small_academy.folder, cache).picture(image)
    right = made.path.read_bytes()
    cache.save()
    made.path.write_bytes(b"something else")
    again = WebPictures(RULES, small_academy.folder, BuildCache(small_academy.folder)).picture(image)
    assert again.path.read_bytes() == right


def test_without_a_place_to_keep_them_the_pictures_are_the_same(
    small_academy: SmallAcademy, tmp_path: Path
) -> None:
    with_media(small_academy)
    build_academy(read_academy(small_academy.folder))
    kept = (small_academy.folder / ZIP).read_bytes()
    other = SmallAcademy(tmp_path / "other")
    with_media(other)
    (other.folder / ".lms-sync").write_text("no folder")
    build_academy(read_academy(other.folder))
    assert (other.folder / ZIP).read_bytes() == kept
