// The terminal's file commands against the real service logic.

import Testing
import ABI
import FileClient
@testable import FileService
@testable import TerminalApp

private final class ShellWorld: ShellSystem {
    let world = World()
    lazy var client = world.client()
    func processes() -> [ProcessRecord]? { nil }
    func kill(pid: UInt32) -> SystemError? { .notFound }
    func memory() -> MemoryRecord { MemoryRecord() }
    func files() throws(FileError) -> FileClient { if client.isUsable { return client }; throw .serviceGone }
    var uptimeNanoseconds: UInt64 { 0 }
    var wallClockNanoseconds: UInt64 { 0 }
    func run(_ line: String) -> [String] {
        var out: [String] = []
        _ = Shell(self).run(line) { text, style in out.append((style == .error ? "! " : "") + text) }
        return out
    }
}

@Suite struct ShellFileTests {
    @Test func filesAreMadeShownAndMoved() {
        let s = ShellWorld()
        #expect(s.run("ls") == ["              system/", "              tmp/"])
        #expect(s.run("ls /tmp") == ["(empty)"])
        #expect(s.run("write /tmp/note \"two  words\" three") == [] && s.run("cat /tmp/note") == ["two  words three"])
        #expect(s.run("mkdir /tmp/d") == [] && s.run("cp /tmp/note /tmp/d") == [] && s.run("mv /tmp/note /tmp/renamed") == [])
        #expect(s.run("ls /tmp") == ["              d/", "          17  renamed"] && s.run("ls /tmp/d/note") == ["          17  /tmp/d/note"])
        #expect(s.run("cp /system/fonts/Mono.ttf /tmp/d/") == [] && s.run("ls /tmp/d") == ["           3  Mono.ttf", "          17  note"])
        #expect(s.run("stat /tmp/renamed").prefix(4) == ["path        /tmp/renamed", "kind        file", "bytes       17", "on volume   4,096 bytes"])
        #expect(s.run("df").suffix(2) == ["/system               5          5          0        6  boot archive, read-only", "/tmp                 64         12         52        4  memory"])
        #expect(s.run("rm /tmp/d/note") == [] && s.run("rm /tmp/d/Mono.ttf") == [] && s.run("rm /tmp/d") == [] && s.run("ls /tmp") == ["          17  renamed"])
    }
    @Test func mistakesAreExplained() {
        let s = ShellWorld()
        #expect(s.run("cat /tmp/x") == ["! cat: /tmp/x: no such file or directory"])
        #expect(s.run("cat /system") == ["! cat: /system: is a directory", "ls shows what is in it."])
        #expect(s.run("write /system/a b") == ["! write: /system/a: read-only", "Files can be written below /tmp, and below /data when the machine has a data disk."])
        #expect(s.run("write /a b") == ["! write: /a: no such file or directory"] || s.run("write /a b").first == "! write: /a: read-only")
        #expect(s.run("mv /system/boot.conf /tmp") == ["! mv: /system/boot.conf: read-only", "Files can be written below /tmp, and below /data when the machine has a data disk."])
        #expect(s.run("mv /nothing /tmp/x") == ["! mv: /nothing: no such file or directory"] && s.run("cp /system/fonts /tmp/x") == ["! cp: /system/fonts: is a directory"])
        #expect(s.run("cp /system/empty /tmp/e") == [] && s.run("cp /tmp/e /tmp/e").first == "! cp: /tmp/e: invalid argument")
        #expect(s.run("mkdir /tmp/d") == [] && s.run("write /tmp/d/f x") == [] && s.run("rm /tmp/d") == ["! rm: /tmp/d: directory is not empty", "Remove what is in it first."])
        #expect(s.run("mv /tmp/d /tmp/d/f/g").first == "! mv: /tmp/d/f/g: not a directory")
        for line in ["cat", "write x", "cp a", "mv a b c", "rm", "mkdir", "stat", "df x", "ls a b"] { #expect(s.run(line).first?.hasPrefix("! usage: ") == true, "\(line)") }
        #expect(s.run("cat /system/fonts/Mono.ttf").count == 1)
        s.client.close()
        #expect(s.run("ls") == ["! ls: /: the file service is not running", "It is the program files; ps shows whether it runs."])
    }
    @Test func largeAndBinaryFilesAreNotPouredOut() throws {
        let s = ShellWorld()
        try s.client.writeFile("/tmp/z", [65, 0, 66])
        #expect(s.run("cat /tmp/z") == ["! /tmp/z is not a text file (3 bytes)."])
        let big = FileClient(DirectTransport(FileTree([("system", ArchiveVolume(TableArchive(["big": [UInt8](repeating: 65, count: 100_000)])))])))
        s.client = big
        #expect(s.run("cat /system/big").last == "… 34,464 more bytes")
    }
}
