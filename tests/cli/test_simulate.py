import pytest
from bevseg_cli.main import cli
from click.testing import CliRunner

from bevseg import open3d
from bevseg.errors import DependencyError


def run(*arguments):
    return CliRunner().invoke(cli, ["simulate", *map(str, arguments)])


def test_the_files_are_listed(tmp_path):
    try:
        open3d.load()
    except DependencyError as error:
        pytest.skip(f"no ray casting: {error.why}")
    result = run(tmp_path, "--seed", 3, "--clouds", 2, "--points", 500, "--length", 10, "--format", "txt,laz")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["street_03.txt", "street_04.laz"]
    assert str(tmp_path / "street_03.txt") in result.output


@pytest.mark.parametrize(
    ("option", "value"), [("--points", 0), ("--length", 1), ("--format", "e57"), ("--clouds", 0)]
)
def test_what_cannot_be_made_is_a_usage_error(tmp_path, option, value):
    assert run(tmp_path, option, value).exit_code == 2


def test_help_shows_an_example():
    assert "bevseg simulate streets/" in run("--help").output
