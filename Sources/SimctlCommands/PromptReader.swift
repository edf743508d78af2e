// Lines of a prompt: on a terminal edited with history and completion (the guest's own line editor), from a pipe or file
// as they come. Invariant: the terminal is raw only while a line is being typed, so that ctrl-c stops a run.

import ConsoleText
import Foundation

final class PromptReader {
    private var editor = LineEditor(prompt: "")
    private let terminal = RawTerminal()
    /// Typed ahead, or pasted with several lines.
    private var pending: [UInt8] = []
    private let isTerminal = isatty(STDIN_FILENO) == 1
    private let isEditing = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    init(completions: [String]) { editor.completions = completions }

    /// The next line; nil at the end of input. The prompt is shown on a terminal only.
    func line(prompt: String) -> String? {
        guard isEditing else {
            if isTerminal { print(prompt, terminator: "") }
            fflush(nil)
            return readLine()
        }
        fflush(nil)
        terminal.enter()
        defer { terminal.leave() }
        editor.prompt = prompt
        editor.showPrompt()
        while true {
            show()
            while !pending.isEmpty {
                switch editor.feed(pending.removeFirst()) {
                case .line(let line): show(); return line
                case .endOfInput: write("\n"); return nil
                case .interrupt: editor.showPrompt()
                case nil: break
                }
            }
            show()
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return nil }
            pending += buffer[0..<count]
        }
    }
    private func show() {
        let bytes = editor.takeOutput()
        if !bytes.isEmpty { FileHandle.standardOutput.write(Data(bytes)) }
    }
    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
