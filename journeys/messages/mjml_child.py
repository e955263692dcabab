"""The process that compiles MJML: reads a JSON list of sources, writes a JSON list of HTML.

Run as a file of its own, with nothing of the house around it: the compiler is native code, and what
kills it (deep nesting does) must not kill a sender or a web process.
"""

from __future__ import annotations

import json
import resource
import sys

from mjml import mjml2html

CPU_SECONDS = 2
MEMORY = 256 * 1024 * 1024


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sources = json.load(sys.stdin)
    try:
        # fonts: none, or every letter would fetch one from a third party.
        json.dump([mjml2html(source, fonts={}) for source in sources], sys.stdout)
    except ValueError as error:
        sys.stderr.write(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
