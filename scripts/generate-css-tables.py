#!/usr/bin/env python3
"""Writes Sources/BrowserApp/CSS/Generated/*.swift: the property list, keyword list and colour names.

One line a property below; run from the package root after changing one.
"""
import os

OUT = "Sources/BrowserApp/CSS/Generated"

# name | field | kind [arguments]
#   keywords TYPE a b c   keyword property; TYPE's raw values in this order
#   length FLAGS          Length field; flags: a auto, n negative allowed, s size keywords, m "none" means auto, z "normal" means zero, c content
#   unit FLAGS            LayoutUnit field, no percentages
#   border                border or outline width
#   color                 Color field
#   custom                parsed and applied by hand
INHERITED = """
font-family | fontFamilies | custom
font-size | fontSize | custom
color | color | custom
font-weight | fontWeight | custom
font-style | fontStyle | custom
font-variant-caps | fontSmallCaps | custom
line-height | lineHeight | custom
letter-spacing | letterSpacing | unit nz
word-spacing | wordSpacing | unit nz
text-align | textAlign | keywords TextAlign start end left right center justify -webkit-left -webkit-right -webkit-center
text-indent | textIndent | length n
text-transform | textTransform | keywords TextTransform none capitalize uppercase lowercase full-width
white-space | whiteSpace | keywords WhiteSpace normal pre nowrap pre-wrap pre-line break-spaces
word-break | wordBreak | keywords WordBreak normal break-all keep-all break-word
overflow-wrap | overflowWrap | keywords OverflowWrap normal break-word anywhere
hyphens | hyphens | keywords Hyphens none manual auto
tab-size | tabSize | custom
direction | direction | keywords Direction ltr rtl
list-style-type | listStyleType | custom
list-style-position | listStylePosition | keywords ListStylePosition outside inside
list-style-image | listStyleImage | custom
quotes | quotes | custom
border-collapse | borderCollapse | keywords BorderCollapse separate collapse
-internal-border-spacing-x | borderSpacingX | unit
-internal-border-spacing-y | borderSpacingY | unit
caption-side | captionSide | keywords CaptionSide top bottom
empty-cells | emptyCells | keywords EmptyCells show hide
visibility | visibility | keywords Visibility visible hidden collapse
cursor | cursor | custom
pointer-events | pointerEvents | custom
user-select | userSelect | keywords UserSelect auto text none all
text-shadow | textShadows | custom
"""
BOX = """
display | display | keywords Display none contents block inline inline-block list-item flow-root table inline-table table-row table-row-group table-header-group table-footer-group table-cell table-column table-column-group table-caption flex inline-flex grid inline-grid
position | position | keywords Position static relative absolute fixed sticky
float | float | keywords FloatSide none left right
clear | clear | keywords Clear none left right both
top | top | length an
right | right | length an
bottom | bottom | length an
left | left | length an
z-index | zIndex | custom
box-sizing | boxSizing | keywords BoxSizing content-box border-box
width | width | length as
height | height | length as
min-width | minWidth | length as
min-height | minHeight | length as
max-width | maxWidth | length ms
max-height | maxHeight | length ms
margin-top | marginTop | length an
margin-right | marginRight | length an
margin-bottom | marginBottom | length an
margin-left | marginLeft | length an
padding-top | paddingTop | length
padding-right | paddingRight | length
padding-bottom | paddingBottom | length
padding-left | paddingLeft | length
border-top-width | borderTop.width | border
border-right-width | borderRight.width | border
border-bottom-width | borderBottom.width | border
border-left-width | borderLeft.width | border
border-top-style | borderTop.style | keywords BorderStyle none hidden dotted dashed solid double groove ridge inset outset
border-right-style | borderRight.style | keywords BorderStyle none hidden dotted dashed solid double groove ridge inset outset
border-bottom-style | borderBottom.style | keywords BorderStyle none hidden dotted dashed solid double groove ridge inset outset
border-left-style | borderLeft.style | keywords BorderStyle none hidden dotted dashed solid double groove ridge inset outset
border-top-color | borderTop.color | color
border-right-color | borderRight.color | color
border-bottom-color | borderBottom.color | color
border-left-color | borderLeft.color | color
border-top-left-radius | radiusTopLeft | length
border-top-right-radius | radiusTopRight | length
border-bottom-right-radius | radiusBottomRight | length
border-bottom-left-radius | radiusBottomLeft | length
outline-width | outline.width | border
outline-style | outline.style | keywords BorderStyle none hidden dotted dashed solid double groove ridge inset outset auto
outline-color | outline.color | color
outline-offset | outlineOffset | unit n
overflow-x | overflowX | keywords Overflow visible hidden clip scroll auto
overflow-y | overflowY | keywords Overflow visible hidden clip scroll auto
object-fit | objectFit | keywords ObjectFit fill contain cover none scale-down
opacity | opacity | custom
background-color | backgroundColor | color
background-image | backgroundLayers | custom
background-repeat | backgroundLayers | custom
background-position-x | backgroundLayers | custom
background-position-y | backgroundLayers | custom
background-size | backgroundLayers | custom
background-attachment | backgroundLayers | custom
background-origin | backgroundLayers | custom
background-clip | backgroundLayers | custom
box-shadow | boxShadows | custom
vertical-align | verticalAlign | custom
text-decoration-line | textDecorationLines | custom
text-decoration-style | textDecorationStyle | keywords TextDecorationStyle solid double dotted dashed wavy
text-decoration-color | textDecorationColor | color
text-overflow | textOverflow | keywords TextOverflow clip ellipsis
table-layout | tableLayout | keywords TableLayout auto fixed
content | content | custom
counter-reset | counterReset | custom
counter-increment | counterIncrement | custom
counter-set | counterSet | custom
flex-direction | flexDirection | keywords FlexDirection row row-reverse column column-reverse
flex-wrap | flexWrap | keywords FlexWrap nowrap wrap wrap-reverse
flex-grow | flexGrow | custom
flex-shrink | flexShrink | custom
flex-basis | flexBasis | length asc
order | order | custom
justify-content | justifyContent | alignment
align-items | alignItems | alignment
align-content | alignContent | alignment
align-self | alignSelf | alignment
justify-items | justifyItems | alignment
justify-self | justifySelf | alignment
row-gap | rowGap | length z
column-gap | columnGap | length z
appearance | appearance | custom
aspect-ratio | aspectRatio | custom
column-count | columnCount | custom
column-width | columnWidth | length a
grid-template-columns | gridTemplateColumns | custom
grid-template-rows | gridTemplateRows | custom
grid-template-areas | gridTemplateAreas | custom
grid-auto-columns | gridAutoColumns | custom
grid-auto-rows | gridAutoRows | custom
grid-auto-flow | gridAutoFlow | custom
grid-row-start | gridRowStart | custom
grid-row-end | gridRowEnd | custom
grid-column-start | gridColumnStart | custom
grid-column-end | gridColumnEnd | custom
"""
SHORTHANDS = """margin padding border border-top border-right border-bottom border-left border-width border-style border-color
border-radius border-spacing background background-position font font-variant list-style flex flex-flow overflow text-decoration inset gap outline
place-content place-items place-self grid-row grid-column grid-area grid-template grid columns all margin-inline margin-block padding-inline padding-block border-inline border-block inset-inline inset-block""".split()
ALIASES = """margin-inline-start margin-left|margin-inline-end margin-right|margin-block-start margin-top|margin-block-end margin-bottom
padding-inline-start padding-left|padding-inline-end padding-right|padding-block-start padding-top|padding-block-end padding-bottom
inset-inline-start left|inset-inline-end right|inset-block-start top|inset-block-end bottom
border-inline-start border-left|border-inline-end border-right|border-block-start border-top|border-block-end border-bottom
border-inline-start-width border-left-width|border-inline-end-width border-right-width|border-inline-start-style border-left-style|border-inline-end-style border-right-style
border-inline-start-color border-left-color|border-inline-end-color border-right-color
inline-size width|block-size height|min-inline-size min-width|max-inline-size max-width|min-block-size min-height|max-block-size max-height
word-wrap overflow-wrap|grid-gap gap|grid-row-gap row-gap|grid-column-gap column-gap
-webkit-box-sizing box-sizing|-moz-box-sizing box-sizing|-webkit-box-shadow box-shadow|-webkit-border-radius border-radius|-webkit-appearance appearance|-moz-appearance appearance
-webkit-user-select user-select|-webkit-flex flex|-webkit-flex-direction flex-direction|-webkit-flex-wrap flex-wrap|-webkit-flex-flow flex-flow
-webkit-flex-grow flex-grow|-webkit-flex-shrink flex-shrink|-webkit-flex-basis flex-basis|-webkit-order order|-webkit-align-items align-items|-webkit-align-self align-self
-webkit-column-count column-count|-moz-column-count column-count|-webkit-column-width column-width|-moz-column-width column-width|-webkit-columns columns|-webkit-column-gap column-gap|-moz-column-gap column-gap
-webkit-justify-content justify-content|-webkit-background-size background-size|-webkit-opacity opacity""".replace("\n", "|").split("|")

