"""The settings of MLflow in a spec: what could not be read by the machine that loads the model is refused."""

from __future__ import annotations

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from pydantic import ValidationError

from azureml_publish.spec import Mlflow


@pytest.mark.parametrize(
    "text",
    [
        "einops", "einops==0.8.1", "flash-attn>=2.5,<3", "a[b,c] ~= 1.0", "x @ https://contoso.com/x.whl", "x===1.0",
        "torch==2.*; python_version < '3.12'", "a b c", "a ==", "a = 1", "a >", "-r other.txt", "a,b", "a[b", "a; ",
        "a==1 b==2", "--index-url=x", "", "a!1",
    ],
)  # fmt: skip
def test_a_requirement_is_what_pip_takes(text: str) -> None:
    try:
        Requirement(text)
    except InvalidRequirement:
        with pytest.raises(ValidationError):
            Mlflow(requirements=(text,))
    else:
        assert Mlflow(requirements=(text,)).requirements == (text,)
