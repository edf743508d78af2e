// The menu bar: one menu, the title of the focused window, the clock. Geometry and state only.

import Graphics

public struct MenuBar: Sendable {
    public static let height: Int32 = 26
    public enum Command: Sendable, Equatable { case launch(String), about }
    public struct Item: Sendable { public var label: String; public var command: Command }

    public let items: [Item] = [
        Item(label: "Browser", command: .launch("browser")),
        Item(label: "Terminal", command: .launch("terminal")),
        Item(label: "About Terrarium", command: .about),
    ]
    public var isOpen = false
    public var hovered = -1
    public var clock = ""
    public let screenWidth: Int32
    public init(screenWidth: Int32) { self.screenWidth = screenWidth }

    public static let itemHeight: Int32 = 26, menuWidth: Int32 = 190
    public var bar: Rect { Rect(0, 0, screenWidth, Self.height) }
    public var menuTitle: Rect { Rect(4, 0, 92, Self.height) }
    public var menu: Rect { Rect(4, Self.height, Self.menuWidth, Int32(items.count) * Self.itemHeight + 12) }
    /// With its shadow.
    public var menuExtent: Rect { Rect(menu.x - 8, menu.y, menu.width + 16, menu.height + 12) }
    public func itemRect(_ i: Int) -> Rect { Rect(menu.x, menu.y + 6 + Int32(i) * Self.itemHeight, menu.width, Self.itemHeight) }
    public func item(_ x: Int32, _ y: Int32) -> Int {
        for i in 0..<items.count where itemRect(i).contains(x, y) { return i }
        return -1
    }

    /// "Sat 21 Nov 02:47" of nanoseconds since 1970 (proleptic Gregorian calendar, UTC).
    public static func clockText(nanoseconds: UInt64) -> String {
        let seconds = Int64(nanoseconds / 1_000_000_000)
        let days = seconds / 86400, minute = (seconds % 86400) / 60
        let date = civil(days)
        func two(_ v: Int64) -> String { (v < 10 ? "0" : "") + "\(v)" }
        return name("ThuFriSatSunMonTueWed", Int(days % 7)) + " \(date.day) " + name("JanFebMarAprMayJunJulAugSepOctNovDec", Int(date.month - 1))
            + "  " + two(minute / 60) + ":" + two(minute % 60)
    }
    private static func name(_ table: StaticString, _ index: Int) -> String {
        var bytes: [UInt8] = []
        for i in 0..<3 where index * 3 + i < table.utf8CodeUnitCount { bytes.append(table.utf8Start[index * 3 + i]) }
        return String(decoding: bytes, as: UTF8.self)
    }
    /// Day and month of a day number since 1970: years of 400 × 365.2425 days that begin in March.
    static func civil(_ days: Int64) -> (day: Int64, month: Int64) {
        let shifted = days + 719_468
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let m = (5 * dayOfYear + 2) / 153
        return (dayOfYear - (153 * m + 2) / 5 + 1, m < 10 ? m + 3 : m - 9)
    }
}
