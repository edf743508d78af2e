#!/usr/bin/env python3
"""Writes Sources/BrowserApp/HTML/Generated/EncodingTables.swift: the legacy encodings of the Encoding Standard, from the
codecs of Python.

A table is a string of the characters that its indexes stand for, in order. A run of indexes without a character is
written as its length and a semicolon. Run from the package root.
"""
import codecs

SINGLE = [
    ("ibm866", "cp866", "ibm866 866 cp866 csibm866"),
    ("iso-8859-2", "iso8859_2", "iso-8859-2 csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"),
    ("iso-8859-3", "iso8859_3", "iso-8859-3 csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"),
    ("iso-8859-4", "iso8859_4", "iso-8859-4 csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"),
    ("iso-8859-5", "iso8859_5", "iso-8859-5 csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988"),
    ("iso-8859-6", "iso8859_6", "iso-8859-6 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"),
    ("iso-8859-7", "iso8859_7", "iso-8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek"),
    ("iso-8859-8", "iso8859_8", "iso-8859-8 csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical"),
    ("iso-8859-10", "iso8859_10", "iso-8859-10 csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6"),
    ("iso-8859-13", "iso8859_13", "iso-8859-13 iso8859-13 iso885913"),
    ("iso-8859-14", "iso8859_14", "iso-8859-14 iso8859-14 iso885914"),
    ("iso-8859-15", "iso8859_15", "iso-8859-15 csisolatin9 iso8859-15 iso885915 iso_8859-15 l9"),
    ("iso-8859-16", "iso8859_16", "iso-8859-16"),
    ("koi8-r", "koi8_r", "koi8-r cskoi8r koi koi8 koi8_r"),
    ("koi8-u", "koi8_u", "koi8-u koi8-ru"),
    ("macintosh", "mac_roman", "macintosh csmacintosh mac x-mac-roman"),
    ("windows-874", "cp874", "windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620"),
    ("windows-1250", "cp1250", "windows-1250 cp1250 x-cp1250"),
    ("windows-1251", "cp1251", "windows-1251 cp1251 x-cp1251"),
    ("windows-1253", "cp1253", "windows-1253 cp1253 x-cp1253"),
    ("windows-1254", "cp1254", "windows-1254 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 x-cp1254"),
    ("windows-1255", "cp1255", "windows-1255 cp1255 x-cp1255"),
    ("windows-1256", "cp1256", "windows-1256 cp1256 x-cp1256"),
    ("windows-1257", "cp1257", "windows-1257 cp1257 x-cp1257"),
    ("windows-1258", "cp1258", "windows-1258 cp1258 x-cp1258"),
    ("x-mac-cyrillic", "mac_cyrillic", "x-mac-cyrillic x-mac-ukrainian"),
]

def decode(data, *names):
    """One character (or, in Big5, two) for the bytes; None when no codec of the list knows them."""
    for name in names:
        try:
            text = codecs.decode(bytes(data), name)
        except UnicodeDecodeError:
            continue
        if text and "�" not in text:
            return text
    return None

def single(codec):
    out = []
    for byte in range(0x80, 0x100):
        text = decode([byte], codec)
        # Undefined C1 bytes of the windows encodings stand for themselves (Encoding §9).
        out.append(text or (chr(byte) if byte < 0xA0 and codec.startswith("cp") and codec != "cp866" else None))
    return out

def packed(values):
    out, holes = [], 0
    for value in values + ["end"]:
        if value is None:
            holes += 1
            continue
        if holes:
            out.append(f"{holes};")
            holes = 0
        if value != "end":
            assert len(value) == 1 and ord(value) >= 0x80, value
            out.append(value)
    return "".join(out)

def escaped(text):
    return "".join(c if c.isprintable() and not 0xE000 <= ord(c) <= 0xF8FF else "\\u{%X}" % ord(c) for c in text)

# Index orders are those of the Encoding Standard §6: pointer = (lead - first lead) * row length + trail.
def gbk():       # lead 81…FE, trail 40…7E and 80…FE
    return [decode([l, t], "gb18030") for l in range(0x81, 0xFF) for t in list(range(0x40, 0x7F)) + list(range(0x80, 0xFF))]
def big5():      # lead 81…FE, trail 40…7E and A1…FE
    def one(l, t):
        text = decode([l, t], "big5hkscs", "cp950")
        return text if text and len(text) == 1 else None      # four pairs of two characters are in the decoder
    return [one(l, t) for l in range(0x81, 0xFF) for t in list(range(0x40, 0x7F)) + list(range(0xA1, 0xFF))]
def euc_kr():    # lead 81…FE, trail 41…FE
    return [decode([l, t], "cp949") for l in range(0x81, 0xFF) for t in range(0x41, 0xFF)]
def jis0208():   # in the order of Shift_JIS: lead 81…9F and E0…FC, trail 40…7E and 80…FC, 188 a lead
    return [decode([l, t], "cp932") for l in list(range(0x81, 0xA0)) + list(range(0xE0, 0xFD)) for t in list(range(0x40, 0x7F)) + list(range(0x80, 0xFD))]
def jis0212():   # rows and cells A1…FE after 8F
    # Python reads the tilde of row 2 as ASCII; the standard, as full width.
    return [{"~": "～"}.get(t := decode([0x8F, r, c], "euc_jp"), t) for r in range(0xA1, 0xFF) for c in range(0xA1, 0xFF)]

def main():
    lines = [
        "// Generated by scripts/generate-encodings.py: legacy encodings (Encoding §6, §9) as strings of the characters that",
        "// their indexes stand for. A number and a semicolon stand for that many indexes without a character.",
        "",
        "enum EncodingTables {",
        "    /// Labels of one encoding, separated by spaces, and its characters for bytes 80…FF.",
        "    static let singleByte: [(labels: StaticString, table: StaticString)] = [",
    ]
    for _, codec, labels in SINGLE:
        lines.append(f'        ("{labels}", "{escaped(packed(single(codec)))}"),')
    lines.append("    ]")
    for name, build in [("gbk", gbk), ("big5", big5), ("eucKR", euc_kr), ("jis0208", jis0208), ("jis0212", jis0212)]:
        lines.append(f'    static let {name}: StaticString = "{escaped(packed(build()))}"')
    lines.append("}")
    with open("Sources/BrowserApp/HTML/Generated/EncodingTables.swift", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")

main()
