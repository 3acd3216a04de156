"""Regular expressions that are compiled when they are first used.

The linter alone has more than two hundred, of which a run uses one in seven. To compile them all takes 20 ms of each
start of `lint` and `plan`.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    """A pattern without its compiled form; once it is used its methods are the compiled one's, and as quick."""

    def __init__(self, text: str, flags: int) -> None:
        self._given = (text, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        self.__dict__.update({each: getattr(compiled, each) for each in dir(compiled) if not each.startswith("_")})
        return self.__dict__[name]


def pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """What `re.compile` returns, for its methods and attributes; `re.sub` and its like do not take it."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
