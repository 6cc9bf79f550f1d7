"""What setup would change, on Debian's own files, on a PBX of somebody else, and on FreePBX."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.asterisk_setup.facts import RecordingFolder, host_of, transports_of_others
from agi_app.asterisk_setup.host_steps import escaped_path, recording_steps
from agi_app.asterisk_setup.plan import plan_of
from agi_app.asterisk_setup.prompt_access import AccessRecord, access_changes
from agi_app.asterisk_setup.shown import HIDDEN, diff
from agi_app.asterisk_setup.wanted_files import MODULES
from agi_app.errors import AsteriskError, AuthorError
from tests.unit.asterisk_setup.asterisk_files import AMI, ARI, DEBIAN, Texts, facts, planned

TRANSPORTS = """\
Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>
==========================================================================================

Transport:  agi-app-udp               udp      0      0  0.0.0.0:5060
Transport:  of-database               udp      0      0  0.0.0.0:5070
"""
# The shape that FreePBX writes; its own files say that they must not be edited.
FREEPBX = {
    "http.conf": "#include http_additional.conf\n#include http_custom.conf\n",
    "http_additional.conf": "[general]\nenabled=yes\nbindaddr=::\nbindport=8088\nprefix=pbx\n",
    "http_custom.conf": "",
    "ari.conf": "[general]\n#include ari_general_additional.conf\n#include ari_general_custom.conf\n"
    "#include ari_additional.conf\n#include ari_additional_custom.conf\n",
    "ari_general_additional.conf": "enabled=yes\nwebsocket_write_timeout=100\n",
    "ari_general_custom.conf": "",
    "ari_additional.conf": "[freepbxuser]\ntype=user\npassword=x\n",
    "ari_additional_custom.conf": "; mine\n",
    "manager.conf": "[general]\nenabled = yes\nport = 5038\nbindaddr = 0.0.0.0\n[admin]\nsecret = s\n"
    "#include manager_additional.conf\n#include manager_custom.conf\n",
    "manager_additional.conf": "",
    "manager_custom.conf": "",
    "pjsip.conf": "#include pjsip_custom.conf\n#include pjsip.transports.conf\n[global]\ntype=global\n"
    "#include pjsip_custom_post.conf\n",
    "pjsip_custom.conf": "",
    "pjsip_custom_post.conf": "",
    "pjsip.transports.conf": "[0.0.0.0-udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0:5060\n",
    "extensions.conf": "#include extensions_additional.conf\n#include extensions_custom.conf\n[from-pstn]\n",
    "extensions_additional.conf": "[globals]\nX=1\n",
    "extensions_custom.conf": "",
    "modules.conf": "[modules]\nautoload=yes\n",
    "amd.conf": "[general]\n",
}


def test_debians_files_get_a_line_each_and_no_more() -> None:
    plan, changes = planned(DEBIAN)
    for name in ("http.conf", "ari.conf", "manager.conf", "pjsip.conf", "extensions.conf"):
        assert changes[name].after.startswith(DEBIAN[name]), "what was there stays, byte for byte"
        assert changes[name].after.removeprefix(DEBIAN[name]).split("\n")[2] == f'#tryinclude "agi-app/{name}"'
    assert "modules.conf" not in changes, "everything is loaded by itself"
    assert "amd.conf" not in changes
    assert changes["agi-app/http.conf"].after.split("\n")[2:] == [
        "[general](+)",
        "enabled = yes",
        "sessionlimit = 2000",
        "",
    ]
    assert "bind = 0.0.0.0:5060" in changes["agi-app/pjsip.conf"].after, "there was no transport"
    assert "bindaddr" not in changes["agi-app/manager.conf"].after, "it is on loopback already"
    assert any("manager.conf:2: enabled = no is overruled by agi-app/manager.conf" in note for note in plan.notes)
    assert plan.commands == (
        "module reload http", "module reload res_ari.so", "module reload manager", "module reload res_pjsip.so",
        "dialplan reload",
    )  # fmt: skip


@pytest.mark.parametrize("texts", [DEBIAN, FREEPBX, {}], ids=["debian", "freepbx", "empty"])
def test_a_second_setup_changes_nothing(texts: dict[str, str]) -> None:
    known = facts()
    first = plan_of(known, Texts(texts))
    toml = next((c.after for c in first.changes if c.file.name == "agi-app.toml"), known.settings_text)
    settings = {("asterisk", "url"): "http://127.0.0.1:8088/ari", ("asterisk", "username"): "agi-app",
                ("asterisk", "prompts_path"): "/srv/mine/prompts", ("ami", "host"): "127.0.0.1", ("ami", "port"): 5038,
                ("ami", "username"): "agi-app-look"}  # fmt: skip
    if texts is FREEPBX:
        settings["asterisk", "url"] = "http://127.0.0.1:8088/pbx/ari"
        assert 'url = "http://127.0.0.1:8088/pbx/ari"  # where it is' in toml
    again = facts(settings=settings, settings_text=toml, secrets_there=frozenset({"ari", "ami"}))
    assert plan_of(again, Texts(texts).after(first)).empty


def test_files_that_freepbx_writes_are_left_alone() -> None:
    plan, changes = planned(FREEPBX)
    assert plan.freepbx
    touched = {name for name in changes if not name.startswith(("agi-app/", "/"))}
    assert touched == {"http_custom.conf", "ari_additional_custom.conf", "manager_custom.conf",
                       "pjsip_custom_post.conf", "extensions_custom.conf"}  # fmt: skip
    assert "transport" not in changes["agi-app/pjsip.conf"].after
    assert "enabled" not in changes["agi-app/http.conf"].after
    assert any(note.startswith("http_additional.conf:3: listens on every address") for note in plan.notes)
    assert any("ari_general_additional.conf:2: websocket_write_timeout = 100 is left as it is" in n for n in plan.notes)


def test_freepbx_without_its_custom_file_is_told() -> None:
    with pytest.raises(AuthorError, match=r"manager.conf:1:1"):
        planned(FREEPBX | {"manager.conf": "[general]\nenabled = yes\n"})


@pytest.mark.parametrize(
    ("text", "host", "has", "lacks"),
    [
        ("", "127.0.0.1", "[general]\nenabled = yes\nbindaddr = 127.0.0.1", "(+)"),
        ("[general]\nenabled=yes\nbindaddr=0.0.0.0\n", "127.0.0.1", "sessionlimit", "enabled"),
        ("[general]\nenabled=yes\nbindaddr=10.1.2.3\n", "10.1.2.3", "sessionlimit", "bindaddr"),
        ("[general]\nenabled=no\nbindaddr=10.1.2.3\n", "127.0.0.1", "bindaddr = 127.0.0.1", "tls"),
        ("[general]\nbindaddr=10.1.2.3\ntlsenable=yes\n", "127.0.0.1", "tlsbindaddr = 10.1.2.3:8089", "x"),
        ("[general]\nenabled=yes\n", "127.0.0.1", "bindaddr = 127.0.0.1", "(x)"),  # without bindaddr it does not run
    ],
)
def test_http_is_reached_where_others_bound_it(text: str, host: str, has: str, lacks: str) -> None:
    _, changes = planned({**DEBIAN, "http.conf": text}, settings={})
    assert has in changes["agi-app/http.conf"].after
    assert lacks not in changes["agi-app/http.conf"].after
    assert f'url = "http://{host}:8088/ari"' in changes["/srv/mine/agi-app.toml"].after
    assert ("permit = 10.1.2.3/32" in changes["agi-app/ari.conf"].after) == (host == "10.1.2.3")


@pytest.mark.parametrize("name", ["http.conf", "ari.conf", "manager.conf"])
def test_what_is_overruled_is_told_with_its_line(name: str) -> None:
    plan, changes = planned({**DEBIAN, name: "; off\n[general]\nenabled = no\n"})
    assert any(note.startswith(f"{name}:3: enabled = no is overruled by agi-app/{name}") for note in plan.notes)
    assert "enabled = yes\n" in changes[f"agi-app/{name}"].after


def test_an_http_server_that_is_ready_is_not_touched() -> None:
    _, changes = planned({**DEBIAN, "http.conf": "[general]\nenabled=yes\nbindaddr=127.0.0.1\nsessionlimit=5000\n"})
    assert not {"http.conf", "agi-app/http.conf"} & set(changes)


def test_a_user_of_the_same_name_is_never_overruled() -> None:
    own = "[general]\n[agi-app]\ntype=user\npassword={}\n"
    with pytest.raises(AuthorError, match=r"ari.conf:2:1: asterisk a user agi-app is here with another password"):
        planned({**DEBIAN, "ari.conf": own.format("other")})
    plan, changes = planned({**DEBIAN, "ari.conf": own.format(ARI)})
    assert "password" not in changes["agi-app/ari.conf"].after
    assert any("ari.conf:2: the user agi-app is left" in note for note in plan.notes)


def test_a_dialplan_that_is_included_already_stays() -> None:
    """Of somebody who did by hand what the older documents said."""
    texts = {
        **DEBIAN,
        "extensions.conf": '#include "extensions_agi_app.conf"\n',
        "extensions_agi_app.conf": "[agi-app-inbound]\n",
    }
    plan, changes = planned(texts)
    assert "extensions_agi_app.conf:1: the dialplan of agi-app is included already; it is left as it is" in plan.notes
    assert '"agi-app/extensions_agi_app.conf"' not in changes["agi-app/extensions.conf"].after
    assert '"agi-app/extensions_agi_app_screen.conf"' in changes["agi-app/extensions.conf"].after
    both = texts | {"extensions.conf": texts["extensions.conf"] + "[agi-app-screen]\n"}
    plan, changes = planned(both)
    assert not any("extensions" in name for name in changes)
    assert "dialplan reload" not in plan.commands


def test_modules_that_are_kept_out_or_missing_are_told_together() -> None:
    texts = {**DEBIAN, "modules.conf": "[modules]\nautoload=yes\nnoload => res_ari.so\nnoload=app_amd\n"}
    with pytest.raises(AuthorError) as refused:
        planned(texts, installed=frozenset(MODULES) - {"app_stasis.so"}, running=frozenset())
    assert [(p.file, p.line) for p in refused.value.problems] == [
        ("modules.conf", 1),
        ("modules.conf", 3),
        ("modules.conf", 4),
    ]
    assert "app_stasis.so" in refused.value.problems[0].message


def test_an_asterisk_that_loads_what_it_is_told_is_told_what_it_lacks() -> None:
    texts = {**DEBIAN, "modules.conf": "[modules]\nautoload=no\nload = pbx_config.so\n"}
    plan, changes = planned(texts, running=frozenset(MODULES) - {"res_ari.so", "res_stasis.so"})
    assert plan.modules == ("res_stasis.so", "res_ari.so"), "each behind what it needs"
    assert "load = res_ari.so\n" in changes["agi-app/modules.conf"].after
    assert "pbx_config" not in changes["agi-app/modules.conf"].after


def test_a_module_that_was_unloaded_is_loaded_again() -> None:
    settings = {("asterisk", "url"): "http://127.0.0.1:8088/ari", ("asterisk", "username"): "agi-app",
                ("asterisk", "prompts_path"): "/srv/mine/prompts", ("ami", "host"): "127.0.0.1", ("ami", "port"): 5038,
                ("ami", "username"): "agi-app-look"}  # fmt: skip
    known = facts(settings=settings, secrets_there=frozenset({"ari", "ami"}))
    ready = Texts(DEBIAN).after(plan_of(known, Texts(DEBIAN)))
    plan = plan_of(replace(known, running=frozenset(MODULES) - {"res_ari.so", "res_srtp.so"}), ready)
    assert (plan.changes, plan.empty, set(plan.modules)) == ((), False, {"res_ari.so", "res_srtp.so"})
    assert plan_of(replace(known, running=frozenset(MODULES) - {"res_srtp.so"}), ready).empty, (
        "this one is good to have"
    )


def test_a_malformed_file_is_told_and_nothing_is_planned() -> None:
    with pytest.raises(AuthorError, match=r"http.conf:2:1: asterisk the \] of this section is missing"):
        planned({**DEBIAN, "http.conf": "; x\n[general\nenabled=yes\n"})


def test_the_projects_settings_lead_to_asterisk_and_keep_their_comments() -> None:
    _, changes = planned({**DEBIAN, "http.conf": "[general]\nbindport=9088\n"})
    toml = changes["/srv/mine/agi-app.toml"].after
    assert 'url = "http://127.0.0.1:9088/ari"  # where it is\n' in toml
    assert 'prompts_path = "/srv/mine/prompts"\n' in toml
    assert (
        '[ami]\nusername = "agi-app-look"\n' in toml.replace('host = "127.0.0.1"\nport = 5038\n', "") or "[ami]" in toml
    )
    assert changes["/srv/mine/ari-password"].after == f"{ARI}\n"
    assert changes["/srv/mine/ami-password"].private


def test_no_password_is_shown() -> None:
    """Neither ours nor one that stands beside the line that is added."""
    texts = {**DEBIAN, "manager.conf": DEBIAN["manager.conf"] + "[boss]\nsecret = of-the-boss\n"}
    plan, changes = planned(texts, agi_token="t" * 40)
    shown = "\n".join(line for change in changes.values() for line in diff(change, plan.secrets))
    assert HIDDEN in shown
    for secret in (ARI, AMI, "t" * 40, "of-the-boss"):
        assert secret not in shown


def test_a_password_with_a_semicolon_reaches_asterisk_whole() -> None:
    _, changes = planned(DEBIAN, ari_password="a;b", secrets_there=frozenset({"ari"}))
    assert "password = a\\;b\n" in changes["agi-app/ari.conf"].after
    assert "/srv/mine/ari-password" not in changes


def test_a_port_that_is_taken_is_told_only_if_it_is_needed() -> None:
    with pytest.raises(AuthorError, match="--sip-bind"):
        planned(DEBIAN, sip_free=False)
    planned({**DEBIAN, "pjsip.conf": "[t]\ntype=transport\n"}, sip_free=False)
    _, changes = planned(DEBIAN, sip_free=False, transports=transports_of_others(TRANSPORTS))
    assert "transport" not in changes["agi-app/pjsip.conf"].after, "one that a database has is enough"


def test_recordings_stay_in_memory() -> None:
    folder = RecordingFolder(Path("/var/spool/asterisk/recording"), tmpfs=False)
    (unit,), _ = recording_steps(facts(recording=folder))
    assert unit.file == "/etc/systemd/system/var-spool-asterisk-recording.mount"
    assert "Where=/var/spool/asterisk/recording\n" in unit.text
    assert "uid=112,gid=113" in unit.text
    (line,), _ = recording_steps(facts(recording=folder, systemd=False))
    assert (line.file, line.added, line.undo) == ("/etc/fstab", True, (("umount", str(folder.path)),))
    assert recording_steps(facts(recording=folder, tmpfs=False)) == ([], [])
    full = RecordingFolder(folder.path, tmpfs=False, files=3)
    assert "3 files" in recording_steps(facts(recording=full))[1][0]
    assert "/etc/fstab: tmpfs /var" in recording_steps(facts(recording=folder, root=False))[1][0]


def test_the_user_of_the_project_becomes_a_member_of_asterisks_group() -> None:
    outside = ("agi-app", "asterisk")
    plan, _ = planned(DEBIAN, outside=outside)
    (step,) = plan.steps
    assert (step.file, step.do, step.undo) == (
        "", (("usermod", "-aG", "asterisk", "agi-app"),), (("gpasswd", "-d", "agi-app", "asterisk"),),
    )  # fmt: skip
    plan, _ = planned(DEBIAN, outside=outside, root=False)
    assert plan.steps == ()
    assert any("usermod -aG asterisk agi-app" in note for note in plan.notes), "only root can; so it is told"
    plan, _ = planned(DEBIAN)
    assert plan.steps == (), "a member is not made one again"


def test_the_name_of_a_mount_unit_is_that_of_systemd() -> None:
    assert escaped_path("/opt/my-pbx/spool dir/") == r"opt-my\x2dpbx-spool\x20dir"


def test_prompts_are_given_to_asterisks_group_and_no_more() -> None:
    above = [AccessRecord(Path("/srv"), 0, 0, 0o755, folder=True)]
    inside = [
        AccessRecord(Path("/srv/mine"), 1000, 1000, 0o700, folder=True),
        AccessRecord(Path("/srv/mine/prompts"), 1000, 1000, 0o750, folder=True),
        AccessRecord(Path("/srv/mine/prompts/a.wav"), 1000, 1000, 0o644, folder=False),
        AccessRecord(Path("/srv/mine/prompts/b.wav"), 1000, 1000, 0o600, folder=False),
    ]
    changes, notes = access_changes(above, inside, 112, [113, 29])
    assert not notes
    assert [(c.path.name, c.new_gid, c.new_mode) for c in changes] == [
        ("mine", 113, 0o710), ("prompts", 113, 0o750), ("b.wav", 113, 0o640)
    ]  # fmt: skip
    assert access_changes(above, inside, 0, [0]) == ([], []), "root reads everything"
    closed = [AccessRecord(Path("/root"), 0, 0, 0o700, folder=True)]
    assert access_changes(closed, [], 112, [113])[1][0].startswith("/root: ")


def test_something_else_than_an_asterisk_is_told() -> None:
    with pytest.raises(AsteriskError, match="Version"):
        host_of("hello\n")
