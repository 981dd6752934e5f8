"""Types as core/gate/ops.def writes them, held against values of JSON."""

LETTERS = {
    "s": str,
    "r": str,
    "w": str,
    "i": int,
    "n": (int, float),
    "b": bool,
    "l": list,
    "m": dict,
    "a": object,
}


def read_fields(text):
    fields = {}
    while not text.startswith("}"):
        name, _, text = text.partition(":")
        fields[name], text = read_type(text)
        text = text.removeprefix(", ")
    return fields, text[1:]


def read_type(text):
    """The type that the text begins with, as (what, how deep a list of it, may it be nil), and the rest."""
    if text.startswith("{"):
        what, text = read_fields(text[1:])
    else:
        what, text = LETTERS[text[0]], text[1:]
    depth = 0
    while text.startswith("[]"):
        depth, text = depth + 1, text[2:]
    return (what, depth, text.startswith("?")), text.removeprefix("?")


def misfits(type_, value, at="the answer"):
    """One line for each thing that is not as the type says: a field that it does not name, too."""
    what, depth, optional = type_
    if value is None:
        return [] if optional else [f"{at} is nil"]
    if depth > 0:
        if not isinstance(value, list):
            return [] if value == {} else [f"{at} is no list"]
        each = what, depth - 1, False
        return [line for i, one in enumerate(value) for line in misfits(each, one, f"{at}[{i}]")]
    if what is str and isinstance(value, dict) and [*value] == ["hex"]:  # bytes that are no text: recipe.lua
        return []
    if not isinstance(what, dict):
        wrong = not isinstance(value, what) or (isinstance(value, bool) and what not in (bool, object))
        return [f"{at} is {value!r}, expected {what}"] if wrong else []
    if not isinstance(value, dict):
        return [f"{at} is no map"]
    unknown = [f"{at}.{name} is not in the table" for name in value if name not in what]
    return unknown + [line for name, type_ in what.items() for line in misfits(type_, value.get(name), f"{at}.{name}")]


def answer(returns):
    """The type of an operation's answer, from the table's column."""
    type_, rest = read_type(returns)
    assert rest in ("", "!"), returns
    return type_
