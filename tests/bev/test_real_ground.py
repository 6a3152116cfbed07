"""Ground of hand-labelled streets, by the DEM alone: no network takes part."""

import numpy as np
import pytest

from bevseg.bev.ground import ground, height_above_ground
from bevseg.config import GroundConfig, SliceConfig
from bevseg.ingest import ingest
from bevseg.labels import GROUND, UNDEFINED, load_scheme


@pytest.mark.parametrize(("stem", "floor"), [("ad", 0.98), ("ah", 0.93)])
def test_points_in_the_ground_band_are_ground(shared_data, stem, floor):
    path = shared_data / "oakland3d" / f"oakland_part2_{stem}.xyz_label_conf.gz"
    cloud = ingest(path, scheme=load_scheme("oakland"))
    above = height_above_ground(cloud, ground(cloud, 0.2, GroundConfig()).dem)
    said, true = above < SliceConfig.ground_band, cloud.labels == GROUND
    counted = cloud.labels != UNDEFINED
    iou = np.sum(said & true & counted) / np.sum((said | true) & counted)
    assert iou > floor, f"ground IoU {iou:.4f}"
