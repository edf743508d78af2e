// The user-agent style sheet, written from HTML §15 (Rendering), as CSS text that is parsed once per process.
// Presentational attributes with a fixed meaning are here too; those that carry values are in PresentationalHints.swift.
import Graphics

enum UserAgentSheet {
    /// Parsed on first use; a warm process keeps it.
    nonisolated(unsafe) static let sheet = StyleSheet.parse(bytes(text), baseURL: "", isUserAgent: true)
    /// Added in quirks mode (HTML §15.3.10 and the Quirks Mode Standard).
    nonisolated(unsafe) static let quirksSheet = StyleSheet.parse(bytes(quirksText), baseURL: "", isUserAgent: true)

    private static func bytes(_ text: StaticString) -> [UInt8] { text.withUTF8Buffer { Array($0) } }

    private static let text: StaticString = """
    /* 15.3.1 Hidden elements */
    area, base, basefont, datalist, head, link, meta, noembed, noframes, param, rp, script, style, template, title, source, track { display: none }
    [hidden]:not(embed) { display: none }
    input[type=hidden] { display: none !important }

    /* 15.3.2 The page, 15.3.3 flow content */
    html, body, address, blockquote, center, dialog, div, figure, figcaption, footer, form, header, hr, legend, listing, main, p, plaintext, pre, search, xmp,
    article, aside, h1, h2, h3, h4, h5, h6, hgroup, nav, section, details, summary, fieldset, optgroup, option, frameset, frame,
    dir, dd, dl, dt, menu, ol, ul { display: block }
    slot { display: contents }
    li { display: list-item }
    body { margin: 8px }
    address { font-style: italic }
    blockquote { margin: 1em 40px }
    figure { margin: calc(1em) 40px }
    p, dl, dir, menu, ol, ul { margin-top: 1em; margin-bottom: 1em }
    listing, plaintext, pre, xmp { font-family: monospace; white-space: pre; margin-top: 1em; margin-bottom: 1em }
    pre[wrap] { white-space: pre-wrap }
    center, div[align=center], div[align=middle] { text-align: -webkit-center }
    div[align=left] { text-align: -webkit-left }
    div[align=right] { text-align: -webkit-right }
    p[align=left], h1[align=left], h2[align=left], h3[align=left], h4[align=left], h5[align=left], h6[align=left] { text-align: left }
    p[align=right], h1[align=right], h2[align=right], h3[align=right], h4[align=right], h5[align=right], h6[align=right] { text-align: right }
    p[align=center], h1[align=center], h2[align=center], h3[align=center], h4[align=center], h5[align=center], h6[align=center] { text-align: center }
    div[align=justify], p[align=justify], h1[align=justify], h2[align=justify], h3[align=justify] { text-align: justify }
    dialog:not([open]) { display: none }
    dialog { position: absolute; left: 0; right: 0; width: fit-content; height: fit-content; margin: auto; border: solid; padding: 1em; background-color: white; color: black }

    /* 15.3.4 Phrasing content */
    cite, dfn, em, i, var { font-style: italic }
    b, strong { font-weight: bolder }
    code, kbd, samp, tt { font-family: monospace }
    big { font-size: larger }
    small { font-size: smaller }
    sub { vertical-align: sub; font-size: smaller }
    sup { vertical-align: super; font-size: smaller }
    ruby { display: inline }
    rt { font-size: 50%; text-align: center; line-height: normal; text-indent: 0; white-space: nowrap }
    :link { color: #0000ee }
    :visited { color: #551a8b }
    :link:active, :visited:active { color: #ff0000 }
    :any-link { text-decoration: underline; cursor: pointer }
    :focus-visible { outline: 2px solid #1a73e8 }
    mark { background: yellow; color: black }
    abbr[title], acronym[title] { text-decoration: dotted underline }
    ins, u { text-decoration: underline }
    del, s, strike { text-decoration: line-through }
    blink { text-decoration: none }
    q::before { content: open-quote }
    q::after { content: close-quote }
    nobr { white-space: nowrap }
    wbr { display: inline }
    br[clear=left] { clear: left }
    br[clear=right] { clear: right }
    br[clear=all], br[clear=both] { clear: both }
    [dir=ltr] { direction: ltr }
    [dir=rtl] { direction: rtl }

    /* 15.3.7 Sections and headings */
    h1 { margin-top: 0.67em; margin-bottom: 0.67em; font-size: 2em; font-weight: bold }
    h2 { margin-top: 0.83em; margin-bottom: 0.83em; font-size: 1.5em; font-weight: bold }
    h3 { margin-top: 1em; margin-bottom: 1em; font-size: 1.17em; font-weight: bold }
    h4 { margin-top: 1.33em; margin-bottom: 1.33em; font-size: 1em; font-weight: bold }
    h5 { margin-top: 1.67em; margin-bottom: 1.67em; font-size: 0.83em; font-weight: bold }
    h6 { margin-top: 2.33em; margin-bottom: 2.33em; font-size: 0.67em; font-weight: bold }

    /* 15.3.8 Lists */
    dir, menu, ol, ul { padding-left: 40px }
    dd { margin-left: 40px }
    ol, ul, menu, dir { counter-reset: list-item }
    ol { list-style-type: decimal }
    dir, menu, ul { list-style-type: disc }
    :is(dir, menu, ol, ul) ul, :is(dir, menu, ol, ul) menu, :is(dir, menu, ol, ul) dir { list-style-type: circle }
    :is(dir, menu, ol, ul) :is(dir, menu, ol, ul) ul, :is(dir, menu, ol, ul) :is(dir, menu, ol, ul) menu { list-style-type: square }
    :is(dir, dl, menu, ol, ul) :is(dir, dl, menu, ol, ul) { margin-top: 0; margin-bottom: 0 }
    ol[type="1"], li[type="1"] { list-style-type: decimal }
    ol[type=a s], li[type=a s] { list-style-type: lower-alpha }
    ol[type=A s], li[type=A s] { list-style-type: upper-alpha }
    ol[type=i s], li[type=i s] { list-style-type: lower-roman }
    ol[type=I s], li[type=I s] { list-style-type: upper-roman }
    ul[type=none], li[type=none] { list-style-type: none }
    ul[type=disc], li[type=disc] { list-style-type: disc }
    ul[type=circle], li[type=circle] { list-style-type: circle }
    ul[type=square], li[type=square] { list-style-type: square }

    /* 15.3.9 Tables */
    table { display: table; box-sizing: border-box; border-spacing: 2px; border-collapse: separate; text-indent: initial }
    caption { display: table-caption; text-align: center }
    colgroup { display: table-column-group }
    col { display: table-column }
    thead { display: table-header-group; vertical-align: middle }
    tbody { display: table-row-group; vertical-align: middle }
    tfoot { display: table-footer-group; vertical-align: middle }
    tr { display: table-row; vertical-align: inherit }
    td, th { display: table-cell; padding: 1px; vertical-align: inherit }
    th { font-weight: bold; text-align: center }
    table > tr { vertical-align: middle }
    thead, tbody, tfoot, tr { border-color: inherit }
    table[align=left] { float: left }
    table[align=right] { float: right }
    table[align=center] { margin-left: auto; margin-right: auto }
    caption[align=bottom] { caption-side: bottom }
    :is(thead, tbody, tfoot, tr, td, th)[align=left] { text-align: -webkit-left }
    :is(thead, tbody, tfoot, tr, td, th)[align=right] { text-align: -webkit-right }
    :is(thead, tbody, tfoot, tr, td, th):is([align=center], [align=middle]) { text-align: -webkit-center }
    :is(thead, tbody, tfoot, tr, td, th)[align=justify] { text-align: justify }
    :is(thead, tbody, tfoot, tr, td, th, col)[valign=top] { vertical-align: top }
    :is(thead, tbody, tfoot, tr, td, th, col)[valign=middle] { vertical-align: middle }
    :is(thead, tbody, tfoot, tr, td, th, col)[valign=bottom] { vertical-align: bottom }
    :is(thead, tbody, tfoot, tr, td, th, col)[valign=baseline] { vertical-align: baseline }
    td[nowrap], th[nowrap] { white-space: nowrap }
    table[rules=none], table[rules=groups], table[rules=rows], table[rules=cols], table[rules=all], table[frame] { border-style: hidden; border-collapse: collapse }
    table[rules=all] > :is(thead, tbody, tfoot) > tr > :is(td, th) { border: 1px solid }
    table[rules=rows] > :is(thead, tbody, tfoot) > tr { border-top: 1px solid; border-bottom: 1px solid }
    table[frame=box], table[frame=border] { border-style: outset; border-width: 1px }

    /* 15.3.11 hr, 15.3.12 fieldset */
    hr { color: gray; border-style: inset; border-width: 1px; margin: calc(0.5em) auto; overflow: hidden }
    hr[align=left] { margin-left: 0; margin-right: auto }
    hr[align=right] { margin-left: auto; margin-right: 0 }
    hr[noshade] { border-style: solid }
    fieldset { margin-left: 2px; margin-right: 2px; border: 2px groove; padding: 0.35em 0.75em 0.625em; min-width: min-content }
    legend { padding-left: 2px; padding-right: 2px }

    /* 15.4 Replaced elements */
    img[align=left], iframe[align=left], object[align=left] { float: left }
    img[align=right], iframe[align=right], object[align=right] { float: right }
    img[align=top], img[align=texttop] { vertical-align: top }
    img[align=middle], img[align=absmiddle], img[align=center] { vertical-align: middle }
    iframe { border: 2px inset }
    video { object-fit: contain }
    svg:not(:root) { overflow: hidden }
    img, video, canvas, iframe, object, embed, svg { display: inline }
    object > param, audio:not([controls]), video > source { display: none }

    /* 15.5 Form controls: simple looks */
    meter, progress { display: inline-block; box-sizing: border-box }
    input, select, button, textarea { display: inline-block; letter-spacing: initial; word-spacing: initial; line-height: initial; text-transform: initial;
      text-indent: initial; font: 13.3333px sans-serif; color: black; text-align: start; margin: 0; box-sizing: border-box }
    input, textarea { box-sizing: content-box; padding: 1px 2px; border: 2px inset #767676; background-color: white; cursor: text }
    textarea { font-family: monospace; white-space: pre-wrap; overflow-wrap: break-word; padding: 2px; border: 1px solid #767676; overflow: auto }
    select { border: 1px solid #767676; background-color: white; border-radius: 3px; padding: 1px 4px; white-space: pre; cursor: default }
    button, input[type=submit], input[type=reset], input[type=button] { box-sizing: border-box; padding: 1px 6px; border: 2px outset #767676; background-color: #efefef;
      text-align: center; white-space: pre; cursor: default }
    input[type=checkbox], input[type=radio] { box-sizing: border-box; margin: 3px 3px 3px 4px; padding: 0; border: 1px solid #767676; width: 13px; height: 13px; cursor: default }
    input[type=radio] { border-radius: 50%; margin: 3px 3px 0 5px }
    input[type=checkbox]:checked, input[type=radio]:checked { background-color: #1a73e8 }
    input[type=image] { border: none; padding: 0; background-color: transparent; cursor: pointer }
    input[type=range] { width: 129px; height: 16px; margin: 2px }
    input[type=color] { width: 50px; height: 27px; box-sizing: border-box }
    input[type=date] { width: 9.4em; height: 1.6em; box-sizing: border-box }
    select[multiple], select[size]:not([size="1"]) { padding: 0; white-space: normal; text-align: left }
    input[type=range], input[type=file] { border: none; padding: 0; background-color: transparent; cursor: default }
    input:disabled, select:disabled, textarea:disabled { color: #545454; border-color: rgba(118,118,118,0.3); background-color: rgba(239,239,239,0.3); cursor: default }
    button:disabled, input:is([type=submit], [type=reset], [type=button]):disabled { color: rgba(16,16,16,0.3); border-color: rgba(118,118,118,0.3); background-color: rgba(239,239,239,0.3); cursor: default }
    button:active, input[type=submit]:active, input[type=button]:active, input[type=reset]:active { border-style: inset }
    optgroup { font-weight: bold }
    option { display: block; white-space: nowrap; padding: 0 2px 1px; min-height: 1.2em }
    summary { display: list-item; list-style: disclosure-closed inside }
    details[open] > summary:first-of-type { list-style-type: disclosure-open }
    meter { width: 5em }
    progress { width: 10em }
    progress, meter { height: 1em; vertical-align: -0.2em; border: 1px solid #767676; background-color: #efefef }
    marquee { display: inline-block; overflow: hidden }
    noscript { display: inline }
    """

    private static let quirksText: StaticString = """
    form { margin-bottom: calc(1em) }
    table { font-weight: initial; font-style: initial; font-variant: initial; font-size: initial; line-height: initial; white-space: initial; text-align: initial }
    input:not([type=image]), textarea { box-sizing: border-box }
    img[align=left] { margin-right: 3px }
    img[align=right] { margin-left: 3px }
    """
}
