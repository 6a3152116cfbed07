"""The "Parameters" section of a docstring names only parameters that the function or class has."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bevseg"


def documented(docstring):
    """Return the names of a numpydoc section "Parameters", without stars."""
    _, found, section = f"\n{docstring}\n".partition("\nParameters\n----------\n")
    lines = section.splitlines() if found else []
    names = []
    for line, below in zip(lines, [*lines[1:], ""], strict=False):
        if line and set(below) == {"-"}:  # the title of the next section
            break
        if line and not line.startswith(" "):
            names += [name.strip().lstrip("*") for name in line.partition(" :")[0].split(",")]
    return names


def parameters(node):
    """Return the parameters of a function; of a class, those of `__init__` and its annotated attributes."""
    if isinstance(node, ast.ClassDef):
        attributes = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        inits = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
        return attributes.union(*map(parameters, inits))
    named = node.args
    every = [*named.posonlyargs, *named.args, *named.kwonlyargs, named.vararg, named.kwarg]
    return {parameter.arg for parameter in every if parameter is not None}


def wrong(source):
    """Return `line name: parameter` for each documented parameter that does not exist."""
    return [
        f"{node.lineno} {node.name}: {name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for name in documented(ast.get_docstring(node) or "")
        if name not in parameters(node)
    ]


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in PACKAGE.rglob("*.py")}), ids=lambda p: p.name
)
def test_a_documented_parameter_exists(folder):
    assert {
        path.name: found for path in folder.glob("*.py") if (found := wrong(path.read_text("utf-8")))
    } == {}


SECTION = '''
def f(a, *rest, b=1):
    """Do it.

    Parameters
    ----------
    {names}
        What they are.

    Raises
    ------
    old
        Never.
    """
'''


@pytest.mark.parametrize(("names", "missing"), [("a, b", []), ("*rest", []), ("a, old", ["2 f: old"])])
def test_a_name_that_the_signature_lacks_is_found(names, missing):
    assert wrong(SECTION.format(names=names)) == missing
