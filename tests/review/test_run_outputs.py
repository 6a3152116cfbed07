import json

import pytest

from bevseg.errors import CloudNotFoundError, InputError
from bevseg.review.run_outputs import REPORT, RunOutputs


def report(folder, **clouds):
    table = {"schema": 2, "clouds": clouds}
    (folder / REPORT).write_text(json.dumps(table))


def facts(name="a.laz"):
    return {"outputs": {"cloud": f"/moved/since/{name}"}, "points": 3, "source": "/scans/a.laz"}


def test_clouds_are_found_where_the_directory_lies_now(tmp_path):
    (tmp_path / "a.laz").touch()
    report(tmp_path, a=facts())
    outputs = RunOutputs.open(tmp_path)
    assert outputs.cloud("a").path == tmp_path / "a.laz"


def test_a_missing_cloud_is_named(tmp_path):
    report(tmp_path, a=facts())
    with pytest.raises(CloudNotFoundError) as error:
        RunOutputs.open(tmp_path)
    assert str(tmp_path / "a.laz") in str(error.value)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b"])
def test_a_name_that_leads_out_of_the_directory_is_refused(tmp_path, name):
    report(tmp_path, **{name: facts()})
    with pytest.raises(InputError, match="Not a report"):
        RunOutputs.open(tmp_path)


def test_a_directory_without_a_report_is_refused(tmp_path):
    with pytest.raises(InputError, match="Not the results of a run"):
        RunOutputs.open(tmp_path)
