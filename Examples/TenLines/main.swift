// Boots the desktop, waits for a page, types, looks at it. Run from the project's folder: swift run -c release TenLines
import Foundation
import Terrarium

var settings = SimulationConfiguration()
settings.url = "data:text/html,<h1>Hello</h1>"
settings.network = .none
let computer = try Simulation(settings, image: try SystemImage.load(URL(fileURLWithPath: "images/out")))
computer.run(until: try RunEvent("page-loaded"), deadline: 5_000_000_000)
try computer.schedule(script: "2s key ctrl+t")
computer.run(nanoseconds: 3_000_000_000)
print(computer.consoleText)
for (name, hash) in computer.stateHashes() { print(name, hexadecimal(hash)) }
