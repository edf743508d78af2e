// Pages that the tab makes itself: the start page, errors, plain text, picture documents, view-source. All are HTML
// that goes through the same parser as pages from the network.

enum AboutPages {
    /// The HTML of an `about:` page; nil when there is none of that name.
    static func html(_ name: String) -> String? {
        switch name {
        case "start", "home": startPage
        case "blank": ""
        default: nil
        }
    }

    private static let startPage = """
    <!DOCTYPE html><html><head><title>Start</title><style>
    body { font-family: sans-serif; background: #f4f6f8; color: #1f2933; margin: 0 }
    .top { background: #2f6f4f; color: white; padding: 28px 40px }
    .top h1 { margin: 0 0 4px 0; font-size: 30px } .top p { margin: 0; color: #d6eadf }
    .body { padding: 20px 40px; max-width: 720px }
    table { border-collapse: collapse; background: white } td, th { border: 1px solid #cbd2d9; padding: 6px 14px; text-align: left }
    th { background: #e4e7eb } code { background: #e4e7eb; padding: 1px 4px }
    </style></head><body>
    <div class="top"><h1>Terrarium</h1><p>A whole computer, repeatable to the last bit.</p></div>
    <div class="body"><p>Type an address above and press Enter. A server on your own machine is at
    <code>http://10.0.2.2:</code><i>port</i>.</p>
    <h2>Keys</h2><table>
    <tr><th>Keys</th><th>What they do</th></tr>
    <tr><td><code>Ctrl+T</code> <code>Ctrl+W</code> <code>Ctrl+Shift+T</code></td><td>open, close, reopen a tab</td></tr>
    <tr><td><code>Ctrl+Tab</code> <code>Ctrl+Shift+Tab</code> <code>Ctrl+1</code>…<code>9</code></td><td>change tab</td></tr>
    <tr><td><code>Ctrl+L</code> or <code>F6</code></td><td>edit the address, or search</td></tr>
    <tr><td><code>Ctrl+F</code> <code>Ctrl+G</code> <code>F3</code></td><td>find in page, next match</td></tr>
    <tr><td><code>Ctrl++</code> <code>Ctrl+-</code> <code>Ctrl+0</code></td><td>larger, smaller, as it was</td></tr>
    <tr><td><code>Ctrl+D</code> <code>Ctrl+Shift+B</code></td><td>bookmark this page, bookmarks bar</td></tr>
    <tr><td><code>Ctrl+H</code> <code>Ctrl+J</code> <code>Ctrl+U</code></td><td>history, downloads, the page's markup</td></tr>
    <tr><td><code>Ctrl+Shift+R</code></td><td>the page's text alone</td></tr>
    <tr><td><code>Alt+Left</code> <code>Alt+Right</code></td><td>back, forward</td></tr>
    <tr><td><code>Ctrl+R</code> or <code>F5</code></td><td>reload</td></tr>
    <tr><td><code>Space</code> <code>Page Up</code> <code>Home</code> <code>End</code></td><td>scroll</td></tr>
    </table>
    <h2>Pages to try the walls with</h2>
    <ul><li><a href="about:crash">about:crash</a> stops this tab's process; everything else goes on</li>
    <li><a href="about:hang">about:hang</a> makes it spin until the browser ends it</li>
    <li><a href="view-source:about:start">view-source:about:start</a> shows this page's text</li>
    <li><a href="jsos://settings">jsos://settings</a>, <a href="jsos://bookmarks">bookmarks</a>, <a href="file:///">files</a></li></ul>
    </div></body></html>
    """

    /// The page shown when a load fails. `reason` is a sentence for a person.
    static func failure(url: String, reason: String) -> String {
        """
        <!DOCTYPE html><html><head><title>Page not loaded</title><style>
        body { font-family: sans-serif; background: #fbf7f4; color: #2b2320; margin: 0 }
        div { margin: 60px auto; width: 560px; background: white; border: 1px solid #d9cdc5; padding: 24px 32px }
        h1 { font-size: 22px; margin-top: 0 } code { word-wrap: break-word }
        @media (max-width: 660px) { div { margin: 0; width: auto; border: 0; padding: 12px 16px } h1 { font-size: 17px } }
        </style></head><body><div><h1>This page could not be loaded</h1>
        <p><code>\(escaped(url))</code></p><p>\(escaped(reason))</p>
        <p><a href="\(escaped(url))">Try again</a></p></div></body></html>
        """
    }

