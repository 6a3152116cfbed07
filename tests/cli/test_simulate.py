import pytest
from click.testing import CliRunner

from bevseg.cli.main import cli
from bevseg.errors import DependencyError
from bevseg.runtime import open3d


def run(*arguments):
    return CliRunner().invoke(cli, ["simulate", *map(str, arguments)])


def test_the_files_are_listed(tmp_path):
    try:
        open3d.load()
    except DependencyError as error:
        pytest.skip(f"no ray casting: {error.why}")
    result = run(
        "-o", tmp_path, "--seed", 3, "--clouds", 2, "--points", 500, "--length", 10, "--format", "txt,laz"
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["street_03.txt", "street_04.laz"]
    assert str(tmp_path / "street_03.txt") in result.output


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--points", 0),
        ("--points", "nan"),
        ("--points", 3e12),
        ("--length", 1),
        ("--length", "nan"),
        ("--length", "inf"),
        ("--resolution", "nan"),
        ("--resolution", 1e-9),
        ("--format", "e57"),
        ("--clouds", -1),
        ("--clouds", 0),
        ("--json", "a.json"),
        ("--compare-classes", "shrec20"),
    ],
)
def test_what_cannot_be_made_is_a_usage_error(tmp_path, option, value):
    assert run("-o", tmp_path, option, value).exit_code == 2


def test_help_shows_an_example():
    assert "bevseg simulate -o streets/" in run("--help").output


def test_clouds_that_lie_there_are_compared(tmp_path):
    for folder in ("made", "real"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("1 2 3\n4 5 6\n")
    table = tmp_path / "comparison.json"
    result = run("-o", tmp_path / "made", "--clouds", 0, "--compare", tmp_path / "real", "--json", table)
    assert result.exit_code == 0, result.output
    assert "1 simulated and 1 real clouds" in result.output
    assert table.exists()


def test_a_real_folder_that_is_not_there_is_bad_input(tmp_path):
    assert run("-o", tmp_path, "--compare", tmp_path / "nowhere").exit_code == 4
