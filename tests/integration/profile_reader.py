# SPDX-License-Identifier: Apache-2.0
"""A reader of profile.proto that shares nothing with the project's own.

Reads the wire format by hand and names functions with nm, so that what the agent writes is judged
by something else than what the analyzer reads.
"""

import bisect
import functools
import gzip
import re
import subprocess


def _varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data):
    """Pairs (field number, value) of one message; packed fields arrive as bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        if key & 7 == 0:
            value, position = _varint(data, position)
        elif key & 7 == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ValueError("a field runs past the end")
            value, position = data[position:position + length], position + length
        else:
            raise ValueError(f"wire type {key & 7} is none of profile.proto's")
        yield key >> 3, value


def _numbers(value):
    """A repeated number, packed or not."""
    if isinstance(value, int):
        return [value]
    numbers, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        numbers.append(number)
    return numbers


def _signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


class Mapping:
    def __init__(self, data, strings):
        fields = dict(_fields(data))
        self.id = fields.get(1, 0)
        self.start, self.limit, self.offset = (fields.get(n, 0) for n in (2, 3, 4))
        self.file = strings[fields.get(5, 0)]
        self.build_id = strings[fields.get(6, 0)]


class Location:
    def __init__(self, data, mappings, functions):
        fields = dict(_fields(data))
        self.id = fields.get(1, 0)
        self.mapping = mappings.get(fields.get(2, 0))
        self.address = fields.get(3, 0)
        # The agent names only what is no address: why a stack ends.
        self.name = functions[dict(_fields(fields[4]))[1]] if 4 in fields else None

    def function(self):
        """The name nm gives to the place, or file+0xoffset."""
        if self.name is not None:
            return self.name
        if self.mapping is None:
            return f"0x{self.address:x}"
        return _function_at(self.mapping.file,
                            self.address - self.mapping.start + self.mapping.offset)


class Sample:
    def __init__(self, data, locations, strings):
        self.stack, self.values, self.labels = [], [], {}
        for number, value in _fields(data):
            if number == 1:
                self.stack += [locations[id] for id in _numbers(value)]
            elif number == 2:
                self.values += [_signed(number) for number in _numbers(value)]
            elif number == 3:
                label = dict(_fields(value))
                self.labels[strings[label[1]]] = (
                    strings[label[2]] if 2 in label else _signed(label.get(3, 0)))

    def functions(self):
        """Leaf first."""
        return [location.function() for location in self.stack]


class Profile:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = gzip.decompress(file.read())
        fields = list(_fields(data))
        strings = [value.decode() for number, value in fields if number == 6]
        if not strings or strings[0] != "":
            raise ValueError("the string table does not begin with the empty string")
        pair = lambda value: tuple(strings[dict(_fields(value)).get(n, 0)] for n in (1, 2))
        single = {number: value for number, value in fields if isinstance(value, int)}
        self.sample_types = [pair(value) for number, value in fields if number == 1]
        self.mappings = [Mapping(value, strings) for number, value in fields if number == 3]
        by_id = {mapping.id: mapping for mapping in self.mappings}
        functions = {function[1]: strings[function[2]] for number, value in fields if number == 5
                     for function in [dict(_fields(value))]}
        self.locations = [Location(value, by_id, functions) for number, value in fields if number == 4]
        located = {location.id: location for location in self.locations}
        self.samples = [Sample(value, located, strings) for number, value in fields if number == 2]
        self.time_nanos = single.get(9, 0)
        self.duration_nanos = single.get(10, 0)
        self.period_type = next((pair(value) for number, value in fields if number == 11), None)
        self.period = single.get(12, 0)
        self.comments = [strings[text] for number, value in fields if number == 13
                         for text in _numbers(value)]
        self.default_sample_type = strings[single.get(14, 0)]
        for sample in self.samples:
            if len(sample.values) != len(self.sample_types):
                raise ValueError("a sample has not one value for each sample type")

    def column(self, sample_type):
        return [name for name, _ in self.sample_types].index(sample_type)

    def total(self, sample_type, function=None):
        """The sum over all samples, or over those with the function in their stack."""
        column = self.column(sample_type)
        return sum(sample.values[column] for sample in self.samples
                   if function is None or function in sample.functions())


@functools.lru_cache(maxsize=None)
def _symbols(path):
    """Executable segments (offset, size, address) and sorted (address, name) of a file."""
    if not path.startswith("/"):
        return [], []
    run = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout
    segments = []
    for line in run("readelf", "--wide", "--segments", path).splitlines():
        match = re.match(r"\s+LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x\w+ ..E", line)
        if match:
            offset, address, size = (int(text, 16) for text in match.groups())
            segments.append((offset, size, address))
    names = {}
    for flags in (["--dynamic"], []):
        for line in run("nm", "--defined-only", *flags, path).splitlines():
            match = re.match(r"([0-9a-f]+) [TtWwi] ([^@]+)", line)
            if match:
                names[int(match.group(1), 16)] = match.group(2)
    return segments, sorted(names.items())


@functools.lru_cache(maxsize=None)
def _function_at(path, file_offset):
    segments, symbols = _symbols(path)
    for offset, size, address in segments:
        if offset <= file_offset < offset + size:
            index = bisect.bisect_right(symbols, (file_offset - offset + address, "\x7f")) - 1
            if index >= 0:
                return symbols[index][1]
    return f"{path.rpartition('/')[2]}+0x{file_offset:x}"
