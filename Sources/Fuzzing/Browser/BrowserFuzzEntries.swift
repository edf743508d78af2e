// The entries of `make fuzz` for what the browser takes from the network.
import Fuzzing

public enum BrowserFuzzEntries {
    public static let all = [
        FuzzEntry(name: "html", summary: "the HTML parser: mutated pages, in pieces and whole", operationCount: 20_000) { try HTMLFuzzer(hasCanary: $0) },
        FuzzEntry(name: "css", summary: "style sheets, layout and painting of mutated pages", operationCount: 3_000) { try PageFuzzer(hasCanary: $0) },
        FuzzEntry(name: "images", summary: "the image decoders: mutated PNG, JPEG, GIF, WebP, BMP, ICO", operationCount: 50_000) { try ImageFuzzer(hasCanary: $0) },
        FuzzEntry(name: "svg", summary: "SVG: mutated drawings, plain and compressed, drawn at many sizes", operationCount: 20_000) { try SVGFuzzer(hasCanary: $0) },
        FuzzEntry(name: "url", summary: "URLs: what parses serialises to itself", operationCount: 200_000) { URLFuzzer(hasCanary: $0) },
        FuzzEntry(name: "http", summary: "HTTP responses, in pieces and whole", operationCount: 200_000) { HTTPFuzzer(hasCanary: $0) },
        FuzzEntry(name: "bounds", summary: "giants: nesting, attributes, tables, declared pictures, bounded in memory", operationCount: BoundsFuzzer.names.count) { try BoundsFuzzer(hasCanary: $0) },
    ]
}
