// Forms in the whole machine: keys go through the window manager and the browser into a tab, the entries over the network
// to a server on the host, and history brings back what was typed (DOM-012, ACC-003, ACC-023).

import ABI
import Foundation
import Machine
import Testing
@testable import Terrarium

extension WholeMachine {
    @Suite struct Forms {
        static let server = """
        import socket, threading
        pages = {
          '/form': '<title>Form</title><body style="background:#102030"><form action=/q><input name=a autofocus><input type=checkbox name=c value=1></form>',
          '/post': '<title>Post</title><body style="background:#112233"><form action=/p method=post enctype=multipart/form-data><textarea name=t autofocus></textarea><button name=go value=1>go</button></form>',
        }
        def serve(c):
            try:
                data = b''
                while b'\\r\\n\\r\\n' not in data:
                    more = c.recv(4096)
                    if not more: return
                    data += more
                head, body = data.split(b'\\r\\n\\r\\n', 1)
                length = 0
                for line in head.split(b'\\r\\n'):
                    if line.lower().startswith(b'content-length:'): length = int(line.split(b':')[1])
                while len(body) < length: body += c.recv(4096)
                method, path = head.split(b' ')[:2]
                print('asked', method.decode(), path.decode(), body.decode('latin-1').replace('\\r\\n', '|'), flush=True)
                page = pages.get(path.decode(), '<title>Answer</title><body style="background:#405060">answer').encode()
                c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n' % len(page) + page)
            except OSError: pass
            finally: c.close()
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 0)); s.listen(32)
        print('port', s.getsockname()[1], flush=True)
        while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
        """

        /// Types a script's actions, one every 150 ms, then waits until another page is loaded.
        private func act(_ s: Simulation, _ actions: [String], loads: Bool = true) throws {
            let loaded = s.marks(.pageLoaded).count, start = s.now / 1_000_000
            try s.schedule(script: actions.enumerated().map { "\(start + 20 + UInt64($0.offset) * 150)ms \($0.element)\n" }.joined())
            let last = seconds(0.02 + 0.15 * Double(actions.count))
            s.run(nanoseconds: last)
            if loads { s.run(until: .predicate { s.marks(.pageLoaded).count > loaded || s.now > (start + 8000) * 1_000_000 }) }
            s.run(nanoseconds: seconds(0.4))
        }

        @Test func aFormIsFilledSentAndFoundAgain() throws {
            guard let server = try HostServer.script(Self.server) else { return }
            let s = try Simulation.desktop(network: .slirp)
            s.run(untilSecond: 0.7)
            try act(s, ["key ctrl+l", "type \"10.0.2.2:\(server.port)/form\\n\""])
            #expect(s.pixel(marginX, marginY) == 0x102030)
            try act(s, ["type \"hello you\"", "key tab", "key space", "key shift+tab", "key enter"])
            #expect(server.log.contains("asked GET /q?a=hello+you&c=1"), "\(server.log)")
            #expect(s.pixel(marginX, marginY) == 0x405060)
            try act(s, ["key alt+left"])
            #expect(s.pixel(marginX, marginY) == 0x102030)
            try act(s, ["key end", "type \"2\\n\""])
            #expect(server.log.contains("asked GET /q?a=hello+you2&c=1"), "the typed text and the tick came back: \(server.log)")

            try act(s, ["key ctrl+l", "type \"10.0.2.2:\(server.port)/post\\n\""])
            try act(s, ["type \"one\\ntwo\"", "key ctrl+a", "key ctrl+c", "key end", "key ctrl+v", "key tab", "key enter"])
            let posts = server.log.components(separatedBy: "asked POST /p").count - 1
            #expect(posts == 1 && server.log.contains("name=\"t\"||one|twoone|two|--") && server.log.contains("name=\"go\"||1|"), "\(server.log)")
            try act(s, ["key f5"])
            #expect(server.log.components(separatedBy: "asked POST /p").count - 1 == 1, "asks before it sends again")
            try act(s, ["key tab", "key enter"])
            #expect(server.log.components(separatedBy: "asked POST /p").count - 1 == 2)
            server.stop()
            #expect(!s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectConserved()
        }
    }
}