ALIGNMENT = "auto normal stretch start end flex-start flex-end center baseline space-between space-around space-evenly left right".split()
EXTRA_KEYWORDS = """inherit initial unset revert revert-layer auto none normal thin medium thick
xx-small x-small small large x-large xx-large xxx-large smaller larger bold bolder lighter italic oblique small-caps all-small-caps
caption icon menu message-box small-caption status-bar condensed expanded semi-condensed semi-expanded extra-condensed extra-expanded ultra-condensed ultra-expanded
serif sans-serif monospace cursive fantasy system-ui ui-serif ui-sans-serif ui-monospace ui-rounded math emoji
min-content max-content fit-content content minmax repeat auto-fill auto-fit span dense row column -webkit-fill-available stretch -moz-available -webkit-min-content -webkit-max-content -webkit-fit-content
sub super text-top text-bottom middle top bottom left right center baseline
underline overline line-through blink disc circle square decimal decimal-leading-zero lower-alpha upper-alpha lower-latin upper-latin lower-roman upper-roman lower-greek disclosure-open disclosure-closed
repeat no-repeat repeat-x repeat-y space round scroll fixed local border-box padding-box content-box text cover contain
open-quote close-quote no-open-quote no-close-quote inset currentcolor transparent to from at
safe unsafe first last self-start self-end default pointer move wait progress help crosshair not-allowed no-drop grab grabbing all-scroll
ew-resize ns-resize nesw-resize nwse-resize e-resize w-resize n-resize s-resize ne-resize nw-resize se-resize sw-resize col-resize row-resize zoom-in zoom-out copy alias cell context-menu vertical-text
inline-start inline-end match-parent -moz-center overlay
and or not only screen print all prefers-color-scheme prefers-reduced-motion prefers-contrast width height min-width max-width min-height max-height orientation hover pointer any-hover any-pointer
landscape portrait light dark reduce no-preference fine coarse selector layer supports resolution min-resolution max-resolution aspect-ratio min-aspect-ratio max-aspect-ratio color scripting enabled
url attr counter counters var calc min max clamp rgb rgba hsl hsla hwb env linear-gradient -webkit-linear-gradient repeating-linear-gradient image-set -webkit-image-set
media import charset namespace font-face page keyframes -webkit-keyframes container property starting-style counter-style font-feature-values document scope
is where matches any has nth-child nth-last-child nth-of-type nth-last-of-type lang dir host
link visited any-link hover active focus focus-visible focus-within target root empty checked disabled enabled read-only read-write required optional indeterminate placeholder-shown valid invalid in-range out-of-range
first-child last-child only-child first-of-type last-of-type only-of-type before after marker first-line first-letter selection placeholder backdrop even odd n -n important i s deg rad grad turn
px em rem ex ch lh rlh vw vh vmin vmax vi vb svw svh lvw lvh dvw dvh cm mm q in pt pc fr""".split()

