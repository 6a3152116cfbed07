"""The start of the command line: what must stand before libraries load."""

import os


def test_threads_that_wait_do_not_spin(monkeypatch):
    from bevseg.cli import main

    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setattr(main, "cli", lambda **rest: None)
    monkeypatch.setattr(main.signal, "signal", lambda *rest: None)
    main.main()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    main.main()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
