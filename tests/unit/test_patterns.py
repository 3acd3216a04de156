"""Signs: what is found of them at once is what would be found one by one."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.patterns import Signs

MARKS = ("ab", "abc", "b a", "b", "[", "[[", "[b", "{{", "a{", ": a")


@settings(max_examples=200, derandomize=True)
@given(st.text("abc[{: \n"))
def test_every_sign_is_found_that_begins_a_word(text: str) -> None:
    alone = {
        sign for sign in MARKS if re.search((r"(?<![a-z0-9])" if sign[0].isalpha() else "") + re.escape(sign), text)
    }
    assert Signs(MARKS).within(text) == alone
