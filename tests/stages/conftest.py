"""A work directory that the stages have filled one by one, and one that a run has kept."""

import pytest

from tests.cli.invoke import bevseg


def commands(clouds, work, model):
    """The commands in running order."""
    return [
        ("ingest", clouds, "-o", work),
        ("ground", work, "-m", model),
        ("rasterize", work, "-m", model),
        ("predict", work, "-m", model),
        ("backproject", work),
    ]


@pytest.fixture(scope="session")
def worked(streets, tiny_model, tmp_path_factory):
    """A run that keeps its work directory, and the stages one by one beside it."""
    folder = tmp_path_factory.mktemp("worked")
    result = bevseg("run", streets, "-o", folder / "out", "-m", tiny_model, "--work", folder / "kept")
    assert result.exit_code == 0, result.stderr
    for arguments in commands(streets, folder / "work", tiny_model):
        result = bevseg(*arguments)
        assert result.exit_code == 0, result.stderr
    return folder
