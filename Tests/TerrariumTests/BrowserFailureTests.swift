// What goes wrong on the web and in a tab's program stays there: an error page, no crash, everything else goes on.

import ABI
import Foundation
import Kernel
import Machine
import Testing
@testable import Terrarium

extension WholeMachine {
    @Suite struct BrowserFailures {
        /// A second tab runs about:crash: its place shows the reason, reload brings it back; the first tab and the terminal
        /// go on.
        @Test func aCrashedTabIsOnlyThat() throws {
            let s = try Simulation.desktop(url: desktopSessionURL, script: """
            0.6s click 50 13
            0.7s click 40 71
            1.2s click 100 72
            1.3s key ctrl+t
            1.5s type "about:crash\\n"
            2.5s key f5
            3.2s key ctrl+1
            3.66s move 500 500
            3.7s wheel -3
            4.2s click 1008 40
            4.8s type "ps\\n"
            """)
            s.run(untilSecond: 1.25)
            let firstTab = s.contentHash
            s.run(untilSecond: 2.4)
            #expect(s.consoleText.contains("(tab) ended: trapped"))
            #expect(s.pixel(marginX, marginY) == PageColour.stopped)
            #expect(s.processes("tab").count == 2)                    // zygote and first tab
            s.run(untilSecond: 3.1)
            #expect(s.pixel(marginX, marginY) == PageColour.start, "reload shows where the tab was before")
            #expect(s.processes("tab").count == 3)
            s.run(untilSecond: 3.65)
            #expect(s.contentHash == firstTab, "the first tab shows what it showed")
            s.run(untilSecond: 4.1)
            #expect(s.contentHash != firstTab, "and scrolls")
            // The browser's window closes; under it the terminal listens.
            s.run(untilSecond: 4.7)
            let before = try #require(s.processes("terminal").first?.instructions), picture = s.contentHash
            s.run(untilSecond: 5.3)
            #expect(try #require(s.processes("terminal").first?.instructions) > before + 10_000)
            #expect(s.contentHash != picture)
            s.expectConserved()
        }

        @Test(.timeLimit(.minutes(3))) func aTabThatSpinsIsEnded() throws {
            let s = try Simulation.desktop(network: .none, script: "0.6s key ctrl+t\n1.0s type \"about:hang\\n\"\n13s key ctrl+1\n13.5s key ctrl+2\n14s key f5\n")
            s.run(untilSecond: 1.0)
            s.run(untilSecond: 5)
            #expect(s.processes("tab").count == 3)
            // The window manager and the other processes still get the processor while it spins.
            let busy = s.processes("wm").first?.instructions ?? 0
            s.run(untilSecond: 12.5)
            #expect((s.processes("wm").first?.instructions ?? 0) > busy)
            #expect(s.consoleText.contains("(tab) ended: killed"), "\(s.consoleText)")
            #expect(s.pixel(marginX, marginY) == PageColour.stopped)
            s.run(untilSecond: 13.4)
            #expect(s.pixel(marginX, marginY) == PageColour.start, "the other tab is well")
            s.run(untilSecond: 15)
            #expect(s.pixel(marginX, marginY) == PageColour.start, "reload works")
            s.expectConserved()
        }

        @Test func noNetworkGivesAnErrorPage() throws {
            let s = try Simulation.desktop(url: "http://10.0.2.2/", network: .none)
            s.run(until: .predicate { !s.marks(.pageLoaded).isEmpty || s.now > seconds(90) })
            s.run(nanoseconds: seconds(0.5))
            #expect(s.marks(.pageLoaded).count == 1)
            #expect(s.pixel(marginX, marginY) == PageColour.failure)
            #expect(!s.consoleText.contains("trapped"))
            s.expectConserved()
        }
        @Test func aMissingHostAndAClosedPortGiveErrorPages() throws {
            let s = try Simulation.desktop(url: "http://10.0.2.2:81/", script: "4s key ctrl+t\n4.2s type \"10.0.2.99/\\n\"\n")
            s.run(untilSecond: 3.5)
            #expect(s.pixel(marginX, marginY) == PageColour.failure)
            s.run(until: .predicate { s.marks(.pageLoaded).count >= 3 || s.now > seconds(60) })
            s.run(nanoseconds: seconds(0.5))
            #expect(s.pixel(marginX, marginY) == PageColour.failure)
            s.expectConserved()
        }

