"""FEBRL4 by splink on plaintext: what the encodings are measured against.

The model is the one of splink's own FEBRL4 tutorial, and its recipe: u by sampling, m
by expectation maximisation, no labels. Where a scenario has lost a column, what names
it is left out; so that splink then has the same evidence as we, the suburb (and, if
there is an address but no number, the street) is compared as well, and three more
rules find pairs. Trained on the half that is learned from, as ours is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from bench.febrl_data import COLUMNS
from bench.febrl_figures import Pairs

if TYPE_CHECKING:
    from bench.febrl_data import Febrl, Record, Scenario, Search

PACKAGES = ("splink", "duckdb")
NAMES = ("given_name", "surname")
SEED = 7
RECALL = 0.8
SAMPLED = 1_000_000
LEAST_WEIGHT = -20.0
SWAPPED = "l.given_name = r.surname and l.surname = r.given_name"
RULES = (
    *(NAMES, ("date_of_birth",), ("soc_sec_id",), ("state", "address_1")),
    *(("street_number", "address_1"), ("postcode",)),
)
# For reduced columns: what else both tables still have.
MORE_RULES = (("surname",), ("given_name",), ("suburb",))
SURE = (("soc_sec_id",), (*NAMES, "date_of_birth"), (*NAMES, "postcode"))
LEARNED_FROM = (("date_of_birth",), ("postcode",), ("given_name", "surname"))


def pairs(febrl: Febrl, scenario: Scenario) -> tuple[Pairs, Pairs]:
    """Return scored pairs of the half learned from, and of the half measured."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    taught, asked = febrl.under(scenario).searches()
    model = _trained(taught, scenario)
    return _scored(taught, model), _scored(asked, model)


def _trained(search: Search, scenario: Scenario) -> dict[str, Any]:
    linker = _linker(search, _settings(scenario))
    training, shared = linker.training, scenario.shared
    sure = [block_on(*rule) for rule in _possible(SURE, shared)]
    training.estimate_probability_two_random_records_match(sure, recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=SAMPLED, seed=SEED)
    for rule in _possible(LEARNED_FROM, shared)[:2]:
        training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True
        )
    model: dict[str, Any] = linker.misc.save_model_to_json()
    return model


def _settings(scenario: Scenario) -> SettingsCreator:
    shared = scenario.shared
    reduced = len(shared) < len(COLUMNS)
    rules = _possible(RULES + (MORE_RULES if reduced else ()), shared)
    return SettingsCreator(
        unique_id_column_name="rec_id",
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            *(block_on(*rule) for rule in rules),
            SWAPPED,
        ],
        comparisons=_comparisons(shared, reduced),
    )


def _comparisons(shared: tuple[str, ...], reduced: bool) -> list[Any]:
    frequent = {"term_frequency_adjustments": True}
    known = {
        "given_name": cl.NameComparison("given_name").configure(**frequent),
        "surname": cl.NameComparison("surname").configure(**frequent),
        "date_of_birth": cl.DateOfBirthComparison(
            "date_of_birth",
            input_is_string=True,
            datetime_format="%Y%m%d",
            invalid_dates_as_null=True,
        ),
        "soc_sec_id": cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        "street_number": cl.ExactMatch("street_number").configure(**frequent),
        "postcode": cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
            **frequent
        ),
    }
    if reduced:
        for column in ("suburb", "address_1"):
            known[column] = cl.JaroWinklerAtThresholds(column, [0.92, 0.8]).configure(
                **frequent
            )
    return [known[column] for column in known if column in shared]


def _possible(
    rules: tuple[tuple[str, ...], ...], shared: tuple[str, ...]
) -> list[tuple[str, ...]]:
    return [rule for rule in rules if set(rule) <= set(shared)]


def _linker(search: Search, settings: SettingsCreator | dict[str, Any]) -> Linker:
    api = DuckDBAPI()
    tables = [
        api.register(_frame(records), dataset_display_name=name)
        for records, name in zip((search.rows, search.queries), ("a", "b"), strict=True)
    ]
    return Linker(tables, settings, log_level=logging.ERROR)


def _frame(records: list[Record]) -> pd.DataFrame:
    rows = [
        {"rec_id": record.entity, **{c: record.cells.get(c) for c in COLUMNS}}
        for record in records
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(COLUMNS, "string"))


def _scored(search: Search, model: dict[str, Any]) -> Pairs:
    linker = _linker(search, model)
    found = linker.inference.predict(threshold_match_weight=LEAST_WEIGHT)
    table = found.as_pandas_dataframe()
    of_b = (table["source_dataset_l"] == "b").to_numpy()
    left, right = (table[f"rec_id_{side}"].to_numpy(np.int64) for side in "lr")
    return Pairs.of(
        table["match_weight"].to_numpy(np.float64),
        np.where(of_b, left, right),
        np.where(of_b, right, left),
        search.known,
    )
