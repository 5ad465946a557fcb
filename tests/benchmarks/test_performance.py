"""The page of figures: a section for each run."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.performance import Row, append


def test_a_run_is_a_section_at_the_end_of_the_page(tmp_path: Path) -> None:
    """With commit and machine; a figure beyond its limit stands out."""
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n")
    append([Row("build / parser", 1.204, 1.25), Row("memory", 512.0, 500, "MB"), Row("DVC", 3.0, None, "s")], page)
    append([Row("build / parser", 1.3, 1.25)], page)
    lines = page.read_text().splitlines()
    assert lines[0] == "# Performance"
    assert [line.startswith("## 20") for line in lines].count(True) == 2
    assert sum(" cores of " in line for line in lines) == 2
    assert "| build / parser | 1.2 | <= 1.25 | yes |" in lines
    assert "| memory | 512 MB | <= 500 MB | **no** |" in lines
    assert "| DVC | 3 s |  |  |" in lines
    assert lines[-1] == "| build / parser | 1.3 | <= 1.25 | **no** |"