        /// One line of three megabytes, and markup nested deeper than any stack.
        @Test func aPageWithOneVeryLongLine() throws {
            let folder = try TemporaryFolder()
            try folder.write("<!DOCTYPE html><title>Long</title><p>" + String(repeating: "word ", count: 400_000) + String(repeating: "x", count: 1_000_000), "pages/long.html")
            try folder.write("<!DOCTYPE html><title>Deep</title>" + String(repeating: "<div><b>", count: 50_000) + "bottom", "pages/deep.html")
            try folder.write("<!DOCTYPE html><title>Fine</title><body style='background:#123456'>fine", "pages/fine.html")
            let s = try Simulation.desktop(image: try Project.image(pages: folder.url), url: "http://10.0.2.2/long.html") { $0.ramByteCount = 256 << 20 }
            s.run(until: .predicate { s.marks(.frameShown).count >= 1 && s.marks(.pageLoaded).count >= 1 || s.now > seconds(30) })
            #expect(s.marks(.pageLoaded).count == 1, "loaded to the end")
            try s.schedule(script: "\(s.now / 1_000_000 + 100)ms key ctrl+t\n\(s.now / 1_000_000 + 700)ms type \"10.0.2.2/deep.html\\n\"\n")
            s.run(nanoseconds: seconds(8))
            try s.schedule(script: "\(s.now / 1_000_000 + 100)ms key ctrl+t\n\(s.now / 1_000_000 + 700)ms type \"10.0.2.2/fine.html\\n\"\n")
            s.run(nanoseconds: seconds(4))
            #expect(s.pixel(marginX, marginY) == 0x123456)
            #expect(s.processes("browser").count == 1 && s.processes("wm").count == 1)
            s.expectConserved()
        }

        // MARK: Malformed HTTP, through slirp

        static let rudeServer = """
        import socket, threading
        answers = {
          '/garbage': b'\\x00\\xff\\xfe not http at all\\r\\n\\r\\n',
          '/nothing': b'',
          '/status': b'HTTP/1.1 99999 What\\r\\n\\r\\n',
          '/length': b'HTTP/1.1 200 OK\\r\\nContent-Length: -5\\r\\n\\r\\nbody',
          '/lengths': b'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\nContent-Length: 9\\r\\n\\r\\nbody',
          '/chunk': b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\nbody',
          '/headers': b'HTTP/1.1 200 OK\\r\\n' + b'X-Filler: ' + b'f' * 400000,
          '/short': b'HTTP/1.1 200 OK\\r\\nContent-Length: 100000\\r\\nContent-Type: text/html\\r\\n\\r\\n<p>only this',
          '/loop': b'HTTP/1.1 302 Found\\r\\nLocation: /loop\\r\\nContent-Length: 0\\r\\n\\r\\n',
          '/nowhere': b'HTTP/1.1 302 Found\\r\\nLocation: http://[::bad\\r\\nContent-Length: 0\\r\\n\\r\\n',
          '/type': b'HTTP/1.1 200 OK\\r\\nContent-Type: image/png\\r\\nContent-Length: 12\\r\\n\\r\\n\\x89PNG\\r\\n\\x1a\\nxxxx',
          '/fine': b'HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nConnection: close\\r\\n\\r\\n<title>Fine</title><body style="background:#123456">fine',
        }
        def serve(c):
            try:
                data = b''
                while b'\\r\\n\\r\\n' not in data:
                    more = c.recv(4096)
                    if not more: return
                    data += more
                path = data.split(b' ')[1].decode('latin-1')
                print('asked', path)
                c.sendall(answers.get(path, b'HTTP/1.1 404 No\\r\\nContent-Length: 0\\r\\n\\r\\n'))
            except OSError: pass
            finally: c.close()
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 0)); s.listen(32)
        print('port', s.getsockname()[1])
        while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
        """
        static let rudePaths = ["garbage", "nothing", "status", "length", "lengths", "chunk", "headers", "short", "loop", "nowhere", "type"]

        @Test func malformedAnswersGiveErrorPages() throws {
            guard let server = try HostServer.script(Self.rudeServer) else { return }
            let s = try Simulation.desktop(network: .slirp)
            s.run(untilSecond: 0.7)
            var wrong: [String] = []
            for path in Self.rudePaths + ["fine"] {
                let loaded = s.marks(.pageLoaded).count, start = s.now / 1_000_000
                try s.schedule(script: "\(start + 20)ms key ctrl+l\n\(start + 80)ms type \"10.0.2.2:\(server.port)/\(path)\\n\"\n")
                s.run(until: .predicate { s.marks(.pageLoaded).count > loaded || s.now > (start + 10_000) * 1_000_000 })
                if s.marks(.pageLoaded).count == loaded { wrong.append(path + ": never ends") }
                s.run(nanoseconds: seconds(0.3))
                if ["garbage", "nothing", "length", "headers", "loop"].contains(path), s.pixel(marginX, marginY) != PageColour.failure { wrong.append(path + ": no error page") }
            }
            #expect(wrong.isEmpty, "\(wrong)")
            server.stop()
            #expect(s.pixel(marginX, marginY) == 0x123456, "the tab still works")
            for path in Self.rudePaths { #expect(server.log.contains("asked /" + path), "\(path)") }
            #expect(!s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectConserved()
        }
    }
}
