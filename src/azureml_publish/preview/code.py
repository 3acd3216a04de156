"""Code as HTML, with classes for its colours."""

from __future__ import annotations

import html

MOST_CODE = 4_000
"""Characters of one block of code beyond which it has no colours. Lexers of Pygments take the square of the length of
what is written against them: 40,000 characters of Java take ten seconds, in which no other page is made."""

_LANGUAGES = {
    **{name: name for name in ("python", "json", "yaml", "bash", "console", "r", "java", "go", "rust", "sql", "toml")},
    "py": "python",
    "sh": "bash",
    "shell": "bash",
    "yml": "yaml",
    "js": "javascript",
    "javascript": "javascript",
    "c#": "csharp",
    "csharp": "csharp",
    "xml": "xml",
    "html": "html",
    "powershell": "powershell",
}
"""What a fence may name, and what highlights it."""


def code_block(text: str, info: str, origin: str) -> str:
    """A block of code; its language is shown, and colours where it is a known one."""
    name = info.strip().split(" ", 1)[0].lower()
    shown = html.escape(text)
    if name in _LANGUAGES and len(text) <= MOST_CODE:
        shown = highlight(text, _LANGUAGES[name])
    label = f' data-language="{html.escape(name)}"' if name.isalnum() and len(name) < 20 else ""
    where = f' data-from="{html.escape(origin)}"' if origin else ""
    return f'<pre class="code" tabindex="0"{label}{where}><code>{shown}</code></pre>'


def highlight(text: str, language: str) -> str:
    """Code as HTML with classes for its colours."""
    import pygments
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(language, stripnl=False)
    coloured: str = pygments.highlight(text, lexer, HtmlFormatter(nowrap=True, classprefix="c-"))
    return coloured
