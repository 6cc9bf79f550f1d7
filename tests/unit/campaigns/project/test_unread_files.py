"""Files and folders that nobody reads, since they are called otherwise than somebody meant."""

from __future__ import annotations

from pathlib import Path

from agi_app.campaigns.project import unread_files


def test_a_folder_without_its_s_and_a_file_with_another_ending_are_told(tmp_path: Path) -> None:
    for folder in ("flow", "flows", "prompts/zh_CN"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "flow" / "b.yaml").write_text("flow: b\n", encoding="utf-8")
    (tmp_path / "flows" / "a.txt").write_text("flow: a\n", encoding="utf-8")
    assert "flows" in " ".join(problem.message for problem in unread_files.misnamed_folders(tmp_path))
    assert [Path(problem.file).name for problem in unread_files.not_looked_at(tmp_path, "flows")] == ["a.txt"]
    assert unread_files.twins(tmp_path) == {"zh-CN": "zh_CN"}
    assert len(list(unread_files.twin_folders(tmp_path))) == 1
    assert "this file is missing" in " ".join(problem.message for problem in unread_files.no_settings(tmp_path))
