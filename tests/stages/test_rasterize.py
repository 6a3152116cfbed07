"""`bevseg rasterize`: rasters whose bands say what they hold."""

import rasterio


def test_bands_tell_their_units(worked):
    with rasterio.open(worked / "work" / "a" / "low.tif") as file:
        units = dict(zip(file.descriptions, file.units, strict=True))
    assert (units["h_max"], units["density"]) == ("m", "log(1 + points)")
    assert all(units.values())


def test_label_rasters_carry_their_colours(worked):
    with rasterio.open(worked / "work" / "a" / "low_labels.tif") as file:
        assert file.colormap(1)[1][:3] == (0xC0, 0x50, 0x4D)
