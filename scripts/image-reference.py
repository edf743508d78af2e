#!/usr/bin/env python3
"""Writes the reference list that `simctl conformance images DIR` compares with: one line `path width height hash` for
every picture below DIR as Pillow decodes its first frame, or `path refused` where Pillow gives no picture.
The hash is FNV-1a of the RGBA bytes with straight alpha; a fully transparent pixel counts as four zeros; 16-bit samples
keep the high byte.

    image-reference.py DIR [-o FILE]     writes DIR/image-reference.txt
    image-reference.py --generate DIR    first fills DIR with small pictures of every format and coding

Needs Pillow (pip install pillow)."""
import argparse, os, sys
try:
    from PIL import Image, ImageOps, features
except ImportError:
    sys.exit("image-reference.py needs Pillow: pip install pillow")

LIST = "image-reference.txt"
SIGNATURES = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"BM", b"\0\0\1\0", b"\0\0\2\0")


def rgba(path):
    image = Image.open(path)
    image.load()
    if image.mode.startswith("I;16"):
        high = image.tobytes()[0 if image.mode.endswith("B") else 1::2]
        image = Image.frombytes("L", image.size, high)
    if image.format == "JPEG" and image.mode == "CMYK":
        inks = [255 - v for v in image.tobytes()]
        rgb = bytes(v for i in range(0, len(inks), 4) for v in (inks[i + c] * inks[i + 3] // 255 for c in range(3)))
        image = Image.frombytes("RGB", image.size, rgb)
    elif image.format == "JPEG":
        image = ImageOps.exif_transpose(image)
    return image.convert("RGBA")


def fnv(pixels):
    h = 0xCBF29CE484222325
    for i in range(0, len(pixels), 4):
        for byte in pixels[i:i + 4] if pixels[i + 3] else b"\0\0\0\0":
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def describe(path):
    try:
        image = rgba(path)
    except Exception as error:
        print(f"{path}: {error}", file=sys.stderr)
        return "refused"
    return f"{image.width} {image.height} {fnv(image.tobytes()):016x}"


def write_list(folder, target):
    lines = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                head = file.read(4)
            if head.startswith(SIGNATURES):
                lines.append(f"{os.path.relpath(path, folder)} {describe(path)}\n")
    with open(target, "w") as file:
        import PIL
        file.write(f"# Made by scripts/image-reference.py with Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, "
                   f"libwebp {features.version('webp')}.\n")
        file.writelines(sorted(lines))
    print(f"{len(lines)} pictures in {target}")


def picture(width, height, mode):
    """Curves, slopes and hard edges, the same on every machine."""
    def pixel(x, y):
        noise = (x * 7919 + y * 104729 + x * y * 31) % 23
        edge = 90 if (x // 9 + y // 7) % 3 == 0 else 0
        return ((x * x // 7 + y * 3 + noise) % 256, (edge + y * 5 + noise) % 256, (x * 4 + edge) % 256, min(255, x * 12 + y * 3))
    channels = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    return Image.frombytes(mode, (width, height), bytes(v for y in range(height) for x in range(width) for v in pixel(x, y)[:channels]))


def generate(folder):
    os.makedirs(folder, exist_ok=True)
    def save(image, name, **options):
        image.save(os.path.join(folder, name), **options)
    rgb, rgba_, gray, cmyk = (picture(37, 29, mode) for mode in ("RGB", "RGBA", "L", "CMYK"))
    few = rgb.quantize(16)
    for quality in (0, 30, 75, 100):
        save(rgb, f"lossy-{quality}.webp", quality=quality, method=4)
    save(picture(1, 1, "RGB"), "lossy-dot.webp", quality=60)
    save(picture(2, 33, "RGB"), "lossy-tall.webp", quality=60)
    for quality in (100, 20):
        save(rgba_, f"lossy-alpha-{quality}.webp", quality=60, alpha_quality=quality, exact=True)
    for method in (0, 6):
        save(rgba_, f"lossless-{method}.webp", lossless=True, method=method, exact=True)
    save(few.convert("RGB"), "lossless-indexed.webp", lossless=True, method=6)
    frames = [rgba_, ImageOps.flip(rgba_)]
    save(frames[0], "animated-lossy.webp", save_all=True, append_images=frames[1:], duration=100, quality=50)
    save(frames[0], "animated-lossless.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    for progressive in (False, True):
        kind = "progressive" if progressive else "baseline"
        for sampling in ("4:4:4", "4:2:2", "4:2:0"):
            save(rgb, f"{kind}-{sampling.replace(':', '')}.jpeg", quality=70, subsampling=sampling, progressive=progressive)
        save(gray, f"{kind}-gray.jpeg", quality=70, progressive=progressive)
    save(cmyk, "cmyk.jpeg", quality=70)
    save(rgb, "restarts.jpeg", quality=70, restart_marker_blocks=2)
    turned = Image.Exif()
    turned[0x0112] = 6
    save(rgb, "turned.jpeg", quality=70, exif=turned)
    save(few, "plain.gif")
    save(few, "interlaced.gif", interlace=1)
    save(few, "transparent.gif", transparency=3)
    save(few, "animated.gif", save_all=True, append_images=[ImageOps.flip(few.convert("RGB")).quantize(8)], duration=100, loop=0)
    for image, name in ((rgb, "24"), (rgba_, "32"), (rgb.quantize(200), "8"), (gray, "gray"), (gray.convert("1"), "1")):
        save(image, f"depth-{name}.bmp")
    save(rgba_.resize((32, 32), Image.Resampling.NEAREST), "sizes.ico", sizes=[(16, 16), (32, 32)])
    save(rgba_.resize((32, 32), Image.Resampling.NEAREST), "bitmap.ico", sizes=[(32, 32)], bitmap_format="bmp")
    for image, name in ((rgb, "color"), (rgba_, "alpha"), (few, "indexed"), (gray, "gray")):
        save(image, f"{name}.png", optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("-o", "--output", metavar="FILE", help="where the list goes (DIR/image-reference.txt)")
    parser.add_argument("--generate", action="store_true", help="fill DIR with small pictures first")
    arguments = parser.parse_args()
    if arguments.generate:
        generate(arguments.folder)
    if not os.path.isdir(arguments.folder):
        sys.exit(f"{arguments.folder} is not a folder")
    write_list(arguments.folder, arguments.output or os.path.join(arguments.folder, LIST))


if __name__ == "__main__":
    main()
