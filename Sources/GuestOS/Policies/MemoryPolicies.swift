// The list of policies: name, one line of explanation, where the idea is published, parameters, and how one is made.

/// What a person should know of a policy.
public struct PolicyDescription: Sendable {
    public let name: String
    /// One line.
    public let summary: String
    /// Where the idea is published.
    public let source: String
    public let parameters: [PolicyParameter]
    let make: @Sendable (PolicyValues) -> any MemoryPolicy
    init(_ name: String, _ summary: String, source: String, parameters: [PolicyParameter] = [], make: @escaping @Sendable (PolicyValues) -> any MemoryPolicy) {
        self.name = name; self.summary = summary; self.source = source; self.parameters = parameters; self.make = make
    }
}

public enum MemoryPolicies {
    /// In the order of reports: the baseline, what browsers ship, what kernels ship, ours.
    public static let all: [PolicyDescription] = [
        NonePolicy.description, LRUDiscardPolicy.description, FirefoxPolicy.description, TimerPolicy.description,
        LRUCompressPolicy.description, TieredPolicy.description, MGLRUPolicy.description, PressurePolicy.description, FarMemoryPolicy.description,
        PrefetchPolicy.description, LandlordPolicy.description, ReturnPolicy.description, TerrariumPolicy.description,
    ]

    public static var names: [String] {
        var list: [String] = []
        for d in all { list.append(d.name) }
        return list
    }
    public static func description(_ name: String) throws(PolicyError) -> PolicyDescription {
        for d in all where d.name == name { return d }
        var known = ""
        for d in all { known += (known.isEmpty ? "" : ", ") + d.name }
        throw PolicyError("there is no policy '\(name)'; there are: \(known)")
    }
    public static func make(name: String, parameters: PolicyParameters = PolicyParameters()) throws(PolicyError) -> any MemoryPolicy {
        let d = try description(name)
        return d.make(try parameters.values(for: d.parameters, policy: name))
    }
    /// Makes the policy that `NAME` or `NAME:key=value,key=value` names.
    public static func make(_ specification: String) throws(PolicyError) -> any MemoryPolicy {
        let (name, parameters) = try parse(specification)
        return try make(name: name, parameters: parameters)
    }
    /// The parts of a specification. The name is not looked up.
    public static func parse(_ specification: String) throws(PolicyError) -> (name: String, parameters: PolicyParameters) {
        let parts = pieces(specification, separator: UInt8(ascii: ":"))
        if parts.count > 2 { throw PolicyError("a policy is written NAME or NAME:key=number,key=number, not '\(specification)'") }
        return (parts[0], parts.count == 2 ? try PolicyParameters.parse(parts[1]) : PolicyParameters())
    }
    /// Checks a specification and returns it as `make` takes it.
    public static func checked(_ specification: String) throws(PolicyError) -> String {
        _ = try make(specification)
        return specification
    }
    /// The specifications of a list such as `none,tiered:a=1,b=2,psi`: a piece `key=value` belongs to the policy before it.
    /// `all` stands for every policy. Each is checked.
    public static func list(_ text: String) throws(PolicyError) -> [String] {
        var result: [String] = []
        for piece in pieces(text, separator: UInt8(ascii: ",")) {
            let colon = piece.utf8.firstIndex(of: UInt8(ascii: ":")), equals = piece.utf8.firstIndex(of: UInt8(ascii: "="))
            if equals != nil, colon == nil {
                guard let last = result.last else { throw PolicyError("the parameter '\(piece)' stands before any policy") }
                result[result.count - 1] = last + (last.utf8.firstIndex(of: UInt8(ascii: ":")) == nil ? ":" : ",") + piece
            } else if piece == "all" { result += names } else { result.append(piece) }
        }
        for s in result { _ = try checked(s) }
        return result
    }
}
