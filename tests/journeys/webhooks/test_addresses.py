"""No webhook leads into the house: refused when saved, and when connecting (reliability no. 89)."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from journeys import webhooks
from journeys.models import WebhookEndpoint
from journeys.webhooks import addresses, calling
from tests.cast import SLOT

INSIDE = [
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.8/",
    "https://172.16.3.4/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://localhost/",
]
NO_ADDRESS = [
    "",
    "crm",
    "ftp://example.com/",
    "javascript:alert(1)",
    "http://93.184.215.14/",
    "https://user:word@93.184.215.14/",
    "https://93.184.215.14:99999/",
    "https://[::1/",
    "https:///path",
    "https://nobody.invalid/",
    "https://" + "a" * 70 + ".example/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_no89_an_address_inside_is_refused_when_saved(vendor, url):
    with pytest.raises(webhooks.BadAddress):
        webhooks.add(key="crm", url=url, now=SLOT)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_no89_what_is_no_outside_address_is_refused_when_saved(vendor, url):
    with pytest.raises(webhooks.BadAddress):
        webhooks.add(key="crm", url=url, now=SLOT)


@pytest.mark.parametrize("url", [*INSIDE, *(u.replace("https", "http") for u in INSIDE)])
def test_no89_an_address_inside_is_refused_when_connecting(url, monkeypatch):
    def never(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket.socket, "connect", never)
    answer = calling.post(url, "{}", {})
    assert (answer.status, "private network" in answer.error) == (None, True)


def test_no89_a_name_that_leads_elsewhere_after_the_check_is_not_followed(vendor, monkeypatch):
    """DNS rebinding: the address that was looked at is the one that is connected to."""
    asked = iter(["93.184.215.14"])

    def resolve(host: str, port: int, *_a: Any, **_k: Any) -> list[Any]:
        address = next(asked, "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    endpoint, _secret = webhooks.add(key="crm", url="https://crm.example/", now=SLOT)
    answer = calling.post(endpoint.url, "{}", {})
    assert (answer.status, "private network" in answer.error) == (None, True)


def test_no89_one_inside_address_among_several_is_enough_to_refuse(monkeypatch):
    def resolve(_host: str, port: int, *_a: Any, **_k: Any) -> list[Any]:
        found = ("93.184.215.14", "10.0.0.8")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(addresses.BadAddress, match=r"10\.0\.0\.8"):
        addresses.check("https://crm.example/")


def test_no89_the_connection_goes_to_the_address_and_the_name_stays_in_the_request(monkeypatch):
    asked: list[str] = []

    def resolve(host: str, port: int, *_a: Any, **_k: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    def refuse(_sock: socket.socket, where: Any) -> None:
        asked.append(f"connect {where[0]}")
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    calling.post("https://crm.example/x", "{}", {})
    assert asked == ["crm.example", "93.184.215.14", "connect 93.184.215.14"]


def test_a_host_the_settings_name_may_be_inside(settings):
    settings.WEBHOOK_HOSTS = ["crm.internal:8443"]
    addresses.check("http://crm.internal:8443/hook")
    with pytest.raises(addresses.BadAddress):
        addresses.check("http://crm.internal:8444/hook")


def test_a_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert calling.post(receiver.url, "{}", {}).status == 204
