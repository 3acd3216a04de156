"""Links asked about over real connections to loopback: politely, with redirects, refusals and silence."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from azureml_publish.lint.online.addresses import Guard, PrivateHostError
from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.lint.online.link_cache import LinkCache
from azureml_publish.lint.online.link_client import LinkClient
from azureml_publish.lint.online.links import LONGEST_WAIT, PER_HOST, FollowedLinks, Hosts, follow_links
from tests.unit.lint.online.pages import Page, Site, serve

FINE, BROKEN, UNREACHABLE, PRIVATE = LinkState.FINE, LinkState.BROKEN, LinkState.UNREACHABLE, LinkState.PRIVATE


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as served:
        yield served


def asked(
    *urls: str, guard: Guard | None = None, cache: LinkCache | None = None, timeout: float = 5, slept: Any = None
) -> FollowedLinks:
    waits: list[float] = [] if slept is None else slept
    hosts = Hosts(sleep=waits.append)
    client = LinkClient(guard or Guard(everything=True), "azureml-publish/test", hosts.turn, timeout=timeout)
    with closing(client):
        return follow_links(urls, client, hosts, cache or LinkCache(None))


def answer(url: str, **options: Any) -> LinkAnswer:
    return asked(url, **options).answers[url]


def test_a_page_that_is_there_costs_one_head(site: Site) -> None:
    site.pages["/a"] = Page()
    assert answer(f"{site.url}/a") == LinkAnswer(FINE, "answers 200")
    assert site.asked == [("HEAD", "/a")]
    (headers,) = site.headers
    assert headers["user-agent"] == "azureml-publish/test"
    assert headers["host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
def test_what_head_refuses_get_may_allow(site: Site, status: int) -> None:
    site.pages["/a"] = Page(head=status, body=b"x" * 100_000)
    assert answer(f"{site.url}/a").state is FINE
    assert site.asked == [("HEAD", "/a"), ("GET", "/a")]


def test_a_connection_that_head_breaks_is_tried_with_get(site: Site) -> None:
    site.pages["/a"] = Page(reset=("HEAD",))
    site.pages["/b"] = Page(reset=("HEAD", "GET"))
    site.pages["/c"] = Page()
    told = asked(f"{site.url}/a", f"{site.url}/b", f"{site.url}/c").answers
    assert told[f"{site.url}/a"].state is FINE
    assert told[f"{site.url}/b"] == LinkAnswer(UNREACHABLE, "does not answer: the connection fails", heard=False)


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        (404, BROKEN, "answers 404"),
        (410, BROKEN, "answers 410"),
        (500, UNREACHABLE, "answers 500"),
        (503, UNREACHABLE, "answers 503"),
        (401, UNREACHABLE, "answers 401 to programs"),
        (403, UNREACHABLE, "answers 403 to programs"),
        (304, FINE, "answers 304"),
    ],
)
def test_what_an_answer_says(site: Site, status: int, state: LinkState, outcome: str) -> None:
    site.pages["/a"] = Page(status)
    assert answer(f"{site.url}/a") == LinkAnswer(state, outcome)


@pytest.mark.parametrize("status", [301, 308])
def test_a_lasting_redirect_is_a_move(site: Site, status: int) -> None:
    site.pages |= {"/a": Page(status, headers={"Location": "/b"}), "/b": Page()}
    assert answer(f"{site.url}/a").moved == f"{site.url}/b"


def test_a_passing_redirect_is_none_and_ends_a_move(site: Site) -> None:
    site.pages |= {
        "/passing": Page(302, headers={"Location": "/b"}),
        "/a": Page(301, headers={"Location": "/b"}),
        "/b": Page(307, headers={"Location": "/c"}),
        "/c": Page(301, headers={"Location": "/d"}),
        "/d": Page(),
    }
    assert answer(f"{site.url}/passing") == LinkAnswer(FINE, "leads to 127.0.0.1, which answers 200")
    assert answer(f"{site.url}/a").moved == f"{site.url}/b"


def test_a_move_to_nowhere_is_broken(site: Site) -> None:
    site.pages["/a"] = Page(301, headers={"Location": "/gone"})
    assert answer(f"{site.url}/a") == LinkAnswer(BROKEN, "leads to 127.0.0.1, which answers 404")


def test_redirects_end(site: Site) -> None:
    site.pages["/a"] = Page(301, headers={"Location": "/a"})
    assert answer(f"{site.url}/a").outcome == "leads through more than 10 redirects"
    assert len(site.asked) == 11
    site.pages["/b"] = Page(301, headers={"Location": "file:///etc/hostname"})
    assert answer(f"{site.url}/b").outcome == "leads to what is not a web page"


@pytest.mark.parametrize("target", ["/login?to=a", "/b?sig=abc", "/users/sign_in"])
def test_ways_to_a_form_and_signatures_are_no_place_to_link(site: Site, target: str) -> None:
    site.pages |= {"/a": Page(301, headers={"Location": target}), target: Page()}
    assert answer(f"{site.url}/a") == LinkAnswer(FINE, "leads to 127.0.0.1, which answers 200")


def test_what_a_redirect_holds_is_quoted_before_anybody_sees_it(site: Site) -> None:
    there = "/caf%C3%A9%1BX"
    for written in ("/caf\u00e9\x1bX", "/caf\u00c3\u00a9\x1bX"):  # in Latin-1, and the bytes of UTF-8
        site.pages |= {"/a": Page(301, headers={"Location": written}), there: Page()}
        assert answer(f"{site.url}/a").moved == site.url + there


def test_silence_ends_in_time(site: Site) -> None:
    site.pages["/a"] = Page(delay=1.5)
    site.pages["/b"] = Page()
    told = asked(f"{site.url}/a", f"{site.url}/b", timeout=0.2).answers
    assert told[f"{site.url}/a"] == LinkAnswer(UNREACHABLE, "does not answer within 0.2 seconds", heard=False)


def test_a_host_gets_few_requests_at_a_time_and_each_link_once(site: Site) -> None:
    urls = [f"{site.url}/{number}" for number in range(12)]
    site.pages |= {f"/{number}": Page(delay=0.02) for number in range(12)}
    told = asked(*urls, *urls)
    assert {one.state for one in told.answers.values()} == {FINE}
    assert len(site.asked) == 12
    assert site.most == PER_HOST


def test_a_host_that_asks_for_patience_gets_it(site: Site) -> None:
    site.pages["/a"] = Page(429, headers={"Retry-After": "7"}, times=1)
    slept: list[float] = []
    assert answer(f"{site.url}/a", slept=slept).state is FINE
    assert [round(one) for one in slept] == [7]
    site.pages["/b"] = Page(429)
    slept.clear()
    assert answer(f"{site.url}/b", slept=slept).outcome == "is still too busy after 3 attempts"


def test_a_host_that_asks_for_too_much_is_left_alone(site: Site) -> None:
    urls = [f"{site.url}/{number}" for number in range(6)]
    site.pages |= {f"/{number}": Page(429, headers={"Retry-After": "3600"}) for number in range(6)}
    told = asked(*urls)
    assert {one.outcome for one in told.answers.values()} == {"wants no request for 3600 seconds"}
    assert len(site.asked) <= PER_HOST
    assert LONGEST_WAIT < 3600


def no_name(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_host_that_does_not_exist_is_broken_where_there_is_a_network(site: Site) -> None:
    site.pages["/a"] = Page()

    def resolve(host: str, *rest: Any, **options: Any) -> Any:
        return no_name() if host == "nowhere.net" else socket.getaddrinfo(host, *rest, **options)

    guard = Guard(everything=True, resolve=resolve)
    told = asked("http://nowhere.net/x", f"{site.url}/a", guard=guard)
    assert told.offline == 0
    assert told.answers["http://nowhere.net/x"].outcome == "is at a host that does not exist"
    assert told.answers["http://nowhere.net/x"].state is BROKEN


def test_a_link_that_is_remembered_tells_whether_there_is_a_network(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "links.json"
    good, bad = f"{site.url}/a", "http://nowhere.invalid-name.net/x"

    def resolve(host: str, *rest: Any, **options: Any) -> Any:
        return socket.getaddrinfo(host, *rest, **options) if host == "127.0.0.1" else no_name()

    site.pages["/a"] = Page()
    guard = Guard(everything=True, resolve=resolve)
    asked(good, guard=guard, cache=LinkCache(file))
    told = asked(good, bad, guard=guard, cache=LinkCache(file))
    assert (told.offline, told.answers[bad].state) == (0, BROKEN)
    assert len(site.asked) == 2
    file.unlink()
    asked(good, guard=guard, cache=LinkCache(file))
    cut_off = asked(good, bad, guard=Guard(everything=True, resolve=no_name), cache=LinkCache(file))
    assert (cut_off.offline, list(cut_off.answers)) == (1, [good])


def test_a_machine_without_a_network_says_nothing_of_any_link(tmp_path: Path) -> None:
    cache = LinkCache(tmp_path / "links.json")
    told = asked("http://a.net/", "http://b.net/", guard=Guard(resolve=no_name), cache=cache)
    assert (dict(told.answers), told.offline) == ({}, 2)
    assert not (tmp_path / "links.json").exists()
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # and does not listen
    assert asked(f"http://127.0.0.1:{closed.getsockname()[1]}/").offline == 1
    closed.close()


def test_private_hosts_are_not_asked(site: Site) -> None:
    site.pages["/a"] = Page()
    assert answer(f"{site.url}/a", guard=Guard()).state is PRIVATE
    assert answer(f"http://localhost:{site.port}/a", guard=Guard()).state is PRIVATE
    assert site.asked == []
    assert answer(f"{site.url}/a", guard=Guard.read("10.0.0.0/8, 127.0.0.0/8")).state is FINE


def test_a_redirect_into_a_private_network_is_not_followed(site: Site) -> None:
    site.pages |= {"/a": Page(302, headers={"Location": f"{site.url}/secret"}), "/secret": Page()}
    told = answer(f"http://localhost:{site.port}/a", guard=Guard.read("localhost"))
    assert told == LinkAnswer(PRIVATE, "leads to 127.0.0.1")
    assert site.asked == [("HEAD", "/a")]


def test_a_name_is_asked_at_the_address_that_was_looked_at(site: Site) -> None:
    """A name that means a public host when it is looked at, and this machine when it is connected to."""
    looked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> Any:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    site.pages["/a"] = Page()
    guard = Guard(names=frozenset({"pages.net"}), resolve=resolve)
    url = f"http://pages.net:{site.port}/a"
    assert answer(url, guard=guard).state is FINE
    assert looked == ["pages.net"]
    assert site.headers[0]["host"] == f"pages.net:{site.port}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_that_no_card_may_make_a_machine_ask(address: str) -> None:
    guard = Guard(resolve=lambda *_, **__: [(0, 0, 0, "", (address, 80))])
    with pytest.raises(PrivateHostError):
        guard.address_of("page.net", 80)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e"])
def test_addresses_of_the_public_internet(address: str) -> None:
    guard = Guard(resolve=lambda *_, **__: [(0, 0, 0, "", ("10.0.0.1", 80)), (0, 0, 0, "", (address, 80))])
    assert guard.address_of("page.net", 80) == address


def test_where_a_proxy_looks_names_up_private_ones_are_told_by_their_looks(site: Site) -> None:
    hosts = Hosts()
    proxies = {"http": site.url}
    client = LinkClient(Guard(resolve=no_name), "test", hosts.turn, proxies=lambda _url: proxies)
    site.pages["http://page.net/a"] = Page()
    assert client.follow("http://page.net/a").state is FINE
    for private in ("169.254.169.254", "localhost", "printer.local", "metadata", "metadata.google.internal", "[::1]"):
        assert client.follow(f"http://{private}/").state is PRIVATE
    assert site.asked == [("HEAD", "http://page.net/a")]


def test_certificates_are_checked_against_the_name(emulator: Emulator) -> None:
    bundle = emulator.environment["REQUESTS_CA_BUNDLE"]
    port = emulator.url.rpartition(":")[2]
    hosts = Hosts()
    here = ("127.0.0.1", int(port))
    guard = Guard(everything=True, resolve=lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", here)])
    refused = "has a certificate that is not trusted"
    for trusted, host, outcome in (
        (bundle, "localhost", "answers 501"),  # which is the emulator's word for a page that it does not have
        (bundle, "other.net", refused),
        (True, "localhost", refused),
    ):
        with closing(LinkClient(guard, "test", hosts.turn, bundle=trusted)) as client:
            told = client.follow(f"https://{host}:{port}/no/such/page")
        assert (told.state, told.outcome) == (UNREACHABLE, outcome), host


def test_no_password_of_this_machine_goes_anywhere(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    site.pages |= {"/a": Page(headers={"Set-Cookie": "one=1"}), "/b": Page()}
    asked(f"{site.url}/a", f"{site.url}/b")
    assert not any({"authorization", "cookie"} & set(headers) for headers in site.headers)


def test_answers_are_remembered_as_long_as_they_hold(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "links.json"
    now = [1000.0]
    site.pages["/a"] = Page(301, headers={"Location": "/b"})
    site.pages["/b"] = Page()
    good, bad = f"{site.url}/a", f"{site.url}/gone"

    def again() -> int:
        before = len(site.asked)
        told = asked(good, bad, cache=LinkCache(file, clock=lambda: now[0]))
        assert (told.answers[good].moved, told.answers[bad].state) == (f"{site.url}/b", BROKEN)
        return len(site.asked) - before

    assert again() == 4  # two hops, and HEAD and GET of what is gone
    assert again() == 0
    assert "gone" not in file.read_text()
    now[0] += 2 * 3600
    assert again() == 2  # what is broken is looked at again soon
    now[0] += 23 * 3600
    assert again() == 4
    now[0] = 5.0  # a clock that was set back
    assert again() == 4


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema_version": 9}', '{"schema_version": 1, "links": {"a": [1]}}', "[" * 100_000]
)
def test_a_damaged_memory_is_none(site: Site, tmp_path: Path, text: str) -> None:
    file = tmp_path / "links.json"
    file.write_text(text)
    site.pages["/a"] = Page()
    for _ in range(2):
        assert asked(f"{site.url}/a", cache=LinkCache(file)).answers[f"{site.url}/a"].state is FINE
    assert len(site.asked) == 1
    assert json.loads(file.read_text())["schema_version"] == 1


def test_a_memory_that_cannot_be_written_is_none(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    site.pages["/a"] = Page()
    assert answer(f"{site.url}/a", cache=LinkCache(tmp_path / "cache" / "links.json")).state is FINE
