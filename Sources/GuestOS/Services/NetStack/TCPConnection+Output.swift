// What a TCP connection sends next: SYN, data within the windows, retransmissions, probes, FIN, acknowledgments, resets.
// Sender rules: RFC 9293 §3.8.6.2.1 (silly window avoidance), RFC 5681.

/// A segment to be emitted; the payload is part of the connection's send queue.
struct TCPOutgoing {
    var header: TCPHeader
    var queueOffset = 0, payloadByteCount = 0
}

extension TCPConnection {
    /// The next segment; nil when there is nothing to send now.
    mutating func nextSegment(_ now: UInt64) -> TCPOutgoing? {
        if let s = resetIsDue {
            resetIsDue = nil
            return makeReset(s)
        }
        switch state {
        case .closed: return nil
        case .synSent, .synReceived: return nextSyn(now)
        default: break
        }
        if let data = nextData(now) { return data }
        if acknowledgesNow { return pureAcknowledgment() }
        return nil
    }

    private mutating func nextSyn(_ now: UInt64) -> TCPOutgoing? {
        guard sendNext == initialSendSequence else {
            if acknowledgesNow { acknowledgesNow = false }
            return nil
        }
        var h = makeHeader(initialSendSequence, state == .synSent ? .syn : [.syn, .ack])
        h.maximumSegment = UInt16(parameters.maximumSegment)
        h.windowScale = state == .synReceived && !peerScales ? nil : UInt8(ourWindowShift)
        h.window = UInt16(min(65535, receiveWindow))        // never scaled in a SYN
        advance(to: initialSendSequence + 1, now)
        return TCPOutgoing(header: h)
    }

    private mutating func nextData(_ now: UInt64) -> TCPOutgoing? {
        if retransmitsFirst {
            retransmitsFirst = false
            if let s = retransmission(now) { return s }
        }
        let offset = sendNext - sendUnacknowledged
        let unsent = max(0, sendQueue.count - offset)
        let wantsFin = isFinQueued && sendNext <= finSequence
        guard unsent > 0 || wantsFin else { probes = false; return nil }
        let usable = min(congestion.window, sendWindow) - offset
        var n = max(0, min(unsent, segmentMaximum, usable))
        if probes {
            probes = false
            if n == 0 && unsent > 0 { return windowProbe(offset, now) }
        } else if n < unsent && n < segmentMaximum && n < sendWindowMaximum / 2 {
            n = 0
        }
        let isLast = wantsFin && n == unsent
        if n == 0 && !isLast {
            if inFlight == 0 && persistAt == nil { persistAt = now + estimator.timeout }
            return nil
        }
        return dataSegment(offset, n, isLast, now)
    }
    private mutating func dataSegment(_ offset: Int, _ n: Int, _ isLast: Bool, _ now: UInt64) -> TCPOutgoing {
        let start = sendNext
        var flags: TCPFlags = .ack
        if n > 0 && offset + n == sendQueue.count { flags.insert(.psh) }
        if isLast {
            flags.insert(.fin)
            finSentAt = start + n
            finWasSent()
        }
        let h = makeHeader(start, flags)
        if start < sendMaximum { retransmissions += 1 }
        advance(to: start + n + (isLast ? 1 : 0), now)
        return TCPOutgoing(header: h, queueOffset: offset, payloadByteCount: n)
    }
    private mutating func finWasSent() {
        switch state {
        case .established: enter(.finWait1)
        case .closeWait: enter(.lastAck)
        default: break          // a retransmission
        }
    }
    /// The first unacknowledged segment again (fast retransmit, partial acknowledgment).
    private mutating func retransmission(_ now: UInt64) -> TCPOutgoing? {
        let sent = min(sendQueue.count, sendMaximum - sendUnacknowledged)
        let n = min(sent, segmentMaximum)
        let isFin = finSentAt != nil && n == sendQueue.count
        guard n > 0 || isFin else { return nil }
        retransmissions += 1
        retransmitAt = now + estimator.timeout
        return TCPOutgoing(header: makeHeader(sendUnacknowledged, isFin ? [.ack, .psh, .fin] : [.ack, .psh]), queueOffset: 0, payloadByteCount: n)
    }
    /// One byte beyond a closed window (RFC 9293 §3.8.6.1). `sendNext` stays, so that only the persist timer repeats it.
    private mutating func windowProbe(_ offset: Int, _ now: UInt64) -> TCPOutgoing {
        let h = makeHeader(sendNext, [.ack, .psh])
        if sendMaximum < sendNext + 1 { sendMaximum = sendNext + 1 }
        persistAt = now + estimator.timeout
        return TCPOutgoing(header: h, queueOffset: offset, payloadByteCount: 1)
    }
    private mutating func advance(to next: SequenceNumber, _ now: UInt64) {
        if next > sendMaximum {
            if timed == nil, sendNext == sendMaximum { timed = (next, now) }
            sendMaximum = next
        }
        sendNext = next
        if inFlight > 0 && retransmitAt == nil {
            retransmitAt = now + estimator.timeout
            if attempts == 0 { lastHeard = max(lastHeard, now) }        // silence counts from the first unanswered segment
        }
    }
    private mutating func pureAcknowledgment() -> TCPOutgoing { TCPOutgoing(header: makeHeader(sendNext, .ack)) }

    /// Every segment we send acknowledges what has arrived.
    private mutating func makeHeader(_ sequence: SequenceNumber, _ flags: TCPFlags) -> TCPHeader {
        var h = TCPHeader()
        h.sourcePort = localPort; h.destinationPort = remotePort
        h.sequence = sequence
        h.flags = flags
        if flags.contains(.ack) {
            h.acknowledgment = receiveNext
            acknowledgesNow = false
            delayedAckAt = nil
            unacknowledgedSegments = 0
        }
        let units = min(65535, receiveWindow >> ourWindowShift)
        h.window = UInt16(units)
        if state != .synSent {
            let edge = receiveNext + units << ourWindowShift
            if edge > receiveAdvertised { receiveAdvertised = edge }
        }
        return h
    }
    private func makeReset(_ sequence: SequenceNumber) -> TCPOutgoing {
        var h = TCPHeader()
        h.sourcePort = localPort; h.destinationPort = remotePort
        h.sequence = sequence
        h.acknowledgment = receiveNext
        h.flags = state == .synSent ? .rst : [.rst, .ack]
        return TCPOutgoing(header: h)
    }
}
