"""A container whose signature is renewed by a registry with several storage accounts."""

from __future__ import annotations

from itertools import cycle

import pytest

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.upload.lease import Lease
from azureml_publish.errors import PublishError

BEFORE = ContainerAccess(
    "https://store1.blob.core.windows.net/c", "https://store1.blob.core.windows.net/c?se=2000-01-01&sig=0"
)


def access(account: int, number: int) -> ContainerAccess:
    host = f"https://store{account}.blob.core.windows.net"
    return ContainerAccess(f"{host}:443/c", f"{host}/c?se=2999-01-01&sig={number}")


def test_a_renewal_from_another_account_is_repeated() -> None:
    answers = iter([access(2, 1), access(1, 2), access(2, 3)])
    lease = Lease(BEFORE, lambda: next(answers))
    assert lease.client().url == "https://store1.blob.core.windows.net/c?se=2999-01-01&sig=2"
    lease.close()


def test_a_registry_that_stays_with_another_account_is_reported() -> None:
    answers = cycle([access(2, 1), access(3, 1)])
    lease = Lease(BEFORE, lambda: next(answers))
    with pytest.raises(PublishError, match=r"gives access to .* now, and gave it to .* before"):
        lease.client()
