import json

import numpy as np
import pytest

from bevseg.core.labels import CAR
from bevseg.errors import CloudNotFoundError, InputError, OutputExistsError
from bevseg.review.run_outputs import REPORT, RunOutputs, ensure_not_corrected


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


def corrected(folder, **more):
    (folder / "a.laz").write_bytes(b"points")
    table = {"schema": 2, "clouds": {"a": facts()}, **more}
    (folder / REPORT).write_text(json.dumps(table))
    edits = RunOutputs.open(folder).edits()
    edits.add({"a": np.array([0, 2])}, CAR, "piece")
    return edits


def test_corrected_results_are_not_replaced(tmp_path):
    ensure_not_corrected(tmp_path)
    edits = corrected(tmp_path)
    with pytest.raises(OutputExistsError, match="corrected by a person"):
        ensure_not_corrected(tmp_path)
    edits.undo()
    ensure_not_corrected(tmp_path)


def test_edits_that_were_learned_from_are_in_the_files(tmp_path, caplog):
    edits = corrected(tmp_path, learned={"edits": 1})
    ensure_not_corrected(tmp_path)
    RunOutputs.open(tmp_path).warn_of_corrections()
    assert not caplog.records
    edits.add({"a": np.array([1])}, None, "piece")
    RunOutputs.open(tmp_path).warn_of_corrections()
    assert "points: 1)" in caplog.text
    with pytest.raises(OutputExistsError):
        ensure_not_corrected(tmp_path)


def test_edits_that_cannot_be_read_are_not_lost(tmp_path):
    corrected(tmp_path)
    (tmp_path / "a.laz").write_bytes(b"other points")
    with pytest.raises(OutputExistsError, match="corrected by a person"):
        ensure_not_corrected(tmp_path)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b"])
def test_a_name_that_leads_out_of_the_directory_is_refused(tmp_path, name):
    report(tmp_path, **{name: facts()})
    with pytest.raises(InputError, match="Not a report"):
        RunOutputs.open(tmp_path)


def test_a_directory_without_a_report_is_refused(tmp_path):
    with pytest.raises(InputError, match="Not the results of a run"):
        RunOutputs.open(tmp_path)
