"""The embedded registry and its Hub are reached directly, whatever the environment says, and nothing is left in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run, edit

NOBODY = "http://127.0.0.1:9"
"""The port `discard`: no proxy answers there."""

READ_WHEN_USED = {
    "HTTP_PROXY": NOBODY,
    "HTTPS_PROXY": NOBODY,
    "ALL_PROXY": NOBODY,
    "http_proxy": NOBODY,
    "https_proxy": NOBODY,
    "all_proxy": "socks5://127.0.0.1:9",
    "NO_PROXY": "example.com",
    "REQUESTS_CA_BUNDLE": "/nowhere.pem",
    "CURL_CA_BUNDLE": "/nowhere.pem",
    "SSL_CERT_DIR": "/nowhere",
    "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:9/metadata",
    "AZUREML_CURRENT_CLOUD": "Elsewhere",
    "REGISTRY_DISCOVERY_ENDPOINT_URL": "https://127.0.0.1:9",
}

READ_WHEN_IMPORTED = {
    "HF_HUB_OFFLINE": "1",
    "HF_ENDPOINT": "https://hf-mirror.invalid",
    "SSL_CERT_FILE": "/nowhere.pem",
}

VERBS = ("lint -q", "render -q", "plan -q", "apply -q --yes --progress none", "verify -q", "list -q")

DRIVER = """
import sys
from azureml_publish.cli import main
for words in sys.argv[1:]:
    try:
        main(words.split())
    except SystemExit as ended:
        print(f"{words.split()[0]}: {ended.code}", file=sys.stderr)
"""


@pytest.fixture
def one_model(project: Path) -> Path:
    for folder in ("bert-large-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / folder)
    return project


def demo(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The verbs of `make demo`, one after the other, in one process that has just begun."""
    environ = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"} | variables
    return subprocess.run(
        [sys.executable, "-c", DRIVER, *VERBS],
        cwd=project,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def every_verb_ends_with_0(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.stderr.splitlines() == [f"{words.split()[0]}: 0" for words in VERBS], ran.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", READ_WHEN_IMPORTED)
def test_what_libraries_read_when_they_are_imported(one_model: Path, name: str) -> None:
    every_verb_ends_with_0(demo(one_model, **{name: READ_WHEN_IMPORTED[name]}))


@pytest.mark.long
def test_everything_at_once(one_model: Path) -> None:
    every_verb_ends_with_0(demo(one_model, **READ_WHEN_IMPORTED, **READ_WHEN_USED))


@pytest.mark.long
@pytest.mark.parametrize("name", READ_WHEN_USED)
def test_what_is_read_when_it_is_used(
    publish: Run, one_model: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, READ_WHEN_USED[name])
    before = dict(os.environ)
    for words in ("apply -q --yes --progress none", "list -q"):  # all clients that there are, and few seconds
        ran = publish(*words.split())
        assert (ran.code, ran.err) == (0, "")
    assert dict(os.environ) == before


def test_versions_go_from_one_embedded_registry_to_another(
    publish: Run, one_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in READ_WHEN_USED.items():
        monkeypatch.setenv(name, value)
    edit(one_model / "publish.yaml", "registries:", "registries:\n  other: {emulator: .publish/other}")
    before = dict(os.environ)
    assert publish("apply", "-q", "--yes").code == 0
    ran = publish("promote", "bert-base-cased", "--from", "local", "--to", "other", "--yes")
    assert (ran.code, ran.err.count("Traceback")) == (0, 0), ran.err
    assert publish("verify", "-q", "-r", "other").code == 0
    assert dict(os.environ) == before
