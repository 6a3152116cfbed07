import numpy as np
import pytest

from bevseg.bev.view import View, share_seen

FULL = View.full()


@pytest.mark.parametrize("seed", range(5))
def test_the_full_view_shows_every_point(seed):
    x, y, height = np.random.default_rng(seed).uniform(-50, 50, 3)
    assert share_seen(FULL, x, y, height) == 1


def test_the_highest_beam_shows_more_of_a_front_that_is_further_away():
    view = FULL._replace(eye=2.0, top=0.1)
    assert share_seen(view, 10.0, 0.0, 2.9) == 1
    assert share_seen(view, 10.0, 0.0, 3.1) == 0
    assert share_seen(view, 30.0, 0.0, 3.1) == 1


def test_half_of_the_points_are_left_at_the_fading_distance():
    view = FULL._replace(fade=20.0)
    assert share_seen(view, 0.0, 20.0, 0.0) == pytest.approx(0.5)
    assert share_seen(view, 0.0, 40.0, 0.0) < share_seen(view, 0.0, 20.0, 0.0)


def test_a_sector_hides_what_lies_in_its_direction_alone():
    view = FULL._replace(hidden_x=1.0, hidden_y=0.0, hidden_cos=float(np.cos(np.radians(30))))
    assert share_seen(view, 10.0, 10.0 * np.tan(np.radians(29)), 0.0) == 0
    assert share_seen(view, 10.0, 10.0 * np.tan(np.radians(31)), 0.0) == 1
    assert share_seen(view, -10.0, 0.0, 0.0) == 1


def test_beams_draw_circles_on_flat_ground():
    view = FULL._replace(eye=2.0, between=float(np.radians(2)))
    angles = np.linspace(0, 2 * np.pi, 40)
    rings = [
        {share_seen(view, r * np.cos(a), r * np.sin(a), 0.0) for a in angles} for r in (3.01, 5.02, 9.03)
    ]
    assert all(len(ring) == 1 for ring in rings)
    along = [share_seen(view, r, 0.0, 0.0) for r in np.linspace(3, 30, 2000)]
    elevations = np.arctan2(-2.0, np.linspace(3, 30, 2000)) / view.between
    assert along == list((elevations % 1 <= 0.5).astype(float))


def test_drawn_views_keep_their_ranges_and_some_hide_nothing_of_a_kind():
    rng = np.random.default_rng(0)
    views = [View.draw(rng, 40.0) for _ in range(200)]
    assert all(max(abs(view.x), abs(view.y)) <= 30 and 1 <= view.eye <= 2.5 for view in views)
    for limited in ("top", "fade"):
        shares = np.isfinite([getattr(view, limited) for view in views])
        assert 0.35 < shares.mean() < 0.65
