#!/usr/bin/env python3
"""Makes an API reference, one Markdown page per folder of include/tl, from the docstrings of the headers.

Usage: docs/make_api.py INCLUDE_DIR OUTPUT_DIR, or make_api.py INCLUDE_DIR --undocumented to list what lacks a docstring.
Shown is what a program may use: everything in the namespaces tl::... but detail, cpu and cuda, without private members.
"""
import html
import pathlib
import re
import sys


HIDDEN = {'detail', 'cpu', 'cuda'}


class Entry:
    """A declaration: its text, its docstring, and for a class its members."""

    def __init__(self, kind, name, signature, doc, line):
        self.kind, self.name, self.signature, self.doc, self.line = kind, name, signature, doc, line
        self.members = []


class Header:
    """The public declarations of one header, found by a scan that knows scopes, comments and strings, no grammar."""

    def __init__(self, path, name):
        self.name, self.text, self.at = name, path.read_text(encoding='utf-8'), 0
        self.entries, self.scopes, self.doc = [], [], []
        self.paragraph = ' '.join(m[1] for m in re.finditer(r'// ?(.*)\n', re.match(r'(//.*\n)*', self.text)[0]))
        while self.at < len(self.text):
            self.step()

    def line(self, at):
        return self.text.count('\n', 0, at) + 1

    def end_of_line(self, at):
        end = self.text.find('\n', at)
        return len(self.text) if end < 0 else end

    def token_end(self, at):
        """The end of the comment, string or character at `at`; at + 1 for anything else."""
        if self.text.startswith('//', at):
            return self.end_of_line(at)
        if self.text.startswith('/*', at):
            return self.text.index('*/', at) + 2
        raw = re.compile(r'R"([^(]*)\(').match(self.text, at)
        if raw:
            return self.text.index(')' + raw[1] + '"', at) + len(raw[1]) + 2
        if self.text[at] == '"' or (self.text[at] == "'" and self.text[at - 1] not in '0123456789abcdefABCDEF'):
            return re.compile(r'(["\'])(\\.|(?!\1).)*\1').match(self.text, at).end()
        return at + 1

    def skip_balanced(self, at):
        """The place after the bracket that closes the one at `at`."""
        depth = 0
        while True:
            depth += (self.text[at] in '({[') - (self.text[at] in ')}]')
            at = self.token_end(at)
            if depth == 0:
                return at

    def step(self):
        text, at = self.text, self.at
        if text[at] == '\n' and text.startswith('\n', at + 1):
            self.doc = []
        if text[at].isspace():
            self.at += 1
        elif text.startswith('//', at):
            self.comment()
        elif text[at] == '#':
            while text[self.end_of_line(self.at) - 1] == '\\':
                self.at = self.end_of_line(self.at) + 1
            self.at = self.end_of_line(self.at)
        elif text[at] == '}':
            if self.scopes:
                self.scopes.pop()
            self.at += 1
            self.doc = []
        elif text[at] == ';':
            self.at += 1
        elif label := re.compile(r'(public|protected|private):').match(text, at):
            self.scopes[-1][1] = label[1] == 'public'
            self.at = label.end()
        else:
            self.declaration()

    def comment(self):
        end = self.end_of_line(self.at)
        words = self.text[self.at:end]
        if words.startswith('///') and not words.startswith('///<'):
            self.doc.append(words[3:].strip())
        else:
            self.doc = []
        self.at = end

    def declaration(self):
        text, begin, at = self.text, self.at, self.at
        while text[at] not in ';{}' and not self.is_initializer_list(begin, at):
            at = self.skip_balanced(at) if text[at] in '([' else self.token_end(at)
        head = re.sub(r'//.*', '', text[begin:at])
        plain = re.sub(r'^(\s*template\s*<(?:[^<>]|<[^<>]*>)*>\s*(requires\s[^\n]*\n)?)+', '', head).strip()
        if text[at] == '{' and re.match(r'(inline\s+)?namespace\b|extern "C"', plain):
            self.scopes.append([plain.split()[-1], True, None])
            self.at, self.doc = at + 1, []
            return
        kind = re.match(r'(class|struct|union|enum)\b', plain)
        if text[at] == '{' and kind and kind[1] != 'enum':
            entry = self.add('class', self.type_name(plain), head, begin)
            self.scopes.append([entry.name, kind[1] != 'class', entry])
            self.at = at + 1
            return
        if kind and text[at] == ';':  # declared here, defined elsewhere
            self.at, self.doc = at + 1, []
            return
        if text[at] == '{' and kind:  # an enum is shown whole
            at = self.skip_balanced(at)
            self.add('enum', self.type_name(plain), text[begin:at], begin)
        else:
            value = at
            at = self.end_of_declaration(at)
            if head.rstrip().endswith('=') or (text[value] == '{' and ')' not in plain):
                value = ' '.join(text[value:at].rstrip(';').split())
                head += value if len(value) <= 60 else '...'
            entry = self.add('', self.function_or_value(plain), head, begin)
            trailing = re.compile(r';?[ ]*///<(.*(?:\n\s*///<.*)*)').match(text, at)
            if trailing:
                entry.doc = ' '.join(part.strip() for part in re.split(r'\n\s*///<', trailing[1]))
                at = trailing.end()
        self.at = at

    def is_initializer_list(self, begin, at):
        """Whether `at` is the colon after the parameters of a constructor."""
        if self.text[at] != ':' or ':' in (self.text[at - 1], self.text[at + 1]):
            return False
        return ')' in self.text[begin:at] and not re.match(r'\s*(class|struct|enum)', self.text[begin:at])

    def end_of_declaration(self, at):
        if self.text[at] == ':':  # members with their values, each followed by a comma or the body
            while True:
                while self.text[at] not in '({':
                    at += 1
                at = self.skip_balanced(at)
                rest = re.compile(r'\s*(,?)').match(self.text, at)
                at = rest.end()
                if not rest[1]:
                    return self.skip_balanced(at)
        if self.text[at] == '{':
            value = self.text[self.at:at].rstrip()
            at = self.skip_balanced(at)
            if value.endswith((')', 'const', 'noexcept', 'override', 'default')) or '->' in value:
                return at
        while at < len(self.text) and self.text[at] not in ';}':
            at = self.skip_balanced(at) if self.text[at] in '({[' else self.token_end(at)
        return at + (self.text[at:at + 1] == ';')

    @staticmethod
    def type_name(plain):
        words = re.sub(r'\[\[.*?\]\]|\balignas\([^)]*\)|\b(enum|class|struct|union|final)\b', ' ', plain)
        return re.split(r'[\s:<;{]', words.strip())[0]

    @staticmethod
    def function_or_value(plain):
        plain = re.sub(r'\[\[.*?\]\]', '', plain)
        alias = re.match(r'using\s+(\w+)', plain)
        if alias:
            return alias[1]
        named = re.search(r'(operator\s*(\(\)|[^\s(]+|\s\w+)|~?\w+)\s*\(', plain)
        if named and '=' not in plain[:named.start()]:
            return re.sub(r'\s+', ' ', named[1])
        value = re.search(r'(\w+)\s*(\[[^\]]*\])*\s*(=|$)', plain)
        return value[1] if value else plain

    def add(self, kind, name, head, begin):
        entry = Entry(kind, name, ' '.join(head.split()) if kind != 'enum' else head, ' '.join(self.doc), self.line(begin))
        self.doc = []
        hidden = any(not public or HIDDEN & set(name.split('::')) for name, public, _ in self.scopes)
        skipped = re.match(r'(friend|static_assert|using namespace|namespace)\b', entry.signature) or '= delete' in head
        skipped = skipped or re.match(r'[^=]*\w>?::~?(operator)?[\w\[\]=+*-]+\(', entry.signature)  # a body after its class
        if not hidden and not skipped and any(scope[0].startswith('tl') for scope in self.scopes):
            owner = self.scopes[-1][2]
            (owner.members if owner else self.entries).append(entry)
        return entry


