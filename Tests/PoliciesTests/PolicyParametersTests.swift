// Names, parameters, lists: what a person may write after --policy.

import Testing
@testable import Policies

@Suite struct PolicyParametersTests {
    @Test func everyPolicyIsDescribedAndMade() throws {
        #expect(Set(MemoryPolicies.names).count == MemoryPolicies.all.count && MemoryPolicies.all.count == 13)
        for d in MemoryPolicies.all {
            let policy = try MemoryPolicies.make(d.name)
            #expect("\(policy.name)" == d.name && !d.summary.isEmpty && !d.source.isEmpty && !d.summary.contains("\n"))
            #expect(Set(d.parameters.map(\.key)).count == d.parameters.count)
            for p in d.parameters {
                #expect((p.minimum...p.maximum).contains(p.defaultValue), "\(d.name) \(p.key)")
                // Each end of each range makes a policy that survives a snapshot.
                for value in [p.minimum, p.maximum] {
                    let extreme = try MemoryPolicies.make("\(d.name):\(p.key)=\(value)")
                    for seed in 0..<UInt64(40) {
                        let s = randomSnapshot(seed, isWild: true)
                        for x in extreme.decide(s) { #expect(PolicyPropertyTests.fault(x, s, policy: d.name) == nil, "\(d.name):\(p.key)=\(value), seed \(seed): \(x)") }
                    }
                }
                #expect(throws: PolicyError.self) { try MemoryPolicies.make("\(d.name):\(p.key)=\(p.maximum + 1)") }
            }
        }
    }
    @Test func parametersMatter() throws {
        let s = snapshot(free: 900, [tab(2, .hidden, seen: 9_800)])
        #expect(try MemoryPolicies.make("timer").decide(s).isEmpty)
        #expect(try MemoryPolicies.make("timer:sleep=100").decide(s) == [MemoryDecision(.hibernate, pid: 2, .idle)])
        #expect(try MemoryPolicies.make("timer:sleep=100,discard=200").decide(s) == [MemoryDecision(.discard, pid: 2, .idle)])
    }
    @Test(arguments: [
        ("nothing", "there is no policy 'nothing'; there are: none, "), ("timer:slep=3", "timer has no parameter 'slep'; there are: sleep (1 to 86400, default 300)"),
        ("timer:sleep=0", "from 1 to 86400, not 0"), ("timer:sleep", "key=number, not 'sleep'"), ("timer:sleep=x", "key=number"), ("timer:a=1:b=2", "NAME or NAME:key"),
        ("none:a=1", "none has no parameters"), ("timer:sleep=99999999999999999999", "key=number"), ("timer:", ""), ("", "there is no policy ''"),
    ]) func mistakesAreExplained(_ text: String, _ hint: String) {
        if hint.isEmpty { #expect(throws: Never.self) { try MemoryPolicies.make(text) }; return }
        do throws(PolicyError) {
            _ = try MemoryPolicies.make(text)
            Issue.record("\(text) was accepted")
        } catch { #expect(error.message.contains(hint), "\(error.message)") }
    }
    @Test func lists() throws {
        #expect(try MemoryPolicies.list("none,timer:sleep=5,discard=9,psi") == ["none", "timer:sleep=5,discard=9", "psi"])
        #expect(try MemoryPolicies.list("timer,sleep=5") == ["timer:sleep=5"])
        #expect(try MemoryPolicies.list("all") == MemoryPolicies.names)
        #expect(throws: PolicyError.self) { try MemoryPolicies.list("sleep=5,timer") }
        #expect(throws: PolicyError.self) { try MemoryPolicies.list("none,timre") }
        #expect(try PolicyParameters.parse("a=1,b=-2,a=3").text == "a=3,b=-2")
    }
}
