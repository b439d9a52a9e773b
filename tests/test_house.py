"""The house keeps its own rules: front doors, sizes, what may be imported when."""

import ast
import io
import itertools
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "volumen"
FILES = sorted(SOURCE.rglob("*.py"))
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

MOST_FILE_LINES = 500
MOST_CODE_LINES = 60
MOST_PARAMETERS = 8
MOST_NESTING = 4
MOST_COMPLEXITY = 12


def walk_functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def list_code_lines(text: str) -> set[int]:
    """Lines of a file that carry more than a comment."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def count_code_lines(function: ast.FunctionDef, lines: set[int]) -> int:
    """Those of a function's lines that carry code, without its docstring."""
    own = lines & set(range(function.lineno, function.end_lineno + 1))
    if ast.get_docstring(function) is not None:
        own.difference_update(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    return len(own)


def measure_nesting(node: ast.AST) -> int:
    """The deepest chain of blocks; an `elif` is as deep as its `if`."""
    chained = node.orelse if isinstance(node, ast.If) and len(node.orelse) == 1 else []
    depths = [
        measure_nesting(child) - (child in chained and isinstance(child, ast.If))
        for child in ast.iter_child_nodes(node)
    ]
    return max(depths, default=0) + isinstance(node, BLOCKS)


def measure_complexity(function: ast.FunctionDef) -> int:
    nodes = list(ast.walk(function))
    forks = sum(isinstance(node, BRANCHES) for node in nodes)
    return 1 + forks + sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))


def count_parameters(function: ast.FunctionDef) -> int:
    names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    return sum(name not in {"self", "cls"} for name in names)


def list_parts_of_kernels() -> set[tuple[str, str]]:
    """File and name of each function that only compiled code may call."""
    return {
        (path.stem, function.name)
        for path in FILES
        for function in walk_functions(ast.parse(path.read_text()))
        if "kernel_part" in map(ast.unparse, function.decorator_list)
    }


def list_imports(path: Path) -> Iterator[tuple[str, str]]:
    """File and name of all that a file imports from others, or looks up in others that it imports."""
    aliases = {}
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                aliases.update({alias.asname or alias.name: alias.name for alias in names})
                yield from ((module.rpartition(".")[2], alias.name) for alias in names)
            case ast.Attribute(value=ast.Name(id=alias), attr=name):
                yield aliases.get(alias, alias), name


def run_python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_stay_within_the_limits(path):
    text = path.read_text()
    excesses = [] if text.count("\n") <= MOST_FILE_LINES else [f"{path}: {text.count(chr(10))} lines"]
    lines = list_code_lines(text)
    for function in walk_functions(ast.parse(text)):
        figures = {
            "code lines": (count_code_lines(function, lines), MOST_CODE_LINES),
            "parameters": (count_parameters(function), MOST_PARAMETERS),
            "nesting": (measure_nesting(function), MOST_NESTING),
            "complexity": (measure_complexity(function), MOST_COMPLEXITY),
        }
        excesses += [
            f"{path}:{function.lineno} {function.name}: {figure} {name}, at most {most}"
            for name, (figure, most) in figures.items()
            if figure > most
        ]
    assert excesses == []


def test_rooms_are_entered_through_their_front_doors():
    graph = grimp.build_graph("volumen")
    back_doors = [
        f"{importer} -> {imported}"
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if imported.count(".") > 1
        and imported.split(".")[:2] != importer.split(".")[:2]
        and imported != "volumen.config.files"  # a module that its room shows
    ]
    assert back_doors == []


def test_parts_of_kernels_are_left_to_compiled_code():
    # they have no entry for Python: a call from there ends the process without a word
    parts = list_parts_of_kernels()
    callers = [path for path in (*FILES, *ROOT.glob("tests/**/*.py")) if not path.stem.endswith("_kernels")]

    assert parts
    assert [(path.name, *taken) for path in callers for taken in {*list_imports(path)} & parts] == []


LOAD_ALL = """
import sys
from importlib import import_module
from volumen.registry import TABLES, load_named

for room in sys.argv[1:]:
    module = import_module(f"volumen.{room}")
    missing = [name for name in getattr(module, "__all__", []) if getattr(module, name, None) is None]
    print(*[f"{room}.{name}" for name in missing], sep="\\n", end="")
for kind, table in TABLES.items():
    for name in table:
        load_named(kind, name)
assert "torchvision" not in sys.modules
"""


def test_public_and_registered_names_are_really_there_and_need_no_torchvision():
    assert find_spec("torchvision") is None
    rooms = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
    assert run_python(LOAD_ALL, *rooms) == ""


@pytest.mark.parametrize(
    "module",
    [
        "volumen",
        "volumen.config",
        "volumen.metrics",
        "volumen.decoding",
        "volumen.volumes",
        "volumen.api",
        "volumen.cli",
        "volumen.cli.data",
        "volumen.cli.plan",
    ],
)
def test_importing_a_door_stays_light(module):
    heavy = [
        "torch",
        "lightning",
        "monai",
        "tensorstore",
        "skimage",
        "scipy",
        "numba",
        "cc3d",
        "tifffile",
        "dask",
        "h5py",
    ]
    loaded = run_python(f"import sys, {module}; print(*sorted(set({heavy}) & set(sys.modules)))")
    assert loaded.split() == []


def test_every_change_fragment_says_its_kind():
    kinds = {"added", "changed", "fixed", "removed"}
    fragments = [path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    assert [path.name for path in fragments if path.suffixes[-2:-1] and path.suffixes[-2][1:] not in kinds] == []
    assert all(path.read_text().strip() for path in itertools.chain(fragments))
