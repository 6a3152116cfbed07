import struct
import zlib

import numpy as np
import pytest

from bevseg.errors import CloudNotFoundError, InputError
from bevseg.study.tasks.images.read_pictures import read_pictures
from tests.study import picture_files


def test_an_npz_file_of_one_band_and_one_of_three(tmp_path):
    images, labels = picture_files.arrays(2)
    of_three = read_pictures(picture_files.write_npz(tmp_path / "three.npz", 2))
    assert of_three.class_names == picture_files.NAMES
    assert np.array_equal(np.stack(of_three.images), images)
    assert np.array_equal(np.stack(of_three.masks), labels)
    grey = read_pictures(picture_files.write_npz(tmp_path / "grey.npz", 2, images=images[..., 0]))
    assert grey.images[0].shape == (24, 32, 1)


@pytest.mark.parametrize(
    ("suffix", "mask_suffix", "palette"),
    [(".png", ".png", False), (".png", ".png", True), (".tif", ".tif", False), (".npy", ".npy", False)],
)
def test_a_folder_gives_the_same_whatever_the_format(tmp_path, suffix, mask_suffix, palette):
    images, labels = picture_files.arrays(2)
    folder = picture_files.write_folder(tmp_path / "f", images, labels, suffix, mask_suffix, palette)
    found = read_pictures(folder)
    assert found.names == ["p0", "p1"]
    assert np.array_equal(np.stack(found.images), images)
    assert np.array_equal(np.stack(found.masks), labels)


def test_pictures_of_a_folder_may_differ_in_size_and_have_many_bands_first_or_last(tmp_path):
    images = [np.zeros((5, 8, 9), np.float32), np.zeros((7, 11, 6), np.float32)]
    images[0][4] = 1
    masks = [np.zeros((8, 9), np.uint8), np.zeros((7, 11), np.uint8)]
    with pytest.raises(InputError, match="differ in their bands"):
        read_pictures(picture_files.write_folder(tmp_path / "a", images, masks, ".npy", ".npy"))
    images[1] = images[1][..., :5]
    found = read_pictures(picture_files.write_folder(tmp_path / "b", images, masks, ".npy", ".npy"))
    assert [image.shape for image in found.images] == [(8, 9, 5), (7, 11, 5)]
    assert found.images[0][..., 4].all()


def test_jpeg_pictures_have_masks_in_another_format(tmp_path):
    images, labels = picture_files.arrays(1)
    found = read_pictures(picture_files.write_folder(tmp_path / "f", images, labels, ".jpg"))
    assert found.images[0].shape == (24, 32, 3)
    assert np.abs(found.images[0].astype(int) - images[0]).mean() < 10


def test_pictures_stand_in_the_order_of_their_numbers(tmp_path):
    images, labels = picture_files.arrays(12)
    found = read_pictures(picture_files.write_folder(tmp_path / "f", images, labels, ".png"))
    assert found.names == [f"p{number}" for number in range(12)]


def test_a_png_of_several_bands_of_16_bits_is_refused(tmp_path):
    folder = picture_files.write_folder(tmp_path / "f", *picture_files.arrays(1), ".png")
    path = folder / "images" / "p0.png"
    header = struct.pack(">IIBBBBB", 32, 24, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(24 * (1 + 32 * 6)))), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    with pytest.raises(InputError, match="several bands of 16 bits"):
        read_pictures(folder)


def test_what_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(CloudNotFoundError, match="No such pictures"):
        read_pictures(tmp_path / "nothing")


def broken_folders(folder):
    """Wrong folder -> what the error says."""
    images, labels = picture_files.arrays(3)

    def changed(name, change):
        path = picture_files.write_folder(folder / name, images, labels)
        change(path)
        return path

    def lose(path):
        (path / "masks" / "p1.png").unlink()

    def empty(path):
        for picture in (path / "images").iterdir():
            picture.unlink()

    def cut(path):
        picture = path / "images" / "p1.png"
        picture.write_bytes(picture.read_bytes()[:100])

    def objects(path):
        (path / "masks" / "p1.png").unlink()
        np.save(path / "masks" / "p1.npy", np.array([{}]), allow_pickle=True)

    def twice(path):
        np.save(path / "images" / "p1.npy", images[1])

    def forget(path):
        (path / "images" / "p2.png").rename(path / "images" / "p2.bmp")

    return {
        "1 of 3 masks have no picture": changed("forgotten", forget),
        "1 of 3 pictures have no mask": changed("lost", lose),
        "No pictures": changed("empty", empty),
        "cannot be read": changed("cut", cut),
        "no plain array": changed("objects", objects),
        "Two files for the picture 'p1'": changed("twice", twice),
        "differ in size": picture_files.write_folder(folder / "size", images, labels[:, :20]),
        "several bands": picture_files.write_folder(folder / "rgb", images, images),
        "not hold whole numbers": picture_files.write_folder(
            folder / "float", images, labels / 2, mask_suffix=".npy"
        ),
        "NaN": picture_files.write_folder(folder / "nan", images * np.nan, labels, ".npy"),
        "No such folder": folder,
    }


def test_a_wrong_folder_is_refused_with_the_reason(tmp_path):
    for message, path in broken_folders(tmp_path).items():
        with pytest.raises(InputError, match=f"(?s).*{message}") as caught:
            read_pictures(path)
        assert caught.value.where, message
        assert caught.value.hint, message


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.array([{}, None])}, "Not an NPZ file of arrays"),
        ({"labels": np.zeros((2, 24, 31), np.uint8)}, "do not fit"),
        ({"images": np.zeros((0, 4, 4)), "labels": np.zeros((0, 4, 4), int)}, "No pictures"),
        ({"labels": np.full((2, 24, 32), 0.5)}, "whole numbers"),
        ({"images": np.full((2, 24, 32), np.inf)}, "infinite"),
        ({"images": np.full((2, 24, 32), "x")}, "does not hold numbers"),
    ],
)
def test_a_wrong_npz_file_is_refused_with_the_reason(tmp_path, arrays, message):
    path = picture_files.write_npz(tmp_path / "wrong.npz", 2, **arrays)
    with pytest.raises(InputError, match=message) as caught:
        read_pictures(path)
    assert caught.value.hint


def test_files_that_are_no_npz_or_lack_an_array_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("pictures")
    with pytest.raises(InputError, match="Not an NPZ file"):
        read_pictures(tmp_path / "text.npz")
    np.savez(tmp_path / "lacks.npz", images=np.zeros((1, 4, 4)))
    with pytest.raises(InputError, match="no 'labels'"):
        read_pictures(tmp_path / "lacks.npz")
