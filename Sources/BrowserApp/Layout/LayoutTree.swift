// The box tree and everything layout writes: boxes, geometry, lines, fragments and the page's collapsed text.
// Invariant: boxes refer to each other by index into `boxes`; a box that is not inline-level content (inline, text,
// line break) has a record in `geometry`. CSS 2.2 §9.2.
import DOM
import CSS
import Graphics

/// Index of a box in its tree; `noBox` when absent.
typealias BoxID = Int32
let noBox: BoxID = -1

enum BoxKind: UInt8 {
    case viewport, block, inline, text, lineBreak, replaced, table, tableRowGroup, tableRow, tableCell, tableCaption, tableColumn, tableColumnGroup, flex, grid, marker

    var name: String {
        switch self {
        case .viewport: return "viewport"
        case .block: return "block"
        case .inline: return "inline"
        case .text: return "text"
        case .lineBreak: return "br"
        case .replaced: return "replaced"
        case .table: return "table"
        case .tableRowGroup: return "row-group"
        case .tableRow: return "row"
        case .tableCell: return "cell"
        case .tableCaption: return "caption"
        case .tableColumn: return "column"
        case .tableColumnGroup: return "column-group"
        case .flex: return "flex"
        case .grid: return "grid"
        case .marker: return "marker"
        }
    }
    /// Has a geometry record and lays out its own content.
    var hasGeometry: Bool {
        switch self {
        case .inline, .text, .lineBreak: return false
        default: return true
        }
    }
}

/// At most 24.
struct BoxFlags: OptionSet {
    let rawValue: UInt32
    /// Atomic inline: inline-block, inline-table, inline-flex, inline replaced element.
    static let atomicInline = BoxFlags(rawValue: 1)
    static let floating = BoxFlags(rawValue: 2)
    static let outOfFlow = BoxFlags(rawValue: 4)
    /// Establishes a block formatting context.
    static let formattingRoot = BoxFlags(rawValue: 8)
    /// All in-flow children are inline-level: an inline formatting context.
    static let inlineChildren = BoxFlags(rawValue: 16)
    /// The inline formatting context makes at least one line box.
    static let hasLines = BoxFlags(rawValue: 32)
    static let anonymous = BoxFlags(rawValue: 64)
    static let listItem = BoxFlags(rawValue: 128)
    /// Clips its content (overflow other than visible).
    static let clips = BoxFlags(rawValue: 256)
    /// Paints as a stacking context or as positioned with z-index auto.
    static let layered = BoxFlags(rawValue: 512)
    /// An inline box that continues one split by a block (no left edge), or is continued (no right edge).
    static let continues = BoxFlags(rawValue: 1024)
    static let continued = BoxFlags(rawValue: 2048)
    /// Some descendant in normal flow floats.
    static let floatsBelow = BoxFlags(rawValue: 4096)
    /// A form control whose text is not part of the document.
    static let control = BoxFlags(rawValue: 8192)
    static let fixed = BoxFlags(rawValue: 16384)
    static let whitespaceOnly = BoxFlags(rawValue: 32768)
    static let flexItem = BoxFlags(rawValue: 65536)
    static let generated = BoxFlags(rawValue: 131072)
    /// Stands above the part of a ruby before it and takes no room of its own in the line.
    static let annotation = BoxFlags(rawValue: 262144)
}

struct Box {
    /// Flags in the lower 24 bits, kind above.
    private var bits: UInt32
    var node: NodeID
    /// Index into `LayoutTree.styles`.
    var style: Int32
    var parent = noBox, firstChild = noBox, lastChild = noBox, next = noBox
    /// Index into `geometry`, or -1.
    var geometry: Int32 = -1
    /// Text boxes: range of the collapsed text. Others: kind-specific (table index, control kind).
    var textStart: Int32 = 0, textEnd: Int32 = 0
    /// Index into `decorations`, 0 for none.
    var decoration: Int32 = 0

