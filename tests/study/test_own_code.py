from bevseg.study.own_code import own_code


def test_modules_of_the_user_are_found_wherever_they_are_named_and_options_are_none(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_losses.py").write_text("a = 1")
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
