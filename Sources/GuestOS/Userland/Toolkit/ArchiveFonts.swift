// The fonts of the boot archive as a FontLibrary. The files stay mapped read-only for the program's life.

import Graphics
import Runtime

extension FontLibrary {
    /// Opens the DejaVu files of the boot archive. Files that are missing or damaged are left out; the library is empty
    /// when none could be opened.
    public static func loadFromArchive() -> FontLibrary {
        let library = FontLibrary()
        add(library, "fonts/DejaVuSans.ttf", "dejavu sans", bold: false)
        add(library, "fonts/DejaVuSans-Bold.ttf", "dejavu sans", bold: true)
        add(library, "fonts/DejaVuSerif.ttf", "dejavu serif", bold: false)
        add(library, "fonts/DejaVuSerif-Bold.ttf", "dejavu serif", bold: true)
        add(library, "fonts/DejaVuSansMono.ttf", "dejavu sans mono", bold: false)
        add(library, "fonts/DejaVuSansMono-Bold.ttf", "dejavu sans mono", bold: true)
        return library
    }
    private static func add(_ library: FontLibrary, _ file: String, _ family: String, bold: Bool) {
        guard let memory = try? SharedMemory.archive(file) else {
            System.log("fonts: " + file + " is not in the archive")
            return
        }
        guard let face = FontFace(data: UnsafeRawBufferPointer(start: UnsafeRawPointer(memory.base), count: memory.byteCount)) else {
            System.log("fonts: " + file + " is damaged")
            return
        }
        library.add(face, family: family, bold: bold, italic: false)
    }
}