    init(kind: BoxKind, flags: BoxFlags, node: NodeID, style: Int32) {
        bits = UInt32(kind.rawValue) << 24 | flags.rawValue
        self.node = node
        self.style = style
    }
    @inline(__always) var kind: BoxKind {
        get { BoxKind(rawValue: UInt8(truncatingIfNeeded: bits >> 24)).unsafelyUnwrapped }       // only kinds are stored
        set { bits = bits & 0xFF_FFFF | UInt32(newValue.rawValue) << 24 }
    }
    @inline(__always) var flags: BoxFlags {
        get { BoxFlags(rawValue: bits & 0xFF_FFFF) }
        set { bits = bits & 0xFF00_0000 | newValue.rawValue & 0xFF_FFFF }
    }
}

struct Edges {
    var top = LayoutUnit.zero, right = LayoutUnit.zero, bottom = LayoutUnit.zero, left = LayoutUnit.zero
    var horizontal: LayoutUnit { left + right }
    var vertical: LayoutUnit { top + bottom }
}

/// What layout knows of a box with geometry. Positions are those of the border box, relative to the border box of the
/// nearest ancestor that has geometry.
struct Geometry {
    var x = LayoutUnit.zero, y = LayoutUnit.zero, width = LayoutUnit.zero, height = LayoutUnit.zero
    var margin = Edges(), border = Edges(), padding = Edges()
    /// Relative positioning.
    var shiftX = LayoutUnit.zero, shiftY = LayoutUnit.zero
    // Written by the positioning pass.
    var pageX = LayoutUnit.zero, pageY = LayoutUnit.zero
    // Bounds of everything painted by the subtree in page coordinates (whole pixels).
    var bounds = Rect.zero
    // Lines of an inline formatting context.
    var lineStart: Int32 = 0, lineEnd: Int32 = 0
    /// Baselines measured from the border box's top; `LayoutUnit.min` when there is none.
    var firstBaseline = LayoutUnit.min, lastBaseline = LayoutUnit.min

    var contentWidth: LayoutUnit { Swift.max(.zero, width - border.horizontal - padding.horizontal) }
    var contentHeight: LayoutUnit { Swift.max(.zero, height - border.vertical - padding.vertical) }
    var contentLeft: LayoutUnit { border.left + padding.left }
    var contentTop: LayoutUnit { border.top + padding.top }
}

/// What is remembered of a box with geometry while a layout is made.
struct LayoutMemo {
    // Intrinsic border-box widths; negative when not computed yet.
    var minContent = LayoutUnit(raw: -1), maxContent = LayoutUnit(raw: -1)
    // Inputs of the last layout, to skip repeated work.
    var laidOutWidth = LayoutUnit.min, laidOutHeight = LayoutUnit.min, laidOutBase = LayoutUnit.min
}

/// A piece of a line: text, the part of an inline box on this line, an atomic inline or a float anchored there.
struct Fragment {
    enum Kind: UInt8 { case text, inlineBox, atomic, float, ellipsis }
    var kind: Kind
    /// startsBox, endsBox, hyphenated, isFirstLine.
    private var bits: UInt8 = 0
    var box: BoxID
    /// Relative to the border box of the formatting context's box. Inline boxes: their border box.
    var x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit
    /// Text: baseline, relative like y.
    var baseline = LayoutUnit.zero
    var textStart: Int32 = 0, textEnd: Int32 = 0
    /// Extra width of each space (justification).
    var spaceExtra = LayoutUnit.zero

    init(kind: Kind, box: BoxID, x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit) {
        self.kind = kind; self.box = box; self.x = x; self.y = y; self.width = width; self.height = height
    }
    /// Inline boxes: has a left / right edge here.
    var startsBox: Bool { get { bits & 1 != 0 } set { set(1, newValue) } }
    var endsBox: Bool { get { bits & 2 != 0 } set { set(2, newValue) } }
    /// Ends with a hyphen from a soft hyphen.
    var hyphenated: Bool { get { bits & 4 != 0 } set { set(4, newValue) } }
    /// Lies in a first line with a style of its own (`LayoutTree.firstLineStyles`).
    var isFirstLine: Bool { get { bits & 8 != 0 } set { set(8, newValue) } }
    private mutating func set(_ bit: UInt8, _ on: Bool) { bits = on ? bits | bit : bits & ~bit }
}

