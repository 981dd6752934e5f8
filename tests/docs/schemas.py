#!/usr/bin/env python3
"""docs/reference/schemas: a page for each schema of schemas/, made by `make docs`.

schemas.py DIR    writes the pages to DIR, and removes others there
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

INDEX = """# Schemas

The forms of specs, of what a run leaves, and of what some commands print with `--json`. These pages are made by
`make docs` from `schemas/`, which is the truth. The example on each is one of those that the tests hold against the
schema (`tests/schemas`). How words and files become a spec: [SPEC](../SPEC.md).

| page | of what | |
|---|---|---|
"""

INDEX_END = """
`tlab validate` holds a file against its schema. It knows `lab.json`, `run.json`, `effects.jsonl`, `notes.jsonl`,
`commit.json`, `commits.jsonl` and `summary.json` by their names. A file that names its schema (`"$schema"`) needs no more words either; for any other
there is `--schema`:

```console
$ tlab validate lab.json
valid: lab.json (schemas/lab.schema.json)
$ tlab validate tests/recipes/ai/run/record/effects.jsonl
valid: tests/recipes/ai/run/record/effects.jsonl (…)
$ tlab runs --json | tlab validate - --schema schemas/runs.schema.json
valid: - (schemas/runs.schema.json)
$ tlab doctor --quick --json | tlab validate - --schema schemas/doctor.schema.json
valid: - (schemas/doctor.schema.json)
```
"""

HEAD = """# {title}

{about}

