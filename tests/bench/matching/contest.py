"""Ours and the others on the same labelled rows, each in its own process: ``python -m ... METHOD SET COUNT SEED``.

Everybody but the plain union-find reads keys by our own rules, so what differs is who joins whom by them. Seconds
are of the processor, all threads together, from rows in memory to clusters in memory.
"""

from __future__ import annotations

import json
import resource
import sys
from time import process_time
from typing import TYPE_CHECKING, Any

from sync.matching import MatchPolicy
from tests.bench.generate import generate
from tests.bench.matching.febrl import SETS, febrl
from tests.bench.matching.score import score
from tests.bench.matching.subjects import keys_of, ours, plain_union_find, subjects, union_find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.matching.subjects import Clusters, Subject


def _ours(rows: Sequence[Subject]) -> Clusters:
    return list(ours(rows).clusters)


def _unguarded(rows: Sequence[Subject]) -> Clusters:
    """Ours with the setting that lets one email join whatever the names."""
    return list(ours(rows, MatchPolicy(names_must_agree=False, look_for_alike=False)).clusters)


def _splink(rows: Sequence[Subject]) -> Clusters:
    """Deterministic links by each key, then connected components: no model, so nothing to be trained."""
    import pandas as pd
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = pd.DataFrame(
        {"unique_id": range(len(rows)), "keys": [list(keys_of(row)) for row in rows], "source": "all"}
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
    )
    linker = Linker(DuckDBAPI().register(table), settings)
    links = linker.inference.deterministic_link()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(links)
    found = clusters.as_pandas_dataframe()
    return [tuple(part) for part in found.groupby("cluster_id")["unique_id"].agg(tuple)]


def _recordlinkage(rows: Sequence[Subject]) -> Clusters:
    """Pairs by blocking on each key, then connected components."""
    import pandas as pd
    from recordlinkage import Index
    from recordlinkage.network import ConnectedComponents

    keys = [(rid, key) for rid, row in enumerate(rows) for key in keys_of(row)]
    table = pd.DataFrame({"key": [key for _, key in keys]})
    indexer = Index()
    indexer.block("key")
    pairs = indexer.index(table)
    rids = pd.Series([rid for rid, _ in keys])
    tied = pd.MultiIndex.from_arrays([rids[pairs.get_level_values(0)], rids[pairs.get_level_values(1)]])
    groups: list[tuple[int, ...]] = [
        tuple(sorted(set(part.get_level_values(0)) | set(part.get_level_values(1))))
        for part in ConnectedComponents().compute(tied)
    ]
    together = {rid for group in groups for rid in group}
    return groups + [(rid,) for rid in range(len(rows)) if rid not in together]


METHODS: dict[str, Callable[[Sequence[Subject]], Clusters]] = {
    "contact-sync": _ours,
    "the same, names unasked": _unguarded,
    "union-find": union_find,
    "plain union-find": plain_union_find,
    "splink": _splink,
    "recordlinkage": _recordlinkage,
}


def main(method: str, name: str, count: str, seed: str) -> None:
    rows = febrl(name) if name in SETS else subjects(generate(int(count), int(seed)))
    begun = process_time()
    clusters = METHODS[method](rows)
    seconds = process_time() - begun
    found: dict[str, Any] = score(clusters, {rid: row.truth for rid, row in enumerate(rows)})._asdict()
    found |= {"records": len(rows), "seconds": seconds}
    found["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
