// Owns the board's layout: which device stands in which slot (registers at base + slot × stride, line = slot).

/// Slots of the standard machine.
public enum DeviceSlot {
    public static let console = 0
    public static let entropy = 1
    public static let block = 2
    public static let net = 3
    public static let gpu = 4
    public static let keyboard = 5
    public static let tablet = 6
    public static let count = 7
}
