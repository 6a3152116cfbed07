"""Mosaics of a survey, as others see them: the cells of its blocks at their places, in one file or in tiles."""

import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio

from bevseg.core.blocks import Block, Blocks
from bevseg.core.grid import Grid
from bevseg.core.labels import ClassEntry, Scheme, load_scheme
from bevseg.errors import InputError, LabelError
from bevseg.io import aux_xml, geotiff
from bevseg.io.mosaic.write import write_mosaic
from tests.io.mosaic.surveys import LAYOUT, MOST, PLACES, classes_of, dem_of, files, shown, survey, written
from tests.io.test_geotiff import FOOT, assert_cloud_optimised
from tests.io.test_qgis import expected, in_qgis

ASPRS = load_scheme("asprs")
forms = pytest.mark.parametrize("form", MOST)


@forms
def test_every_cell_of_every_block_lies_at_its_place_and_all_others_are_nodata(tmp_path, form):
    main = written(tmp_path / "dem.tif", survey(), form)[0]
    known = 0
    for place in PLACES:
        raster = dem_of(Block(*place))
        np.testing.assert_array_equal(shown(main, raster.grid), raster.values)
        known += np.isfinite(raster.values).sum()
    with rasterio.open(main) as file:
        assert np.isfinite(file.read()).sum() == known and np.isnan(file.nodata)


@forms
def test_classes_have_the_codes_of_their_scheme(tmp_path, form):
    main = written(tmp_path / "classes.tif", survey(classes_of), form, scheme=ASPRS)[0]
    for place in PLACES:
        raster = classes_of(Block(*place))
        codes = np.where(raster.values == 0, 0, ASPRS.encode(raster.values))
        np.testing.assert_array_equal(shown(main, raster.grid), codes)


@pytest.mark.parametrize(("kind", "options"), [(dem_of, {}), (classes_of, {"scheme": ASPRS})])
def test_one_file_and_tiles_show_the_same(tmp_path, kind, options):
    seen = []
    for form in MOST:
        path = tmp_path / form / "a.tif"
        main = written(path, survey(kind), form, units={"height": "m"}, tags={"WHY": "<so> & so"}, **options)[
            0
        ]
        with rasterio.open(main) as file:
            about = [file.tags(), file.descriptions, file.units, str(file.nodata), file.dtypes]
            about += [file.crs, file.transform, file.shape]
            if options:  # a TIFF has colours for all of 256 codes, a virtual raster up to the highest one
                colours = file.colormap(1)
                about.append([colours[code] for code in range(66)])
            seen.append((about, file.read()))
    (about, values), (other_about, other_values) = seen
    assert about == other_about
    assert about[0]["WHY"] == "<so> & so" and about[5].to_epsg() == 2154
    np.testing.assert_array_equal(values, other_values)


@forms
def test_every_tiff_is_cloud_optimised_and_can_be_read_back(tmp_path, form):
    layout = Blocks(0.2, 300)
    paths = written(tmp_path / "classes.tif", survey(classes_of, layout=layout), form, layout, scheme=ASPRS)
    rasters = [path for path in paths if path.suffix == ".tif"]
    assert len(rasters) == (1 if form == "one" else 5)
    for path in rasters:
        assert_cloud_optimised(path)
        back = geotiff.read(path)
        for place in PLACES:
            raster = classes_of(Block(*place), layout)
            own = back.values[:, back.grid.mask_of(raster.grid)]
            assert own.size == 0 or own.ravel().tolist() == raster.values.ravel().tolist()


@forms
def test_a_system_in_feet_has_its_place_in_feet(tmp_path, form):
    pieces = survey(crs="EPSG:2263", unit=FOOT)
    main = written(tmp_path / "dem.tif", pieces, form)[0]
    raster = dem_of(Block(3, 0))
    np.testing.assert_array_equal(shown(main, raster.grid, FOOT), raster.values)
    with rasterio.open(main) as file:
        assert file.transform.a == pytest.approx(0.2 / FOOT) and file.crs.to_epsg() == 2263


@forms
def test_codes_above_255_need_16_bits(tmp_path, form):
    entries = [
        ClassEntry(code, f"class {code}", train, "#102030") for train, code in enumerate((0, 300, 2, 1, 9), 1)
    ]
    main = written(tmp_path / "c.tif", survey(classes_of), form, scheme=Scheme("own", tuple(entries)))[0]
    with rasterio.open(main) as file:
        assert file.dtypes == ("uint16",) and file.nodata == 65535
        values = file.read(1)
    raster = classes_of(Block(1, 1))
    own = shown(main, raster.grid)
    assert set(np.unique(own)) == {0, 300, 2, 1, 9, 65535}
    np.testing.assert_array_equal(own == 65535, raster.values == 0)
    assert (values[:8, :8] == 65535).all()


def test_names_and_colours_of_classes_lie_beside_one_file_and_in_the_virtual_raster(tmp_path):
    one, tiles = (written(tmp_path / form / "c.tif", survey(classes_of), form, scheme=ASPRS) for form in MOST)
    assert aux_xml.path_beside(one[0]).read_text(encoding="utf-8") == aux_xml.class_names(ASPRS)
    names = [e.text or "" for e in ElementTree.parse(tiles[0]).iter("Category")]
    assert names == aux_xml.category_names(ASPRS)
    assert {path.suffix for path in one} == {".tif", ".qml", ".xml"}
    for paths in (one, tiles):
        assert 'label="high vegetation"' in paths[0].with_suffix(".qml").read_text(encoding="utf-8")


