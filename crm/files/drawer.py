"""The child process that looks into files under limits. It draws previews: ``python -I drawer.py image|pdf[:PAGE] SOURCE PIXELS TARGET [PIXELS TARGET]``;
with ``count SOURCE`` it says how many pages there are, with ``text SOURCE .docx LETTERS`` what is written there.

Whatever was hidden in the file stays there: the pixels are written anew, without metadata.
"""

import resource
import sys
import warnings
from itertools import islice
from xml.etree import ElementTree
from zipfile import ZipFile

import openpyxl
import pypdfium2
from PIL import Image, ImageOps

MEMORY = 1 << 30
CPU_SECONDS = 20
LARGEST_RESULT = 20 << 20
MOST_PIXELS = 60_000_000
MOST_PIECES, LARGEST_TEXT = 200_000, 1 << 20
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


def words_of_pdf(path: str):
    """Page by page."""
    for page in pypdfium2.PdfDocument(path):
        yield page.get_textpage().get_text_range()


def words_of_docx(path: str):
    """What stands in the body, a paragraph a line."""
    with ZipFile(path) as parts, parts.open("word/document.xml") as body:
        for _event, node in ElementTree.iterparse(body):
            if node.tag.endswith("}t"):
                yield node.text or ""
            elif node.tag.endswith("}p"):
                yield "\n"
                node.clear()


def words_of_xlsx(path: str):
    """Sheet by sheet, a row a line."""
    with open(path, "rb") as file:
        for sheet in openpyxl.load_workbook(file, read_only=True, data_only=True):
            for row in sheet.iter_rows(values_only=True):
                yield " ".join(str(cell) for cell in row if cell is not None) + "\n"


def words_of_text(path: str):
    """As UTF-8, else as Chinese Windows writes it."""
    with open(path, "rb") as file:
        content = file.read(LARGEST_TEXT)
    try:
        yield content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.start > len(content) - 4  # the end of what was read is within a character
        yield content.decode("utf-8-sig" if cut else "gb18030", "ignore")


READERS = {".pdf": words_of_pdf, ".docx": words_of_docx, ".xlsx": words_of_xlsx}


def read_words(path: str, ending: str, letters: int) -> str:
    """So many letters from the beginning, as far as it can be read."""
    found = ""
    for piece in islice(READERS.get(ending, words_of_text)(path), MOST_PIECES):
        found += piece
        if len(found) >= letters:
            break
    return found[:letters]


def main(kind: str, source: str, *targets: str) -> None:
    """Draw every size, the largest first from the file, the others from the same picture."""
    limit()
    if kind == "count":
        print(len(pypdfium2.PdfDocument(source)))
        return
    if kind == "text":
        sys.stdout.buffer.write(read_words(source, targets[0], int(targets[1])).encode("utf-8", "replace"))
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
