// Modules that may not become programs are refused with a reason; malformed ones never trap the builder.

import Foundation
import ProgramBuilder
import Testing