struct Line {
    var y: LayoutUnit, height: LayoutUnit, baseline: LayoutUnit
    var fragmentStart: Int32, fragmentEnd: Int32
}

/// What a replaced element is without style: its size and ratio; zero is unknown.
struct ReplacedNatural {
    var width = LayoutUnit.zero, height = LayoutUnit.zero
    var ratioWidth = LayoutUnit.zero, ratioHeight = LayoutUnit.zero
    var hasRatio: Bool { ratioWidth > .zero && ratioHeight > .zero }
}

/// Decoration lines that reach a text from the elements around it.
struct Decoration {
    var lines: TextDecorationLines
    var color: Color
    var style: TextDecorationStyle
    var parent: Int32
    /// The element that has the lines.
    var node: NodeID
}

/// Everything that one document's layout consists of. Owned by `PageView`.
final class LayoutTree {
    var boxes: [Box] = []
    var geometry: [Geometry] = []
    var styles: [ComputedStyle] = []
    var textStyles: [TextStyle] = []
    var fragments: [Fragment] = []
    var lines: [Line] = []
    /// Collapsed text of all inline formatting contexts, while it is written; then moved to `textBase`.
    var text: [UInt8] = []
    private(set) var textBase: UnsafeMutablePointer<UInt8>
    private(set) var textCount = 0
    var decorations: [Decoration] = [Decoration(lines: [], color: .black, style: .solid, parent: 0, node: .none)]
    /// First box of each node, by raw node number.
    var boxOfNode: [BoxID] = []
    /// Out-of-flow boxes in tree order.
    var outOfFlow: [BoxID] = []
    /// Boxes that paint as layers, in tree order.
    var layers: [BoxID] = []
    /// Text that generated and control boxes show, before collapsing; by box index.
    var generatedText: [BoxID: String] = [:]
    /// List markers that are text or bullets, by marker box.
    var markers: [BoxID: Marker] = [:]
    /// Text controls' sizes in characters.
    var controls: [BoxID: ControlSize] = [:]
    /// Texts of the options of menus.
    var menuTexts: [BoxID: [String]] = [:]
    var tables: [TableGrid] = []
    /// Borders of cells and tables in the collapsing model, by box.
    var collapsedBorders: [BoxID: CollapsedBorders] = [:]
    var images: [BoxID: any PageImage] = [:]
    /// Sizes of replaced boxes whose kind does not say it.
    var naturalSizes: [BoxID: ReplacedNatural] = [:]
    /// Styles of `::first-line` by inline formatting context, and what they make of the styles of boxes in those lines.
    var firstLines: [BoxID: ComputedStyle] = [:]
    var firstLineStyles: [BoxID: Int32] = [:]
    /// The same by context and style, kept from layout to layout.
    var firstLineIndices: [UInt64: Int32] = [:]
    var textBytesDropped = 0
    /// Made when first asked for (`order`).
    var textOrder: TextOrder?

    init() { textBase = UnsafeMutablePointer<UInt8>.allocate(capacity: 1) }
    deinit { textBase.deallocate() }

