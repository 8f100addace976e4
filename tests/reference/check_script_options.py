"""Compares docs/script_options.md with the fields of TrainingArguments of the installed transformers, and with the options
of run_classification.py and run_ner.py. Usage: check_script_options.py [--script FILE ...]

Fields of the installed version that the page does not list are an error, and so are options of the scripts that are given
with --script: every name of a field in their dataclasses.
"""
import argparse
import ast
import dataclasses
import pathlib
import re
import sys

import transformers


def options_of_page(page):
    return set(re.findall(r"^\| `(\w+)` \|", page.read_text(), re.MULTILINE))


def options_of_script(path):
    """Names of the annotated fields of the classes whose name ends with Arguments."""
    for node in ast.walk(ast.parse(pathlib.Path(path).read_text())):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Arguments"):
            yield from (field.target.id for field in node.body if isinstance(field, ast.AnnAssign))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", nargs="*", default=[], help="files of the reference's scripts")
    arguments = parser.parse_args()
    page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "script_options.md"
    listed = options_of_page(page)
    sources = {f"TrainingArguments {transformers.__version__}": [f.name for f in dataclasses.fields(transformers.TrainingArguments)]}
    for script in arguments.script:
        sources[pathlib.Path(script).name] = list(options_of_script(script))
    missing = 0
    for source, names in sources.items():
        absent = [name for name in names if name not in listed]
        missing += len(absent)
        print(f"{source}: {len(names)} options, {len(absent)} not listed {' '.join(absent)}")
    sys.exit(missing > 0)


if __name__ == "__main__":
    main()
