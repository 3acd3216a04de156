"""Why a host cannot be reached, in words, and the proxy that stands before it."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from azure.core.exceptions import ServiceRequestError

from azureml_publish.network import Network, unreachable_because

NOWHERE = "http://127.0.0.1:9"
"""The port of `discard`, on which nothing listens."""


def refused() -> ConnectionRefusedError:
    return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(), "connection refused"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name or service not known"),
        (TimeoutError("timed out"), "timed out"),
        (RuntimeError("broken"), "RuntimeError"),
    ],
)
def test_the_operating_system_says_why(error: Exception, words: str) -> None:
    assert unreachable_because(error) == words


def test_a_library_wraps_what_the_operating_system_says() -> None:
    outer = RuntimeError("outer")
    outer.__cause__ = ServiceRequestError("middle", error=refused())
    assert unreachable_because(outer) == "connection refused"


def test_errors_that_name_each_other_end() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__cause__ = other, one
    assert unreachable_because(one) == "RuntimeError"


def test_requests_says_it_as_well() -> None:
    import requests

    with pytest.raises(requests.RequestException) as raised:
        Network(direct=True).session(NOWHERE).get(NOWHERE)
    assert unreachable_because(raised.value) == "connection refused"


def test_the_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    words = unreachable_because(refused(), "https://huggingface.co/api")
    assert words == "connection refused, through the proxy http://127.0.0.1:9"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://direct.example"])
def test_a_host_that_no_proxy_stands_before(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "direct.example")
    assert unreachable_because(refused(), url) == "connection refused"
