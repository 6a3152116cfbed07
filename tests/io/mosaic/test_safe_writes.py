"""A mosaic appears when it is complete; what was there before is replaced only if that is wished."""

import errno
import multiprocessing
import os
import weakref
from pathlib import Path

import numpy as np
import pytest

from bevseg.core.blocks import Block
from bevseg.errors import OutputExistsError, OutputWriteError
from bevseg.io.mosaic.paths import ensure_no_mosaic
from tests.io.mosaic.surveys import MOST, PLACES, classes_of, dem_of, files, shown, survey, written

forms = pytest.mark.parametrize("form", MOST)


def content(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@forms
@pytest.mark.parametrize("old", [None, *MOST])
@pytest.mark.parametrize("last", [True, False])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, form, old, last):
    if old:
        written(tmp_path / "dem.tif", survey(places=PLACES[:3]), old)
    before, calls = content(tmp_path), []
    names_before = files(tmp_path)
    write_bytes = Path.write_bytes

    def full(self, data):
        calls.append(self)
        if len(calls) == (6 if last and form == "tiles" else 1):  # the virtual raster comes behind five tiles
            write_bytes(self, bytes(data)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputWriteError, match="No space left"):
        written(tmp_path / "dem.tif", survey(), form, overwrite=True)
    assert content(tmp_path) == before and files(tmp_path) == names_before


@forms
def test_an_interrupt_leaves_nothing(tmp_path, form):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "dem.tif", survey() | {Block(0, 1): interrupted}, form)
    assert files(tmp_path) == []


def killed(path, form):
    """Write a mosaic; the process ends at once when it loads the last block."""
    last = {Block(*PLACES[-1]): lambda: os._exit(1)}
    written(path, survey() | last, form)


@forms
def test_a_killed_process_leaves_no_file_under_a_final_name(tmp_path, form):
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(tmp_path / "dem.tif", form))
    process.start()
    process.join()
    assert process.exitcode == 1
    left = [name for name in files(tmp_path) if name != "dem_tiles"]
    assert left and all(Path(name).name.startswith(".bevseg-") for name in left)
    paths = written(tmp_path / "dem.tif", survey(), form)
    assert files(tmp_path) == sorted(
        [str(path.relative_to(tmp_path)) for path in paths] + (["dem_tiles"] if form == "tiles" else [])
    )


@forms
@pytest.mark.parametrize("old", MOST)
def test_an_old_mosaic_is_kept_or_replaced_in_whatever_form_it_is(tmp_path, form, old):
    written(tmp_path / "dem.tif", survey(classes_of, places=((9, 9), (-9, 0))), old)
    before = content(tmp_path)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        written(tmp_path / "dem.tif", survey(), form)
    assert content(tmp_path) == before
    main, *others = written(tmp_path / "dem.tif", survey(), form, overwrite=True)
    assert set(content(tmp_path)) == {main, *others}
    assert (tmp_path / "dem_tiles").exists() == (form == "tiles")
    raster = dem_of(Block(3, 0))
    np.testing.assert_array_equal(shown(main, raster.grid), raster.values)


def test_files_of_others_in_the_folder_of_the_tiles_stay(tmp_path):
    (tmp_path / "dem_tiles").mkdir()
    (tmp_path / "dem_tiles" / "dem_notes.tif").write_text("mine")
    written(tmp_path / "dem.tif", survey(), "tiles")
    written(tmp_path / "dem.tif", survey(), "one", overwrite=True)
    assert files(tmp_path) == ["dem.qml", "dem.tif", "dem_tiles", "dem_tiles/dem_notes.tif"]


@pytest.mark.parametrize(
    "name", ["dem.tif", "dem.vrt", "dem.qml", "dem.tif.aux.xml", "dem_tiles", "dem_tiles/dem_0_-3.tif"]
)
def test_any_file_in_the_way_is_told_before_work(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(OutputExistsError):
        ensure_no_mosaic(tmp_path / "dem.tif", overwrite=False)


@forms
@pytest.mark.parametrize("kind", [dem_of, classes_of])
def test_each_block_is_loaded_once_and_is_gone_before_the_next(tmp_path, form, kind):
    alive, loaded = [], []

    def counted(place):
        def load():
            assert not any(reference() is not None for reference in alive)
            raster = kind(Block(*place))
            alive.append(weakref.ref(raster.values))
            loaded.append(place)
            return raster

        return load

    written(tmp_path / "a.tif", {Block(*place): counted(place) for place in PLACES}, form)
    assert sorted(loaded) == sorted(PLACES)
