import numpy as np

from bevseg.sim.distributions import drawn


def test_names_are_drawn_by_their_shares():
    rng = np.random.default_rng(0)
    names = [drawn(rng, {"a": 3.0, "b": 1.0, "c": 0.0}) for _ in range(400)]
    assert set(names) == {"a", "b"}
    assert 0.65 < names.count("a") / 400 < 0.85
