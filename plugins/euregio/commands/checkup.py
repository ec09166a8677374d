"""Everything that is declared, validated at once: what `make check` and a careful editor run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from euregio import stages
from euregio.alerts import kinds, letter
from euregio.check.compile import compile_suite
from euregio.check.gx import validate_suite_file
from euregio.check.suite import load_suite
from euregio.commands import generated
from euregio.declarations import alerts, corrections, datasets, prices, profiles, regions, roles, tables
from euregio.declarations.countries import known_countries
from euregio.declarations.yaml_file import shown
from euregio.errors import DeclarationError, EuregioError
from euregio.extract.decode.registry import formats, module_of
from euregio.harmonise.run import sql_file
from euregio.indicators import registry
from euregio.release.gate import passage


def checkup(say: Callable[[str], None]) -> list[EuregioError]:
    """Load and cross-check every declaration; gives the problems found, all of them. `say` gets a line per kind."""
    problems: list[EuregioError] = []

    def each(kind: str, names: Iterable[object], work: Callable[[str], None]) -> None:
        found = list(names)
        for name in found:
            try:
                work(str(name))
            except EuregioError as error:
                if str(error) not in map(str, problems):  # a wrong dataset is met wherever all are read
                    problems.append(error)
        say(f"{kind}: {len(found)} looked at")

    each("tables", sorted(path.stem for path in tables.FOLDER.glob("*.yaml")), _table)
    each("formats", formats(), _format)
    each("datasets", sorted(datasets.FOLDER.glob("*/*.yaml")), _dataset)
    each("profiles", sorted(path.stem for path in profiles.FOLDER.glob("*.yaml")), _profile)
    each("regions", sorted(path.stem for path in regions.FOLDER.glob("*.yaml")), _region)
    each("corrections", sorted(corrections.FOLDER.glob("*/*.yaml")), _corrections)
    each("alerts", ["alerts.yaml", "kinds.yaml", *letter.languages()], _alerts)
    each("prices", [prices.FILE.name], lambda _name: _prices())
    each("roles", [roles.FILE.name], lambda _name: _roles())
    each("suites", sorted(stages.EXPECTATIONS.glob("*/*.json")), _suite)
    each("indicators", sorted(registry.FOLDER.glob("*/*.sql")), _indicator)
    if not problems:  # what is generated from what is wrong says nothing
        each("generated documents", generated.documents(), lambda _name: None)
        problems += [
            DeclarationError("is not what the declarations say", where=str(path), do="Run `make docs`.")
            for path in generated.outdated()
        ]
    return problems


def _table(name: str) -> None:
    table = tables.load_table(name)
    columns = {column.name: column.type for column in table.columns}
    compiled = compile_suite(stages.suite_of(table), columns)
    for rule, message in compiled.errors:
        raise DeclarationError(message, where=f"suite of {name}", found=rule.reason)
    stages.judge_of(table)(columns)


def _prices() -> None:
    prices.load_prices()


def _roles() -> None:
    roles.load_roles()


def _format(name: str) -> None:
    sql_file(name, module_of(name).FORMAT.table)


def _dataset(path: str) -> None:
    from pathlib import Path

    dataset = datasets.load_dataset(Path(path))
    table = module_of(dataset.format).FORMAT.table
    sql_file(dataset.format, table)
    if dataset.country_code and dataset.country_code not in known_countries():
        raise DeclarationError(
            "its folder is no country's", where=f"{dataset.id}, folder include/datasets/{dataset.country}",
            found=dataset.country, expected="an ISO 3166-1 code in lower case, or eu",
        )  # fmt: skip
    try:
        through = passage(dataset, tables.load_table(table))
    except EuregioError as error:
        raise error.at(shown(Path(path))) from error
    if through.barrier and dataset.licence and dataset.release and dataset.release.access == "open":
        raise DeclarationError("its policy lets nothing across", where=f"{dataset.id}, release", found=through.barrier)
    lines = len(Path(path).read_text(encoding="utf-8").splitlines())
    if lines > 35:
        raise DeclarationError("a dataset is one file of at most 35 lines", where=dataset.id, found=f"{lines} lines")


def _profile(name: str) -> None:
    declared = {dataset.id for dataset in datasets.load_datasets()}
    for dataset_id in profiles.load_profile(name).datasets or ():
        if dataset_id not in declared:
            raise DeclarationError(
                "the profile names a dataset that is not declared", where=f"profile {name}", found=dataset_id
            )


def _region(name: str) -> None:
    regions.load_region(name)


def _corrections(path: str) -> None:
    from pathlib import Path

    place = Path(path)
    dataset = datasets.dataset(f"{place.parent.name}.{place.stem}")
    for name in tables.load_tables():
        for item in corrections.corrections_of(dataset.id, name):
            known = {column.name for column in tables.load_table(name).columns}
            if unknown := (set(item.match) | set(item.set) | set(item.expect)) - known:
                raise DeclarationError(
                    "no such column", where=f"{dataset.id}, correction {item.id}", found=", ".join(sorted(unknown))
                )


def _alerts(name: str) -> None:
    known = kinds.load_kinds()
    if name == "kinds.yaml":
        return
    if name == "alerts.yaml":
        declared = alerts.load_alerts()
        named = {*declared.severity, *(kind for one in (*declared.routes, *declared.maintenance) for kind in one.kinds)}
        if unknown := sorted(named - set(known)):
            raise DeclarationError(
                "no such kind of trouble",
                where="include/alerts.yaml",
                found=", ".join(unknown),
                expected=", ".join(known),
            )
        return
    words = letter.load_words(name)
    lacking = {kind for kind, content in known.items() if content.letter} - set(words.kinds)
    if lacking:
        raise DeclarationError(
            "the letter lacks words",
            where=f"include/letters/{name}.yaml, field kinds",
            found=", ".join(sorted(lacking)),
        )


def _indicator(path: str) -> None:
    from pathlib import Path

    registry.load_indicator_file(Path(path))


def _suite(path: str) -> None:
    from pathlib import Path

    load_suite(Path(path))
    validate_suite_file(Path(path))
