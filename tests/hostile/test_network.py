"""Addresses that are not contacted, hosts that get no token, and names that lead a request elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_publish.errors import UnexpectedAnswer, UsageProblem
from azureml_publish.layouts.wire import decode
from azureml_publish.lint.online.addresses import Guard, PrivateHostError
from azureml_publish.registry.cloud import CLOUDS, find_cloud
from azureml_publish.registry.http import pipeline, require_token_host, segment, send
from tests.conftest import Run, StaticCredential, edit

PRIVATE = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "fec0::1", "fe80::1",
    "fc00::1", "fd00:ec2::254", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "ff02::1",
    "192.0.0.192", "::ffff:0:7f00:1", "3fff::1", "64:ff9b::a83f:8110", "::ffff:168.63.129.16",
)  # fmt: skip
SPELLINGS = (
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0", "0x0", "10.1",
    "0xa9fea9fe", "2852039166", "0250.077.0201.020", "127.0.0.1.", "localhost.", "LOCALHOST", "a.localhost",
    "x.internal", "metadata.google.internal.", "printer.local", "router",
    "router.lan", "printer.home.arpa", "kubernetes.default.svc", "build.corp", "[::1]", "[::ffff:127.0.0.1]",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "fe80::1%eth0",
)  # fmt: skip
PUBLIC = ("8.8.8.8", "20.190.160.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::")


def _guard(address: str) -> Guard:
    def resolve(_host: str, port: int, **_options: Any) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(0, 0, 0, "", (address, port))]

    return Guard(resolve=resolve)


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_contacted(address: str) -> None:
    with pytest.raises(PrivateHostError):
        _guard(address).address_of("cards.example", 443)
    with pytest.raises(PrivateHostError):
        Guard().check_name(address)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_one_goes_to_a_proxy(host: str) -> None:
    with pytest.raises(PrivateHostError):
        Guard().check_name(host)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_contacted(address: str) -> None:
    assert _guard(address).address_of("cards.example", 443) == address
    Guard().check_name(address)


def test_public_names_go_to_a_proxy() -> None:
    for host in ("huggingface.co", "example.com.", "1password.com", "0x.org"):
        Guard().check_name(host)


TAKEN = (
    "https://management.azure.com/x",
    "https://eastus.api.azureml.ms",
    "https://cert-eastus2.experiments.azureml.net/a",
)
STRANGERS = (
    "https://evil.example", "http://management.azure.com", "https://management.azure.com.evil.example",
    "https://azureml.ms.evil.example", "https://evilazureml.ms", "https://management.azure.com@evil.example/",
    "https://evil.example\\@eastus.api.azureml.ms/", "https://127.0.0.1:1/", "https://169.254.169.254/",
    "https:///x", "", "https://eastus.api.ml.azure.cn", "ftp://eastus.api.azureml.ms", "//eastus.api.azureml.ms",
)  # fmt: skip


@pytest.mark.parametrize("url", TAKEN)
def test_hosts_of_the_cloud_get_the_token(url: str) -> None:
    require_token_host(find_cloud({}), url)


@pytest.mark.parametrize("url", STRANGERS)
def test_no_other_host_gets_the_token(url: str) -> None:
    class Counting(StaticCredential):
        asked = 0

        def get_token(self, *scopes: str, **options: Any) -> Any:
            self.asked += 1
            return super().get_token(*scopes, **options)

    credential = Counting()
    with pytest.raises(UnexpectedAnswer, match="no token was sent"):
        send(pipeline(credential, CLOUDS["AzureCloud"], "test", retries=0), "GET", url)
    assert credential.asked == 0


def test_a_private_cloud_names_its_hosts() -> None:
    cloud = find_cloud({"PUBLISH_TOKEN_HOSTS": "registry.contoso.example, .ml.contoso.example"})
    for url in ("https://registry.contoso.example/a", "https://eastus.ml.contoso.example"):
        require_token_host(cloud, url)
    for url in ("https://x.registry.contoso.example", "https://ml.contoso.example", "https://xml.contoso.example"):
        with pytest.raises(UnexpectedAnswer):
            require_token_host(cloud, url)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../../b", "a/b", "a\\b", "..\\x", "a\nb", "a\x00", "a\r\nHost: x", "\u202e"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(UsageProblem, match="no request was sent"):
        segment(name)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("bert-base", "bert-base"), ("a?b=c#d", "a%3Fb%3Dc%23d"), ("a%2f..", "a%252f.."), ("é;", "%C3%A9%3B")],
)
def test_a_name_is_one_segment(name: str, quoted: str) -> None:
    assert segment(name) == quoted


@pytest.mark.parametrize("verb", ["plan", "apply"])
@pytest.mark.usefixtures("shared_registry")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("name: bert-base-cased", "name: ../../../x"), "SPEC002"),
        (("name: bert-base-cased", "name: a?b=c#"), "SPEC002"),
        (("version: 18", "version: 0"), "SPEC003"),
        (("revision: ", "revision: main #"), "SPEC006"),
    ],
)
def test_nobody_accepts_another_identity(
    publish: Run, project: Path, verb: str, change: tuple[str, str], code: str
) -> None:
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    edit(spec, *change)
    spec.write_text(spec.read_text() + f"silence: [{{rule: {code}, reason: please}}]\n")
    edit(project / "publish.yaml", "layout:", f"lint: {{silence: [{{rule: {code}, reason: please}}]}}\nlayout:")
    ran = publish(verb, "bert-base-cased", *(["--yes"] if verb == "apply" else []))
    assert ran.code == 4
    assert code in ran.out + ran.err


@pytest.mark.parametrize("depth", [100, 900, 5_000, 200_000])
def test_a_nested_literal_is_text_or_data(depth: int) -> None:
    for opening, closing in ("[]", ("{'a':", "}"), ("[{'a':", "}]")):
        text = opening * depth + "1" + closing * depth
        found = decode(text)
        assert isinstance(found, list | dict) or found == text
