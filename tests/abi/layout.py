#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Offsets and sizes of every struct of the ABI, on every data model, as clang lays them out.

layout.py check  --clang clang --include sdk/include --golden tests/abi/layout   compares, exit 77 without clang
layout.py write  ... VERSION        writes tests/abi/layout/VERSION-MODEL.txt: once for each released minor
layout.py assert ... VERSION        prints the assertions of layout_VERSION.c, from the golden file of 64 bits
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

# Both ILP32s: 64-bit integers are aligned to 4 bytes on the one, to 8 on the other.
MODELS = {
    'lp64': 'x86_64-linux-gnu',
    'llp64': 'x86_64-pc-windows-msvc',
    'ilp32': 'i686-linux-gnu',
    'ilp32-arm': 'armv7-linux-gnueabihf',
}
ADVICE = ('What to do is in docs/abi-guard.md. In short: a member that was added at the end, or a struct that is new, belongs to a new '
          'minor version, or into the files of 1.0-rc as long as that is not 1.0; anything else breaks plugins that exist: take it back.')


def c_headers(include):
    """The C headers: plugin.h, then the extensions'."""
    found = sorted(header.name for header in (include / 'da3').glob('*.h') if header.name != 'plugin.h')
    return [f'da3/{name}' for name in ['plugin.h'] + found]


def struct_names(include):
    names = []
    for header in c_headers(include):
        names += re.findall(r'^typedef struct (da3_\w+) \{', (include / header).read_text(), re.M)
    return names


def layouts(clang, include, target):
    """{struct: (size, align, [(member, offset)])}"""
    names = struct_names(include)
    source = ''.join(f'#include <{header}>\n' for header in c_headers(include))
    source += ''.join(f'extern char size_of_{name}[sizeof({name})];\n' for name in names)
    # -ffreestanding: no headers of the target's C library are needed.
    said = subprocess.run([clang, f'--target={target}', '-ffreestanding', '-std=c99', '-x', 'c', '-', '-fsyntax-only',
                           f'-I{include}', '-Xclang', '-fdump-record-layouts'],
                          input=source, capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f'clang cannot compile the headers for {target}:\n{said.stderr}')
    found = {}
    for record in said.stdout.split('*** Dumping AST Record Layout'):
        head = re.search(r'0 \| (?:struct )?(da3_\w+)$', record, re.M)
        sizes = re.search(r'\[sizeof=(\d+)(?:, dsize=\d+)?, align=(\d+)', record)
        if head and sizes:
            members = re.findall(r'^ *(\d+) \|   (\S.*?)(\w+)$', record, re.M)
            found[head[1]] = (int(sizes[1]), int(sizes[2]), [(name, int(offset)) for offset, _, name in members])
    missing = [name for name in names if name not in found]
    if missing:
        sys.exit(f'clang told no layout of {", ".join(missing)}: its output has changed; mend layout.py')
    return {name: found[name] for name in names}


def as_text(structs):
    text = ''
    for name, (size, align, members) in structs.items():
        text += f'{name} size {size} align {align}\n' + ''.join(f'  {offset:4} {member}\n' for member, offset in members)
    return text


def from_text(text):
    structs = {}
    for line in text.splitlines():
        if line.startswith('  '):
            offset, member = line.split()
            structs[name][2].append((member, int(offset)))
        else:
            name, _, size, _, align = line.split()
            structs[name] = (int(size), int(align), [])
    return structs


def problems(golden, today, newest):
    """What differs. Of an older version only what it had is compared: structs may have grown since."""
    for name, (size, align, members) in golden.items():
        if name not in today:
            yield f'{name} is gone'
            continue
        size_now, align_now, members_now = today[name]
        for i, (member, offset) in enumerate(members):
            now = members_now[i] if i < len(members_now) else ('nothing', '-')
            if now != (member, offset):
                yield f'{name}: {member} was at {offset}; now there is {now[0]} at {now[1]}'
        if align != align_now or size_now < size or (newest and size != size_now):
            yield f'{name}: was {size} bytes aligned to {align}, is {size_now} aligned to {align_now}'
        if newest:
            for member, offset in members_now[len(members):]:
                yield f'{name}: {member} at {offset} is new'
    if newest:
        for name in today:
            if name not in golden:
                yield f'{name} is new'


def version_key(path):
    numbers = re.match(r'(\d+)\.(\d+)(-rc)?', path.name)
    return int(numbers[1]), int(numbers[2]), numbers[3] is None


def check(arguments):
    failures = []
    for model, target in MODELS.items():
        today = layouts(arguments.clang, arguments.include, target)
        files = sorted(arguments.golden.glob(f'*[0-9c]-{model}.txt'), key=version_key)
        if not files:
            failures.append(f'{arguments.golden} has no layout for {model}')
        for file in files:
            failures += [f'{model}, against {file.name}: {problem}'
                         for problem in problems(from_text(file.read_text()), today, file == files[-1])]
    if failures:
        sys.exit('\n'.join(failures) + '\n' + ADVICE)
    print(f'{len(today)} structs are as they were, on {", ".join(MODELS)}')


def print_assertions(arguments):
    structs = from_text((arguments.golden / f'{arguments.version}-lp64.txt').read_text())
    includes = '\n'.join(f'#include <{header}>' for header in c_headers(arguments.include))
    print(f'''/* SPDX-License-Identifier: Apache-2.0
 * The layout of ABI {arguments.version} with pointers of 64 bits, member by member. Written by layout.py when that version was
 * released and never edited: what fails to compile here breaks plugins that exist. Other data models: layout/. */
{includes}

#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")
#define SIZE(type, member, bytes) _Static_assert(sizeof(((type*)0)->member) == (bytes), #type "." #member " is resized")
#define END(type, last, bytes)                                                                    \\
  _Static_assert(sizeof(type) >= (bytes), #type " has shrunk");                                    \\
  _Static_assert(offsetof(type, last) + sizeof(((type*)0)->last) == (bytes), #type " has padding before new members")

#if UINTPTR_MAX == UINT64_MAX''')
    for name, (size, _, members) in structs.items():
        print()
        ends = [offset for _, offset in members[1:]] + [size]
        for (member, offset), end in zip(members, ends):
            print(f'AT({name}, {member}, {offset});\nSIZE({name}, {member}, {end - offset});')
        print(f'END({name}, {members[-1][0]}, {size});')
    print('\n#endif\n')
    print(f'int da3_layout_{re.sub("[^0-9a-z]", "_", arguments.version)}_is_kept; /* so that the file is not empty */')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('what', choices=['check', 'write', 'assert'])
    parser.add_argument('version', nargs='?')
    parser.add_argument('--clang', default='clang')
    parser.add_argument('--include', type=pathlib.Path, required=True)
    parser.add_argument('--golden', type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if arguments.what != 'check' and not arguments.version:
        parser.error('which VERSION? "1.0-rc", "1.0", "1.1" ...')
    if arguments.what == 'assert':
        return print_assertions(arguments)
    if not shutil.which(arguments.clang):
        print('SKIP: there is no clang, which alone lays structs out for other machines')
        sys.exit(77)
    if arguments.what == 'check':
        return check(arguments)
    for model, target in MODELS.items():
        text = as_text(layouts(arguments.clang, arguments.include, target))
        (arguments.golden / f'{arguments.version}-{model}.txt').write_text(text)


main()
