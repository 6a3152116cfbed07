import numpy as np
import pytest

from bevseg.core.labels import CAR
from bevseg.sim.materials import LABELS, Material
from bevseg.sim.objects.vehicles import cars
from bevseg.sim.objects.vehicles.bodies import BODIES
from bevseg.sim.objects.vehicles.special import SPECIAL
from bevseg.sim.town.styles import STYLES


def some(kind, count=6):
    return [cars.vehicle(np.random.default_rng(seed), kind) for seed in range(count)]


@pytest.mark.parametrize("kind", BODIES)
def test_a_vehicle_has_the_size_of_its_kind_and_stands_on_its_wheels(kind):
    body = BODIES[kind]
    for car in some(kind):
        body_work = car.only(car.materials != Material.TYRE).corners.reshape(-1, 3)
        length, _, _ = np.ptp(body_work, axis=0)
        trunk = body_work[body_work[:, 2] < 0.4 * body_work[:, 2].max()]
        assert body.length[0] - 0.01 < length < body.length[1] + 0.01
        assert 0.9 * body.width[0] < np.ptp(trunk[:, 1]) < body.width[1] + 0.01
        assert body.height[0] < body_work[:, 2].max() < body.height[1] + 0.6
        tyres = car.corners[car.materials == Material.TYRE][..., 2]
        assert abs(tyres.min()) < 0.03
        assert body_work[:, 2].min() > 0.1


@pytest.mark.parametrize("kind", BODIES)
def test_all_of_a_vehicle_is_car(kind):
    for car in some(kind):
        assert set(LABELS[car.materials].tolist()) == {CAR}
        assert len(car.corners) < 2500


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_towed_or_covered_is_car_and_stands_on_the_road(kind):
    for seed in range(8):
        part = SPECIAL[kind](np.random.default_rng(seed))
        low, high = part.corners.reshape(-1, 3).min(axis=0), part.corners.reshape(-1, 3).max(axis=0)
        assert set(LABELS[part.materials].tolist()) == {CAR}
        assert -0.02 < low[2] < 0.3
        assert 0.7 < high[2] < 3.1
        assert 2.0 < high[0] - low[0] < 9.5
        assert 1.1 < high[1] - low[1] < 2.7


def test_nothing_of_a_share_of_zero_is_drawn():
    fleet = {"saloon": 0.0, "bus": 1.0}
    assert np.ptp(cars.car(np.random.default_rng(0), fleet, longest=6.0).corners[..., 0]) < 4.6


def test_every_kind_comes_along():
    kinds = {
        round(np.ptp(cars.vehicle(np.random.default_rng(0), kind).corners[..., 0]), 6) for kind in BODIES
    }
    assert len(kinds) == len(BODIES)


def test_no_longer_vehicle_than_fits():
    for seed in range(60):
        car = cars.car(np.random.default_rng(seed), {"bus": 1.0, "saloon": 0.1, "pickup": 0.1}, longest=6.3)
        assert np.ptp(car.corners[..., 0]) < 6.3


def test_nothing_fits_but_a_small_car():
    assert np.ptp(cars.car(np.random.default_rng(0), {"bus": 1.0}, longest=5.0).corners[..., 0]) < 4.6


def test_a_beam_passes_below_a_car_but_not_through_its_doors(ray_casting):
    car = cars.vehicle(np.random.default_rng(2), "saloon")
    scene = ray_casting.t.geometry.RaycastingScene()
    corners = car.corners.astype(np.float32).reshape(-1, 3)
    index = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
    scene.add_triangles(ray_casting.core.Tensor(corners), ray_casting.core.Tensor(index))

    def hit(z):
        rays = np.array([[0.0, -9, z, 0, 1, 0]], np.float32)
        return bool(np.isfinite(scene.cast_rays(ray_casting.core.Tensor(rays))["t_hit"].numpy())[0])

    assert not hit(0.1)
    assert hit(0.5)


def test_windows_of_some_cars_let_beams_in():
    glass = [(car.materials == Material.CAR_GLASS).sum() for car in some("suv", 30)]
    assert min(glass) < 0.6 * max(glass)
    assert all((car.materials == Material.SEAT).any() for car in some("suv"))


@pytest.mark.parametrize(("pace", "length"), [(0.0, 1.0), (0.5, 2.0), (-1.0, 0.5)])
def test_motion_stretches_a_car_by_its_speed(pace, length):
    car = cars.vehicle(np.random.default_rng(0), "saloon")
    drawn = cars.moving(car, pace, 0.0)
    assert np.ptp(drawn.corners[..., 0]) == pytest.approx(length * np.ptp(car.corners[..., 0]))


def test_slanted_profiles_shear_what_moves():
    car = cars.vehicle(np.random.default_rng(0), "van")
    drawn = cars.moving(car, -1.0, -1.0)
    left, right = (
        drawn.corners[drawn.corners[..., 1].mean(axis=1) * side > 0.7][..., 0].mean() for side in (1, -1)
    )
    assert right - left > 0.5


def test_a_seed_is_a_car():
    first, again = (cars.car(np.random.default_rng(5), STYLES["shrec20"].fleet) for _ in range(2))
    assert np.array_equal(first.corners, again.corners)
