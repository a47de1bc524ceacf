# SPDX-License-Identifier: Apache-2.0
"""Writes small profiles (profile.proto) for tests of the analyzer."""

import gzip


def _varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7f:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, value):
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def profile(stacks, types=(("samples", "count"), ("cpu", "nanoseconds")), file="/bin/app",
            time_nanos=0):
    """Compressed bytes of a profile.

    `stacks` are (names, values) or (names, values, labels); names start with the leaf, labels are
    {key: text}.
    """
    strings = [""]

    def text(value):
        if value not in strings:
            strings.append(value)
        return strings.index(value)

    out = b""
    for kind, unit in types:
        out += _bytes(1, _number(1, text(kind)) + _number(2, text(unit)))
    ids = {}
    for names, values, *labels in stacks:
        for name in names:
            ids.setdefault(name, len(ids) + 1)
        body = b"".join(_number(1, ids[name]) for name in names)
        body += b"".join(_number(2, value) for value in values)
        for key, value in (labels[0] if labels else {}).items():
            body += _bytes(3, _number(1, text(key)) + _number(2, text(value)))
        out += _bytes(2, body)
    out += _bytes(3, _number(1, 1) + _number(2, 0x1000) + _number(3, 0x100000) +
                  _number(5, text(file)) + _number(7, 1))
    for name, number in ids.items():
        line = _number(1, number) + _number(2, number)
        out += _bytes(4, _number(1, number) + _number(2, 1) + _number(3, 0x1000 + number) +
                      _bytes(4, line))
        out += _bytes(5, _number(1, number) + _number(2, text(name)) + _number(3, text(name)) +
                      _number(4, text("app.cc")))
    for string in strings:
        out += _bytes(6, string.encode())
    if time_nanos:
        out += _number(9, time_nanos)
    return gzip.compress(out)
