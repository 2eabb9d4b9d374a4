"""How a server gets the driver, and when it does not."""

from __future__ import annotations

import socket
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from drivers.pyvoip import PyVoipDriver
from drivers.pyvoip.library import require
from drivers.virtual import VirtualDriver
from engine.errors import ConfigurationError
from engine.lines import Capability
from engine.server import drivers
from engine.server.channels import rules_of
from engine.server.drivers import drivers_beside_sip
from engine.server.settings import Settings


def load(folder: Path, text: str) -> Settings:
    (folder / "server.yaml").write_text(text)
    return Settings.load(folder / "server.yaml")


def test_without_the_section_there_is_no_such_driver(tmp_path: Path):
    assert drivers_beside_sip(load(tmp_path, "country: FR")) == []


def test_with_the_section_there_is_one_and_its_channels(tmp_path: Path):
    settings = load(
        tmp_path, 'pyvoip: {peer: "192.0.2.1:5060", channels: 8}\nchannels: {pyvoip/2: {bar: [reception]}}'
    )
    (driver,) = drivers_beside_sip(settings)
    assert isinstance(driver, PyVoipDriver)
    assert frozenset(Capability) - driver.capabilities == {Capability.TRANSFER}
    assert rules_of(settings)["pyvoip"].count == 8


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('{listen: "127.0.0.1:5070"}', "pyvoip.peer"),
        ('{peer: "192.0.2.1:5060", channels: 26}', "pyvoip.channels"),
        ('{peer: "192.0.2.1:5060", rtp_ports: "23000-24000"}', "has ports of rtp.ports"),
        ('{peer: "[2001:db8::1]:5060"}', "pyvoip.peer"),
        ('{peer: "192.0.2.1:5060", listen: "0.0.0.0:5070"}', "pyvoip.listen"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, section: str, said: str):
    with pytest.raises(ConfigurationError, match=said):
        drivers_beside_sip(load(tmp_path, f"pyvoip: {section}"))


def test_python_without_audioop_is_refused():
    require((3, 12))
    with pytest.raises(ConfigurationError, match=r"needs Python 3\.12 or earlier, and this is 3\.13"):
        require((3, 13))


def test_a_server_without_pyvoip_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyVoIP.VoIP", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'flowctl\[pyvoip\]'"):
        PyVoipDriver()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pyVoIP.__version__", "2.0.0")
    with pytest.raises(ConfigurationError, match=r"2\.0\.0 is installed, 1\.6\.8 is needed"):
        PyVoipDriver()


async def test_an_address_that_is_taken_is_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        driver = PyVoipDriver(listen=f"127.0.0.1:{other.getsockname()[1]}", rtp_ports=range(25600, 25610))
        with pytest.raises(ConfigurationError, match=r"pyvoip\.listen: cannot bind"):
            await driver.start(lambda _: None)
    await driver.stop()


class Fax(VirtualDriver):
    """Somebody else's driver."""

    name = "fax"

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    """Somebody else's package with the entry points `fax` and `telex`."""
    points = [EntryPoint(name, f"{__name__}:Fax", drivers.GROUP) for name in ("fax", "telex")]
    monkeypatch.setattr(drivers, "entry_points", lambda group: points)
    monkeypatch.setattr(EntryPoint, "load", lambda _: Fax)


@pytest.mark.usefixtures("installed")
def test_a_driver_of_another_package_gets_its_settings(tmp_path: Path):
    settings = load(tmp_path, "drivers: {fax: {device: /dev/ttyS0}}\nchannels: {fax: {count: 1}}")
    (driver,) = drivers_beside_sip(settings)
    assert isinstance(driver, Fax)
    assert driver.device == "/dev/ttyS0"
    assert rules_of(settings)["fax"].count == 1


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fax: {}", r"drivers\.fax: .*device"),
        ("telex: {device: x}", "calls itself 'fax'"),
        ("pigeon: {}", "'pigeon' is not installed"),
        ("sip: {}", "a section of its own"),
    ],
)
def test_a_driver_that_is_asked_for_wrongly_is_refused(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigurationError, match=said):
        drivers_beside_sip(load(tmp_path, f"drivers: {{{text}}}"))