COLORS = """aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32""".split()

RESERVED = {"var", "default", "static", "repeat", "super", "in", "is", "where", "import", "any", "fixed_"}


def camel(name):
    parts = [p for p in name.split("-") if p]
    result = parts[0] + "".join(p[0].upper() + p[1:] for p in parts[1:])
    if name.startswith("-") and len(parts) == 1:
        result = "minus" + result.upper()
    return result


def case(name):
    c = camel(name)
    return f"`{c}`" if c in RESERVED else c


def parse(text):
    rows = []
    for line in text.strip().split("\n"):
        name, field, kind = [p.strip() for p in line.split("|")]
        rows.append((name, field, kind.split()))
    return rows


inherited, box = parse(INHERITED), parse(BOX)
longhands = inherited + box
HEADER = "// Generated by scripts/generate-css-tables.py: do not edit.\n"


def wrapped(items, per=10):
    return "\n".join("    " + ", ".join(items[i:i + per]) + ("," if i + per < len(items) else "") for i in range(0, len(items), per))


def keyword_file():
    words = []
    for row in longhands:
        if row[2][0] == "keywords":
            words += row[2][2:]
    words += ALIGNMENT + EXTRA_KEYWORDS
    words = list(dict.fromkeys(words))
    cases = [case(w) for w in words]
    assert len(set(cases)) == len(cases), [c for c in cases if cases.count(c) > 1]
    out = HEADER + "// Every keyword, function, pseudo-class and unit name that the CSS parser knows.\n\nenum Keyword: UInt16, Sendable {\n"
    out += "\n".join("    case " + ", ".join(cases[i:i + 10]) for i in range(0, len(cases), 10))
    out += "\n\n    static let names = NameTable(\"" + " ".join(words) + "\")\n}\n"
    open(f"{OUT}/Keyword.swift", "w").write(out)


