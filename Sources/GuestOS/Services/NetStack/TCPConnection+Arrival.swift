// What a TCP connection does with an arriving segment: RFC 9293 §3.10.7, in its order of checks, with the stricter
// reset and SYN rules of RFC 5961.

extension TCPConnection {
    /// The segment's checksum is right and its ports are ours.
    public mutating func segmentArrived(_ h: TCPHeader, _ payload: PacketView, now: UInt64) {
        switch state {
        case .closed: break
        case .synSent: arrivedInSynSent(h, now)
        default: arrived(h, payload, now)
        }
    }

    /// §3.10.7.3.
    private mutating func arrivedInSynSent(_ h: TCPHeader, _ now: UInt64) {
        let hasAck = h.flags.contains(.ack)
        let isAckGood = hasAck && h.acknowledgment > initialSendSequence && h.acknowledgment <= sendMaximum
        if hasAck && !isAckGood {
            if !h.flags.contains(.rst) { resetIsDue = h.acknowledgment }
            return
        }
        if h.flags.contains(.rst) {
            if isAckGood { close(.refused) }
            return
        }
        guard h.flags.contains(.syn) else { return }
        takeSynOptions(h)
        lastHeard = now
        acknowledgesNow = true
        if isAckGood {
            opened(h.acknowledgment, now)
        } else {
            enter(.synReceived)                     // simultaneous open: our SYN goes again, with ACK
            sendNext = initialSendSequence
        }
    }
    private mutating func opened(_ ack: SequenceNumber, _ now: UInt64) {
        enter(.established)
        sendUnacknowledged = ack
        sendNext = ack
        sendMaximum = ack
        attempts = 0
        retransmitAt = nil
        takeRoundTrip(ack, now)
    }

    /// §3.10.7.4.
    private mutating func arrived(_ h: TCPHeader, _ payload: PacketView, _ now: UInt64) {
        let length = payload.count + (h.flags.contains(.syn) ? 1 : 0) + (h.flags.contains(.fin) ? 1 : 0)
        guard isAcceptable(h.sequence, length) else { arrivedOutside(h, now); return }
        lastHeard = now
        if h.flags.contains(.rst) { arrivedReset(h); return }
        if h.flags.contains(.syn) { acknowledgesNow = true; return }       // RFC 5961 §4: challenge
        guard h.flags.contains(.ack) else { return }
        if state == .synReceived {
            guard h.acknowledgment > sendUnacknowledged, h.acknowledgment <= sendMaximum else { resetIsDue = h.acknowledgment; return }
            opened(h.acknowledgment, now)
            takeWindow(h)
        }
        guard takeAcknowledgment(h, payload.count, now) else { return }
        takeText(h, payload, now)
        takeFin(h, payload.count, now)
    }
    /// Table of §3.4. A segment at the left edge is let in with a closed window too, for its acknowledgment.
    private func isAcceptable(_ s: SequenceNumber, _ length: Int) -> Bool {
        let window = receiveWindow
        if window == 0 { return s == receiveNext }
        let starts = s >= receiveNext && s < receiveNext + window
        if length == 0 { return starts }
        let last = s + (length - 1)
        return starts || (last >= receiveNext && last < receiveNext + window)
    }
    private mutating func arrivedOutside(_ h: TCPHeader, _ now: UInt64) {
        if h.flags.contains(.rst) { return }
        if h.sequence - receiveNext > 0 { droppedOutOfWindow += 1 }
        lastHeard = now
        if state == .timeWait { expiryAt = now + parameters.timeWaitNanoseconds }
        if state == .synReceived { sendNext = initialSendSequence }         // our SYN-ACK was lost
        acknowledgesNow = true
    }
    private mutating func arrivedReset(_ h: TCPHeader) {
        guard h.sequence == receiveNext else { acknowledgesNow = true; return }
        switch state {
        case .synReceived: close(.refused)
        case .closing, .lastAck, .timeWait: close(nil)
        default: close(.reset)
        }
    }

    // MARK: acknowledgment

