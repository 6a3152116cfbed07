"""The loader of Open3D: what it says when the library, or one under it, is not there."""

import importlib

import pytest

from bevseg.errors import DependencyError
from bevseg.runtime import open3d


@pytest.fixture
def failing_import(monkeypatch):
    """Let `import open3d` fail with a message of the test's choice."""

    def arrange(error):
        original = importlib.import_module

        def refuse(name, package=None):
            if name == "open3d":
                raise error
            return original(name, package)

        open3d.load.cache_clear()
        monkeypatch.setattr(importlib, "import_module", refuse)

    yield arrange
    open3d.load.cache_clear()


@pytest.mark.parametrize("library", open3d.PACKAGES)
def test_a_missing_system_library_is_named_with_its_package(failing_import, library):
    failing_import(ImportError(f"{library}: cannot open shared object file: No such file or directory"))
    with pytest.raises(DependencyError) as caught:
        open3d.load()
    assert library in caught.value.what
    assert f"apt install {open3d.PACKAGES[library]}" in caught.value.hint


def test_a_library_nobody_mapped_is_still_named(failing_import):
    failing_import(OSError("libfoo.so.3: cannot open shared object file: No such file or directory"))
    with pytest.raises(DependencyError, match=r"libfoo\.so\.3 is missing"):
        open3d.load()


def test_a_missing_module_says_how_to_install_it(failing_import):
    failing_import(ModuleNotFoundError("No module named 'open3d'"))
    with pytest.raises(DependencyError) as caught:
        open3d.load()
    assert "pip install open3d-cpu" in caught.value.hint
    assert caught.value.exit_code == 5


def test_it_loads_where_it_can():
    open3d.load.cache_clear()
    try:
        module = open3d.load()
    except DependencyError as error:
        pytest.skip(str(error))
    assert hasattr(module.t, "geometry")
