// Limits that kernel and programs share, with their derivation.

public enum Limits {
    /// One WebAssembly page = one guest page = one frame.
    public static let pageByteCount = 65536
    /// A message must fit a fixed kernel buffer and be copied in well under a microsecond.
    public static let messageByteCountMax = 4096
    public static let messageHandleCountMax = 8
    /// Backpressure: 256 messages of 4 KiB are at most 1 MiB a channel direction.
    public static let channelDepthMax = 256
    /// Shared memory is mapped in [1 GiB, 2 GiB); the heap grows below.
    public static let sharedWindowStart: UInt32 = 0x4000_0000
    public static let sharedWindowEnd: UInt32 = 0x8000_0000
    public static let nameByteCountMax = 24
    /// One write to the console, and the unread input that the kernel keeps.
    public static let consoleByteCountMax = 4096
    /// One transfer of the data disk: a frame of the kernel's. In sectors of 512 bytes.
    public static let blockByteCountMax = 65536
    public static let sectorByteCount = 512
}
