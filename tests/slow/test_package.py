"""The Debian package: built in a clean root, installed in another that systemd boots, removed and purged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from release import deb, roots
from release.booted import Booted
from release.check import Check, check
from release.stage import PROJECT, Admin

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="clean roots need root")]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deb.build(tmp_path_factory.mktemp("package"), level=1)


@pytest.fixture(scope="module")
def found(package: Path) -> Check:
    return check(package, quick=True)


def test_it_is_small_and_its_services_are_hardened(found: Check) -> None:
    assert found.reasons == {}
    assert found.figures["deb_mb"] <= 60
    assert found.figures["unit_score"] <= 2.0


def test_purge_leaves_nothing(found: Check) -> None:
    assert found.figures["purged_clean"] is True


def test_a_user_has_the_command_the_pages_and_no_way_to_change_the_program(package: Path) -> None:
    with Booted(roots.root("base"), {package.parent: "/packages"}) as host:
        host.run("dpkg", "--install", f"/packages/{package.name}")
        admin = Admin(host)
        assert "a project with one campaign" in admin.app("init", PROJECT)
        assert "0 errors" in admin.app("check")
        assert host.tried("runuser", "-u", "agi-app", "--", "touch", "/opt/agi-app/written")[0] != 0
        assert host.tried("/opt/agi-app/bin/python", "-m", "pip", "--version")[0] != 0
        assert ".TH AGI" in host.run("zcat", "/usr/share/man/man1/agi-app.1.gz")
        completed = "source /usr/share/bash-completion/completions/agi-app && complete -p agi-app"
        assert "agi-app" in host.run("bash", "-c", completed)
        assert host.run("dpkg", "--verify", "agi-app") == ""
        host.run("sh", "-c", "echo MINE=1 >>/etc/agi-app/agi-app.env")
        host.run("dpkg", "--install", f"/packages/{package.name}")
        assert "MINE=1" in host.run("cat", "/etc/agi-app/agi-app.env")
        host.run("dpkg", "--remove", "agi-app")
        assert host.tried("test", "-e", "/opt/agi-app")[0] != 0
        assert host.run("stat", "-c", "%U", f"{PROJECT}/agi-app.toml").strip() == "agi-app"
        others = "/etc/systemd/system/agi-appliance.service", "/etc/systemd/system/agi-apps-other.service.d/a.conf"
        host.run("install", "-D", "/dev/null", others[0])
        host.run("install", "-D", "/dev/null", others[1])
        host.run("useradd", "--uid", "1500", "agi-app-x")
        host.run("dpkg", "--purge", "agi-app")
        assert host.run("ls", *others).split() == [*others], "units of others that begin alike"
        assert "agi-app-x" in host.run("getent", "passwd", "agi-app-x")
        assert host.tried("getent", "passwd", "agi-app")[0] != 0
