"""The words a user can choose from are the keys of the tables behind them."""

from importlib import resources

from bevseg.config import names


def test_slices_are_those_of_the_bands():
    from bevseg.bev.bands import bands
    from bevseg.bev.slices import SLAB_OF

    assert all(tuple(bands(features)) == names.SLICES for features in names.FEATURES)
    assert tuple(SLAB_OF) == names.SLICES


def test_features_are_those_of_the_band_table():
    from bevseg.bev import bands

    assert tuple(bands._BANDS) == names.FEATURES


def test_schemes_are_the_files_beside_the_code():
    files = {f.name for f in resources.files("bevseg.schemes").iterdir() if f.name.endswith(".toml")}
    assert {f"{name}.toml" for name in names.SCHEMES} == files


def test_optimisers_and_schedules_are_those_of_their_tables():
    from bevseg.seg.training.optimizers import OPTIMIZERS, SCHEDULES

    assert tuple(OPTIMIZERS) == names.OPTIMISERS
    assert tuple(SCHEDULES) == names.SCHEDULES


def test_samplings_are_those_of_the_table():
    from bevseg.bev.sampling import SAMPLINGS

    assert tuple(SAMPLINGS) == names.SAMPLINGS


def test_commands_are_the_files_of_the_command_line():
    from pathlib import Path

    import bevseg.cli.main

    folder = Path(bevseg.cli.main.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {
        "--init--",
        "main",
        "options",
        "survey-options",
        "console",
    }
    assert set(bevseg.cli.main.COMMANDS) == files


def test_devices_resolve():
    import torch

    from bevseg.seg.device import resolve

    for name in names.DEVICES:
        if not name.startswith("cuda") or torch.cuda.is_available():
            assert resolve(name).type in ("cpu", "cuda")


def test_products_are_those_that_say_what_they_are():
    from bevseg.workdir.ground_products import MEANING

    assert tuple(MEANING) == names.PRODUCTS