    /// Stands in a frame for a page that does not want to be in one.
    static func refused(url: String, host: String) -> String {
        """
        <!DOCTYPE html><html><head><title>Page not shown</title><style>
        body { font: 14px sans-serif; background: #fbf7f4; color: #2b2320; margin: 12px 16px } b { font-size: 16px }
        </style></head><body><p><b>\(escaped(host)) is not shown here</b></p>
        <p>It does not allow other pages to show it inside themselves.</p>
        <p><a target="_blank" href="\(escaped(url))">Open it in a tab of its own</a></p></body></html>
        """
    }

    /// Stands in a frame's box, in the process of the page around it.
    static func frameNote(_ sentence: String, canRetry: Bool) -> String {
        """
        <!DOCTYPE html><html><head><style>
        body { font: 14px sans-serif; background: #fbf0ea; color: #2b2320; margin: 12px 16px } p { margin: 0 0 8px 0 } b { font-size: 16px }
        </style></head><body>\(canRetry ? "<p><b>This frame stopped working</b></p>" : "")<p>\(escaped(sentence))</p>\(canRetry ? "<p><a href=\"about:retry\">Reload the frame</a></p>" : "")</body></html>
        """
    }

    /// Asks before a form is sent again.
    static func resend(url: String) -> String {
        """
        <!DOCTYPE html><html><head><title>Send the form again?</title><style>
        body { font-family: sans-serif; background: #f4f6f8; color: #1f2933; margin: 0 }
        div { margin: 60px auto; width: 560px; background: white; border: 1px solid #cbd2d9; padding: 24px 32px }
        h1 { font-size: 22px; margin-top: 0 } code { word-wrap: break-word }
        </style></head><body><div><h1>Send the form again?</h1>
        <p>The page at <code>\(escaped(url))</code> answered a form. Loading it again sends the form again, which may repeat
        an order or another action.</p><p><a href="about:resend">Send again</a></p></div></body></html>
        """
    }

    /// In the place of a form's answer when the form is not there any more.
    static func formIsGone(url: String) -> String {
        """
        <!DOCTYPE html><html><head><title>Answer of a form</title><style>
        body { font-family: sans-serif; background: #f4f6f8; color: #1f2933; margin: 0 }
        div { margin: 60px auto; width: 560px; background: white; border: 1px solid #cbd2d9; padding: 24px 32px }
        h1 { font-size: 22px; margin-top: 0 } code { word-wrap: break-word }
        </style></head><body><div><h1>This page answered a form</h1>
        <p>What was sent to <code>\(escaped(url))</code> is not kept. Go back to fill the form in again, or
        <a href="\(escaped(url))">open the address</a> without it.</p></div></body></html>
        """
    }

    /// Text shown as it is.
    static func plainTextHead(title: String) -> String {
        "<!DOCTYPE html><html><head><title>\(escaped(title))</title></head><body><pre style=\"white-space: pre-wrap\">"
    }

    /// Markup shown as coloured text (`SourceHighlighter`).
    static func sourceHead(title: String) -> String {
        "<!DOCTYPE html><html><head><title>\(escaped(title))</title>\(SourceHighlighter.style)</head><body><pre>"
    }

    /// A document that holds one picture.
    static func picture(url: String) -> String {
        "<!DOCTYPE html><html><head><title>\(escaped(url))</title></head><body style=\"background: #333; margin: 0; text-align: center\"><img src=\"\(escaped(url))\"></body></html>"
    }

    static func escaped(_ s: String) -> String { String(decoding: escaped(Array(s.utf8)), as: UTF8.self) }

    /// Escapes markup in bytes, so that view-source can stream.
    static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 8)
        for b in bytes {
            switch b {
            case 38: out += [38, 97, 109, 112, 59]            // &amp;
            case 60: out += [38, 108, 116, 59]                // &lt;
            case 62: out += [38, 103, 116, 59]                // &gt;
            case 34: out += [38, 113, 117, 111, 116, 59]      // &quot;
            default: out.append(b)
            }
        }
        return out
    }
}
