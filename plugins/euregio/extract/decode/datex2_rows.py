"""From items to rows: the codes and texts of many sites become an Arrow table, a row for each innermost record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from euregio.extract.decode.datex2_spec import Kind, Spec

if TYPE_CHECKING:
    import numpy
    import pyarrow

#: What the publication says of itself, the same for all its rows.
HEADER = ("lang", "publicationTime", "publicationCreator_country", "publicationCreator_nationalIdentifier")


def schema_of(spec: Spec) -> pyarrow.Schema:
    """The decoded columns: the publication's, then those of each level as `<level>_<field>`. All text."""
    import pyarrow as pa

    fields = [(name, pa.string()) for name in HEADER]
    for level in spec.levels:
        fields += [(f"{level}_{field.name}", field.type) for field in _type_of(spec, spec.kinds[level])]
    return pa.schema(fields)


def _type_of(spec: Spec, kind: Kind) -> pyarrow.StructType:
    """The record's Arrow type; kept with the spec, because it is asked for in every chunk."""
    import pyarrow as pa

    if kind.type is not None:
        return kind.type

    fields = [pa.field(name, pa.string()) for name in kind.scalars]
    fields += [pa.field(name, pa.list_(pa.string())) for name in kind.lists]
    for inner in _inner(spec, kind):
        type_ = _type_of(spec, inner)
        fields.append(pa.field(inner.name.rpartition(".")[2], type_ if inner.one else pa.list_(type_)))
    kind.type = pa.struct(fields)
    return kind.type


def _inner(spec: Spec, kind: Kind) -> list[Kind]:
    return [other for other in spec.kinds.values() if other.parent == kind.name and other.name not in spec.levels]


class Pivot:
    """The items of a chunk as columns. `codes` (uint16) and `values` (Arrow text, null where empty) are parallel."""

    def __init__(self, spec: Spec, codes: numpy.ndarray, values: pyarrow.StringArray) -> None:
        import numpy as np

        self._spec, self._values = spec, values
        self._order = np.argsort(codes, kind="stable")
        self._bounds = np.searchsorted(codes[self._order], np.arange(spec.codes + 2))

    def table(self, header: dict[str, str | None], every_level: bool) -> pyarrow.Table:
        """One row for each innermost record. `every_level`: also one for an outer record that holds none."""
        import numpy as np
        import pyarrow as pa

        outer, middle, inner = (self._spec.kinds[level] for level in self._spec.levels)
        place = np.arange(len(self._lines(inner.code)))
        middle_place = self._owner(self._lines(middle.code), inner.code)
        outer_place = self._owner(self._lines(outer.code), middle.code)
        rows = [place, middle_place, outer_place[middle_place]]
        if every_level:
            rows = self._with_childless(rows, outer_place)
        count = len(rows[0])
        columns = [pa.repeat(pa.scalar(header.get(name), pa.string()), count) for name in HEADER]
        for kind, index in ((outer, rows[2]), (middle, rows[1]), (inner, rows[0])):
            columns += [_take(column, index) for column in self._fields(kind).values()]
        return pa.Table.from_arrays(columns, schema=schema_of(self._spec))

    def _with_childless(self, rows: list[Any], outer_place: Any) -> list[Any]:
        """The rows and, in the order of the document, those of stations without points and sites without stations."""
        import numpy as np

        outer, middle, inner = (self._lines(self._spec.kinds[level].code) for level in self._spec.levels)
        alone = np.setdiff1d(np.arange(len(middle)), rows[1])
        empty = np.setdiff1d(np.arange(len(outer)), outer_place)
        line = np.concatenate([inner, middle[alone], outer[empty]])
        none = np.full(len(alone), -1), np.full(len(empty), -1)
        order = np.argsort(line, kind="stable")
        return [
            np.concatenate([rows[0], *none])[order],
            np.concatenate([rows[1], alone, none[1]])[order],
            np.concatenate([rows[2], outer_place[alone], empty])[order],
        ]

    def _lines(self, code: int) -> Any:
        """Where the items of a code stand, ascending."""
        return self._order[self._bounds[code] : self._bounds[code + 1]]

    def _owner(self, marks: Any, code: int) -> Any:
        """For each item of a code the number of the record that it belongs to: the last that began before it."""
        import numpy as np

        return np.searchsorted(marks, self._lines(code), "right") - 1

    def _fields(self, kind: Kind) -> dict[str, Any]:
        """The columns of a kind, one entry for each of its records."""
        import numpy as np
        import pyarrow as pa

        marks = self._lines(kind.code)
        if not len(marks):
            return {field.name: pa.nulls(0, field.type) for field in _type_of(self._spec, kind)}
        columns: dict[str, Any] = {}
        for name, code in kind.scalars.items():
            lines = self._lines(code)
            if not len(lines):
                columns[name] = pa.nulls(len(marks), pa.string())
                continue
            columns[name] = _take(
                self._values, self._first(len(marks), np.searchsorted(marks, lines, "right") - 1, lines)
            )
        for name, code in kind.lists.items():
            texts = self._values.take(pa.array(self._lines(code)))
            columns[name] = _listed(len(marks), self._owner(marks, code), texts)
        for inner in _inner(self._spec, kind):
            name, owner = inner.name.rpartition(".")[2], self._owner(marks, inner.code)
            if inner.one and not len(owner):
                columns[name] = pa.nulls(len(marks), _type_of(self._spec, inner))
                continue
            fields = self._fields(inner)
            records = pa.StructArray.from_arrays(list(fields.values()), fields=list(_type_of(self._spec, inner)))
            if inner.one:
                columns[name] = _take(records, self._first(len(marks), owner, np.arange(len(owner))))
            else:
                columns[name] = _listed(len(marks), owner, records)
        return columns

    @staticmethod
    def _first(count: int, owner: Any, places: Any) -> Any:
        """The first place of each owner, -1 where it has none."""
        import numpy as np

        first = np.full(count, -1)
        first[owner[::-1]] = places[::-1]
        return first


def _take(column: Any, index: Any) -> Any:
    """The column's entries at the index, null where it is negative."""
    import pyarrow as pa

    if column.null_count == len(column):  # most columns of most files
        return pa.nulls(len(index), column.type)
    return column.take(pa.array(index, mask=index < 0))


def _listed(count: int, owner: Any, values: Any) -> Any:
    """Lists of the values by ascending owner; empty where an owner has none."""
    import numpy as np
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(np.searchsorted(owner, np.arange(count + 1)), pa.int32()), values)
