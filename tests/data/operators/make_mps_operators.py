#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which of ATen's operators have a Metal kernel: mps_operators.txt.

usage: make_mps_operators.py native_functions.yaml VERSION > mps_operators.txt

native_functions.yaml lies in torch's wheel at torchgen/packaged/ATen/native/. A line is "NAME mps" for an operator
with a kernel of its own (also through the structured operator that it delegates to), "NAME parts" for one that is
made of others on every device. Operators that are not listed do not run on Metal.
"""
import sys

import yaml


def schema_name(entry):
    return entry["func"].split("(", 1)[0]


def keys_of(entry):
    return [key.strip() for keys in (entry.get("dispatch") or {}) for key in keys.split(",")]


def main():
    path, version = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        entries = {schema_name(entry): entry for entry in yaml.safe_load(file)}
    print(f"# Made by make_mps_operators.py from native_functions.yaml of torch {version}.")
    for name, entry in sorted(entries.items()):
        keys = keys_of(entry)
        delegate = entries.get(entry.get("structured_delegate"))
        if "MPS" in keys or (delegate and "MPS" in keys_of(delegate)):
            print(f"aten::{name} mps")
        elif (not keys and not delegate) or any(key.startswith("Composite") for key in keys):
            print(f"aten::{name} parts")


if __name__ == "__main__":
    main()
