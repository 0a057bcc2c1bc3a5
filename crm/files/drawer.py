"""The child process that draws previews under limits: ``python -I drawer.py image|pdf[:PAGE] SOURCE PIXELS TARGET [PIXELS TARGET]``;
with ``count SOURCE`` it says how many pages there are.

Whatever was hidden in the file stays there: the pixels are written anew, without metadata.
"""

import resource
import sys
import warnings

import pypdfium2
from PIL import Image, ImageOps

MEMORY = 1 << 30
CPU_SECONDS = 20
LARGEST_RESULT = 20 << 20
MOST_PIXELS = 60_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")


def limit() -> None:
    """Memory, processor time, and the size of what it writes."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_RESULT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def read_image(path: str, pixels: int) -> Image.Image:
    """The first picture of the file, turned as the camera was held."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    picture = Image.open(path, formats=FORMATS)
    picture.draft("RGB", (pixels, pixels))
    return ImageOps.exif_transpose(picture)


def read_pdf(path: str, pixels: int, number: int) -> Image.Image:
    """One page; the first is 1."""
    page = pypdfium2.PdfDocument(path)[number - 1]
    return page.render(scale=min(4.0, pixels / max(page.get_size()))).to_pil()


def main(kind: str, source: str, *targets: str) -> None:
    """Draw every size, the largest first from the file, the others from the same picture."""
    limit()
    if kind == "count":
        print(len(pypdfium2.PdfDocument(source)))
        return
    kind, _colon, number = kind.partition(":")
    wanted = sorted(
        ((int(pixels), path) for pixels, path in zip(targets[::2], targets[1::2], strict=True)), reverse=True
    )
    pixels = wanted[0][0]
    picture = read_pdf(source, pixels, int(number or 1)) if kind == "pdf" else read_image(source, pixels)
    picture = picture.convert("RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB")
    for pixels, path in wanted:
        picture.thumbnail((pixels, pixels))
        picture.save(path, "WEBP", quality=82)


if __name__ == "__main__":
    main(*sys.argv[1:])
