"""Every file that docs/extending.md shows does what the page says, by its path and from an installed package."""

import sys
import tomllib

import numpy as np
import pytest

from bevseg import config
from bevseg.core.labels import POLE, UNDEFINED, load_scheme
from bevseg.core.pointcloud import PointCloud, PointLabels
from bevseg.errors import CloudFormatError
from tests.docs.pages import DOCS, files_in

FILES = files_in(DOCS / "extending.md")
MODULES = [name.removesuffix(".py") for name in FILES if name.endswith(".py")]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with the files of the page. Python finds its modules and remembers none of them."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def installed(own):
    """The same as an installed package: what pip makes of the pyproject.toml of the page."""
    project = tomllib.loads(FILES["pyproject.toml"])
    about = own / "parts-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['project']['name']}\nVersion: 1.0\n"
    )
    groups = project["project"]["entry-points"].items()
    (about / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in groups
        )
    )
    return own


@pytest.fixture
def formats_of_packages(installed):
    """The same folder; the formats of before are forgotten."""
    from bevseg.io import formats

    formats.user_formats.cache_clear()
    yield installed
    formats.user_formats.cache_clear()


def test_the_page_shows_a_file_of_each_kind():
    assert set(FILES) == {
        "my_losses.py",
        "mynet.py",
        "mynet.toml",
        "rows_format.py",
        "helmet.py",
        "pyproject.toml",
        "city.toml",
    }
    assert tomllib.loads(FILES["pyproject.toml"])["tool"]["setuptools"]["py-modules"] == MODULES


def gradient_of(text):
    """Value of a loss at equal logits of two classes, and its gradient; one of the three pixels is ignored."""
    import torch

    from bevseg.seg.losses import parse

    logits = torch.zeros(1, 2, 1, 3)
    logits[..., 2] = torch.nan
    logits.requires_grad_()
    value = parse(text, 2)(logits, torch.tensor([[[0, 1, 255]]]))
    value.backward()
    return float(value.detach()), logits.grad


def test_the_loss_is_named_by_its_module(own):
    value, gradient = gradient_of("0.5*my_losses:squared_error(factor=2)")
    assert value == pytest.approx(0.25)
    assert gradient[0, 0, 0, :2].tolist() == pytest.approx([-0.125, 0.125])
    assert np.isfinite(gradient.numpy()).all() and not gradient[..., 2].any()


def test_the_loss_of_a_package_has_a_short_name(installed):
    assert gradient_of("squared_error(factor=4)")[0] == pytest.approx(1.0)


def test_the_loss_of_a_batch_without_a_valid_pixel_is_zero(own):
    import torch

    from bevseg.seg.losses import parse

    logits = torch.full((1, 2, 2, 2), torch.nan, requires_grad=True)
    value = parse("my_losses:squared_error", 2)(logits, torch.full((1, 2, 2), 255))
    value.backward()
    assert float(value.detach()) == 0 and not logits.grad.any()


@pytest.mark.parametrize("kind", ["mynet:ThreeLayers", "three_layers"])
def test_the_network_is_constructed_with_the_settings_of_the_page(installed, monkeypatch, kind):
    import torch

    from bevseg.seg.models import registry
    from bevseg.seg.models.build import build

    monkeypatch.setattr(registry, "_registered", {})
    settings = config.load(str(installed / "mynet.toml"))
    assert settings.net.kind == "mynet:ThreeLayers"
    net = build(config.NetConfig(kind, filters=settings.net.filters), 7, 5)
    assert net.layers[0].weight.shape == (32, 7, 3, 3)
    assert net(torch.zeros(2, 7, 9, 14)).shape == (2, 5, 9, 14)


def test_the_format_of_a_package_is_written_and_read(formats_of_packages):
    from bevseg.io.find import find_clouds
    from bevseg.io.read import read_cloud
    from bevseg.io.write import write_cloud

    cloud = PointCloud.from_xyz(np.array([[1.0, 2, 3], [4, 5, 6]]))
    labels = PointLabels(np.array([1, POLE], "u1"), np.array([255, 255], "u1"))
    write_cloud(cloud, labels, formats_of_packages / "clouds" / "scan.rows")
    assert [found.stem for found in find_clouds([formats_of_packages / "clouds"]).clouds] == ["scan"]
    back = read_cloud(formats_of_packages / "clouds" / "scan.rows")
    np.testing.assert_array_equal(back.xyz, cloud.xyz)
    np.testing.assert_array_equal(back.labels, labels.classes)


def test_the_format_refuses_a_file_that_is_cut_off(formats_of_packages):
    from bevseg.io.read import read_cloud

    (formats_of_packages / "cut.rows").write_bytes(np.zeros(5).tobytes())
    with pytest.raises(CloudFormatError, match="no file of rows"):
        read_cloud(formats_of_packages / "cut.rows")


def test_the_preset_of_a_package_scans_a_street(installed):
    from bevseg.runtime import open3d
    from bevseg.sim.simulate import simulate_scan

    try:
        open3d.load()
    except ImportError as error:
        pytest.skip(f"no ray casting: {error}")
    scan = simulate_scan(1, preset="helmet", points=300, length=10)
    assert len(scan.cloud) == 300
    assert 1.9 <= scan.setup.sensor.height <= 2.1


def test_the_scheme_maps_codes_both_ways(own):
    scheme = load_scheme(str(own / "city.toml"))
    assert scheme.decode(np.array([17, 18, 90]), where="").tolist() == [POLE, POLE, UNDEFINED]
    assert scheme.encode(np.array([POLE], np.uint8)).tolist() == [17]
