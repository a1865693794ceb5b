"""ES modules into one script: a page that is opened from a file can't import any, and a hash wants one text."""

from __future__ import annotations

import re
from collections.abc import Callable

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def joined(entry: str, read: Callable[[str], str]) -> str:
    """One script that does what the module `entry` and all that it imports do.

    Every module becomes a function that is called once and returns its exports, imported ones first. Only two forms are
    understood, and anything else is an error: `import { a, b } from "./name.js";` and `export` before a function, a
    class or a const.

    Args:
        entry: name of the first module, without `.js`.
        read: the text of a module by its name.

    Raises ValueError for another form of import or export, and for modules that import each other.
    """
    done: dict[str, str] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"modules import each other: {' -> '.join((*above, name))}")
        if name in done:
            return
        text = read(name)
        for _, wanted in _IMPORT.findall(text):
            add(wanted, (*above, name))
        done[name] = _wrapped(name, text)

    add(entry, ())
    return '"use strict";\n' + "".join(done.values())


def _wrapped(name: str, text: str) -> str:
    exports = ", ".join(exported for _, exported in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(r"const {\1} = $\2;\n", text))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}.js: can't join {other[0]!r}")
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n"
