"""One segment of a URL's path, from a name that may be hostile."""

from __future__ import annotations

from urllib.parse import quote

from azureml_publish.errors import UsageProblem


def segment(name: str) -> str:
    """A name as one segment: nothing in it ends the path, and it leads to no other one.

    Raises:
        UsageProblem: quoting does not prevent that, because servers and proxies undo it.
    """
    if name in ("", ".", "..") or any(char in "/\\" or not char.isprintable() for char in name):
        hint = "Use letters, digits, '-', '_' and '.'."
        raise UsageProblem(f"{name!r} cannot be a name in a registry; no request was sent.", hint=hint)
    return quote(name, safe="")
