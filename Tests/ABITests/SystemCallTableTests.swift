import ABI
import Foundation
import Testing

@Suite struct SystemCallTableTests {
    /// The page is made from the table. `UPDATE_REFERENCE=1 swift test --filter SystemCallTable` writes it.
    @Test func theReferencePageIsUpToDate() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/reference/system-calls.md")
        if ProcessInfo.processInfo.environment["UPDATE_REFERENCE"] != nil { try SystemCallReference.page.write(to: path, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: path, encoding: .utf8) == SystemCallReference.page)
    }
    @Test func namesAreUniqueAndSignaturesParse() {
        #expect(Set(SystemCall.allCases.map { $0.name }).count == SystemCall.allCases.count)
        for call in SystemCall.allCases {
            let row = call.row
            #expect(row.signature.hasPrefix("(") && row.signature.contains(") -> "), "\(call)")
            #expect(row.name == "\(call)" && !row.summary.isEmpty)
            #expect(row.argumentNames.count <= 6)
            // A call that needs a right names the object it needs it of, first.
            if row.kind != nil { #expect(!row.argumentNames.isEmpty && !row.rights.isEmpty, "\(call)") }
            // On the page exactly once.
            #expect(SystemCallReference.page.components(separatedBy: "`\(row.name)(").count == 2)
        }
        #expect(SystemCall.channelSend.row.argumentNames == ["channel", "pointer", "byteCount", "handles", "handleCount"])
        #expect(SystemCall.getPID.row.argumentNames == [])
    }
    @Test func errorsHaveNumbersInARowAndNames() {
        let errors = (1...16).compactMap { SystemError(rawValue: $0) }
        #expect(errors.count == 16 && SystemError(rawValue: 17) == nil && SystemError.ioError.rawValue == 16)
        #expect(Set(errors.map { $0.name }).count == 16)
    }
}
