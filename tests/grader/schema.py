"""schema.py - whether a JSON document is as a schema says.

usage: schema.py SCHEMA.json DOCUMENT.json

Knows of JSON Schema what the schemas beside it use: type, const, enum, pattern,
properties, required, additionalProperties, items, minItems, minimum, maximum
and minLength. Prints what is wrong; exit status 1 if anything is.
"""

import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int,
         "boolean": bool}


def is_a(value, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def problems(value, schema: dict, place: str = "$") -> list:
    """What is wrong, with the place where."""
    kinds = schema.get("type", [])
    if kinds and not any(is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{place}: not of type {kinds}: {value!r}"]
    bad = []
    if "const" in schema and value != schema["const"]:
        bad.append(f"{place}: not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        bad.append(f"{place}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            bad.append(f"{place}: {value!r} is not like {schema['pattern']}")
        if len(value) < schema.get("minLength", 0):
            bad.append(f"{place}: too short")
    if isinstance(value, (int, float)):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            bad.append(f"{place}: {value} is out of range")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        bad += [f"{place}: no {key}" for key in schema.get("required", []) if key not in value]
        if schema.get("additionalProperties") is False:
            bad += [f"{place}: unknown key {key}" for key in value if key not in known]
        for key, part in value.items():
            bad += problems(part, known.get(key, {}), f"{place}.{key}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            bad.append(f"{place}: too few")
        for i, part in enumerate(value):
            bad += problems(part, schema.get("items", {}), f"{place}[{i}]")
    return bad


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as schema_file, \
            open(sys.argv[2], encoding="utf-8") as document_file:
        found = problems(json.load(document_file), json.load(schema_file))
    print("\n".join(found))
    sys.exit(bool(found))
