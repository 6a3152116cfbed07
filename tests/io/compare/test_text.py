"""Text to text: one walk along both files, byte by byte."""

import numpy as np
import pytest

from bevseg.errors import CloudFormatError
from bevseg.io.compare.files import compare
from tests.io.text.scenes import read, save, write

SOURCES = {
    "blanks": "x  y z label\n 1.50   2.5\t3.0   4\n4.5 5.5 6.5 4  \n",
    "commas": 'x,y,z,n,class\n1.5, 2.5,3.5,"a, b",\n4.5,5.5,6.5,"c",4\n',
    "windows": "x;y;z;t\r\n1,50;2,5;3,0;7\r\n4,5;5,5;6,5;8\r\n",
    "no header": "1.5 2.5 3.0 4\n4.5 5.5 6.5 4\n",
    "trailing": "id,x,y,z\n1,1.5,2.5,3.0,\n2,4.5,5.5,6.5,\n",
    "quoted": '"x","y","z","class"\n"1.50","2.0","3.0","4"\n"4.50","2.0","3.0","4"\n',
    "own": "x y z label bevseg_confidence i\n1.50 2 3 5 255 8\n1 2 3 5 255 9\n",
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_byte_of_a_result_counts_but_class_and_confidence(name, tmp_path):
    source = save(tmp_path, SOURCES[name], "a.txt")
    data = write(read(tmp_path, SOURCES[name]).cloud, tmp_path / "out.txt").read_bytes()
    assert compare(source, tmp_path / "out.txt") is None
    unseen = []
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] = ord("8") if data[at] != ord("8") else ord("7")
        try:
            if compare(source, save(tmp_path, bytes(changed), "b.txt")) is None:
                unseen.append(at)
        except CloudFormatError:
            pass
    assert 0 < len(unseen) <= 8  # digits of two classes and two confidences
    assert all(chr(data[at]).isdigit() for at in unseen)


@pytest.mark.parametrize("name", SOURCES)
def test_a_line_more_or_less_is_a_difference_and_a_file_is_itself(name, tmp_path):
    source = save(tmp_path, SOURCES[name], "a.txt")
    assert compare(source, source) is None
    data = write(read(tmp_path, SOURCES[name]).cloud, tmp_path / "out.txt").read_bytes()
    end = b"\r\n" if b"\r" in data else b"\n"
    lines = data.split(end)
    less, more = end.join([*lines[:-2], b""]), end.join([*lines[:-1], lines[-2], b""])
    assert "only the source has" in str(compare(source, save(tmp_path, less, "b.txt")))
    assert "only the result has" in str(compare(source, save(tmp_path, more, "b.txt")))


def test_utf_16_and_comments_between_points_are_declared(tmp_path):
    content = "x y z i\n1 2 3 4\n# a comment\n\n5 6 7 8\n"
    source = save(tmp_path, content.encode("utf-16"), "a.txt")
    result = write(read(tmp_path, content).cloud, tmp_path / "out.txt")
    assert compare(source, result) is None


def test_columns_of_the_user_are_known(tmp_path):
    content = "1.5 2.5 3.5 4\n2.5 2.5 3.5 5\n"
    source = save(tmp_path, content, "a.txt")
    result = write(read(tmp_path, content, columns="x,y,z,intensity").cloud, tmp_path / "out.txt")
    assert compare(source, result, "x,y,z,intensity") is None
    lines = result.read_bytes().replace(b" 4 ", b" 3 ")
    assert "column 4 (intensity) is 4" in str(
        compare(source, save(tmp_path, lines, "b.txt"), "x,y,z,intensity")
    )


def test_the_number_of_a_late_difference_is_right(tmp_path):
    content = "x y z i\n" + "".join(f"{i % 100}.25 {i % 77} 3 {i}\n" for i in range(20_000))
    source = save(tmp_path, content, "a.txt")
    data = write(read(tmp_path, content).cloud, tmp_path / "out.txt").read_bytes()
    assert compare(source, tmp_path / "out.txt") is None
    changed = save(tmp_path, data.replace(b" 19876 ", b" 19877 "), "b.txt")
    assert compare(source, changed).point == 19_877
    assert np.char.isdigit(compare(source, changed).source)