@pytest.mark.slow
@forms
def test_qgis_shows_the_names_of_the_classes(tmp_path, form):
    main = written(tmp_path / "c.tif", survey(classes_of), form, scheme=ASPRS)[0]
    (raster,) = in_qgis(main)
    assert raster["renderer"] == "paletted" and raster["classes"] == expected("asprs", first=1)
    names = {code: name for code, (name, _) in expected("asprs", first=1).items()}
    assert names.items() <= raster["named_by_gdal"].items()


@forms
def test_the_style_of_heights_spans_all_blocks(tmp_path, form):
    written(tmp_path / "dem.tif", survey(), form)
    heights = np.concatenate([dem_of(Block(*place))["height"].ravel() for place in PLACES])
    style = (tmp_path / "dem.qml").read_text(encoding="utf-8")
    for end, value in (("minValue", np.nanmin(heights)), ("maxValue", np.nanmax(heights))):
        assert float(style.split(f"<{end}>")[1].split("<")[0]) == value


def test_tiles_are_squares_of_blocks_that_lie_fixed_in_the_world(tmp_path):
    paths = written(tmp_path / "dem.tif", survey(), "tiles")
    names = {path.name for path in paths[2:]}
    assert names == {"dem_-1_-1.tif", "dem_0_-1.tif", "dem_1_0.tif", "dem_0_0.tif", "dem_2_2.tif"}
    assert geotiff.read(tmp_path / "dem_tiles" / "dem_0_0.tif").grid == Grid(0.2, 0, 15, 16, 16)
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "dem.vrt", tmp_path / "elsewhere")
    shutil.move(tmp_path / "dem_tiles", tmp_path / "elsewhere")
    raster = dem_of(Block(5, 4))
    np.testing.assert_array_equal(shown(tmp_path / "elsewhere" / "dem.vrt", raster.grid), raster.values)


@forms
def test_the_order_of_the_blocks_changes_no_byte(tmp_path, form):
    for name, places in (("a", PLACES), ("b", PLACES[::-1])):
        written(tmp_path / name / "dem.tif", survey(places=places), form)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    for file in (tmp_path / "a").rglob("*.*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


@forms
@pytest.mark.parametrize("extent", [Grid(0.2, -5, 12, 15, 20), Grid(0.2, 1, 12, 40, 7)])
def test_an_extent_cuts_the_survey(tmp_path, form, extent):
    main = written(tmp_path / "dem.tif", survey(), form, extent=extent)[0]
    whole = written(tmp_path / "whole.tif", survey())[0]
    with rasterio.open(main) as file:
        assert file.shape == extent.shape
        np.testing.assert_array_equal(file.read(), geotiff.read(whole).cut_to(extent).values)


@forms
def test_a_survey_without_points_is_refused(tmp_path, form):
    with pytest.raises(InputError, match="none of its points takes part"):
        written(tmp_path / "dem.tif", {}, form)
    with pytest.raises(InputError, match="no point lies in the extent"):
        written(tmp_path / "dem.tif", survey(), form, extent=Grid(0.2, 500, 500, 9, 9))
    assert files(tmp_path) == []


def test_a_survey_too_wide_for_a_virtual_raster_is_refused(tmp_path):
    pieces = survey(places=((0, 0), (2**31, 0)))
    with pytest.raises(InputError, match="too wide"):
        write_mosaic(tmp_path / "dem.tif", pieces, LAYOUT)
    assert files(tmp_path) == []


@forms
def test_a_class_without_a_code_is_refused(tmp_path, form):
    scheme = Scheme("own", tuple(entry for entry in ASPRS.entries if entry.train != 5))
    with pytest.raises(LabelError, match="vegetation"):
        written(tmp_path / "c.tif", survey(classes_of), form, scheme=scheme)
    assert files(tmp_path) == []


@forms
def test_rasters_that_do_not_fit_together_are_refused(tmp_path, form):
    mixed = survey() | {Block(0, 1): lambda: classes_of(Block(0, 1))}
    moved = survey() | {Block(0, 1): lambda: dem_of(Block(1, 1))}
    for pieces in (mixed, moved):
        with pytest.raises(ValueError, match=r"the raster of Block\(col=0, row=1\)"):
            written(tmp_path / "dem.tif", pieces, form)
    assert files(tmp_path) == []


@forms
@pytest.mark.parametrize("name", ["tile_1.5_2.0.tif", "a & <b> 'ü'.tif", "\udcff.tif", "dem.tiff"])
def test_a_file_can_have_any_name(tmp_path, form, name):
    main = written(tmp_path / name, survey(), form)[0]
    raster = dem_of(Block(5, 4))
    shutil.move(main, tmp_path / f"a{main.suffix}")  # rasterio itself takes no names that are not UTF-8
    np.testing.assert_array_equal(shown(tmp_path / f"a{main.suffix}", raster.grid), raster.values)
