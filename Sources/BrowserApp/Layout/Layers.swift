// Stacking contexts and positioned boxes in painting order (CSS 2.2 §9.9.1, Appendix E).
import CSS
import Graphics

struct Layer {
    var box: BoxID
    var z: Int32
    /// Establishes a stacking context; others paint like one but leave their positioned descendants to the context.
    var isContext: Bool
    /// Child layers sorted by (z, tree order).
    var children: [Int] = []
}

extension LayoutTree {
    /// Layer 0 is the viewport.
    func buildLayers() -> [Layer] {
        var result: [Layer] = [Layer(box: 0, z: 0, isContext: true)]
        var layerOfBox: [BoxID: Int] = [0: 0]
        for b in layers {
            let s = style(b)
            let isContext = s.opacity < 255 || s.position == .fixed || s.position == .sticky || s.zIndex != nil
            var p = parent(b), steps = 0
            var owner = 0
            while p > 0, steps < 8192 {
                if flags(p).contains(.layered), let i = layerOfBox[p], result[i].isContext { owner = i; break }
                p = parent(p); steps += 1
            }
            result.append(Layer(box: b, z: s.zIndex ?? 0, isContext: isContext))
            layerOfBox[b] = result.count - 1
            result[owner].children.append(result.count - 1)
        }
        for i in 0..<result.count where result[i].children.count > 1 {
            let sorted = result[i].children.sorted { result[$0].z != result[$1].z ? result[$0].z < result[$1].z : $0 < $1 }
            result[i].children = sorted
        }
        return result
    }
}
