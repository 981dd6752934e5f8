"""The schemas, judged by a second validator (python jsonschema), with right and wrong examples.

The same examples go through tlab's own validator in tests/lua/schemas_test.lua: both must agree.
"""

import json
from pathlib import Path

import jsonschema
import pytest
import referencing

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "schemas"
NAMES = sorted(path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").iterdir())


def schema_of(name):
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def validator_of(schema):
    """One schema may refer to another by its name."""
    others = [(schema_of(name)["$id"], referencing.Resource.from_contents(schema_of(name))) for name in NAMES]
    registry = referencing.Registry().with_resources(others)
    return jsonschema.Draft202012Validator(schema, registry=registry)


def examples():
    for name in NAMES:
        for example in json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")):
            yield pytest.param(name, example, id=f"{name}: {example['what']}")


@pytest.mark.parametrize("name", NAMES)
def test_schema_fits_the_metaschema(name):
    jsonschema.Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize(("name", "example"), list(examples()))
def test_example(name, example):
    validator = validator_of(schema_of(name))
    errors = [e.message for e in validator.iter_errors(example["value"])]
    assert (errors == []) == example["valid"], errors


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_is(name):
    """The pages of docs/reference/schemas are made of these words."""
    silent = []

    def walk(node, at):
        for key, field in node.get("properties", {}).items():
            if not (isinstance(field, dict) and field.get("description")):
                silent.append(f"{at}.{key}")
        for key in ["items", "additionalProperties"]:
            if isinstance(node.get(key), dict):
                walk(node[key], f"{at}.{key}")
        for key in ["properties", "$defs"]:
            for inner, child in node.get(key, {}).items():
                if isinstance(child, dict):
                    walk(child, f"{at}.{inner}")

    walk(schema_of(name), name)
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_defaults_fit_their_own_schema(name):
    def walk(node):
        if isinstance(node, dict):
            if "default" in node and isinstance(node.get("type"), (str, list)):
                validator_of(node).validate(node["default"])
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(schema_of(name))


def test_this_lab():
    value = json.loads((ROOT / "lab.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema_of("lab")).validate(value)
