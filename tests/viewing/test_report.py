import pytest

from volumen.viewing import Report, TextSection, format_duration, list_environment, show_recipe, write_report


def test_a_report_is_written_whole_into_a_folder_that_is_made(tmp_path):
    path = write_report(tmp_path / "demo" / "report.html", Report("title", "lead"))
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert list(path.parent.iterdir()) == [path]


def test_a_report_grows_by_sections():
    report = Report("title", "lead").extend([TextSection("a", "b")]).extend([show_recipe("c: d")])
    assert [section.title for section in report.sections] == ["a", "Recipe"]


def test_the_environment_names_versions_without_importing_anything():
    versions = dict(list_environment().rows)
    assert versions["numpy"][0].isdigit()
    assert "Python" in versions


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.23, "4.2 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (59.97, "1 min 0 s")]
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert format_duration(seconds) == text
