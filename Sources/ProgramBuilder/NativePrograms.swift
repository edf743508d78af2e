// The same Swift source as a guest program, compiled for the host: what a program would cost without any of this.

import Foundation

extension ProgramBuilder {
    /// An executable of the host from Swift files, optimised as guest programs are.
    public func buildNative(swiftFiles paths: [String], name: String) throws(BuildError) -> String {
        let flags = ["-O", "-wmo", "-parse-as-library", "-swift-version", "6", "-module-name", "Native_" + name.replacingOccurrences(of: "-", with: "_")]
        let result = output + "/cache/objects/\(name)-native-\(try hash(["native"] + flags, files: paths))"
        try step("program \(name): compile natively", result: result) { (temporary) throws(BuildError) in
            try run([tools.swiftc] + flags + paths + ["-o", temporary], what: "compiling \(name) natively")
        }
        return result
    }
}
