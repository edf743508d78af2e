// Owns the board's layout: which device stands in which slot (registers at base + slot × stride, line = slot).

/// Slots of the standard machine. The block device of slot 2 is swap; the data disk comes after the clock.
public enum DeviceSlot {
    public static let console = 0
    public static let entropy = 1
    public static let swap = 2
    public static let net = 3
    public static let gpu = 4
    public static let keyboard = 5
    public static let tablet = 6
    public static let rtc = 7
    public static let disk = 8
    public static let count = 9
}