    /// Freezes the text: its bytes no longer move.
    func sealText() {
        textBase.deallocate()
        textBase = UnsafeMutablePointer<UInt8>.allocate(capacity: Swift.max(1, text.count))
        textCount = text.count
        for i in 0..<text.count { textBase[i] = text[i] }
        text = []
    }
    @inline(__always) func bytes(_ start: Int32, _ end: Int32) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: textBase + Int(start), count: Int(end - start))
    }

    @inline(__always) func style(_ b: BoxID) -> ComputedStyle { styles[Int(boxes[Int(b)].style)] }
    @inline(__always) func textStyle(_ b: BoxID) -> TextStyle { textStyles[Int(boxes[Int(b)].style)] }
    /// The style a fragment is set in.
    func textStyle(of f: Fragment) -> TextStyle {
        if f.isFirstLine, let index = firstLineStyles[f.box] { return textStyles[Int(index)] }
        return textStyle(f.box)
    }
    @inline(__always) func geo(_ b: BoxID) -> Int { Int(boxes[Int(b)].geometry) }
    @inline(__always) func flags(_ b: BoxID) -> BoxFlags { boxes[Int(b)].flags }
    @inline(__always) func kind(_ b: BoxID) -> BoxKind { boxes[Int(b)].kind }
    /// A flex or grid container: its in-flow children are items.
    @inline(__always) func hasItems(_ b: BoxID) -> Bool { kind(b) == .flex || kind(b) == .grid }
    @inline(__always) func next(_ b: BoxID) -> BoxID { boxes[Int(b)].next }
    @inline(__always) func firstChild(_ b: BoxID) -> BoxID { boxes[Int(b)].firstChild }
    @inline(__always) func parent(_ b: BoxID) -> BoxID { boxes[Int(b)].parent }

    func make(_ kind: BoxKind, node: NodeID, style: Int32, flags: BoxFlags = []) -> BoxID {
        var box = Box(kind: kind, flags: flags, node: node, style: style)
        if kind.hasGeometry { box.geometry = Int32(geometry.count); geometry.append(Geometry()) }
        boxes.append(box)
        return BoxID(boxes.count - 1)
    }

    func append(_ child: BoxID, to parent: BoxID) {
        boxes[Int(child)].parent = parent
        boxes[Int(child)].next = noBox
        let last = boxes[Int(parent)].lastChild
        if last == noBox { boxes[Int(parent)].firstChild = child } else { boxes[Int(last)].next = child }
        boxes[Int(parent)].lastChild = child
    }

    func prepend(_ child: BoxID, to parent: BoxID) {
        boxes[Int(child)].parent = parent
        let first = boxes[Int(parent)].firstChild
        boxes[Int(child)].next = first
        boxes[Int(parent)].firstChild = child
        if first == noBox { boxes[Int(parent)].lastChild = child }
    }

    func insert(_ child: BoxID, before sibling: BoxID) {
        let parent = boxes[Int(sibling)].parent
        guard firstChild(parent) != sibling else { prepend(child, to: parent); return }
        var c = firstChild(parent)
        while next(c) != sibling { c = next(c) }
        boxes[Int(child)].parent = parent
        boxes[Int(child)].next = sibling
        boxes[Int(c)].next = child
    }

    /// Replaces the children of `parent`.
    func setChildren(_ parent: BoxID, _ children: [BoxID]) {
        boxes[Int(parent)].firstChild = noBox; boxes[Int(parent)].lastChild = noBox
        for child in children { append(child, to: parent) }
    }

    func children(_ b: BoxID) -> [BoxID] {
        var result: [BoxID] = []
        var c = firstChild(b)
        while c != noBox { result.append(c); c = next(c) }
        return result
    }

    /// Nearest ancestor with geometry.
    func container(_ b: BoxID) -> BoxID {
        var p = parent(b)
        while p != noBox, boxes[Int(p)].geometry < 0 { p = parent(p) }
        return p
    }

    func box(of node: NodeID) -> BoxID {
        let i = Int(node.raw)
        return i < boxOfNode.count ? boxOfNode[i] : noBox
    }
    func setBox(_ b: BoxID, of node: NodeID) {
        let i = Int(node.raw)
        while boxOfNode.count <= i { boxOfNode.append(noBox) }
        if boxOfNode[i] == noBox { boxOfNode[i] = b }
    }
}
