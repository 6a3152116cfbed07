import logging

from bevseg.study.own_code import own_code
from bevseg.study.run_study import run_study
from tests.study.test_run_study import calls, write  # noqa: F401

LOSS = "def squared(logits, target, ignore_index=255):\n    return logits.square().mean()\n"


def test_modules_of_the_user_are_found_wherever_they_are_named_and_options_are_none(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSS)
    (tmp_path / "my_net.py").write_text("")
    found = own_code(
        {
            "loss": "0.5*ce+my_losses:squared(factor=2)",
            "values": ["power_jaccard:1.5", "neuro_iou:no_init", "no_such_module:loss"],
            "net": "my_net:Net",
            "seed": 0,
        }
    )
    assert list(found) == ["my_losses", "my_net"]
    assert len({*found.values()}) == 2


def test_runs_that_an_older_version_of_the_users_code_has_made_are_told(
    calls,  # noqa: F811
    tmp_path,
    monkeypatch,
    caplog,
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSS)
    path, out = write(tmp_path, '"my_losses:squared", "a"'), tmp_path / "out"
    run_study(path, out)
    with caplog.at_level(logging.WARNING):
        run_study(path, out)
        assert not caplog.records
        (tmp_path / "my_losses.py").write_text(LOSS.replace("mean", "sum"))
        assert run_study(path, out).trained == 0
    assert [record.getMessage() for record in caplog.records] == [
        "2 finished runs were trained with another version of my_losses: their results stay. "
        "For new ones name another output folder"
    ]
