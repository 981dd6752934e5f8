#!/usr/bin/env python3
"""JSON files: whole, no key twice; schemas are schemas; what names a schema keeps to it.

schemas.py FILE…     one line for each mistake; a file that is no JSON on purpose stands in BROKEN
"""

import contextlib
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Answers of servers, as they came.
BROKEN = "tests/recorded/"


def once(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} is there twice")
    return dict(pairs)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)


def repository():
    """The schemas of this repository by their names: one may lead to another."""
    registry = Registry()
    for path in (ROOT / "schemas").glob("*.schema.json"):
        with contextlib.suppress(ValueError, KeyError):  # what is wrong with it is told when it is its turn
            schema = load(path)
            registry = registry.with_resource(schema["$id"], Resource.from_contents(schema))
    return registry


SCHEMAS = repository()


def schema_of(path, value):
    """The schema that a file has to keep to: the dialect's own, or one of this repository."""
    if not isinstance(value, dict):
        return None
    named = value.get("$schema")
    if path.name.endswith(".schema.json"):
        return Draft202012Validator.META_SCHEMA if named == DIALECT else f"$schema is not {DIALECT}"
    if named is None and path.name == "lab.json":
        named = "schemas/lab.schema.json"
    if not isinstance(named, str) or "://" in named:
        return None
    # What `tlab init` lays into a lab names the schemas from there.
    last = pathlib.PurePath(named).name
    for place in (path.parent / named, path.parent / last, ROOT / "schemas" / last):
        if place.is_file():
            return load(place)
    return f"$schema: no file {named}"


def mistakes(name):
    path = ROOT / name
    try:
        value = load(path)
        schema = schema_of(path, value)
    except ValueError as error:
        return [str(error)]
    if not isinstance(schema, dict):
        return [schema] if schema else []
    errors = Draft202012Validator(schema, registry=SCHEMAS).iter_errors(value)
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def main(*names):
    bad = 0
    for name in names:
        if not name.startswith(BROKEN):
            for mistake in mistakes(name):
                print(f"{name}: {mistake}")
                bad = 1
    sys.exit(bad)


main(*sys.argv[1:])
