// Custom properties (`--name: tokens`) of one element: an immutable linked table, so that children share their parent's.
// CSS Custom Properties 1 §2.

/// A chain of tables; lookups walk towards the root element's.
final class CustomProperties {
    let parent: CustomProperties?
    /// Value text with var() already substituted; nil marks the guaranteed-invalid value.
    let values: [String: [UInt8]?]
    let depth: Int

    /// Chains longer than this are flattened so that lookups stay bounded.
    static let depthMax = 16

    init(parent: CustomProperties?, values: [String: [UInt8]?]) {
        if let parent, parent.depth >= CustomProperties.depthMax {
            var flat = values
            var next: CustomProperties? = parent
            while let table = next {
                for (name, value) in table.values where flat[name] == nil { flat.updateValue(value, forKey: name) }
                next = table.parent
            }
            self.parent = nil; self.values = flat; depth = 0
        } else {
            self.parent = parent; self.values = values
            depth = (parent?.depth ?? 0) + 1
        }
    }

    func value(_ name: String) -> [UInt8]? {
        var next: CustomProperties? = self
        while let table = next {
            if let found = table.values[name] { return found }
            next = table.parent
        }
        return nil
    }
}