Made by `make docs` from [`schemas/{name}.schema.json`](../../../schemas/{name}.schema.json). A field that is not
required may be left out. `a.b` is the field `b` of the object `a`, `a[].b` that of each item of the list `a`, `a.*.b`
that of each value of the map `a`.
"""

# What a table has no words for, but in some cases.
CONDITIONS = ["if", "allOf", "anyOf", "oneOf", "not", "dependentSchemas", "dependentRequired"]
DEPTH_MAX = 8


def code(value):
    return "`" + json.dumps(value, ensure_ascii=False) + "`"


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def joined(words, last=" or "):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + last + words[-1]


def quoted(names, last=" or "):
    return joined([f"`{name}`" for name in names], last)


def bounds(node):
    """How large or long a value may be."""
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"at least {low}"
    elif high is not None:
        yield f"at most {high}"
    if "exclusiveMinimum" in node:
        yield f"more than {node['exclusiveMinimum']}"
    for word, what in (("Length", "characters"), ("Items", "items"), ("Properties", "members")):
        least, most = node.get("min" + word), node.get("max" + word)
        if least is not None and least == most:
            yield f"{least} {what}"
            continue
        if least is not None:
            yield "not empty" if least == 1 else f"at least {least} {what}"
        if most is not None:
            yield f"at most {most} {what}"


def conditions(node):
    """What is asked of an object beyond its fields, in words where there are some."""
    rest = [word for word in CONDITIONS if word in node]
    needs = [choice.get("required", []) for choice in node.get("anyOf", [])]
    if needs and all(len(names) == 1 for names in needs):
        yield f"at least one of {quoted([names[0] for names in needs])} must be there"
        rest.remove("anyOf")
    thens = node.get("dependentSchemas", {})
    if thens and not any(any(then.get("properties", {0: 1}).values()) for then in thens.values()):
        for name, then in thens.items():
            yield f"beside `{name}` there is no {quoted(then['properties'])}"
        rest.remove("dependentSchemas")
    for name, others in node.get("dependentRequired", {}).items():
        yield f"`{name}` comes with {quoted(others, ' and ')}"
    rest = [word for word in rest if word != "dependentRequired"]
    if node.get("properties") and rest:
        yield f"what the schema says under {quoted(rest, ' and ')}"


class Page:
    """One schema as Markdown."""

    def __init__(self, name, schema):
        self.name, self.schema, self.besides = name, schema, []
        defs = schema.get("$defs", {})
        self.sections = [key for key, value in defs.items() if {"properties", "description"} & value.keys()]
        self.words = [key for key, value in defs.items() if value.get("type") in ("string", "integer")]

    def elsewhere(self, node):
        """A link to where this page, or that of another schema, describes what is referred to."""
        ref = node.get("$ref", "") if isinstance(node, dict) else ""
        local = ref.removeprefix("#/$defs/")
        if local in self.sections or local in self.words:
            return f"[{local}](#{local if local in self.sections else 'words'})"
        match = re.match(r"(\w+)\.schema\.json#/properties/([\w/]+)$", ref)
        return match and f"[{match[2].replace('/properties/', '.')} of {match[1]}]({match[1]}.md)"

    def open(self, node):
        """What a reference leads to, where that has no place of its own; true is any value."""
        ref = node.get("$ref", "") if isinstance(node, dict) else ""
        if not ref.startswith("#") or self.elsewhere(node):
            return node if isinstance(node, dict) else {}
        found = self.schema
        for step in ref.split("/")[1:]:
            found = found[step]
        return self.open({**found, **{key: value for key, value in node.items() if key != "$ref"}})

    def kind(self, node):
        node = self.open(node)
        if "enum" in node or "const" in node:
            return joined([code(value) for value in node.get("enum", [node.get("const")])])
        if self.elsewhere(node):
            return self.elsewhere(node)
        for word in ("anyOf", "oneOf"):
            if word in node and "type" not in node:
                return joined([self.kind(choice) for choice in node[word]])
        kinds = node.get("type", "any")
        return joined([self.kind_of(node, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def kind_of(self, node, kind):
        if kind == "array":
            return "list" + (f" of {self.kind(node['items'])}" if "items" in node else "")
        if kind == "object" and isinstance(node.get("additionalProperties"), dict):
            return f"map to {self.kind(node['additionalProperties'])}"
        return kind

    def rules(self, node):
        """What is asked of a value besides its kind."""
        node = self.open(node)
        told = list(bounds(node))
        if node.get("uniqueItems"):
            told.append("no item twice")
        if "pattern" in node:
            told.append(f"pattern `{node['pattern']}`")
        names = self.open(node.get("propertyNames"))
        told += [f"names: {rule}" for rule in self.rules(names)] if names else []
        if "enum" in names:
            told.append(f"names are {self.kind(names)}")
        items = node.get("items")
        if isinstance(items, dict) and not self.elsewhere(items):
            told += [f"each {rule}" for rule in self.rules(items)]
        if "default" in node:
            told.append(f"{code(node['default'])} unless given")
        return told

    def rows(self, node, before="", depth=0):
        """A row for each field, and below it for those within it."""
        found = []
        at = f"`{before[:-1]}`: " if before else ""
        self.besides += [at + line for line in conditions(node)]
        for name, field in node.get("properties", {}).items():
            inner = self.open(field)
            rules = "; ".join(self.rules(field))
            told = " ".join(part for part in (inner.get("description"), rules and f"({rules})") if part)
            must = "yes" if name in node.get("required", []) else ""
            found.append(f"| `{before}{name}` | {cell(self.kind(field))} | {must} | {cell(told)} |")
            if depth < DEPTH_MAX:
                found += self.below(inner, before + name, depth + 1)
        return found

    def below(self, node, at, depth):
        found = []
        for step, inner in (("", node), ("[]", node.get("items")), (".*", node.get("additionalProperties"))):
            inner = self.open(inner)
            if not self.elsewhere(inner):
                found += self.rows(inner, f"{at}{step}.", depth)
        return found

    def table(self, node):
        self.besides = []
        rows = self.rows(node)
        if not rows:
            return ""
        besides = "".join(f"- {line}\n" for line in self.besides)
        return ("\n| field | value | required | what |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
                + (f"\nBesides:\n\n{besides}" if besides else ""))  # fmt: skip

    def text(self, what, example):
        top, defs = self.schema, self.schema.get("$defs", {})
        out = HEAD.format(title=top["title"], about=top["description"], name=self.name)
        if top.get("type") == "array":
            out += f"\nIt is a {self.kind(top)}.\n"
        out += self.table(top)
        for name in self.sections:
            about = defs[name].get("description", "")
            out += f"\n## {name}\n" + (about and about + "\n") + self.table(defs[name])
        if self.words:
            out += "\n## Words\n| word | value | what |\n|---|---|---|\n"
        for name in self.words:
            rules = "; ".join(self.rules(defs[name]))
            out += f"| {name} | {cell(self.kind(defs[name]))} | {cell(rules)} |\n"
        return out + f"\n## Example\n{what[0].upper()}{what[1:]}:\n\n```json\n{pretty(example)}\n```\n"


def flat(value):
    """JSON on one line, with spaces inside the braces."""
    if isinstance(value, dict) and value:
        members = [f"{json.dumps(key)}: {flat(each)}" for key, each in value.items()]
        return "{ " + ", ".join(members) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(flat, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def pretty(value, indent=0, width=100):
    """JSON with what fits on one line there."""
    if len(flat(value)) + indent <= width or not isinstance(value, (dict, list)):
        return flat(value)
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(key)}: {pretty(each, indent + 2)}" for key, each in value.items()]
    else:
        lines = [pad + pretty(each, indent + 2) for each in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + "\n" + ",\n".join(lines) + "\n" + " " * indent + last


def pages():
    made, index = {}, INDEX
    for path in sorted((ROOT / "schemas").glob("*.schema.json")):
        name = path.name.removesuffix(".schema.json")
        schema = json.loads(path.read_text(encoding="utf-8"))
        examples = json.loads((ROOT / "tests" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
        valid = [each for each in examples if each["valid"]]
        shown = next((each for each in valid if each.get("page")), valid[0])
        made[f"{name}.md"] = Page(name, schema).text(shown["what"], shown["value"])
        index += f"| [{name}]({name}.md) | {schema['title']} | {schema['description']} |\n"
    made["README.md"] = index + INDEX_END
    return made


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