    /// False when the segment is to be dropped.
    private mutating func takeAcknowledgment(_ h: TCPHeader, _ payloadByteCount: Int, _ now: UInt64) -> Bool {
        let ack = h.acknowledgment
        if ack > sendMaximum { acknowledgesNow = true; return false }
        if ack > sendUnacknowledged {
            acknowledged(ack, now)
            takeWindow(h)
        } else if ack == sendUnacknowledged {
            let isDuplicate = payloadByteCount == 0 && !h.flags.contains(.fin) && inFlight > 0 && Int(h.window) << peerWindowShift == sendWindow
            takeWindow(h)
            if isDuplicate, congestion.duplicateAcknowledgment(sendUnacknowledged, sendMaximum, inFlight: inFlight) == .retransmitFirst {
                retransmitsFirst = true
                timed = nil
            }
        }
        finAcknowledgment(now)
        return state != .closed
    }
    private mutating func acknowledged(_ ack: SequenceNumber, _ now: UInt64) {
        let byteCount = ack - sendUnacknowledged
        sendQueue.removeFirst(min(byteCount, sendQueue.count))
        sendUnacknowledged = ack
        if sendNext < ack { sendNext = ack }
        takeRoundTrip(ack, now)
        estimator.progress()
        attempts = 0
        if congestion.acknowledged(byteCount, ack, inFlight: inFlight) == .retransmitFirst { retransmitsFirst = true }
        retransmitAt = inFlight > 0 ? now + estimator.timeout : nil
        persistAt = nil
        hasNews = true
    }
    private mutating func takeRoundTrip(_ ack: SequenceNumber, _ now: UInt64) {
        guard let t = timed, ack >= t.sequence else { return }
        estimator.sample(now - min(now, t.at))
        timed = nil
    }
    private mutating func takeWindow(_ h: TCPHeader) {
        let isNewer = windowUpdateSequence < h.sequence || (windowUpdateSequence == h.sequence && windowUpdateAcknowledgment <= h.acknowledgment)
        guard isNewer else { return }
        sendWindow = Int(h.window) << peerWindowShift
        sendWindowMaximum = max(sendWindowMaximum, sendWindow)
        windowUpdateSequence = h.sequence
        windowUpdateAcknowledgment = h.acknowledgment
        if sendWindow > 0 { persistAt = nil }
    }
    private mutating func finAcknowledgment(_ now: UInt64) {
        guard let fin = finSentAt, sendUnacknowledged > fin else { return }
        switch state {
        case .finWait1:
            enter(.finWait2)
            if isOrphan { expiryAt = now + parameters.orphanNanoseconds }
        case .closing: enterTimeWait(now)
        case .lastAck: close(nil)
        default: break
        }
    }

    // MARK: text and FIN

    private mutating func takeText(_ h: TCPHeader, _ payload: PacketView, _ now: UInt64) {
        guard payload.count > 0, state == .established || state == .finWait1 || state == .finWait2 else {
            if payload.count > 0 { acknowledgesNow = true }
            return
        }
        if isOrphan { abort(); return }
        let skip = max(0, receiveNext - h.sequence)
        let room = receiveNext + receiveWindow - (h.sequence + skip)
        guard let text = payload.dropping(skip), text.count > 0, room > 0 else { acknowledgesNow = true; return }
        let n = min(text.count, room)
        if h.sequence + skip == receiveNext {
            takeInOrder(text.bytes, text.start, text.start + n, now)
        } else {
            if !reassembly.insert(h.sequence + skip, Array(text.bytes[text.start..<text.start + n])) { droppedReassembly += 1 }
            acknowledgesNow = true                  // RFC 5681 §4.2: a duplicate ACK at once
        }
    }
    private mutating func takeInOrder(_ bytes: [UInt8], _ start: Int, _ end: Int, _ now: UInt64) {
        let filledGap = !reassembly.isEmpty
        receiveNext = receiveNext + receiveQueue.append(bytes, start, end)
        while let more = reassembly.take(at: receiveNext) {
            let n = receiveQueue.append(more, 0, more.count)
            receiveNext = receiveNext + n
            if n < more.count { break }
        }
        hasNews = true
        unacknowledgedSegments += 1
        if filledGap || unacknowledgedSegments >= 2 { acknowledgesNow = true } else if delayedAckAt == nil { delayedAckAt = now + parameters.delayedAckNanoseconds }
    }
    /// A FIN counts when everything before it has arrived.
    private mutating func takeFin(_ h: TCPHeader, _ payloadByteCount: Int, _ now: UInt64) {
        if h.flags.contains(.fin), !hasPeerFinished { peerFin = h.sequence + payloadByteCount }
        guard let fin = peerFin else {
            if h.flags.contains(.fin) { acknowledgesNow = true }
            return
        }
        guard fin == receiveNext else { return }
        receiveNext = receiveNext + 1
        peerFin = nil
        hasPeerFinished = true
        acknowledgesNow = true
        switch state {
        case .established: enter(.closeWait)
        case .finWait1: enter(.closing)
        case .finWait2: enterTimeWait(now)
        default: break
        }
    }
}
