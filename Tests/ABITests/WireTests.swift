import Testing
import ABI

@Suite struct WireTests {
    @Test func recordsRoundTrip() {
        var p = ProcessRecord()
        p.pid = 7; p.instructions = 1 << 40; p.name = InlineName("window-manager-é")
        var w = ByteWriter()
        p.emit(&w)
        #expect(w.bytes.count == ProcessRecord.byteCount)
        var r = ByteReader(w.bytes)
        let q = ProcessRecord.parse(&r)
        #expect(q?.pid == 7 && q?.instructions == 1 << 40 && q?.name.string == "window-manager-é")
    }
    @Test func readerNeverTrapsPastTheEnd() {
        var r = ByteReader([1, 2, 3])
        #expect(r.u32() == nil && r.u16() == 0x0201 && r.u64() == nil && r.u8() == 3 && r.u8() == nil)
        var s = ByteReader([5, 0, 65])
        #expect(s.string() == nil)
    }
}
