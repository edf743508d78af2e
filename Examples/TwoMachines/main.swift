// Two machines in one process, each on a thread of its own, doing the same and ending equal; a third one with another
// seed ends elsewhere. Run from the project's folder: swift run -c release TwoMachines
import Foundation
import Terrarium

/// Boots the desktop and answers its state after two seconds of virtual time.
@Sendable func boot(_ image: SystemImage, seed: UInt64) throws -> [String] {
    var settings = SimulationConfiguration()
    settings.ramByteCount = 128 << 20
    settings.network = .none
    settings.seed = seed
    let computer = try Simulation(settings, image: image)
    computer.run(nanoseconds: 2_000_000_000)
    return computer.stateHashes().map { "\($0.name) \(hexadecimal($0.hash))" }
}

/// What the threads leave; each writes its own place.
final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var lists: [[String]] = [[], [], []]
    func put(_ list: [String], at i: Int) { lock.withLock { lists[i] = list } }
    func get(_ i: Int) -> [String] { lock.withLock { lists[i] } }
}

let image = try SystemImage.load(URL(fileURLWithPath: "images/out"))
let results = Results(), done = DispatchGroup()
for (i, seed) in [UInt64(1), 1, 2].enumerated() {
    done.enter()
    let thread = Thread {
        results.put((try? boot(image, seed: seed)) ?? ["failed"], at: i)
        done.leave()
    }
    thread.stackSize = 16 << 20
    thread.start()
}
done.wait()
for line in results.get(0) { print(line) }
print("the second machine:", results.get(0) == results.get(1) ? "equal" : "DIFFERENT")
print("another seed:", results.get(0) == results.get(2) ? "EQUAL" : "different")
exit(results.get(0) == results.get(1) && results.get(0) != results.get(2) && results.get(0).count > 3 ? 0 : 1)
