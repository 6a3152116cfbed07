"""What of a LAS file no other format holds is said, and so is what stands beside it."""

import struct

import laspy
import numpy as np
import pytest

from bevseg.io.las import writer
from bevseg.io.pcd import writer as pcd
from bevseg.io.ply import writer as ply
from bevseg.io.read import read_cloud
from bevseg.io.text import writer as text
from tests.io.las.assembled import patched
from tests.io.las.lasfiles import make

NOTE = laspy.VLR("surveyor", 77, "a note", b"kept in LAS alone")


@pytest.mark.parametrize(("to", "name"), [(ply, "PLY"), (pcd, "PCD"), (text, "text")])
def test_the_system_the_header_and_the_records_are_named(tmp_path, to, name):
    pyproj = pytest.importorskip("pyproj")

    def edit(las):
        las.header.add_crs(pyproj.CRS.from_epsg(2263))
        las.vlrs.append(NOTE)

    cloud = read_cloud(make(tmp_path / "a.las", 6, edit=edit))
    sentences = to.cannot_keep(cloud)
    assert sentences[0] == f"{name} has no place for the coordinate reference system"
    assert "source 4711" in sentences[1] and "'SCANNER 7'" in sentences[1] and "GPS time is" in sentences[1]
    assert sentences[2] == "the records of LAS are left out: surveyor 77"


def test_waveforms_are_named(tmp_path):
    cloud = read_cloud(make(tmp_path / "a.las", 4))
    assert "the waveforms are left out; the references to them stay" in ply.cannot_keep(cloud)


def test_waveforms_in_a_file_of_their_own_are_to_be_copied(tmp_path):
    path = make(tmp_path / "flight.las", 4)
    assert writer.cannot_keep(read_cloud(path)) == []
    (sentence,) = writer.cannot_keep(read_cloud(patched(path, 6, struct.pack("<H", 0b101))))
    assert "flight.wdp: copy it" in sentence


def test_arrays_and_lists_of_records_are_cut(tmp_path):
    def edit(las):
        las.vlrs.extend(laspy.VLR("surveyor", number, "", b"") for number in range(30))

    sentences = ply.cannot_keep(read_cloud(make(tmp_path / "a.las", 6, edit=edit)))
    assert sentences[-1].endswith("surveyor 7 and 22 more") and np.max([len(s) for s in sentences]) < 300
