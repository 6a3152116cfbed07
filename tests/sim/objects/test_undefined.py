import numpy as np
import pytest

from bevseg.core.labels import BUILDING, UNDEFINED, VEGETATION
from bevseg.sim.materials import LABELS
from bevseg.sim.objects import barriers, bins, cafes, fences, furniture, people, wires, works
from bevseg.sim.objects.fences import FENCES
from bevseg.sim.objects.vehicles import trams, two_wheelers

THINGS = {
    make.__name__: make
    for make in (
        people.person, people.people, people.ghost, two_wheelers.bicycle, two_wheelers.bicycle_rack,
        two_wheelers.scooter, furniture.bench, bins.bins, bins.litter_bin, bins.dumpster,
        furniture.bus_shelter, furniture.mailbox, furniture.hydrant, furniture.newspaper_boxes,
        furniture.parking_meter, furniture.cabinet, furniture.planter, cafes.tables, works.works,
        two_wheelers.scooters, works.skip, cafes.kiosk,
    )
}  # fmt: skip


def labels(mesh):
    return set(LABELS[mesh.materials].tolist())


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
def test_clutter_is_undefined_and_stands_on_the_ground(make):
    for seed in range(12):
        part = make(np.random.default_rng(seed))
        z = part.corners[..., 2]
        assert labels(part) - {VEGETATION} == {UNDEFINED}
        assert -0.5 < z.min() < (1.9 if make is people.ghost else 0.3)
        assert 0.4 < z.max() < 3.2
        assert len(part.corners) < 3000


LARGE = {
    "panel": (furniture.panel, 1.8, 6.2),
    "container": (works.container, 2.4, 5.9),
    "tram": (trams.tram, 4.3, 5.6),
    "terrace": (lambda rng: cafes.terrace(rng, 8.0, 2.5), 2.2, 3.4),
    "guard rail": (lambda rng: barriers.guard_rail(rng, 20.0), 0.6, 1.3),
    "noise barrier": (lambda rng: barriers.noise_barrier(rng, 20.0, 3.0), 3.0, 3.1),
}


@pytest.mark.parametrize(("make", "low", "high"), LARGE.values(), ids=LARGE)
def test_large_things_are_undefined_stand_on_the_ground_and_are_as_high_as_such(make, low, high):
    for seed in range(12):
        part = make(np.random.default_rng(seed))
        z = part.corners[..., 2]
        assert labels(part) == {UNDEFINED}
        assert -0.5 < z.min() < 0.1
        assert low <= z.max() < high
        assert len(part.corners) < 4000


def test_a_tram_is_as_long_and_wide_as_trams():
    for seed in range(12):
        size = np.ptp(trams.tram(np.random.default_rng(seed)).corners.reshape(-1, 3), axis=0)
        assert 11 < size[0] < 48
        assert 2.2 < size[1] < 2.7


def test_only_the_plant_of_a_tub_is_vegetation():
    tub = furniture.planter(np.random.default_rng(0))
    plant = tub.instances == 1
    assert labels(tub.only(plant)) == {VEGETATION}
    assert labels(tub.only(~plant)) == {UNDEFINED}


def test_people_are_things_of_their_own():
    group = people.people(np.random.default_rng(1))
    assert len(np.unique(group.instances)) == group.instances.max() + 1 >= 2


def test_people_are_as_tall_as_people():
    tall = [people.person(np.random.default_rng(seed)).corners[..., 2].max() for seed in range(100)]
    assert 0.75 < min(tall) < 1.5
    assert 1.8 < max(tall) < 2.0


def test_ghosts_are_longer_or_shorter_than_people():
    lengths = [np.ptp(people.ghost(np.random.default_rng(seed)).corners[..., 0]) for seed in range(40)]
    assert min(lengths) < 0.8
    assert max(lengths) > 2.0


@pytest.mark.parametrize("kind", FENCES)
def test_fences_keep_their_length(kind):
    for seed in range(6):
        part = fences.fence(np.random.default_rng(seed), 5.0, kind)
        assert labels(part) <= {UNDEFINED, BUILDING}
        assert UNDEFINED in labels(part)
        assert part.corners[..., 0].min() > -0.2
        assert 4.3 < part.corners[..., 0].max() < 5.3
        assert 0.5 < part.corners[..., 2].max() < 2.6


def test_most_beams_pass_chain_link(ray_casting):
    part = fences.fence(np.random.default_rng(0), 10.0, "chain link")
    scene = ray_casting.t.geometry.RaycastingScene()
    corners = part.corners.astype(np.float32).reshape(-1, 3)
    index = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
    scene.add_triangles(ray_casting.core.Tensor(corners), ray_casting.core.Tensor(index))
    x, z = (axis.ravel() for axis in np.meshgrid(np.linspace(0.1, 9.9, 100), np.linspace(0.1, 0.9, 40)))
    rays = np.column_stack([x, np.full_like(x, -5), z, np.zeros_like(x), np.ones_like(x), np.zeros_like(x)])
    hits = np.isfinite(
        scene.cast_rays(ray_casting.core.Tensor(rays.astype(np.float32)))["t_hit"].numpy()
    ).mean()
    assert 0.05 < hits < 0.35


def test_a_gate_and_a_scaffold_fill_their_opening():
    assert np.ptp(fences.gate(np.random.default_rng(0), 3.0).corners[..., 0]) > 2.5
    frame = works.scaffold(np.random.default_rng(0), 5.0, 6.0)
    assert frame.corners[..., 2].max() == pytest.approx(7.0, abs=0.1)
    assert labels(frame) == {UNDEFINED}


def test_wires_hang_between_their_ends():
    start, end = np.array([[0.0, 0, 8]]), np.array([[30.0, 1, 9]])
    wire = wires.wires(start, end, np.array([0.02]), 0.02)
    assert labels(wire) == {UNDEFINED}
    assert np.ptp(wire.corners[..., 0]) == pytest.approx(30, abs=0.1)
    middle = wire.corners[np.abs(wire.corners[..., 0] - 15) < 0.1]
    assert middle[..., 2].mean() == pytest.approx(8.5 - 0.02 * 30, abs=0.05)