def property_file():
    names = [r[0] for r in longhands] + SHORTHANDS
    pairs = [a.split() for a in ALIASES]
    out = HEADER + "// The properties, their grammar kinds, and the field of computed style that each sets.\n\nenum PropertyID: UInt8, Sendable {\n    // inherited\n"
    rows = lambda items: "\n".join("    case " + ", ".join(items[i:i + 6]) for i in range(0, len(items), 6)) + "\n"
    out += rows([case(r[0]) for r in inherited]) + "    // not inherited\n" + rows([case(r[0]) for r in box]) + "    // shorthands\n" + rows([case(s) for s in SHORTHANDS])
    out += f"\n    static let inheritedCount = {len(inherited)}, longhandCount = {len(longhands)}\n"
    out += "    static let names = NameTable(\"" + " ".join(names + [p[0] for p in pairs]) + "\")\n"
    out += f"    /// What the names past the first {len(names)} of `names` stand for.\n    static let aliases: [PropertyID] = [\n"
    out += wrapped(["." + camel(p[1]) for p in pairs], 6) + "\n    ]\n    static let namedCount = " + str(len(names)) + "\n}\n\n"
    out += "extension PropertyID {\n    /// How the longhand's value is written.\n    var grammar: Grammar {\n        switch self {\n"
    for name, field, kind in longhands:
        if kind[0] == "keywords":
            g = ".keywords(KeywordChoices." + camel(kind[1][0].lower() + kind[1][1:]) + ("Outline" if name == "outline-style" else "") + ")"
        elif kind[0] in ("length", "unit"):
            flags = kind[1] if len(kind) > 1 else ""
            opts = [n for f, n in (("a", ".auto"), ("n", ".negative"), ("s", ".sizes"), ("m", ".noneIsAuto"), ("z", ".normalIsZero"), ("c", ".content")) if f in flags]
            if kind[0] == "unit":
                opts.append(".noPercent")
            g = f".length([{', '.join(opts)}])"
        elif kind[0] == "border":
            g = ".borderWidth"
        elif kind[0] == "color":
            g = ".color"
        elif kind[0] == "alignment":
            g = ".alignment"
        else:
            continue
        out += f"        case .{camel(name)}: return {g}\n"
    out += "        default: return .custom\n        }\n    }\n}\n\n"
    out += "/// Keyword lists in the order of the raw values of the property's type.\nenum KeywordChoices {\n"
    seen = set()
    for name, field, kind in longhands:
        if kind[0] == "keywords":
            key = camel(kind[1][0].lower() + kind[1][1:]) + ("Outline" if name == "outline-style" else "")
            if key not in seen:
                seen.add(key)
                out += f"    static let {key}: [Keyword] = [{', '.join('.' + camel(k) for k in kind[2:])}]\n"
    out += f"    static let alignment: [Keyword] = [{', '.join('.' + camel(k) for k in ALIGNMENT)}]\n}}\n\n"
    out += "extension StyleBuilder {\n    /// Takes the property's value from other computed values: `inherit` and `initial`.\n"
    out += "    mutating func copy(_ property: PropertyID, _ fromInherited: InheritedStyle, _ fromBox: BoxStyle) {\n        switch property {\n"
    for rows_, group, src in ((inherited, "inherited", "fromInherited"), (box, "box", "fromBox")):
        for name, field, kind in rows_:
            if field == "backgroundLayers":
                continue
            out += f"        case .{camel(name)}: {group}.{field} = {src}.{field}\n"
    out += "        default: copySpecial(property, fromBox)\n        }\n    }\n\n"
    out += "    /// Sets a property of a regular kind; false when the property needs `applySpecial`.\n"
    out += "    mutating func applyRegular(_ property: PropertyID, _ value: Value) -> Bool {\n        switch property {\n"
    for rows_, group in ((inherited, "inherited"), (box, "box")):
        for name, field, kind in rows_:
            target = f"{group}.{field}"
            if kind[0] == "keywords":
                s = f"if case .enumeration(let raw) = value, let v = {kind[1]}(rawValue: raw) {{ {target} = v }}"
            elif kind[0] == "alignment":
                s = f"if case .enumeration(let raw) = value, let v = BoxAlignment(rawValue: raw) {{ {target} = v }}"
            elif kind[0] == "length":
                s = f"{target} = length(value)" if "n" in (kind[1] if len(kind) > 1 else "") else f"{target} = length(value).nonNegative"
            elif kind[0] == "unit":
                s = f"{target} = unit(value)"
            elif kind[0] == "border":
                s = f"{target} = borderWidth(value)"
            elif kind[0] == "color":
                s = f"{target} = color(value)"
            else:
                continue
            out += f"        case .{camel(name)}: {s}\n"
    out += "        default: return false\n        }\n        return true\n    }\n}\n"
    open(f"{OUT}/Properties.swift", "w").write(out)


def color_file():
    names, values = COLORS[0::2], COLORS[1::2]
    assert len(names) == 148, len(names)
    out = HEADER + "// CSS Color 4 §6.1: the named colours.\n\nenum NamedColors {\n    static let names = NameTable(\"" + " ".join(names) + "\")\n"
    out += "    static let values: [UInt32] = [\n" + wrapped(["0x" + v.upper() for v in values], 10) + "\n    ]\n}\n"
    open(f"{OUT}/NamedColors.swift", "w").write(out)


os.makedirs(OUT, exist_ok=True)
keyword_file()
property_file()
color_file()