def print_entry(entry, out, level):
    out.append(f'\n{"#" * level} {html.escape(entry.name, quote=False)}\n\n```cpp\n{entry.signature}\n```\n')
    if entry.doc:
        out.append(f'\n{entry.doc}\n')
    plain = [m for m in entry.members if m.kind == '']
    if plain:
        out.append('\n')
    for member in plain:
        out.append(f'- `{member.signature}`{": " + member.doc if member.doc else ""}\n')
    for member in entry.members:
        if member.kind:
            print_entry(member, out, level + 1)


def undocumented(entries):
    for entry in entries:
        if not entry.doc:
            yield entry
        if entry.kind == 'class':
            yield from undocumented([m for m in entry.members if m.kind])


def main():
    include, output = pathlib.Path(sys.argv[1]), sys.argv[2]
    paths = sorted([*include.glob('tl/**/*.hpp'), *include.glob('tl/**/*.cuh')])
    if not paths:
        sys.exit(f'expected headers in {include}/tl, found none')
    headers = [Header(path, str(path.relative_to(include))) for path in paths]
    if output == '--undocumented':
        for header in headers:
            for entry in undocumented(header.entries):
                print(f'{header.name}:{entry.line}: {entry.signature}')
        return
    folders = {}
    for header in headers:
        folders.setdefault(str(pathlib.Path(header.name).parent).replace('/', '_'), []).append(header)
    target = pathlib.Path(output)
    target.mkdir(parents=True, exist_ok=True)
    names = []
    for folder, members in folders.items():
        out = [f'# {folder.replace("_", "/")}\n']
        for header in members:
            out.append(f'\n## {header.name}\n\n{header.paragraph}\n')
            for entry in header.entries:
                print_entry(entry, out, 3)
                names.append((entry.name, folder, header.name))
        (target / f'{folder}.md').write_text(''.join(out), encoding='utf-8')
    index = ['# API reference\n\nMade from the docstrings of the headers by docs/make_api.py.\n\n']
    index += [f'- [{folder.replace("_", "/")}]({folder}.md)\n' for folder in folders]
    index.append('\n| name | header |\n|---|---|\n')
    index += [f'| `{name}` | [{header}]({folder}.md) |\n' for name, folder, header in sorted(set(names))]
    (target / 'index.md').write_text(''.join(index), encoding='utf-8')
    print(f'{len(names)} names of {len(headers)} headers')


if __name__ == '__main__':
    main()
